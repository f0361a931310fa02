#include "planner/training/aceso/primitives.h"

#include <algorithm>
#include <utility>

namespace sextant::aceso_search {

namespace {

using aceso::OperatorPlan;
using aceso::OperatorStage;
using aceso::OperatorStageCost;

constexpr int kMostStageBatch = 8;
/// Parts of the gap to its partner by which operators are to relieve a stage; with 0 by one
/// operator.
constexpr double kGoals[] = {0.4, 0.2, 0};
/// Operators that a stage gives away in one move.
constexpr int kMostOperatorsMoved = 5;
/// Ways to find the GPUs of a move that are followed up.
constexpr std::size_t kMostPairings = 2;

double load(const OperatorStageCost& cost, Relief relief) {
  return relief == Relief::kTime ? cost.time_ms() : cost.memory_mb;
}

/// Stages other than `but`, the least loaded first, those equally loaded in random order.
std::vector<int> by_load(const Configuration& from, int but, Relief relief, Random& random) {
  std::vector<int> order;
  for (int s = 0; s < static_cast<int>(from.costs.size()); ++s) {
    if (s == but) continue;
    order.push_back(s);
    std::swap(order.back(), order[random.below(order.size())]);
  }
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
    return load(from.costs[static_cast<std::size_t>(a)], relief) <
           load(from.costs[static_cast<std::size_t>(b)], relief);
  });
  return order;
}

/// Moves operators of stage `giver` towards stage `taker`: it gives until its load is at most
/// `goal`, at least one; the stages between pass on until they are loaded as before, or to that
/// goal. False where a stage would be left empty.
bool move_operators(const Judge& judge, const Configuration& from, int giver, int taker,
                    double goal, Relief relief, OperatorPlan& plan) {
  const int step = taker > giver ? 1 : -1;
  for (int s = giver; s != taker; s += step) {
    OperatorStage& stage = plan.stages[static_cast<std::size_t>(s)];
    OperatorStage& next = plan.stages[static_cast<std::size_t>(s + step)];
    const double before = load(from.costs[static_cast<std::size_t>(s)], relief);
    const double bound = s == giver ? goal : std::max(goal, before);
    int moved = 0;
    while (true) {
      const auto cost = judge.stage_cost(plan, s, stage);
      if (!cost) return false;
      const bool enough =
          s == giver ? moved > 0 && load(*cost, relief) <= bound : load(*cost, relief) <= bound;
      if (enough) break;
      if (moved == kMostOperatorsMoved) break;
      if (stage.end - stage.first == 1) return false;
      if (step > 0) {
        next.first = --stage.end;
      } else {
        next.end = ++stage.first;
      }
      ++moved;
    }
    if (moved == 0) break;
  }
  return true;
}

std::vector<OperatorPlan> give_operators(const Judge& judge, const Configuration& from, int stage,
                                         Relief relief, Random& random) {
  std::vector<OperatorPlan> out;
  const std::vector<int> partners = by_load(from, stage, relief, random);
  if (partners.empty()) return out;
  const int partner = partners.front();
  const double own = load(from.costs[static_cast<std::size_t>(stage)], relief);
  const double gap = own - load(from.costs[static_cast<std::size_t>(partner)], relief);
  for (const double part : kGoals) {
    OperatorPlan plan = from.plan;
    if (move_operators(judge, from, stage, partner, own - gap * part, relief, plan) &&
        (out.empty() || plan.stages != out.back().stages)) {
      out.push_back(std::move(plan));
    }
  }
  return out;
}

/// Finds stages that give or take GPUs until `surplus` (negative: wanted) is zero: givers the least
/// loaded first and by halves, takers the most loaded first and by doubling. `first` is the
/// preferred first partner.
bool balance(const Judge& judge, OperatorPlan& plan, int surplus, const std::vector<int>& order,
             std::size_t first) {
  std::vector<bool> touched(order.size(), false);
  const auto change = [&](std::size_t i) {
    const int s = order[i];
    OperatorStage& stage = plan.stages[static_cast<std::size_t>(s)];
    const int gpus = stage.gpus();
    if (touched[i]) return false;
    if (surplus < 0) {
      if (gpus < 2) return false;
      if (!judge.split(plan, s, gpus / 2, stage)) return false;
      surplus += gpus / 2;
    } else {
      if (gpus > surplus || 2 * gpus > judge.machines().gpus_per_node) return false;
      if (!judge.split(plan, s, 2 * gpus, stage)) return false;
      surplus -= gpus;
    }
    touched[i] = true;
    return true;
  };
  if (!change(first)) return false;
  while (surplus != 0) {
    bool changed = false;
    for (std::size_t i = 0; i < order.size() && !changed; ++i) {
      changed = change(surplus < 0 ? i : order.size() - 1 - i);
    }
    if (!changed) return false;
  }
  return true;
}

std::vector<OperatorPlan> move_gpus(Primitive primitive, const Judge& judge,
                                    const Configuration& from, int index, Random& random) {
  OperatorPlan changed = from.plan;
  OperatorStage& stage = changed.stages[static_cast<std::size_t>(index)];
  const int gpus = stage.gpus();
  int surplus = 0;
  switch (primitive) {
    case Primitive::kIncDp:
      stage.dp *= 2;
      surplus = -gpus;
      break;
    case Primitive::kIncTp:
      stage.tp *= 2;
      surplus = -gpus;
      break;
    case Primitive::kDecDp:
      if (stage.dp < 2) return {};
      stage.dp /= 2;
      surplus = gpus / 2;
      break;
    default:
      if (stage.tp < 2) return {};
      stage.tp /= 2;
      surplus = gpus / 2;
      break;
  }
  if (stage.gpus() > judge.machines().gpus_per_node || !judge.stage_cost(changed, index, stage)) {
    return {};
  }
  const std::vector<int> order = by_load(from, index, Relief::kTime, random);
  std::vector<OperatorPlan> out;
  for (std::size_t i = 0; i < order.size() && out.size() < kMostPairings; ++i) {
    OperatorPlan plan = changed;
    const std::size_t first = surplus < 0 ? i : order.size() - 1 - i;
    if (balance(judge, plan, surplus, order, first) && is_legal(plan, judge.machines())) {
      out.push_back(std::move(plan));
    }
  }
  return out;
}

/// The plan at another stage batch, each stage's GPUs divided so that it is fastest.
bool change_batch(const Judge& judge, OperatorPlan& plan, int stage_batch) {
  plan.stage_batch = stage_batch;
  for (int s = 0; s < static_cast<int>(plan.stages.size()); ++s) {
    OperatorStage& stage = plan.stages[static_cast<std::size_t>(s)];
    if (!judge.split(plan, s, stage.gpus(), stage)) return false;
  }
  return true;
}

std::vector<OperatorPlan> to_batch(const Judge& judge, const Configuration& from, int stage_batch) {
  if (stage_batch < 1 || stage_batch > std::min(kMostStageBatch, judge.global_batch())) return {};
  OperatorPlan plan = from.plan;
  if (!change_batch(judge, plan, stage_batch)) return {};
  return {std::move(plan)};
}

}  // namespace

std::optional<Configuration> start_configuration(const Judge& judge, int stages) {
  const Machines& machines = judge.machines();
  std::vector<int> gpus(static_cast<std::size_t>(stages), 1);
  int used = stages;
  for (bool grew = true; grew;) {
    grew = false;
    for (int& count : gpus) {
      if (2 * count > machines.gpus_per_node || used + count > machines.gpus) continue;
      used += count;
      count *= 2;
      grew = true;
    }
  }
  OperatorPlan plan;
  const int each = judge.operators() / stages;
  for (int s = 0; s < stages; ++s) {
    const int end = s + 1 == stages ? judge.operators() : (s + 1) * each;
    plan.stages.push_back({s * each, end, gpus[static_cast<std::size_t>(s)], 1});
  }
  plan.stage_batch = 1;
  if (auto start = judge.evaluate(plan)) return start;
  for (int batch = 1; batch <= std::min(kMostStageBatch, judge.global_batch()); batch *= 2) {
    if (!change_batch(judge, plan, batch)) continue;
    return judge.evaluate(std::move(plan));
  }
  return std::nullopt;
}

std::vector<OperatorPlan> apply(Primitive primitive, const Judge& judge, const Configuration& from,
                                int stage, Relief relief, Random& random) {
  switch (primitive) {
    case Primitive::kDecOp:
      return give_operators(judge, from, stage, relief, random);
    case Primitive::kIncBatch:
      return to_batch(judge, from, from.plan.stage_batch * 2);
    case Primitive::kDecBatch:
      return to_batch(judge, from, from.plan.stage_batch / 2);
    default:
      return move_gpus(primitive, judge, from, stage, random);
  }
}

}  // namespace sextant::aceso_search
