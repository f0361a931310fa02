#pragma once

#include <map>
#include <tuple>
#include <vector>

#include "analyzer/training/estimator.h"
#include "analyzer/training/sextant/traffic.h"

namespace sextant {

/// What a replica of one kind needs for layers, as sums from layer 0 on: entry l is of layers
/// [0, l). Seconds; forward and backward of one microbatch.
struct LayerCosts {
  std::vector<double> forward_s;
  std::vector<double> backward_s;
  std::vector<double> update_s;
  std::vector<double> parameter_bytes;  ///< of one rank
  std::vector<double> gradient_bytes;
  std::vector<double> output_bytes;  ///< of layer l itself, one microbatch; not summed
};

/// Which value of measured times is taken.
enum class Percentile { k10, kMedian, k90 };

/// Looks the profile's times up, once for each kind of replica:
///  - a microbatch takes no longer than a larger one, which it could be padded to, so that of the
///    profile's points at its degree those of larger microbatches bound it;
///  - recomputation that the profile was not measured with adds a block's forward to its backward
///    (Chen et al. 2016);
///  - recorded tensor-parallel collectives are priced;
///  - an optimizer step that was measured for the published profiler's reduced model (two blocks)
///    grows with the parameters.
/// Throws Error(kBadInput) on a point that the profile lacks, recomputation that it cannot leave
/// out, and sequence parallelism other than the plan's.
class LayerCostTable {
 public:
  LayerCostTable(const TrainingProblem& problem, const Plan& plan, const Traffic& traffic,
                 Percentile percentile);

  const LayerCosts& of(const PlacedReplica& replica);

 private:
  LayerCosts make(const PlacedReplica& replica) const;

  const TrainingProblem& problem_;
  const Plan& plan_;
  const Traffic& traffic_;
  Percentile percentile_;
  std::map<std::tuple<std::string_view, std::string_view, int, int>, LayerCosts> known_;
};

}  // namespace sextant
