#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "planner/serving/heuristics/heuristics.h"
#include "planner/serving/heuristics/judged.h"

namespace sextant {

namespace {

/// Most layers that every machine can hold.
int common_layers(const PlacementProblem& problem) {
  int common = problem.profiles->model.layers;
  for (const ServingMachine& machine : problem.cluster->machines) {
    const auto type = static_cast<std::size_t>(problem.profiles->type_index(machine.type));
    common = std::min(common, problem.profiles->types[type].max_layers);
  }
  return common;
}

int ceil_div(int a, int b) {
  return (a + b - 1) / b;
}

int stages_of(const PlacementProblem& problem, int common) {
  constexpr int kLayersOf30b = 60;
  constexpr int kLayersOf70b = 80;
  const int layers = problem.profiles->model.layers;
  const int artifact = layers == kLayersOf30b ? 10 : layers == kLayersOf70b ? 20 : 0;
  const bool fits = artifact > 0 && ceil_div(layers, artifact) <= common &&
                    problem.cluster->machines.size() >= static_cast<std::size_t>(artifact);
  return fits ? artifact : ceil_div(layers, common);
}

}  // namespace

PlacementResult place_swarm(const PlacementProblem& problem, int stages) {
  const ServingProfiles& profiles = *problem.profiles;
  const std::vector<ServingMachine>& machines = problem.cluster->machines;
  const int layers = profiles.model.layers;
  const int common = common_layers(problem);
  if (stages == 0) stages = stages_of(problem, common);
  if (stages < 1 || stages > layers) {
    return no_placement(problem, fmt::format("expected 1 to {} stages, found {}", layers, stages));
  }
  if (ceil_div(layers, stages) > common) {
    return no_placement(problem, fmt::format("{} stages have up to {} layers, of which not every "
                                             "machine can hold more than {}",
                                             stages, ceil_div(layers, stages), common));
  }
  if (machines.size() < static_cast<std::size_t>(stages)) {
    return no_placement(problem, fmt::format("{} stages need as many machines, there are {}",
                                             stages, machines.size()));
  }
  struct Turn {
    double tokens_per_s;
    std::size_t machine;
    auto operator<=>(const Turn&) const = default;
  };
  // Where stages differ by a layer, machines are compared at the longer.
  const auto length = static_cast<std::size_t>(ceil_div(layers, stages));
  std::vector<Turn> turns;
  for (std::size_t i = 0; i < machines.size(); ++i) {
    const auto type = static_cast<std::size_t>(profiles.type_index(machines[i].type));
    turns.push_back({problem.throughput[type][length], i});
  }
  std::sort(turns.rbegin(), turns.rend());

  std::vector<LayerInterval> intervals;
  const int longer = layers % stages;
  for (int s = 0, first = 0; s < stages; ++s) {
    const int end = first + layers / stages + (s < longer ? 1 : 0);
    intervals.push_back({first, end});
    first = end;
  }
  std::vector<double> held(intervals.size(), 0);  // tokens per second of each stage
  Placement placement(machines.size());
  for (const Turn& turn : turns) {
    const auto weakest =
        static_cast<std::size_t>(std::min_element(held.begin(), held.end()) - held.begin());
    held[weakest] += turn.tokens_per_s;
    placement[turn.machine] = intervals[weakest];
  }
  return judged_placement(problem, std::move(placement));
}

}  // namespace sextant
