#include "analyzer/training/estimator.h"

#include "analyzer/training/separable.h"

namespace sextant {

std::unique_ptr<SeparableCosts> Estimator::separable(const TrainingProblem& /*problem*/,
                                                     const PlanSettings& /*settings*/) const {
  return nullptr;
}

std::optional<Timeline> Estimator::timeline(const TrainingProblem& /*problem*/,
                                            const Plan& /*plan*/) const {
  return std::nullopt;
}

}  // namespace sextant
