#pragma once

#include "reproduce/reproduction.h"

namespace sextant {

/// Names and descriptions of the figures of Sailor's evaluation that hold predictions against
/// measurements.
std::vector<ExperimentName> sailor_validation_experiments();

/// Every estimator against every run of the figure's sets, or of ReproduceOptions::measured_dir.
/// Each reads the profile of the published simulator, and again, as "<name>@planner-profile", the
/// one of the published planner.
Reproduction reproduce_sailor_validation(const std::string& experiment,
                                         const ReproduceOptions& options);

}  // namespace sextant
