#include "planner/serving/sextant/stage_chain.h"

#include <algorithm>
#include <numeric>

namespace sextant {
namespace {

int pick(Random& random, int bound) {
  return static_cast<int>(random.below(static_cast<std::uint64_t>(bound)));
}

int& at(std::vector<int>& list, int index) {
  return list[static_cast<std::size_t>(index)];
}

/// Layers from one stage to another.
void shift_layers(StageChain& chain, Random& random) {
  if (chain.stages() < 2) return;
  const int from = pick(random, chain.stages());
  const int to = (from + 1 + pick(random, chain.stages() - 1)) % chain.stages();
  const int most = std::min(at(chain.layers, from) - 1, 3);
  if (most < 1) return;
  const int moved = 1 + pick(random, most);
  at(chain.layers, from) -= moved;
  at(chain.layers, to) += moved;
}

void move_machine(StageChain& chain, Random& random) {
  const int machine = pick(random, static_cast<int>(chain.stage_of.size()));
  // One in 16 leaves the chain.
  at(chain.stage_of, machine) =
      pick(random, 16) == 0 ? StageChain::kUnused : pick(random, chain.stages());
}

void swap_machines(StageChain& chain, Random& random) {
  const int machines = static_cast<int>(chain.stage_of.size());
  std::swap(at(chain.stage_of, pick(random, machines)), at(chain.stage_of, pick(random, machines)));
}

void insert_stage(StageChain& chain, int place, int layers) {
  for (int& stage : chain.stage_of) stage += stage >= place ? 1 : 0;
  chain.layers.insert(chain.layers.begin() + place, layers);
}

void erase_stage(StageChain& chain, int place) {
  for (int& stage : chain.stage_of) {
    if (stage == place) stage = StageChain::kUnused;
    if (stage > place) --stage;
  }
  chain.layers.erase(chain.layers.begin() + place);
}

void relocate_stage(StageChain& chain, Random& random) {
  if (chain.stages() < 2) return;
  const int from = pick(random, chain.stages());
  const int to = pick(random, chain.stages());
  const int layers = at(chain.layers, from);
  const bool exchange = random.below(2) == 0;
  if (exchange) {
    for (int& stage : chain.stage_of) stage = stage == from ? to : stage == to ? from : stage;
    std::swap(at(chain.layers, from), at(chain.layers, to));
    return;
  }
  chain.layers.erase(chain.layers.begin() + from);
  chain.layers.insert(chain.layers.begin() + to, layers);
  for (int& stage : chain.stage_of) {
    if (stage == from) {
      stage = to;
    } else if (from < to && stage > from && stage <= to) {
      --stage;
    } else if (to < from && stage >= to && stage < from) {
      ++stage;
    }
  }
}

/// A stage into two that follow one another, its machines shared out at random.
void split_stage(StageChain& chain, Random& random) {
  const int stage = pick(random, chain.stages());
  const int layers = at(chain.layers, stage);
  if (layers < 2) return;
  const int first = 1 + pick(random, layers - 1);
  insert_stage(chain, stage + 1, layers - first);
  at(chain.layers, stage) = first;
  for (int& of : chain.stage_of) {
    if (of == stage && random.below(2) == 0) ++of;
  }
}

/// A machine becomes a stage of its own, with layers that other stages give up.
void split_off_machine(const SearchInstance& instance, StageChain& chain, Random& random) {
  const int machine = pick(random, instance.machines);
  const int holds = instance.max_layers[static_cast<std::size_t>(machine)];
  if (holds < 1) return;
  int wanted = 1 + pick(random, holds);
  const int place = pick(random, chain.stages() + 1);
  int taken = 0;
  for (int tries = 0; tries < 8 && wanted > 0; ++tries) {
    int& layers = at(chain.layers, pick(random, chain.stages()));
    const int moved = std::min(layers - 1, 1 + pick(random, wanted));
    layers -= moved;
    taken += moved;
    wanted -= moved;
  }
  if (taken == 0) return;
  insert_stage(chain, place, taken);
  at(chain.stage_of, machine) = place;
}

/// A stage is dissolved: its layers go to others, and so do its machines.
void dissolve_stage(StageChain& chain, Random& random) {
  if (chain.stages() < 2) return;
  const int stage = pick(random, chain.stages());
  int layers = at(chain.layers, stage);
  std::vector<int> loose;
  for (std::size_t i = 0; i < chain.stage_of.size(); ++i) {
    if (chain.stage_of[i] == stage) loose.push_back(static_cast<int>(i));
  }
  erase_stage(chain, stage);
  // To the neighbour as a whole, or spread.
  if (random.below(2) == 0) {
    const int neighbour = std::clamp(stage - pick(random, 2), 0, chain.stages() - 1);
    at(chain.layers, neighbour) += layers;
    for (const int machine : loose) at(chain.stage_of, machine) = neighbour;
    return;
  }
  while (layers > 0) {
    const int moved = 1 + pick(random, std::min(layers, 3));
    at(chain.layers, pick(random, chain.stages())) += moved;
    layers -= moved;
  }
  for (const int machine : loose) at(chain.stage_of, machine) = pick(random, chain.stages());
}

}  // namespace

bool feasible(const SearchInstance& instance, const StageChain& chain) {
  if (chain.layers.empty()) return false;
  std::vector<char> held(chain.layers.size(), 0);
  for (std::size_t i = 0; i < chain.stage_of.size(); ++i) {
    if (chain.stage_of[i] == StageChain::kUnused) continue;
    const auto stage = static_cast<std::size_t>(chain.stage_of[i]);
    if (chain.layers[stage] > instance.max_layers[i]) return false;
    held[stage] = 1;
  }
  return std::all_of(held.begin(), held.end(), [](char h) { return h != 0; }) &&
         std::all_of(chain.layers.begin(), chain.layers.end(), [](int k) { return k > 0; }) &&
         std::accumulate(chain.layers.begin(), chain.layers.end(), 0) == instance.layers;
}

Placement chain_placement(const StageChain& chain) {
  std::vector<int> first(chain.layers.size(), 0);
  std::exclusive_scan(chain.layers.begin(), chain.layers.end(), first.begin(), 0);
  Placement placement(chain.stage_of.size());
  for (std::size_t i = 0; i < placement.size(); ++i) {
    if (chain.stage_of[i] == StageChain::kUnused) continue;
    const auto stage = static_cast<std::size_t>(chain.stage_of[i]);
    placement[i] = {first[stage], first[stage] + chain.layers[stage]};
  }
  return placement;
}

StageChain random_chain(const SearchInstance& instance, Random& random) {
  StageChain chain;
  chain.stage_of.assign(static_cast<std::size_t>(instance.machines), StageChain::kUnused);
  std::vector<int> order(static_cast<std::size_t>(instance.machines));
  std::iota(order.begin(), order.end(), 0);
  for (std::size_t i = order.size(); i > 1; --i) {
    std::swap(order[i - 1], order[static_cast<std::size_t>(random.below(i))]);
  }
  // Every machine is loaded to the same share of what it holds.
  const double held = std::accumulate(instance.max_layers.begin(), instance.max_layers.end(), 0.0);
  double due = 0;
  int given = 0;
  for (const int machine : order) {
    const int most = instance.max_layers[static_cast<std::size_t>(machine)];
    due += instance.layers * (most / held);
    const int layers =
        std::min({most, static_cast<int>(due + 0.5) - given, instance.layers - given});
    if (layers < 1) continue;
    at(chain.stage_of, machine) = chain.stages();
    chain.layers.push_back(layers);
    given += layers;
  }
  // What rounding left goes where there is room.
  for (const int machine : order) {
    const int stage = at(chain.stage_of, machine);
    const int most = instance.max_layers[static_cast<std::size_t>(machine)];
    if (given == instance.layers) break;
    if (stage == StageChain::kUnused) {
      if (most < 1) continue;
      at(chain.stage_of, machine) = chain.stages();
      chain.layers.push_back(std::min(most, instance.layers - given));
      given += chain.layers.back();
    } else {
      const int more = std::min(most - at(chain.layers, stage), instance.layers - given);
      at(chain.layers, stage) += more;
      given += more;
    }
  }
  if (given < instance.layers) return {};
  // The others stand by at random.
  for (const int machine : order) {
    if (at(chain.stage_of, machine) != StageChain::kUnused) continue;
    const int stage = pick(random, chain.stages());
    if (at(chain.layers, stage) <= instance.max_layers[static_cast<std::size_t>(machine)]) {
      at(chain.stage_of, machine) = stage;
    }
  }
  return chain;
}

void move_at_random(const SearchInstance& instance, StageChain& chain, Random& random) {
  switch (random.below(16)) {
    case 0:
    case 1:
    case 2:
    case 3:
      return shift_layers(chain, random);
    case 4:
    case 5:
    case 6:
    case 7:
      return move_machine(chain, random);
    case 8:
    case 9:
    case 10:
      return swap_machines(chain, random);
    case 11:
    case 12:
      return relocate_stage(chain, random);
    case 13:
      return split_stage(chain, random);
    case 14:
      return split_off_machine(instance, chain, random);
    default:
      return dissolve_stage(chain, random);
  }
}

}  // namespace sextant
