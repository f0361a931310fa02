#pragma once

#include <CLI/CLI.hpp>

#include "analyzer/training/training_input.h"
#include "cli/commands.h"

namespace sextant::cli {

/// Adds --picture.
void add_picture_option(CLI::App& command, bool& picture);

/// Throws Error(kUsage) where a picture is wanted and the answer is a document.
void check_picture(bool picture, const Session& session);

/// The plan's iteration by stage and the memory of its stages, as letters of at most 100 columns;
/// it begins with an empty line. Without a timeline of that estimator it says which have one.
std::string plan_picture(const TrainingInput& input, const Plan& plan, const Prediction& prediction,
                         const Estimator& estimator);

/// " sextant": names of the estimators that have a timeline of this plan, " none" of none.
std::string estimators_with_timeline(const TrainingInput& input, const Plan& plan);

}  // namespace sextant::cli
