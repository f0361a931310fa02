#pragma once

#include <compare>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/core/json_document.h"
#include "analyzer/profile/profile_point.h"

namespace sextant {

/// What one serving measurement is about.
struct ServingKey {
  std::string model;
  std::string gpu;
  std::string variant;  ///< the dtype's name
  std::string dtype = "bf16";
  int tp = 1;

  auto operator<=>(const ServingKey&) const = default;
  /// "Llama-2-70B on H200-141, bf16, tp 2".
  std::string text() const;
};

/// The serving measurement of a point's model, GPU type, variant and tensor degree.
ServingKey serving_key(const ProfileKey& key);

/// One layer over a prompt, all tokens of which are new.
struct PrefillTime {
  int tokens = 0;
  TimeSummary time;
};

/// One layer in one decode step: `batch` sequences, each with `context` tokens in the KV cache, get
/// one token more.
struct DecodeTime {
  int batch = 0;
  int context = 0;
  TimeSummary time;
};

/// A collective among tensor-parallel ranks that a profiler recorded but did not run. A call on n
/// tokens of s sequences moves n * bytes_per_token + s * bytes_per_sequence.
struct ServingCollective {
  std::string operation;  ///< "all_reduce", "all_gather", "reduce_scatter"
  std::string phase;      ///< "prefill" or "decode"
  double bytes_per_token = 0;
  double bytes_per_sequence = 0;
};

/// One distinct kind of layer on one rank.
struct ServingLayerProfile {
  std::string kind;                  ///< "embedding", "block", "final_norm", "head"
  std::vector<PrefillTime> prefill;  ///< by tokens, strictly rising
  std::vector<DecodeTime> decode;    ///< by (context, batch), strictly rising
  double weight_bytes = 0;
  double kv_bytes_per_token = 0;  ///< in the cache, of one sequence's token; 0 without attention
  double prefill_workspace_bytes = 0;  ///< largest transient of any measured prefill
  double decode_workspace_bytes = 0;   ///< of any measured decode step
  std::vector<ServingCollective> collectives;
};

/// A point of the grid that has no times. Of a prefill `batch` is 1 and `context` its tokens.
struct ServingFailure {
  std::string phase;  ///< "prefill" or "decode"
  int batch = 1;
  int context = 0;
  PointStatus status = PointStatus::kOutOfMemory;  ///< never ok
  std::string reason;
};

/// The largest that every layer kind was measured at.
struct ServingLimits {
  int prefill_tokens = 0;
  int decode_batch = 0;    ///< at any context
  int decode_context = 0;  ///< at any batch
};

/// How long a model's layers take to serve requests, on one GPU type at one tensor degree; document
/// kind `serving_profile` (profiles/schema/serving_profile.json).
struct ServingDocument {
  ServingKey key;
  PointStatus status = PointStatus::kOk;  ///< ok where anything was measured
  std::string reason;                     ///< why there are no times; "" where status is ok
  Evidence evidence = Evidence::kEstimated;
  bool collectives_are_timed = true;  ///< "tp_comm": included, or recorded, to be priced
  std::string memory_basis;           ///< how the bytes were obtained
  std::vector<ServingLayerProfile> kinds;
  std::vector<LayerRun> sequence;  ///< where each kind stands, from first layer to last
  std::vector<ServingFailure> failures;
  std::optional<ProcessMemory> process_memory;
  std::optional<StoppingRule> stopping;
  std::optional<DeviceConditions> conditions;
  std::map<std::string, std::string> provenance;  ///< as of PointDocument
  std::string source;                             ///< file it came from

  ServingLimits limits() const;
  /// Of all layers, bytes on one rank.
  double weight_bytes() const;
  double kv_bytes_per_token() const;
};

/// The document as JSON, without "schema" (it may be a part of a larger document).
OrderedJson serving_json(const ServingDocument& document);
/// The document's own file, with "schema".
std::string serving_document_text(const ServingDocument& document);

/// Reads what serving_json writes. Throws Error(kBadInput) naming the member that is missing,
/// unknown (unless `lenient`), out of range or contradictory.
ServingDocument read_serving(const JsonNode& node, bool lenient = false);
/// Reads a file of ours.
ServingDocument read_serving_document(const JsonDocument& document);

/// "<variant>/serving_profile_<model>_<gpu>_<tp>.json", every component safe as a file name.
std::string serving_file_name(const ServingKey& key);

}  // namespace sextant
