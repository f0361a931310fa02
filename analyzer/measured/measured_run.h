#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/core/evidence.h"
#include "analyzer/core/json_document.h"
#include "analyzer/core/time_samples.h"
#include "analyzer/plan/plan.h"

namespace sextant {

/// Where the time of one rank went in an iteration, seconds; medians over the measured iterations.
/// The parts are exclusive and add up to less than the iteration: what is left is the executor's
/// own.
struct RankPhases {
  double forward_s = 0;   ///< its layers' forwards
  double backward_s = 0;  ///< their backwards
  double receive_s = 0;   ///< waiting for activations and gradients: bubbles and exposed transfers
  double send_s = 0;      ///< in sends that block
  double sync_s = 0;      ///< gradients among replicas, and of tied tables
  double update_s = 0;
};

/// What one rank measured.
struct MeasuredRank {
  int pipeline = 0;
  int stage = 0;
  int replica = 0;
  int tp_rank = 0;
  std::string host;
  std::string gpu;  ///< type; "CPU" where there was none
  RankPhases phases;
  double peak_allocated_bytes = 0;  ///< by tensors
  double peak_reserved_bytes = 0;   ///< by the allocator
  /// What the driver says the process uses at the end (NVML); of a CPU rank its resident set.
  std::optional<double> process_bytes;
};

/// A plan that ran; document kind `measured` (profiles/schema/measured.json).
struct MeasuredRun {
  std::string name;  ///< of the configuration, "N8_D2"; with its set before it, "main/N8_D2"
  std::string model;
  std::string dtype = "fp32";
  int seq_len = 0;  ///< tokens
  std::string optimizer = "adamw";
  std::string framework = "sextant";  ///< that ran it; see analyzer/training/framework.h
  Plan plan;
  Evidence evidence = Evidence::kMeasuredCpu;
  TimeSummary iteration;                    ///< from the first rank's start to the last one's end
  std::vector<double> iteration_samples_s;  ///< every measured iteration, in order; may be empty
  std::vector<double> losses;  ///< mean over the global batch before each update, warm-up first
  std::vector<MeasuredRank> ranks;
  /// Highest of any GPU of the run where no rank reports its own (published runs).
  std::optional<double> peak_process_bytes;
  /// What an iteration spent on the gradients among replicas where no rank tells (published runs).
  std::optional<double> sync_s;
  /// Of a run that ended early: why. What it measured before stands.
  std::string incomplete;
  /// What a reader should know, as "memory identical to another row"; "" = nothing.
  std::string suspicion;
  std::map<std::string, std::string> provenance;
  std::string source;  ///< file it came from

  /// The largest process_bytes of any rank, else peak_process_bytes; nothing where neither is
  /// known.
  std::optional<double> largest_process_bytes() const;
};

OrderedJson measured_json(const MeasuredRun& run);
/// One rank as it stands in the document, and back; `plan` is the one that has the rank.
OrderedJson to_json(const MeasuredRank& rank);
MeasuredRank measured_rank_from(const JsonNode& node, const Plan& plan, bool lenient = false);
/// Throws Error(kBadInput) naming file and member.
MeasuredRun read_measured(const std::filesystem::path& path);
/// The same of a document that was read.
MeasuredRun measured_from(const JsonNode& root);
/// Every document of kind `measured` in a directory and below it, sorted by name. Throws
/// Error(kBadInput) where there is none, where one is malformed, or two have one name.
std::vector<MeasuredRun> read_measured_directory(const std::filesystem::path& directory);

}  // namespace sextant
