#include "planner/training/aceso/actions.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace sextant::aceso_search {

namespace {

constexpr Effect kEffects[] = {
    {Primitive::kDecOp, -1, -1, 0, -1, 0, 0},    {Primitive::kIncDp, -1, -1, +1, 0, -1, +1},
    {Primitive::kIncTp, -1, -1, +1, 0, -1, +1},  {Primitive::kDecDp, +1, +1, -1, 0, +1, -1},
    {Primitive::kDecTp, +1, +1, -1, 0, +1, -1},  {Primitive::kIncBatch, -1, +1, 0, 0, +1, 0},
    {Primitive::kDecBatch, +1, -1, 0, 0, -1, 0},
};

/// Computing: less work, or more GPUs for it.
bool relieves_computing(const Effect& effect) {
  return effect.workload < 0 || (effect.time < 0 && effect.gpus > 0);
}
bool relieves_lost_efficiency(const Effect& effect) {
  return effect.efficiency > 0;
}

}  // namespace

std::vector<std::vector<Primitive>> action_groups(Relief relief, double efficiency,
                                                  Random& random) {
  std::vector<std::vector<Primitive>> groups;
  std::vector<Effect> left(std::begin(kEffects), std::end(kEffects));
  const auto take = [&](const auto& wanted) {
    std::vector<Primitive> group;
    for (auto effect = left.begin(); effect != left.end();) {
      if (!wanted(*effect)) {
        ++effect;
        continue;
      }
      group.push_back(effect->primitive);
      std::swap(group.back(), group[random.below(group.size())]);
      effect = left.erase(effect);
    }
    if (!group.empty()) groups.push_back(std::move(group));
  };
  if (relief == Relief::kMemory) {
    take([](const Effect& effect) { return effect.memory < 0; });
    return groups;
  }
  bool (*shares[])(const Effect&) = {relieves_computing, relieves_lost_efficiency};
  if (1 - efficiency > efficiency) std::swap(shares[0], shares[1]);
  for (const auto relieves : shares) {
    take([&](const Effect& effect) { return relieves(effect) && effect.memory <= 0; });
    take(relieves);
  }
  take([](const Effect&) { return true; });
  return groups;
}

}  // namespace sextant::aceso_search
