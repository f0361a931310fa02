#pragma once

#include <span>
#include <vector>

#include "analyzer/topology/group_mapping.h"
#include "analyzer/topology/simulation/step_simulation.h"
#include "analyzer/topology/workload.h"
#include "planner/topology/bandwidth_problem.h"

namespace sextant {

/// A workload as the simulator runs it.
struct SimulatedTraining {
  Workload workload;
  std::vector<GroupShape> shapes;  ///< checked before
  SimulatedNetwork network;        ///< link_bytes_per_s is what is searched for
  double weight = 1;               ///< of its step time in the objective
};

/// Divide bandwidth over the dimensions of a network for the simulated step time.
struct SimulatedBandwidthProblem {
  std::vector<SimulatedTraining> trainings;  ///< at least one, of as many dimensions
  double compute_scale = 1;
  std::vector<double> usd_per_byte_per_s;  ///< by dimension, > 0
  BandwidthTarget target = BandwidthTarget::kTime;
  std::vector<BandwidthConstraint> constraints;  ///< beside bandwidth_d >= 0
  /// Where to begin beside the optima of the closed forms and the equal division; such as vectors
  /// that are to be improved.
  std::vector<std::vector<double>> starts;
  int max_simulations = 300;  ///< of steps; the starts, all of which are tried, included
};

struct SimulatedDivision {
  std::vector<double> bandwidth_bytes_per_s;  ///< by dimension
  double time_s = 0;                          ///< the weighted sum of the simulated steps
  double cost_usd = 0;
  double objective = 0;  ///< s, or s * USD
  /// Of the best start, which the search went on from.
  double start_objective = 0;
  int simulations = 0;
};

/// The closed forms neither see how chunks fill and drain the dimensions nor what else happens
/// between two collectives. So their optima, by loop and with computation as given and not at all
/// scaled, are where a local search of the simulated objective begins. Never worse than any of the
/// starts. Deterministic. Throws as divide_bandwidth and simulate_step.
SimulatedDivision divide_bandwidth_simulated(const SimulatedBandwidthProblem& problem);

/// The network with these bandwidths (bytes/s of an NPU, by dimension), spread over its links. One
/// without any gets 1e-9 of their sum: the simulator asks for some, also where no group sends.
SimulatedNetwork with_bandwidth(SimulatedNetwork network, std::span<const double> bandwidth);

}  // namespace sextant
