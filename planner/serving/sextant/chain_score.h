#pragma once

#include <limits>
#include <vector>

#include "planner/serving/sextant/interval_flow.h"
#include "planner/serving/sextant/stage_chain.h"

namespace sextant {

/// What a chain of stages is worth as a flow.
class ChainScore {
 public:
  static constexpr double kInfeasible = -std::numeric_limits<double>::infinity();

  explicit ChainScore(const SearchInstance& instance);

  /// Tokens per second: the flow, and a little for each stage that has more than the weakest, so
  /// that a search is not lost where one stage alone does not change the flow. Where the score
  /// cannot reach `needed`, anything below it may come back. kInfeasible where the chain is.
  double score(const StageChain& chain, double needed);
  /// Of the chain scored last. Of more than kMostExact machines it is an upper bound, by what comes
  /// and goes at each boundary of stages.
  double flow() const { return flow_; }

  static constexpr int kMostExact = 64;

 private:
  double boundary_bound(const StageChain& chain);

  const SearchInstance& instance_;
  IntervalFlow interval_flow_;
  std::vector<double> sum_;  ///< tokens per second of each stage
  std::vector<std::vector<int>> members_;
  std::vector<double> arriving_;  ///< tokens per second that reach each machine of a stage
  double flow_ = 0;
};

}  // namespace sextant
