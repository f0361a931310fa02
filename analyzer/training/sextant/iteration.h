#pragma once

#include <vector>

#include "analyzer/training/estimator.h"
#include "analyzer/training/sextant/chain.h"
#include "analyzer/training/sextant/layer_costs.h"
#include "analyzer/training/sextant/placement.h"
#include "analyzer/training/sextant/traffic.h"

namespace sextant {

/// Microbatches of each replica of a pipeline's first stage, by pipeline: the plan's shares, or
/// where it leaves them out as even as they go, the remainder to the first ones. The last
/// microbatch of a replica may be smaller; it counts as a whole one.
std::vector<std::vector<int>> microbatches_by_replica(const Plan& plan);

/// An iteration of a plan as chains of stage replicas, and what happens to their gradients after
/// them. Everything that the estimator says of time comes from here.
class Iteration {
 public:
  /// Throws Error(kBadInput) as LayerCostTable and place() do; on stages of one pipeline with
  /// different numbers of replicas; and where microbatches do not suit the schedule. References
  /// must outlive the object.
  Iteration(const TrainingProblem& problem, const Plan& plan, Percentile percentile,
            double deviations);

  struct Times {
    double end_s = 0;
    double pipelines_end_s = 0;  ///< last computation of any chain
    double gradients_end_s = 0;  ///< all gradients exchanged
    TimeBreakdown breakdown;     ///< of the chain that ends last
    int slowest_stage = 0;       ///< its busiest, counted over all pipelines
    int microbatches = 0;        ///< of it
  };
  Times times() const;

  /// By stage over all pipelines: figures of one microbatch, without memory.
  std::vector<StagePrediction> stages() const;
  /// Bytes that cross zones in an iteration, in USD.
  double egress_usd() const;
  /// Without memory.
  Timeline timeline() const;

  const Placement& placement() const { return placement_; }
  const std::vector<std::vector<int>>& microbatches() const { return microbatches_; }

 private:
  /// One stage replica.
  struct Node {
    double update_s = 0;
    double gradient_bytes = 0;
    double parameter_bytes = 0;
  };
  /// When gradients of a stage are exchanged and its optimizer runs.
  struct StageEnd {
    double sync_start_s = 0;
    double sync_end_s = 0;
    std::vector<double> update_start_s;  ///< by replica
  };

  void build_pipeline(std::size_t p);
  void add_sharded_weights(Chain& chain, std::size_t p, std::size_t r) const;
  double sync_s(std::size_t p, std::size_t s) const;
  double tied_table_s(std::size_t p) const;
  ComputationNoise noise_of(std::size_t p, std::size_t r) const;
  std::vector<ChainTimes> chain_times(std::size_t p) const;
  std::vector<std::vector<StageEnd>> stage_ends(
      const std::vector<std::vector<ChainTimes>>& chains) const;
  double between_pipelines_s() const;

  const TrainingProblem& problem_;
  const Plan& plan_;
  const Framework& framework_;
  Placement placement_;
  std::vector<std::vector<int>> microbatches_;
  Traffic traffic_;
  mutable LayerCostTable costs_;
  std::vector<std::vector<Chain>> chains_;             ///< by pipeline, replica
  std::vector<std::vector<std::vector<Node>>> nodes_;  ///< by pipeline, stage, replica
  std::vector<std::vector<double>> sync_s_;            ///< by pipeline, stage
};

}  // namespace sextant
