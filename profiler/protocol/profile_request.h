#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/core/json_document.h"
#include "analyzer/model/model.h"
#include "analyzer/profile/profile_point.h"

namespace sextant::profiler {

enum class DeviceKind { kCpu, kCuda };
/// "cpu", "cuda".
std::string_view to_string(DeviceKind kind);
/// Throws Error(kUsage) on another name.
DeviceKind device_kind_from(std::string_view name);

enum class Optimizer { kAdamW, kSgd };
/// "adamw", "sgd".
std::string_view to_string(Optimizer optimizer);
/// Throws Error(kUsage) on another name.
Optimizer optimizer_from(std::string_view name);

enum class Mode { kTrain, kServe };

/// A point of the sweep's grid.
struct GridPoint {
  int tp = 1;
  int microbatch = 1;
  auto operator<=>(const GridPoint&) const = default;
};

/// What `profile_model` asks of the ranks that measure (program `sextant_profile_rank`), all of
/// which get the same request. It travels as one JSON file.
struct ProfileRequest {
  Mode mode = Mode::kTrain;
  ModelDescription model;
  std::string gpu;  ///< name of the device's type in the documents, "H200-141", "CPU"
  DeviceKind device = DeviceKind::kCuda;
  DataType dtype = DataType::kBf16;
  int seq_len = 0;  ///< tokens; never 0 once validated
  Optimizer optimizer = Optimizer::kAdamW;
  bool recompute = false;
  bool sequence_parallel = false;
  /// Whether a rank runs for each shard and collectives are real; else one rank runs each point's
  /// shard alone and records them.
  bool real_collectives = false;
  std::vector<GridPoint> points;  ///< in the order in which they are measured; serve: microbatch 1
  StoppingRule stopping;
  bool operators = true;  ///< operator by operator too
  bool kernels = false;   ///< CUPTI
  /// Of device memory that a rank may take; 0 = all there is. The CPU device has no other bound.
  double memory_limit_bytes = 0;
  /// Serving: tokens of a prefill, sequences of a decode step, and tokens of context of each.
  std::vector<int> prefill_tokens;
  std::vector<int> decode_batches;
  std::vector<int> decode_contexts;
  /// Provenance that profile_model knows: "host", "command", "git_revision".
  std::map<std::string, std::string> provenance;
};

/// What a rank's layers are at one of its points.
LayerOptions layer_options(const ProfileRequest& request, const GridPoint& point);
/// The key of the document of one of its points.
ProfileKey point_key(const ProfileRequest& request, const GridPoint& point);

OrderedJson to_json(const ProfileRequest& request);
/// Throws Error(kBadInput) with the place.
ProfileRequest profile_request_from(const JsonNode& node);

/// What rank 0 says while it works: one JSON object a line on its stdout. "begin" announces the
/// point; "result" ends it with its document (kind `profile` or `serving_profile`, any status), so
/// that whoever reads knows which point was under way when a rank died; "note" is a sentence for
/// the user. Every rank says what went wrong on stderr.
struct RankEvent {
  enum class Kind { kBegin, kResult, kNote };
  Kind kind = Kind::kNote;
  GridPoint point;       ///< of begin and result
  std::string document;  ///< of result: its text, byte for byte
  std::string text;      ///< of note
};

/// One line, with its end.
std::string event_line(const RankEvent& event);
/// Throws Error(kBadInput) on what is no event.
RankEvent rank_event_from(std::string_view line);

}  // namespace sextant::profiler
