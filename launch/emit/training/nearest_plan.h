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

/// The fastest plan of the same model and batch that `target` runs, among the plans that are near
/// the refused one: the plan itself with equal shares, and grids of one pipeline with as many
/// replicas and one tensor degree in all stages (uniform_plans.h). The settings (schedule, ZeRO
/// stage, recomputation) are the plan's own; where no plan runs in them, as few as possible are
/// changed. So it is with the GPUs: at most those that the plan has of each pool, or where nothing
/// runs on these, all of the cluster. `estimator` judges every plan; it has no obstacle and fits.
/// The same arguments give the same plan; of equally fast ones that with fewer GPUs. Nothing where
/// none of them can be run. `job.nodes` is not looked at. Throws what the estimator throws of the
/// refused plan.
std::optional<NearestPlan> nearest_plan(const LaunchTarget& target, const LaunchJob& job,
                                        const TrainingInput& input, const Estimator& estimator);

}  // namespace sextant
