#include <algorithm>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "planner/serving/heuristics/heuristics.h"
#include "planner/serving/heuristics/judged.h"

namespace sextant {

PlacementResult place_separate(const PlacementProblem& problem, bool beyond_most_layers) {
  const ServingProfiles& profiles = *problem.profiles;
  const std::vector<ServingMachine>& machines = problem.cluster->machines;
  const int layers = profiles.model.layers;
  std::vector<std::vector<std::size_t>> of_type(profiles.types.size());
  for (std::size_t i = 0; i < machines.size(); ++i) {
    of_type[static_cast<std::size_t>(profiles.type_index(machines[i].type))].push_back(i);
  }
  Placement placement(machines.size());
  bool any = false;
  std::string held;
  for (std::size_t t = 0; t < of_type.size(); ++t) {
    // More machines than layers would leave some without a part.
    const int parts = std::min(static_cast<int>(of_type[t].size()), layers);
    if (parts == 0) continue;
    const int most = profiles.types[t].max_layers;
    held += fmt::format("{}{} {} hold {}", held.empty() ? "" : ", ", parts, profiles.types[t].name,
                        static_cast<long long>(parts) * most);
    const int longer = layers % parts;
    if (!beyond_most_layers && layers / parts + (longer > 0 ? 1 : 0) > most) continue;
    any = true;
    for (int p = 0, first = 0; p < parts; ++p) {
      const int end = first + layers / parts + (p >= parts - longer ? 1 : 0);
      placement[of_type[t][static_cast<std::size_t>(p)]] = {first, end};
      first = end;
    }
  }
  if (!any) {
    return no_placement(problem, fmt::format("no type's machines hold the {} layers alone: {}",
                                             layers, held.empty() ? "there are none" : held));
  }
  return judged_placement(problem, std::move(placement));
}

}  // namespace sextant
