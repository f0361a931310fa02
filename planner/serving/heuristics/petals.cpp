#include <algorithm>
#include <utility>
#include <vector>

#include "analyzer/core/python_random.h"
#include "planner/serving/heuristics/heuristics.h"
#include "planner/serving/heuristics/judged.h"

namespace sextant {

PlacementResult place_petals(const PlacementProblem& problem, std::uint32_t seed) {
  const ServingProfiles& profiles = *problem.profiles;
  const std::vector<ServingMachine>& machines = problem.cluster->machines;
  const int layers = profiles.model.layers;
  struct Turn {
    std::size_t machine;
    int layers;
    double tokens_per_s;
  };
  std::vector<Turn> turns;
  for (std::size_t i = 0; i < machines.size(); ++i) {
    const auto type = static_cast<std::size_t>(profiles.type_index(machines[i].type));
    const int most = std::min(layers, profiles.types[type].max_layers);
    turns.push_back({i, most, problem.throughput[type][static_cast<std::size_t>(most)]});
  }
  PythonRandom random(seed);
  random.shuffle(turns);

  std::vector<double> held(static_cast<std::size_t>(layers), 0);  // tokens per second of each layer
  Placement placement(machines.size());
  for (const Turn& turn : turns) {
    std::vector<double> least;
    std::vector<double> window;
    int best = 0;
    for (int first = 0; first + turn.layers <= layers; ++first) {
      window.assign(held.begin() + first, held.begin() + first + turn.layers);
      std::sort(window.begin(), window.end());
      if (first > 0 && !(window < least)) continue;
      std::swap(least, window);
      best = first;
    }
    placement[turn.machine] = {best, best + turn.layers};
    for (int layer = best; layer < best + turn.layers; ++layer) {
      held[static_cast<std::size_t>(layer)] += turn.tokens_per_s;
    }
  }
  return judged_placement(problem, std::move(placement));
}

}  // namespace sextant
