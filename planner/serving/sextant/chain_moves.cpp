#include <algorithm>

#include "planner/serving/sextant/stage_chain.h"

namespace sextant {
namespace {

int pick(Random& random, int bound) {
  return static_cast<int>(random.below(static_cast<std::uint64_t>(bound)));
}

int& at(std::vector<int>& list, int index) {
  return list[static_cast<std::size_t>(index)];
}

int another(const PipelineStages& pipeline, int stage, Random& random) {
  const int on = 1 + pick(random, pipeline.stages() - 1);
  return pipeline.first + (stage - pipeline.first + on) % pipeline.stages();
}

/// Layers from one stage to another of its pipeline.
void shift_layers(const SearchInstance& instance, StageChain& chain, Random& random) {
  const int from = pick(random, chain.stages());
  const PipelineStages pipeline = pipeline_of(chain, instance.layers, from);
  if (pipeline.stages() < 2) return;
  const int to = another(pipeline, from, random);
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

void exchange_stages(StageChain& chain, int one, int other) {
  for (int& stage : chain.stage_of) stage = stage == one ? other : stage == other ? one : stage;
  std::swap(at(chain.layers, one), at(chain.layers, other));
}

void relocate_stage(const SearchInstance& instance, StageChain& chain, Random& random) {
  const int from = pick(random, chain.stages());
  const PipelineStages pipeline = pipeline_of(chain, instance.layers, from);
  if (pipeline.stages() < 2) return;
  const int to = another(pipeline, from, random);
  const int layers = at(chain.layers, from);
  const bool exchange = random.below(2) == 0;
  if (exchange) {
    exchange_stages(chain, from, to);
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
  const PipelineStages pipeline = pipeline_of(chain, instance.layers, pick(random, chain.stages()));
  const int place = pipeline.first + pick(random, pipeline.stages() + 1);
  int taken = 0;
  for (int tries = 0; tries < 8 && wanted > 0; ++tries) {
    int& layers = at(chain.layers, pipeline.first + pick(random, pipeline.stages()));
    const int moved = std::min(layers - 1, 1 + pick(random, wanted));
    layers -= moved;
    taken += moved;
    wanted -= moved;
  }
  if (taken == 0) return;
  insert_stage(chain, place, taken);
  at(chain.stage_of, machine) = place;
}

/// A stage is dissolved: its layers go to others of its pipeline, and so do its machines.
void dissolve_stage(const SearchInstance& instance, StageChain& chain, Random& random) {
  const int stage = pick(random, chain.stages());
  PipelineStages pipeline = pipeline_of(chain, instance.layers, stage);
  if (pipeline.stages() < 2) return;
  int layers = at(chain.layers, stage);
  std::vector<int> loose;
  for (std::size_t i = 0; i < chain.stage_of.size(); ++i) {
    if (chain.stage_of[i] == stage) loose.push_back(static_cast<int>(i));
  }
  erase_stage(chain, stage);
  --pipeline.end;
  // To the neighbour as a whole, or spread.
  if (random.below(2) == 0) {
    const int neighbour = std::clamp(stage - pick(random, 2), pipeline.first, pipeline.end - 1);
    at(chain.layers, neighbour) += layers;
    for (const int machine : loose) at(chain.stage_of, machine) = neighbour;
    return;
  }
  while (layers > 0) {
    const int moved = 1 + pick(random, std::min(layers, 3));
    at(chain.layers, pipeline.first + pick(random, pipeline.stages())) += moved;
    layers -= moved;
  }
  for (const int machine : loose) {
    at(chain.stage_of, machine) = pipeline.first + pick(random, pipeline.stages());
  }
}

/// Its machines go to stages of other pipelines that they can hold.
void dissolve_pipeline(const SearchInstance& instance, StageChain& chain, Random& random) {
  constexpr int kTries = 8;
  const PipelineStages pipeline = pipeline_of(chain, instance.layers, pick(random, chain.stages()));
  if (pipeline.stages() == chain.stages()) return;
  std::vector<int> loose;
  for (std::size_t i = 0; i < chain.stage_of.size(); ++i) {
    if (chain.stage_of[i] >= pipeline.first && chain.stage_of[i] < pipeline.end) {
      loose.push_back(static_cast<int>(i));
    }
  }
  for (int stage = pipeline.first; stage < pipeline.end; ++stage) {
    erase_stage(chain, pipeline.first);
  }
  for (const int machine : loose) {
    for (int tries = 0; tries < kTries; ++tries) {
      const int stage = pick(random, chain.stages());
      if (at(chain.layers, stage) > instance.max_layers[static_cast<std::size_t>(machine)]) {
        continue;
      }
      at(chain.stage_of, machine) = stage;
      break;
    }
  }
}

/// A stage comes first in its pipeline.
void bring_to_front(const SearchInstance& instance, StageChain& chain, Random& random) {
  const int stage = pick(random, chain.stages());
  exchange_stages(chain, pipeline_of(chain, instance.layers, stage).first, stage);
}

}  // namespace

void begin_with_tightest(const SearchInstance& instance, StageChain& chain) {
  std::vector<double> room(chain.layers.size(), 0);
  for (std::size_t i = 0; i < chain.stage_of.size(); ++i) {
    if (chain.stage_of[i] == StageChain::kUnused) continue;
    const auto stage = static_cast<std::size_t>(chain.stage_of[i]);
    const auto layers = static_cast<std::size_t>(chain.layers[stage]);
    room[stage] += instance.kv_tokens[static_cast<std::size_t>(instance.type[i])][layers];
  }
  for (int first = 0; first < chain.stages();) {
    const PipelineStages pipeline = pipeline_of(chain, instance.layers, first);
    const auto begin = room.begin() + pipeline.first;
    const auto tightest = std::min_element(begin, room.begin() + pipeline.end);
    exchange_stages(chain, first, static_cast<int>(tightest - room.begin()));
    first = pipeline.end;
  }
}

void move_at_random(const SearchInstance& instance, StageChain& chain, Random& random) {
  const std::uint64_t drawn = random.below(64);
  if (drawn < 16) return shift_layers(instance, chain, random);
  if (drawn < 32) return move_machine(chain, random);
  if (drawn < 44) return swap_machines(chain, random);
  if (drawn < 49) return relocate_stage(instance, chain, random);
  if (drawn < 51) return bring_to_front(instance, chain, random);
  if (drawn < 55) return split_stage(chain, random);
  if (drawn < 59) return split_off_machine(instance, chain, random);
  if (drawn < 63) return dissolve_stage(instance, chain, random);
  dissolve_pipeline(instance, chain, random);
}

}  // namespace sextant
