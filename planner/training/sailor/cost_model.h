#pragma once

#include <span>
#include <vector>

#include "planner/training/sailor/link_times.h"
#include "planner/training/sailor/tensor_degrees.h"

namespace sextant::sailor_search {

/// Replicas of a stage that run on the same kind of place, consecutive in rank.
struct ReplicaRun {
  Place place;
  int count = 0;
};

/// A stage on its own, or a stage merged with all that follow it (§d.2). Seconds of an iteration,
/// except compute, straggler, first and transfer, which are of one microbatch.
struct Estimate {
  double time_s = 0;
  double compute_s = 0;    ///< sum over the stages
  double straggler_s = 0;  ///< slowest stage with its transfers
  double first_s = 0;      ///< first stage, with its transfer where one follows
  double transfer_s = 0;   ///< sum over the boundaries, both ways
  double sync_s = 0;       ///< longest all-reduce of gradients
  double update_s = 0;     ///< longest optimizer step
  double egress_usd = 0;
  double usd_per_s = 0;  ///< of the GPUs

  double usd() const { return time_s * usd_per_s + egress_usd; }
};

/// GPU types as a bit set.
using TypeSet = unsigned;

/// The planner's own cost model for one combination of microbatch size, split and degrees at a
/// time. It differs from the published simulator: gradients of a stage are all-reduced whole over
/// the aggregate link of a replica, the optimizer's step counts once per layer or not at all, and
/// prices are others.
class CostModel {
 public:
  /// References must outlive this.
  CostModel(const LayerTables& tables, LinkTimes& links, const Resources& resources,
            int global_batch);

  /// What follows is about this many replicas of each of these stages. The vectors must live until
  /// the next call.
  void begin(int microbatch, const std::vector<LayerRange>& stages, const TensorDegrees& degrees,
             int replicas);

  /// A stage whose replicas run on `types`, in zones `zones` of a region whose fullest zone is
  /// `first_zone`; without prices.
  Estimate stage(int stage, TypeSet types, int first_zone, const std::vector<int>& zones);
  /// Egress of the stage's all-reduce if its replicas lie in so many zones.
  double sync_egress_usd(int stage, int zones) const;

  /// Puts the stage before the rest, whose first stage is the next one. Runs are those of the stage
  /// and of the next.
  Estimate merge(int stage, const Estimate& own, std::span<const ReplicaRun> own_runs,
                 const Estimate& rest, std::span<const ReplicaRun> next_runs);

 private:
  const LayerTables& tables_;
  LinkTimes& links_;
  const Resources& resources_;
  int global_batch_;
  int microbatch_ = 1;
  const std::vector<LayerRange>* stages_ = nullptr;
  const TensorDegrees* degrees_ = nullptr;
  int replicas_ = 1;
  int microbatch_count_ = 1;
};

}  // namespace sextant::sailor_search
