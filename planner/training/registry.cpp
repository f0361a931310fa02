#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "planner/training/planner.h"
#include "planner/training/sailor/sailor_planner.h"
#include "planner/training/sextant/sextant_planner.h"

namespace sextant {

const std::vector<const Planner*>& planners() {
  static const std::vector<const Planner*> all = {
      &sextant_planner(),
      &sailor_planner(),
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
