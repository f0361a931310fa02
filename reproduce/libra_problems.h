#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "planner/topology/bandwidth_problem.h"

namespace sextant {

/// The budget of Table VI.
inline constexpr double kLibraTable6GbPerS = 325;

/// A problem of LIBRA's optimizer as it was recorded.
struct LibraProblem {
  std::string network;   ///< "2D", …
  std::string workload;  ///< "17B", …, "Group"
  BandwidthTarget target = BandwidthTarget::kTime;
  TrainingLoop loop = TrainingLoop::kNoOverlap;
  double total_gb_per_s = 0;
  double objective = 0;  ///< ns, or ns * USD
  std::vector<double> bandwidth_gb_per_s;
  std::string tie_note;  ///< where several divisions are best

  /// The recorded run of the original's gradient descent on it.
  struct Descent {
    int steps = 0;
    double objective = 0;  ///< ns, or ns * USD
    double wall_s = 0;
    std::vector<double> bandwidth_gb_per_s;
  };
  std::optional<Descent> descent;

  /// "4D 325 175B Perf NoOverlap", as optimize.sh is called.
  std::string name() const;
  bool is_of_table6() const;
};

/// A problem solved again.
struct LibraSolution {
  LibraProblem problem;
  std::vector<double> bandwidth_gb_per_s;
  double objective = 0;  ///< ns, or ns * USD
  double time_s = 0;
  double cost_usd = 0;
  double kkt_residual = 0;
  double gain_over_equal = 0;  ///< the objective of bandwidth in equal parts over this one
  double solve_s = 0;          ///< of several times the fastest

  /// How far above the record.
  double relative_error() const { return objective / problem.objective - 1; }
};

/// Every recorded problem. Throws Error(kBadInput) naming file and member.
std::vector<LibraProblem> read_libra_problems(const std::filesystem::path& artifact);

std::vector<LibraSolution> solve_libra_problems(const std::vector<LibraProblem>& problems,
                                                const std::filesystem::path& artifact);

}  // namespace sextant
