#pragma once

// Every plan of a small problem, one after the other, written from what the planner says it looks
// among and from nothing that it does.

#include <functional>
#include <vector>

#include "analyzer/plan/plan.h"
#include "analyzer/training/estimator.h"

namespace sextant::exhaustive {

/// Which plans. The defaults are what planner `sextant` states for one zone: one pipeline of
/// contiguous stages over all layers, 1F1B; D replicas in every stage, so that each has
/// ceil(global batch / (b D)) microbatches; no more replicas than microbatches; each replica on
/// `tp` GPUs of one node; a stage has one kind of replica (pool and tp), or is divided between two
/// GPU types of a zone, each with its tp, in any proportion and either first; GPUs may stay unused.
/// Microbatches and tensor degrees are those of the profile.
struct PlanSpace {
  /// Stages divided between two kinds, at most, in a plan.
  int most_mixed_stages = 1;
  /// Also stages that are spread over a group of zones: the zones are divided into groups in any
  /// way, and replica r of all stages of a group stands in the same zone. In each zone a mixed
  /// stage is divided by itself.
  bool aligned = false;
  /// Wider: mixed stages of two kinds from any two pools.
  bool mixed_anywhere = false;
  /// Wider than the planner's space: every replica of any kind.
  bool any_replica = false;
  /// Wider: every way to give the replicas unequal numbers of microbatches, at least one each.
  bool unequal_shares = false;
  /// Wider: two pipelines, each with stages and replicas of its own.
  bool two_pipelines = false;
  /// Every way to place replicas on nodes; without it, nodes are left to the launcher.
  bool every_placement = false;
};

/// Calls `visit` with each plan for which there are enough GPUs on the nodes, some in several zones
/// twice. Plans that do not fit in memory are among them.
void for_each_plan(const TrainingProblem& problem, const PlanSpace& space,
                   const std::function<void(const Plan&)>& visit);

}  // namespace sextant::exhaustive
