#pragma once

#include <cstddef>
#include <vector>

#include "planner/serving/placement_planner.h"

namespace sextant {

/// A placement problem in the form that a search reads fast: tables instead of names and lists.
struct SearchInstance {
  int machines = 0;
  int layers = 0;                        ///< of the model
  std::vector<int> type;                 ///< of each machine
  std::vector<int> max_layers;           ///< that each machine holds; 0 = it is not usable
  ThroughputTable throughput;            ///< by type and layers, no more than the NICs pass
  ThroughputTable kv_tokens;             ///< likewise: room in the KV cache of each layer held
  std::vector<double> from_coordinator;  ///< tokens/s to each machine; 0 without a link
  std::vector<double> to_coordinator;    ///< likewise back
  std::vector<double> between;           ///< tokens/s, machines x machines, from x to
  std::vector<double> latency_s;         ///< likewise
  double coordinator_latency_s = 0;      ///< mean of the links from and to it
  /// Of each machine: those of a region are joined by fast links, where links differ much.
  std::vector<int> region;
  /// No link can carry less than the machines at its ends, and there is one between any two: a
  /// chain of stages then flows as much as its weakest stage.
  bool network_never_binds = false;
  double bound = 0;  ///< no placement has more flow

  double node_capacity(int machine, int held) const {
    return throughput[static_cast<std::size_t>(type[static_cast<std::size_t>(machine)])]
                     [static_cast<std::size_t>(held)];
  }
  double link_capacity(int from, int to) const {
    return between[static_cast<std::size_t>(from) * static_cast<std::size_t>(machines) +
                   static_cast<std::size_t>(to)];
  }
};

/// Tokens per second as placement_flow counts them. Throws Error(kBadInput) where a machine has no
/// profile.
SearchInstance search_instance(const PlacementProblem& problem);

}  // namespace sextant
