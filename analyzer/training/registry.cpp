#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/training/estimator.h"

#ifndef SEXTANT_ESTIMATORS  // a test adds one of its own
#define SEXTANT_ESTIMATORS "analyzer/training/estimators.def"
#endif

namespace sextant {

#define ESTIMATOR(name) const Estimator& name##_estimator();
#include SEXTANT_ESTIMATORS
#undef ESTIMATOR

namespace {

/// Tools that plan without a model of their own.
struct NoModel {
  std::string_view tool;
  std::string_view why;
};
constexpr NoModel kNoModels[] = {
    {"dtfm", "DT-FM ranks plans by their communication alone: it models neither time nor memory"},
    {"atlas", "Atlas plans with Sailor's model: estimator sailor"},
};

}  // namespace

const std::vector<const Estimator*>& estimators() {
  static const std::vector<const Estimator*> all = {
#define ESTIMATOR(name) &name##_estimator(),
#include SEXTANT_ESTIMATORS
#undef ESTIMATOR
  };
  return all;
}

const Estimator& estimator_named(std::string_view name) {
  std::string known;
  for (const Estimator* estimator : estimators()) {
    if (estimator->name() == name) return *estimator;
    known += fmt::format(" {}", estimator->name());
  }
  for (const NoModel& none : kNoModels) {
    if (none.tool == name) {
      throw_usage(fmt::format("no estimator {}: {}; there are:{}", quote(name), none.why, known));
    }
  }
  throw_usage(fmt::format("no estimator {}; there are:{}", quote(name), known));
}

}  // namespace sextant
