#pragma once

#include <functional>

#include "planner/serving/placement_planner.h"

namespace sextant {

struct MilpOptions {
  double time_limit_s = 60;      ///< really ends the solver
  bool remove_redundant = true;  ///< the artifact's reduced formulation
  int threads = 0;               ///< 0: all
  /// Where it starts: layers of every machine; its flow is completed. Empty: none.
  Placement start;
  /// Ends once the incumbent has this share of the bound and nothing was gained for so long.
  double early_stop_share = 0.95;
  double early_stop_s = 100;
  /// Called with time and objective of each incumbent; may be empty.
  std::function<void(double seconds, double flow_tokens_per_s, double bound)> on_incumbent;
  std::string write_problem;  ///< also write the problem here, as .lp or .mps; "" = not
};

/// Helix's mixed-integer program (spec: ASPLOS'25, section 4) on HiGHS. Never worse than the
/// start: its incumbent is kept when time is over or Ctrl-C was pressed. Throws
/// Error(kUsage) where the build has no HiGHS.
PlacementResult place_milp(const PlacementProblem& problem, const MilpOptions& options);

}  // namespace sextant
