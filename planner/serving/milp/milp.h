#pragma once

#include <functional>
#include <string>

#include "planner/serving/placement_planner.h"

namespace sextant {

struct MilpOptions {
  double time_limit_s = 60;      ///< really ends the solver
  bool remove_redundant = true;  ///< the artifact's reduced formulation
  int threads = 0;               ///< 0: all
  /// Where it starts: layers of every machine; its flow is completed. Empty: none.
  Placement start;
  /// Ends once the incumbent has this share of the naive bound and nothing was gained for so long,
  /// or once it has enough_share of it.
  double early_stop_share = 0.95;
  double early_stop_s = 100;
  double enough_share = 0.995;
  /// Called with time and objective of each incumbent; may be empty.
  std::function<void(double seconds, double flow_tokens_per_s, double bound)> on_incumbent;
  /// Called with what went wrong where HiGHS fails and the incumbent is returned nonetheless; where
  /// it is empty, such a failure is thrown.
  std::function<void(const std::string& failure)> on_failure;
  std::string write_problem;  ///< also write the problem here, as .lp or .mps; "" = not
  /// Gives no edge of the program more room than the machines at its ends can use: the same
  /// placements, and a relaxation that HiGHS can work with. Off: the published coefficients.
  bool tighten = true;
  /// Machines may hold nothing. Off, as published: each holds a layer at least.
  bool allow_unused = false;
};

/// Helix's mixed-integer program (spec: ASPLOS'25, section 4) on HiGHS, which ends at the time
/// limit, at Ctrl-C, where nothing is gained any more (above), or with a proof. Never worse than
/// the start. Incumbents count with their placement_flow, and the bound is HiGHS's or the tight
/// upper bound, whichever is lower. Throws Error(kUsage) where the build has no HiGHS or the
/// problem is to be written as something else, Error(kBadInput) where the start is no placement of
/// the program or the problem cannot be written, Error(kInfeasible) where a machine that must hold
/// a layer cannot, Error(kInternal) where HiGHS fails without a start.
PlacementResult place_milp(const PlacementProblem& problem, const MilpOptions& options);

}  // namespace sextant
