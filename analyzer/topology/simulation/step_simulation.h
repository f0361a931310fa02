#pragma once

#include <vector>

#include "analyzer/topology/group_mapping.h"
#include "analyzer/topology/simulation/simulated_network.h"
#include "analyzer/topology/workload.h"

namespace sextant {

/// What a simulated training step took.
struct SimulatedStep {
  double step_s = 0;
  double compute_s = 0;
  double exposed_s = 0;  ///< during which nothing was computed
  double drain_s = 0;    ///< of it, after the last computation: weight gradients under way
  std::vector<double> sent_bytes;  ///< of one NPU, by dimension
  /// By dimension: sent_bytes over what its links could have sent while any collective was under
  /// way. Above 1 only where groups that share a dimension communicate at once.
  std::vector<double> utilisation;
};

/// One training step, chunk by chunk, as ASTRA-sim's analytical back end (tag tutorial-isca2022)
/// sees it. Forward and input gradient wait for their communication; computation never waits for
/// that of weight gradients, of which several may be under way at once; the step ends when nothing
/// is. Every group has the full bandwidth of its dimensions; collectives of one group share it, a
/// chunk at a time. Groups lie as `shapes` say (checked before). Throws Error(kBadInput) on a
/// network that check() refuses, or with other than the shapes' number of dimensions, where a
/// dimension's algorithm cannot run on a group (halving and doubling on other than a power of two),
/// and on checkpoints that are no layers.
SimulatedStep simulate_step(const Workload& workload, const std::vector<GroupShape>& shapes,
                            const SimulatedNetwork& network, double compute_scale = 1);

}  // namespace sextant
