#pragma once

#include <memory>

#include "analyzer/training/estimator.h"
#include "analyzer/training/separable.h"

namespace sextant {

/// Stage costs for searches: the formula of separable.h as an approximation of the simulation
/// (SeparableCosts::exact is false), memory as the bound of a stage in the middle of a pipeline.
std::unique_ptr<SeparableCosts> sextant_separable(const TrainingProblem& problem,
                                                  const PlanSettings& settings);

}  // namespace sextant
