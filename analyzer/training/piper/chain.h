#pragma once

// Piper's cost model, which its planner and its estimator share: layers in a chain, and what a
// stage of them costs.

#include <vector>

#include "analyzer/cluster/cluster.h"
#include "analyzer/plan/plan.h"
#include "analyzer/training/piper/tables.h"

namespace sextant::piper {

/// Sums over layers in constant time.
class Chain {
 public:
  explicit Chain(const std::vector<Layer>& layers);

  int size() const { return static_cast<int>(sums_.size()) - 1; }
  double compute_s(const LayerRange& stage) const;
  double parameter_bytes(const LayerRange& stage) const;
  /// Of one microbatch through both ends, forward and backward.
  double transfer_bytes(const LayerRange& stage) const;
  double activation_bytes(const LayerRange& stage) const;
  double state_bytes(const LayerRange& stage) const;

 private:
  double sum(const LayerRange& stage, double Layer::*part) const;

  std::vector<Layer> sums_;   ///< of the first l layers; sent_bytes is not summed
  std::vector<double> sent_;  ///< into layer l; 0 at both ends of the chain
};

/// The gradient synchronisation of a stage among `dp` replicas, bytes an iteration.
inline double sync_bytes(double parameter_bytes, int dp) {
  constexpr double kPerParameterByte = 4;
  return kPerParameterByte * (dp - 1) / dp * parameter_bytes;
}

/// Microbatches that a replica holds at once; `dp_from_here` sums the degrees of this and all later
/// stages.
inline int in_flight(int dp_from_here, int dp) {
  return (dp_from_here + dp - 1) / dp;
}

/// From machine to machine, which the model takes for every transfer. Throws Error(kBadInput) where
/// the network is missing or does not know the link.
double link_bytes_per_s(const Cluster& cluster, const GpuPool& pool);

}  // namespace sextant::piper
