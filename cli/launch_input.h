#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "analyzer/training/training_input.h"
#include "launch/emit/training/launch_target.h"

namespace sextant::cli {

/// The plan of that file, and what it was made for: as it says itself, or as `options.cluster` and
/// `options.job` say where they are named. Throws Error(kUsage) where neither does,
/// Error(kBadInput) where plan, cluster and job do not belong together.
LaunchJob read_launch_job(const std::filesystem::path& plan, const TrainingInputOptions& options);

/// Gives a plan that was made without a prediction one. Returns notes: that it does not fit, or why
/// nothing can be predicted of it.
std::vector<std::string> predict(LaunchJob& job, const TrainingInput& input,
                                 const Estimator& estimator);

/// Puts another plan of the same job, whose prediction is of `estimator`, in its place.
void replace_plan(LaunchJob& job, const TrainingInput& input, const Estimator& estimator,
                  const Plan& plan, const Prediction& prediction);

}  // namespace sextant::cli
