#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/topology/step_time.h"

namespace sextant {

/// What is minimised.
enum class BandwidthTarget {
  kTime,          ///< seconds ("Perf")
  kTimeTimesCost  ///< seconds * USD ("PerfPerCost")
};
inline constexpr std::array<std::string_view, 2> kBandwidthTargetNames = {"Perf", "PerfPerCost"};
constexpr std::string_view to_string(BandwidthTarget target) {
  return kBandwidthTargetNames[static_cast<std::size_t>(target)];
}

/// sum_d coefficients[d] * bandwidth_d  (<=, = or >=)  bound.
struct BandwidthConstraint {
  enum class Relation { kAtMost, kEqual, kAtLeast };

  std::string text;                  ///< as the user wrote it, for messages and documents
  std::vector<double> coefficients;  ///< by dimension
  Relation relation = Relation::kAtMost;
  double bound_bytes_per_s = 0;
};

/// Divide bandwidth over the dimensions of a network.
struct BandwidthProblem {
  StepTime time;                           ///< of one workload, or the weighted sum of several
  std::vector<double> usd_per_byte_per_s;  ///< by dimension, > 0
  BandwidthTarget target = BandwidthTarget::kTime;
  std::vector<BandwidthConstraint> constraints;  ///< beside bandwidth_d >= 0
};

/// sum of all bandwidths = total.
BandwidthConstraint total_budget(std::size_t dimensions, double total_bytes_per_s);

/// The best division.
struct BandwidthDivision {
  std::vector<double> bandwidth_bytes_per_s;  ///< by dimension
  double time_s = 0;
  double cost_usd = 0;
  double objective = 0;  ///< s, or s * USD
  /// How far from satisfied the conditions of optimality are: stationarity in log-bandwidth,
  /// complementarity, signs and constraints, relative to the objective's gradient there.
  double kkt_residual = 0;
  /// No division that satisfies the constraints has a smaller objective. 0 where nothing is proved:
  /// constraints may hold bandwidths so far apart that doubles do not reach the optimum, which
  /// shows in the residual.
  double lower_bound = 0;
  /// By constraint: what the objective gains for each byte/s by which its bound is loosened.
  std::vector<double> multipliers;
};

/// The optimum, to machine precision where the problem allows. Where several divisions are best,
/// the cheapest is taken; under a total alone, what is left between equally cheap dimensions goes
/// to the lowest. Throws Error(kInfeasible) naming the constraints that conflict, and
/// Error(kBadInput) where nothing bounds the bandwidth from above, or where time times cost is
/// asked and nothing bounds it from below (it would be least at no bandwidth at all).
BandwidthDivision divide_bandwidth(const BandwidthProblem& problem);

/// The division of least time_s + seconds_per_usd * cost_usd instead of the problem's target: a
/// point of the front of time against cost, which is convex, so that these are all of its points.
/// The objective is that sum. Throws as divide_bandwidth.
BandwidthDivision divide_bandwidth(const BandwidthProblem& problem, double seconds_per_usd);

}  // namespace sextant
