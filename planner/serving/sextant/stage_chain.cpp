#include "planner/serving/sextant/stage_chain.h"

#include <algorithm>
#include <numeric>

namespace sextant {
namespace {

std::vector<int> shuffled_machines(const SearchInstance& instance, Random& random) {
  std::vector<int> order(static_cast<std::size_t>(instance.machines));
  std::iota(order.begin(), order.end(), 0);
  for (std::size_t i = order.size(); i > 1; --i) {
    std::swap(order[i - 1], order[static_cast<std::size_t>(random.below(i))]);
  }
  return order;
}

int layers_held(const SearchInstance& instance, const std::vector<int>& machines) {
  int held = 0;
  for (const int machine : machines) held += instance.max_layers[static_cast<std::size_t>(machine)];
  return held;
}

/// Adds a pipeline of these machines, in their order, which can hold the model.
void add_pipeline(const SearchInstance& instance, const std::vector<int>& machines,
                  StageChain& chain, Random& random) {
  const auto most_of = [&](int machine) {
    return instance.max_layers[static_cast<std::size_t>(machine)];
  };
  const auto stage_of = [&](int machine) -> int& {
    return chain.stage_of[static_cast<std::size_t>(machine)];
  };
  const int first = chain.stages();
  // Every machine is loaded to the same share of what it holds.
  const double held = layers_held(instance, machines);
  double due = 0;
  int given = 0;
  for (const int machine : machines) {
    due += instance.layers * (most_of(machine) / held);
    const int layers =
        std::min({most_of(machine), static_cast<int>(due + 0.5) - given, instance.layers - given});
    if (layers < 1) continue;
    stage_of(machine) = chain.stages();
    chain.layers.push_back(layers);
    given += layers;
  }
  // What rounding left goes where there is room.
  for (const int machine : machines) {
    if (given == instance.layers) break;
    if (stage_of(machine) == StageChain::kUnused) {
      if (most_of(machine) < 1) continue;
      stage_of(machine) = chain.stages();
      chain.layers.push_back(std::min(most_of(machine), instance.layers - given));
      given += chain.layers.back();
    } else {
      int& layers = chain.layers[static_cast<std::size_t>(stage_of(machine))];
      const int more = std::min(most_of(machine) - layers, instance.layers - given);
      layers += more;
      given += more;
    }
  }
  // The others stand by at random.
  for (const int machine : machines) {
    if (stage_of(machine) != StageChain::kUnused) continue;
    const auto stages = static_cast<std::uint64_t>(chain.stages() - first);
    const int stage = first + static_cast<int>(random.below(stages));
    if (chain.layers[static_cast<std::size_t>(stage)] <= most_of(machine)) {
      stage_of(machine) = stage;
    }
  }
}

/// From the first on, each time to the region of the one before where one is left.
void go_near(const SearchInstance& instance, std::vector<int>& machines) {
  const auto region = [&](int machine) {
    return instance.region[static_cast<std::size_t>(machine)];
  };
  for (std::size_t i = 1; i < machines.size(); ++i) {
    const auto next = machines.begin() + static_cast<std::ptrdiff_t>(i);
    const auto near = std::find_if(next, machines.end(), [&](int machine) {
      return region(machine) == region(machines[i - 1]);
    });
    if (near != machines.end()) std::rotate(next, near, near + 1);
  }
}

StageChain no_stages(const SearchInstance& instance) {
  StageChain chain;
  chain.stage_of.assign(static_cast<std::size_t>(instance.machines), StageChain::kUnused);
  return chain;
}

}  // namespace

PipelineStages pipeline_of(const StageChain& chain, int model_layers, int stage) {
  PipelineStages pipeline;
  int layers = 0;
  for (int s = 0; s < chain.stages(); ++s) {
    layers += chain.layers[static_cast<std::size_t>(s)];
    pipeline.end = s + 1;
    if (layers < model_layers) continue;
    if (stage <= s) break;
    layers = 0;
    pipeline.first = s + 1;
  }
  return pipeline;
}

bool feasible(const SearchInstance& instance, const StageChain& chain) {
  std::vector<char> held(chain.layers.size(), 0);
  for (std::size_t i = 0; i < chain.stage_of.size(); ++i) {
    if (chain.stage_of[i] == StageChain::kUnused) continue;
    const auto stage = static_cast<std::size_t>(chain.stage_of[i]);
    if (chain.layers[stage] > instance.max_layers[i]) return false;
    held[stage] = 1;
  }
  int layers = 0;
  for (std::size_t s = 0; s < held.size(); ++s) {
    if (held[s] == 0 || chain.layers[s] < 1) return false;
    layers += chain.layers[s];
    if (layers > instance.layers) return false;
    if (layers == instance.layers) layers = 0;
  }
  return layers == 0 && !chain.layers.empty();
}

Placement chain_placement(const StageChain& chain, int model_layers) {
  std::vector<int> first(chain.layers.size(), 0);
  for (std::size_t s = 1; s < first.size(); ++s) {
    first[s] = (first[s - 1] + chain.layers[s - 1]) % model_layers;
  }
  Placement placement(chain.stage_of.size());
  for (std::size_t i = 0; i < placement.size(); ++i) {
    if (chain.stage_of[i] == StageChain::kUnused) continue;
    const auto stage = static_cast<std::size_t>(chain.stage_of[i]);
    placement[i] = {first[stage], first[stage] + chain.layers[stage]};
  }
  return placement;
}

StageChain random_chain(const SearchInstance& instance, Random& random) {
  return random_pipelines(instance, 1, random);
}

StageChain random_pipelines(const SearchInstance& instance, int pipelines, Random& random) {
  // With what is held beyond the model's layers machines can be moved about.
  constexpr double kRoom = 1.1;
  StageChain chain = no_stages(instance);
  const std::vector<int> machines = shuffled_machines(instance, random);
  int left = layers_held(instance, machines);
  if (left < instance.layers) return {};
  std::vector<int> group;
  for (const int machine : machines) {
    group.push_back(machine);
    const int held = layers_held(instance, group);
    if (pipelines < 2 || held < kRoom * instance.layers || left - held < instance.layers) continue;
    add_pipeline(instance, group, chain, random);
    left -= held;
    --pipelines;
    group.clear();
  }
  add_pipeline(instance, group, chain, random);
  return chain;
}

StageChain pipelines_by_group(const SearchInstance& instance, const std::vector<int>& group,
                              Random& random) {
  StageChain chain = no_stages(instance);
  std::vector<std::vector<int>> groups;
  for (const int machine : shuffled_machines(instance, random)) {
    const auto of = static_cast<std::size_t>(group[static_cast<std::size_t>(machine)]);
    if (of >= groups.size()) groups.resize(of + 1);
    groups[of].push_back(machine);
  }
  std::vector<int> others;
  for (std::vector<int>& machines : groups) {
    if (layers_held(instance, machines) >= instance.layers) {
      go_near(instance, machines);
      add_pipeline(instance, machines, chain, random);
    } else {
      others.insert(others.end(), machines.begin(), machines.end());
    }
  }
  if (chain.layers.empty()) return {};
  if (layers_held(instance, others) >= instance.layers) {
    go_near(instance, others);
    add_pipeline(instance, others, chain, random);
  }
  return chain;
}

}  // namespace sextant
