#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "planner/training/planner.h"

#ifndef SEXTANT_PLANNERS  // a test adds one of its own
#define SEXTANT_PLANNERS "planner/training/planners.def"
#endif

namespace sextant {

#define PLANNER(name) const Planner& name##_planner();
#include SEXTANT_PLANNERS
#undef PLANNER

const std::vector<const Planner*>& planners() {
  static const std::vector<const Planner*> all = {
#define PLANNER(name) &name##_planner(),
#include SEXTANT_PLANNERS
#undef PLANNER
  };
  return all;
}

const Planner& planner_named(std::string_view name) {
  std::string known;
  for (const Planner* planner : planners()) {
    if (planner->name() == name) return *planner;
    known += fmt::format(" {}", planner->name());
  }
  throw_usage(fmt::format("no planner {}; there are:{}", quote(name), known));
}

}  // namespace sextant
