#pragma once

#include "reproduce/reproduction.h"

namespace sextant {

/// Names and descriptions of the planner figures of Sailor's evaluation that can be run.
std::vector<ExperimentName> sailor_planning_experiments();

/// Plans every cluster of the figure with each planner for each estimator, or, where
/// `options.from` names a document of an earlier run, reads what that found.
Reproduction reproduce_sailor_planning(const std::string& experiment,
                                       const ReproduceOptions& options);

}  // namespace sextant
