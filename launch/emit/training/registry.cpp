#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"
#include "launch/emit/training/launch_target.h"

namespace sextant {

#define TARGET(name) const LaunchTarget& name##_target();
#include "launch/emit/training/targets.def"
#undef TARGET

const std::vector<const LaunchTarget*>& launch_targets() {
  static const std::vector<const LaunchTarget*> targets = {
#define TARGET(name) &name##_target(),
#include "launch/emit/training/targets.def"
#undef TARGET
  };
  return targets;
}

const LaunchTarget& launch_target_named(std::string_view name) {
  std::vector<std::string_view> names;
  for (const LaunchTarget* target : launch_targets()) {
    if (target->name() == name) return *target;
    names.push_back(target->name());
  }
  throw_usage(fmt::format("--to {}: expected one of {}", quote(name), fmt::join(names, ", ")));
}

}  // namespace sextant
