#pragma once

#include <optional>
#include <string>

#include "analyzer/training/estimator.h"
#include "analyzer/training/training_input.h"
#include "launch/emit/training/launch_target.h"

namespace sextant {

/// A plan that a target can run, beside the one that it cannot.
struct NearestPlan {
  Plan plan;
  Prediction prediction;
  Prediction original;  ///< of the plan that was asked for, by the same estimator
  /// What differs and what it costs: "1.23 s instead of 1.10 s an iteration (12 % more); …".
  std::string changes;
};

/// A plan of the same model and batch that `target` runs, near the refused one: the fastest of the
/// plan itself, with equal shares and as few of its settings (schedule, ZeRO stage, recomputation)
/// changed as possible, and of grids with no more of them changed: one pipeline with as many
/// replicas and one tensor degree in all stages (uniform_plans.h), on at most the GPUs that the
/// plan has of each pool. Where the plan itself stays refused, as few settings are changed as a
/// grid needs, and where none runs on those GPUs, all of the cluster are tried. `estimator` judges
/// every plan; it has no obstacle and fits. The same arguments give the same plan; of equally fast
/// ones that with fewer GPUs. Nothing where none of them can be run. `job.nodes` is not looked at.
/// Throws what the estimator throws of the refused plan.
std::optional<NearestPlan> nearest_plan(const LaunchTarget& target, const LaunchJob& job,
                                        const TrainingInput& input, const Estimator& estimator);

}  // namespace sextant
