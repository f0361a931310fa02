#pragma once

#include <compare>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/core/json_document.h"
#include "analyzer/core/provenance.h"
#include "analyzer/core/time_samples.h"
#include "analyzer/profile/model_profile.h"

namespace sextant {

/// What one profiled point is about: everything that its numbers depend on.
struct ProfileKey {
  std::string model;
  std::string gpu;
  /// variant_name() of the options below, or "artifact/planner", "artifact/simulator" and
  /// "artifact/points" for what the published artifact measured.
  std::string variant;
  std::string dtype = "fp32";
  int seq_len = 0;  ///< tokens; 0 where the source does not say
  int tp = 1;
  int microbatch = 1;
  bool recompute = false;
  bool sequence_parallel = false;
  std::string optimizer = "adamw";  ///< or "sgd"

  auto operator<=>(const ProfileKey&) const = default;
  /// "OPT-350M on A100-40, bf16, tp 2, microbatch 4".
  std::string text() const;
};

/// "fp32", "bf16-recompute", "bf16-recompute-sp", "fp32-sgd", …: AdamW goes without saying.
std::string variant_name(std::string_view dtype, bool recompute, bool sequence_parallel,
                         std::string_view optimizer = "adamw");

enum class PointStatus { kOk, kOutOfMemory, kError, kTimeout };
/// "ok", "oom", "error", "timeout".
std::string_view to_string(PointStatus status);

/// One operator of a layer, named as in analyzer/model/operators.h. Its times were measured with a
/// clock between operators, so that their sum exceeds the layer's own time a little.
struct OperatorProfile {
  std::string name;
  double forward_s = 0;
  double backward_s = 0;
  double parameter_bytes = 0;
  double output_bytes = 0;
  double saved_bytes = 0;  ///< storages that it is the first of the layer to keep for backward
};

/// Calls of one GPU kernel within a phase of a layer.
struct KernelProfile {
  std::string name;
  std::string phase;  ///< "forward", "backward" or "update"
  int calls = 1;
  double total_s = 0;
};

/// The GPU's occupation within a phase of a layer.
struct KernelSummary {
  std::string phase;
  double busy_s = 0;  ///< at least one kernel ran
  double gap_s = 0;   ///< none ran, between the first and the last
  /// The roofline's time (analyzer/profile/roofline.h, at the data sheet's full peaks) over the
  /// measured one; 0 where the GPU type has no data sheet here.
  double roofline_fraction = 0;
};

/// One distinct kind of layer: all layers of a kind cost the same. Bytes at the point's microbatch.
struct LayerKindProfile {
  std::string kind;  ///< "embedding", "block", "final_norm", "head", …
  TimeSummary forward;
  TimeSummary backward;
  TimeSummary update;
  double parameter_bytes = 0;
  double input_bytes = 0;
  double output_bytes = 0;
  double saved_activation_bytes = 0;
  double workspace_bytes = 0;
  std::optional<TrainingMemory> training_memory;
  std::vector<TensorCollective> collectives;
  std::vector<OperatorProfile> operators;
  std::vector<KernelProfile> kernels;
  std::vector<KernelSummary> kernel_summaries;
};

/// So many layers of a kind, one after the other.
struct LayerRun {
  int kind = 0;  ///< index into PointDocument::kinds
  int count = 1;
};

/// The distinct layers as one training iteration without any clock inside, against the sum of
/// their phases.
struct CrossCheck {
  TimeSummary iteration;
  double sum_of_parts_s = 0;

  /// (sum of parts - iteration) / iteration.
  double relative_difference() const;
};

/// What the device held beside tensors, bytes.
struct ProcessMemory {
  double context_bytes = 0;            ///< CUDA context, modules and libraries
  double collective_buffer_bytes = 0;  ///< of NCCL; 0 where no collective ran
  double peak_reserved_bytes = 0;      ///< by the caching allocator
  double peak_allocated_bytes = 0;     ///< by tensors; the rest of the reserved is fragmentation
};

/// The GPU while it was measured.
struct DeviceConditions {
  double sm_clock_mhz_min = 0;
  double sm_clock_mhz_max = 0;
  double temperature_c_max = 0;
  double power_w_max = 0;
  std::vector<std::string> throttle_reasons;  ///< NVML's, while samples were taken
  int tainted_samples = 0;                    ///< taken while the clock was throttled
};

/// One point of a profile; document kind `profile` (profiles/schema/profile.json).
struct PointDocument {
  ProfileKey key;
  PointStatus status = PointStatus::kOk;
  std::string reason;  ///< why there are no times; "" where status is ok
  Evidence evidence = Evidence::kEstimated;
  bool update_is_whole_step = false;    ///< "update_scope"
  bool collectives_are_timed = true;    ///< "tp_comm": included, or recorded, to be priced
  std::string memory_basis;             ///< how the bytes were obtained
  std::vector<LayerKindProfile> kinds;  ///< empty unless status is ok
  std::vector<LayerRun> sequence;       ///< where each kind stands, from first layer to last
  std::optional<CrossCheck> cross_check;
  std::optional<ProcessMemory> process_memory;
  std::optional<StoppingRule> stopping;
  std::optional<DeviceConditions> conditions;
  /// Of a point that ran out of memory: the largest microbatch that fits at its tensor degree, 0
  /// where not even one sequence does.
  std::optional<int> largest_microbatch;
  /// "gpu_name", "driver", "cuda", "host", "command", "git_revision", "time" (UTC, ISO 8601), …
  std::map<std::string, std::string> provenance;
  std::string source;  ///< file it came from

  int layer_count() const;
  /// Forward and backward of all layers, seconds; `of` picks median_s, p10_s or p90_s.
  double total_s(double TimeSummary::*of = &TimeSummary::median_s) const;
  /// Whether every forward and backward time has a spread.
  bool has_spread() const;
  /// The provenance's "time", "" where it has none.
  std::string time() const;
};

/// The point as JSON, without "schema" (it may be a part of a larger document).
OrderedJson point_json(const PointDocument& point);
/// The point's own file, with "schema".
std::string point_document_text(const PointDocument& point);

/// Whether both hold the same measurement, wherever they were read from.
bool same_measurement(const PointDocument& a, const PointDocument& b);

/// Reads what point_json writes. Throws Error(kBadInput) naming the member that is missing, unknown
/// (unless `lenient`: the document is of a newer minor version), out of range or contradictory.
PointDocument read_point(const JsonNode& node, bool lenient = false);
/// The same for a point of a database, which may carry "superseded" measurements beside it.
PointDocument read_database_point(const JsonNode& node, bool lenient = false);

/// Reads a point file of ours.
PointDocument read_point_document(const JsonDocument& document);

/// "<variant>/profile_<model>_<gpu>_<tp>_<mbs>.json", every component safe as a file name.
std::string point_file_name(const ProfileKey& key);

}  // namespace sextant
