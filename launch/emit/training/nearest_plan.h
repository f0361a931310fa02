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

/// The fastest plan of the same model, batch and data type that `target` runs on the GPUs of the
/// cluster, among the plans that are near the refused one: the plan itself with single properties
/// taken back (schedule, ZeRO, recomputation, shares, sequence parallelism), and grids of one
/// pipeline with the same number of replicas and one tensor degree in all stages, on one GPU type
/// or with each stage on the type that the refused plan has there, layers divided by compute time.
/// Every plan is judged by `estimator`, has no obstacle and fits. The same arguments give the same
/// plan; of equally fast ones that with fewer GPUs. Nothing where none of them can be run.
/// `job.nodes` is not looked at. Throws what the estimator throws of the refused plan.
std::optional<NearestPlan> nearest_plan(const LaunchTarget& target, const LaunchJob& job,
                                        const TrainingInput& input, const Estimator& estimator);

}  // namespace sextant
