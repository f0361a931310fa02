#pragma once

#include "planner/serving/sextant/chain_annealing.h"

namespace sextant {

struct FlowPlacement {
  Placement placement;
  double flow_tokens_per_s = 0;
  std::int64_t evaluations = 0;
  bool complete = true;
};

/// From a placement that flows, simulated annealing over free intervals: machines that overlap in
/// part of their layers, and pipelines beside one another, which chains of stages do not have.
/// Never less flow than the start.
FlowPlacement anneal_intervals(const SearchInstance& instance, const Placement& start,
                               const ChainAnnealingOptions& options);

}  // namespace sextant
