#include "planner/training/aceso/configuration.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <utility>

namespace sextant::aceso_search {

namespace {

/// Most replicas and tensor parallel ranks of a stage in the published search.
constexpr int kMostGpusOfStage = 8;
constexpr int kMostStageBatch = 8;

int floor_power_of_two(int value) {
  return static_cast<int>(std::bit_floor(static_cast<unsigned>(std::max(value, 0))));
}

}  // namespace

Machines machines_of(const GpuPool& pool) {
  Machines machines;
  machines.gpus_per_node = std::max(floor_power_of_two(pool.gpus_per_node), 1);
  const int nodes = pool.count / std::max(pool.gpus_per_node, 1);
  const int rest = pool.count - nodes * std::max(pool.gpus_per_node, 1);
  machines.gpus = nodes * machines.gpus_per_node + std::min(rest, machines.gpus_per_node);
  return machines;
}

double Configuration::slowest_ms() const {
  double slowest = 0;
  for (const aceso::OperatorStageCost& cost : costs) slowest = std::max(slowest, cost.time_ms());
  return slowest;
}

double Configuration::fullest_mb() const {
  double fullest = 0;
  for (const aceso::OperatorStageCost& cost : costs) fullest = std::max(fullest, cost.memory_mb);
  return fullest;
}

std::uint64_t Configuration::key() const {
  // FNV-1a, by number.
  constexpr std::uint64_t kOffset = 0xcbf29ce484222325U;
  constexpr std::uint64_t kPrime = 0x100000001b3U;
  std::uint64_t hash = kOffset;
  const auto add = [&](int number) {
    hash = (hash ^ static_cast<std::uint64_t>(number)) * kPrime;
    hash ^= hash >> 29;
  };
  add(plan.stage_batch);
  for (const aceso::OperatorStage& stage : plan.stages) {
    add(stage.end);
    add(stage.tp);
    add(stage.dp);
  }
  return hash;
}

bool is_legal(const aceso::OperatorPlan& plan, const Machines& machines) {
  int before = 0;
  for (const aceso::OperatorStage& stage : plan.stages) {
    const int gpus = stage.gpus();
    if (gpus > kMostGpusOfStage || !std::has_single_bit(static_cast<unsigned>(gpus))) return false;
    if (before / machines.gpus_per_node != (before + gpus - 1) / machines.gpus_per_node) {
      return false;
    }
    before += gpus;
  }
  return before == machines.gpus;
}

std::optional<Configuration> Judge::evaluate(aceso::OperatorPlan plan) const {
  Configuration out;
  out.plan = std::move(plan);
  out.costs.reserve(out.plan.stages.size());
  int gpus = 0;
  for (const aceso::OperatorStage& stage : out.plan.stages) {
    const aceso::OperatorTable* table = model_.table(stage, out.plan.stage_batch);
    if (table == nullptr) return std::nullopt;
    const int behind = static_cast<int>(out.plan.stages.size() - out.costs.size()) - 1;
    out.costs.push_back(model_.stage_cost(*table, stage, behind, gpus));
    if (out.costs.back().memory_mb > memory_mb_) out.fits = false;
    gpus += stage.gpus();
  }
  out.iteration_ms = aceso::iteration_ms(out.costs, global_batch_, out.plan.stage_batch);
  return out;
}

std::optional<aceso::OperatorStageCost> Judge::stage_cost(const aceso::OperatorPlan& plan,
                                                          int index,
                                                          aceso::OperatorStage stage) const {
  const aceso::OperatorTable* table = model_.table(stage, plan.stage_batch);
  if (table == nullptr) return std::nullopt;
  int before = 0;
  for (int s = 0; s < index; ++s) before += plan.stages[static_cast<std::size_t>(s)].gpus();
  return model_.stage_cost(*table, stage, static_cast<int>(plan.stages.size()) - 1 - index, before);
}

bool Judge::split(const aceso::OperatorPlan& plan, int index, int gpus,
                  aceso::OperatorStage& stage) const {
  double best = std::numeric_limits<double>::infinity();
  const aceso::OperatorStage like = stage;
  for (int tp = 1; tp <= std::min(gpus, machines_.gpus_per_node); tp *= 2) {
    aceso::OperatorStage candidate = like;
    candidate.tp = tp;
    candidate.dp = gpus / tp;
    const auto cost = stage_cost(plan, index, candidate);
    if (cost && cost->time_ms() < best) {
      best = cost->time_ms();
      stage = candidate;
    }
  }
  return best < std::numeric_limits<double>::infinity();
}

double Judge::efficiency(const aceso::OperatorPlan& plan, int index) const {
  const aceso::OperatorStage& stage = plan.stages[static_cast<std::size_t>(index)];
  // GPU milliseconds a sequence.
  const auto effort = [&](const aceso::OperatorStage& of, int stage_batch) {
    const aceso::OperatorTable* table = model_.table(of, stage_batch);
    return table == nullptr ? std::numeric_limits<double>::infinity()
                            : table->compute_us(of.first, of.end) * of.gpus() / stage_batch;
  };
  const double now = effort(stage, plan.stage_batch);
  double best = now;
  for (int batch = 1; batch <= kMostStageBatch; batch *= 2) {
    best = std::min(best, effort({stage.first, stage.end, 1, 1}, batch));
  }
  return now > 0 ? best / now : 1;
}

}  // namespace sextant::aceso_search
