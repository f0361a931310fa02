#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/training/estimator.h"
#include "analyzer/training/sailor.h"
#include "analyzer/training/sextant/sextant.h"

namespace sextant {

const std::vector<const Estimator*>& estimators() {
  static const std::vector<const Estimator*> all = {
      &sextant_estimator(),
      &sailor_estimator(),
  };
  return all;
}

std::optional<Timeline> Estimator::timeline(const TrainingProblem& /*problem*/,
                                            const Plan& /*plan*/) const {
  return std::nullopt;
}

const Estimator& estimator_named(std::string_view name) {
  std::string known;
  for (const Estimator* estimator : estimators()) {
    if (estimator->name() == name) return *estimator;
    known += fmt::format(" {}", estimator->name());
  }
  throw_usage(fmt::format("no estimator {}; there are:{}", quote(name), known));
}

}  // namespace sextant
