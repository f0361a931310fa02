#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/core/json_document.h"

namespace sextant {

// How the bandwidth of a network was divided: the first four as LIBRA's artifact has it.
inline constexpr std::string_view kEqualBw = "EqualBW";
inline constexpr std::string_view kPerfOptBw = "PerfOptBW";
inline constexpr std::string_view kPerfPerCostOptBw = "PerfPerCostOptBW";
inline constexpr std::string_view kDgx = "DGX";  ///< as it is; figures at its budget
inline constexpr std::string_view kSextant = "Sextant";
inline constexpr std::string_view kSextantPerCost = "SextantPerCost";
/// In the order in which they are shown.
inline constexpr std::array kLibraConfigurations = {kEqualBw, kPerfOptBw,      kPerfPerCostOptBw,
                                                    kSextant, kSextantPerCost, kDgx};

/// All three workloads at once.
inline constexpr std::string_view kGroupOfWorkloads = "Group";

/// A simulated training step of LIBRA's evaluation.
struct LibraPoint {
  std::string network;        ///< "2D", "3D", "4D", "DGX"
  std::string workload;       ///< that runs: "17B", "175B", "1T"
  std::string configuration;  ///< one of the above
  std::string optimized_for;  ///< a workload or "Group"; "" where for none
  double total_gb_per_s = 0;  ///< of an NPU, rounded; 1 GB is 2^30 bytes in the evaluation
  std::vector<double> bandwidth_gb_per_s;  ///< by dimension
  double time_s = 0;
  double cost_usd = 0;
  bool within_limits = true;         ///< no tier has more than its links can give
  std::optional<double> recorded_s;  ///< by ASTRA-sim, where it was recorded

  /// Neither the optimum of another workload nor that of all.
  bool is_own() const { return optimized_for.empty() || optimized_for == workload; }
};

struct LibraEvaluation {
  std::vector<LibraPoint> points;  ///< the artifact's in the order of its scripts, then ours
  std::size_t published = 0;       ///< of the artifact's
  double load_s = 0;
  double simulate_s = 0;  ///< all of the artifact's points
  double search_s = 0;    ///< ours
};

/// Simulates a set of the artifact's runs, "small" or "full", and beside every best division of
/// theirs one of our own of the same total, never worse.
LibraEvaluation evaluate_libra(const std::filesystem::path& artifact, std::string_view set);

/// A row of the document `reproduction`.
OrderedJson to_json(const LibraPoint& point);
/// The same read again. Throws Error(kBadInput) naming file and member.
LibraPoint libra_point_from(const JsonNode& row);

}  // namespace sextant
