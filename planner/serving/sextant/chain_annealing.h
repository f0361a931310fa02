#pragma once

#include <cstdint>
#include <functional>

#include "planner/serving/sextant/chain_score.h"

namespace sextant {

struct ChainAnnealingOptions {
  std::uint64_t seed = 0;
  std::int64_t evaluations = 100'000;
  double hottest = 0.05;       ///< temperature at the start, as a share of the bound
  double coldest = 0.0003;     ///< and at the end
  std::function<bool()> stop;  ///< polled now and then; true ends it early
};

struct FlowChain {
  StageChain chain;  ///< empty where none was found
  double flow_tokens_per_s = 0;
  std::int64_t evaluations = 0;
  bool complete = true;
};

/// Simulated annealing (Kirkpatrick et al. 1983) over chains of stages, for the most flow. It ends
/// early where the bound is met.
FlowChain anneal_chain(const SearchInstance& instance, const StageChain& start,
                       const ChainAnnealingOptions& options);

}  // namespace sextant
