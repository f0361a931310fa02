#include "planner/training/sailor/stage_search.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/interrupt.h"
#include "planner/training/sailor/quirks.h"
#include "planner/training/sailor/splits.h"

namespace sextant::sailor_search {

namespace {

constexpr double kCentsPerUsd = 100;
constexpr std::uint64_t kEvaluationsBetweenClockReads = 4096;
/// Sets of types are tabulated.
constexpr int kMostTypes = 10;

/// What is left of a budget after `usd`, rounded to cents; 0 stands for no budget.
std::int64_t budget_left(std::int64_t cents, double usd) {
  if (cents == 0) return 0;
  const auto left = std::llround(std::max(0.0, static_cast<double>(cents) - usd * kCentsPerUsd));
  return kSpentBudgetIsUnlimited ? left : std::max<std::int64_t>(left, 1);
}

bool in_budget(double usd, std::int64_t cents) {
  return cents == 0 || usd <= static_cast<double>(cents) / kCentsPerUsd;
}

TypeSet types_of(const std::vector<int>& counts) {
  TypeSet types = 0;
  for (std::size_t type = 0; type < counts.size(); ++type) {
    if (counts[type] > 0) types |= 1U << type;
  }
  return types;
}

}  // namespace

StageSearch::StageSearch(const LayerTables& tables, LinkTimes& links, const Resources& resources,
                         int global_batch, const SearchLimits& limits)
    : tables_(tables),
      resources_(resources),
      model_(tables, links, resources, global_batch),
      limits_(limits) {
  if (resources.type_count() > kMostTypes) {
    throw_bad_input(fmt::format("planner sailor takes at most {} GPU types, the cluster has {}",
                                kMostTypes, resources.type_count()));
  }
  double states = 1;
  std::uint64_t radix = 1;
  for (int type = 0; type < resources.type_count(); ++type) {
    int most = 0;
    for (const Region& region : resources.regions) {
      most = std::max(most, resources.gpus_in(region, type));
    }
    radix_.push_back(radix);
    radix *= static_cast<std::uint64_t>(most) + 1;
    states *= most + 1.0;
  }
  if (states > 0x1p63) {
    throw_bad_input(fmt::format(
        "planner sailor cannot number the states of {} GPU types with so many GPUs each",
        resources.type_count()));
  }
}

void StageSearch::begin_microbatch(int microbatch, std::uint64_t most_evaluations) {
  microbatch_ = microbatch;
  most_evaluations_ = most_evaluations;
  exhausted_ = false;
  by_rest_.clear();
  const int layers = tables_.layer_count();
  for (int depth = 1; depth <= layers; ++depth) {
    const std::vector<LayerRange> stages = uniform_split(layers, depth);
    for (int stage = 0; stage < depth; ++stage) {
      by_rest_[{depth - stage, stages[static_cast<std::size_t>(stage)].first}].last_depth = depth;
    }
  }
}

void StageSearch::begin_stages(const std::vector<LayerRange>& stages,
                               const TensorDegrees& degrees) {
  stages_ = &stages;
  degrees_ = &degrees;
  frames_.resize(std::max(frames_.size(), stages.size()));
  stage_tables_.clear();
  for (int stage = 0; stage < stage_count(); ++stage) {
    stage_tables_.push_back(
        &by_rest_[{stage_count() - stage, stages[static_cast<std::size_t>(stage)].first}]);
  }
  inner_stages_.assign(stages.size() * resources_.regions.size() << resources_.types.size(),
                       Known());
}

void StageSearch::end_stages() {
  std::erase_if(by_rest_,
                [&](const auto& entry) { return entry.second.last_depth <= stage_count(); });
}

StageSearch::Table& StageSearch::table(int stage) {
  return *stage_tables_[static_cast<std::size_t>(stage)];
}

void StageSearch::begin_order(const std::vector<int>& order) {
  order_ = &order;
  ++context_;
}

std::optional<Placement> StageSearch::solve(int replicas) {
  if (stopped()) return std::nullopt;
  replicas_ = replicas;
  ++solve_;
  model_.begin(microbatch_, *stages_, *degrees_, replicas);
  // The first stage is not remembered: nothing else asks for the whole pipeline.
  const std::vector<int> stock = stock_of(region_at(0));
  std::int32_t found = kNone;
  if (stage_count() == 1) {
    found = search_last(0, region_at(0), stock, limits_.budget_cents);
  } else if (limits_.objective == Objective::kThroughput || !kCostSearchesOneStage) {
    found = search_inner(0, 0, stock, limits_.budget_cents);
  }
  if (found == kNone || stopped()) return std::nullopt;

  Placement placement;
  placement.estimate = table(0).solutions[static_cast<std::size_t>(found)].estimate;
  for (int stage = 0; stage < stage_count(); ++stage) {
    const Table& of_stage = table(stage);
    const Solution& solution = of_stage.solutions[static_cast<std::size_t>(found)];
    const auto first = of_stage.runs.begin() + solution.first_run;
    placement.stages.emplace_back(first, first + solution.run_count);
    found = solution.rest;
  }
  return placement;
}

std::int32_t StageSearch::solve_stage(int stage, std::size_t position,
                                      const std::vector<int>& stock, std::int64_t budget_cents) {
  const auto region = static_cast<std::uint32_t>((*order_)[position]);
  const StateKey key = {stock_number(stock), region, kMemoForgetsContext ? 0 : context_, replicas_,
                        budget_cents};
  if (const std::optional<std::int32_t> known = table(stage).memo.find(key)) return *known;
  std::int32_t found = kNone;
  if (stage + 1 == stage_count()) {
    found = search_last(stage, region_at(position), stock, budget_cents);
  } else if (position + 1 < order_->size() || rest_may_fit(stage, stock)) {
    found = search_inner(stage, position, stock, budget_cents);
  }
  if (!stopped()) table(stage).memo.insert(key, found);
  return found;
}

std::int32_t StageSearch::search_last(int stage, const Region& region,
                                      const std::vector<int>& stock, std::int64_t budget_cents) {
  Frame& frame = frames_[static_cast<std::size_t>(stage)];
  const bool by_time = limits_.objective == Objective::kThroughput;
  std::optional<Estimate> best;
  std::vector<ReplicaRun> best_runs;
  TypeSet last_types = 0;
  for (Splits splits(replicas_possible(stage, stock), replicas_); splits.valid(); splits.next()) {
    const TypeSet types = types_of(splits.counts());
    // In one zone time depends on the types alone.
    if (by_time && budget_cents == 0 && region.zones.size() == 1 && types == last_types) continue;
    last_types = types;
    if (!count_evaluation()) return kNone;
    frame.stock = stock;
    place(stage, region, splits.counts(), frame);
    Estimate estimate = model_.stage(stage, types, region.zones.front(), frame.zones);
    estimate.egress_usd = model_.sync_egress_usd(stage, static_cast<int>(frame.zones.size()));
    estimate.usd_per_s = usd_per_s(stage, splits.counts());
    if (by_time) {
      if ((best && estimate.time_s >= best->time_s) || !in_budget(estimate.usd(), budget_cents)) {
        continue;
      }
    } else {
      const bool in_time =
          limits_.longest_iteration_s == 0 || estimate.time_s <= limits_.longest_iteration_s;
      if ((best && estimate.usd() > best->usd()) || !in_time) continue;
    }
    best = estimate;
    best_runs = frame.runs;
  }
  return best ? keep(stage, *best, best_runs, kNone) : kNone;
}

std::int32_t StageSearch::search_inner(int stage, std::size_t position,
                                       const std::vector<int>& stock, std::int64_t budget_cents) {
  const Region& region = region_at(position);
  Frame& frame = frames_[static_cast<std::size_t>(stage)];
  std::optional<Estimate> best;
  std::vector<ReplicaRun> best_runs;
  std::int32_t best_rest = kNone;
  double last_time_s = -1;
  for (Splits splits(replicas_possible(stage, stock), replicas_); splits.valid(); splits.next()) {
    Estimate own = inner_stage(stage, types_of(splits.counts()), region);
    if (kSkipSplitsOfEqualTime && own.time_s == last_time_s) continue;
    own.usd_per_s = usd_per_s(stage, splits.counts());
    if (!in_budget(own.usd(), budget_cents)) continue;
    frame.stock = stock;
    place(stage, region, splits.counts(), frame);

    int next_replicas = 0;
    for (const int count : replicas_possible(stage + 1, frame.stock)) next_replicas += count;
    const bool stays = next_replicas >= replicas_;
    if (!stays && position + 1 == order_->size()) continue;
    last_time_s = own.time_s;
    if (!count_evaluation()) return kNone;

    const std::int64_t left = budget_left(budget_cents, own.usd());
    const std::int32_t rest =
        stays ? solve_stage(stage + 1, position, frame.stock, left)
              : solve_stage(stage + 1, position + 1, stock_of(region_at(position + 1)), left);
    if (stopped()) return kNone;
    if (rest == kNone) continue;

    const Table& next = table(stage + 1);
    const Solution& solution = next.solutions[static_cast<std::size_t>(rest)];
    const Estimate merged =
        model_.merge(stage, own, frame.runs, solution.estimate,
                     std::span(next.runs).subspan(solution.first_run, solution.run_count));
    const double usd = kPipelineBudgetCountsEgressOnly ? merged.egress_usd : merged.usd();
    if (!in_budget(usd, budget_cents)) continue;
    if (best && merged.time_s >= best->time_s) continue;
    best = merged;
    best_runs = frame.runs;
    best_rest = rest;
  }
  return best ? keep(stage, *best, best_runs, best_rest) : kNone;
}

int StageSearch::degree(int type, int stage) const {
  const std::vector<int>& of_type = (*degrees_)[static_cast<std::size_t>(type)];
  return of_type.empty() ? 0 : of_type[static_cast<std::size_t>(stage)];
}

const Region& StageSearch::region_at(std::size_t position) const {
  return resources_.regions[static_cast<std::size_t>((*order_)[position])];
}

std::vector<int> StageSearch::stock_of(const Region& region) const {
  std::vector<int> stock;
  for (const int zone : region.zones) {
    for (int type = 0; type < resources_.type_count(); ++type) {
      stock.push_back(resources_.gpus(zone, type));
    }
  }
  return stock;
}

std::vector<int> StageSearch::replicas_possible(int stage, const std::vector<int>& stock) const {
  const std::size_t types = resources_.types.size();
  std::vector<int> replicas(types, 0);
  for (std::size_t type = 0; type < types; ++type) {
    const int tp = degree(static_cast<int>(type), stage);
    if (tp == 0) continue;
    for (std::size_t at = type; at < stock.size(); at += types) replicas[type] += stock[at] / tp;
  }
  return replicas;
}

bool StageSearch::rest_may_fit(int stage, const std::vector<int>& stock) const {
  const std::size_t types = resources_.types.size();
  std::int64_t possible = 0;
  for (std::size_t type = 0; type < types; ++type) {
    int smallest = kTensorDegrees.back();
    for (int s = stage; s < stage_count(); ++s) {
      // A remembered rest may use types that are dropped here.
      smallest = std::min(smallest, std::max(1, degree(static_cast<int>(type), s)));
    }
    for (std::size_t at = type; at < stock.size(); at += types) possible += stock[at] / smallest;
  }
  return possible >= std::int64_t{replicas_} * (stage_count() - stage);
}

void StageSearch::place(int stage, const Region& region, const std::vector<int>& counts,
                        Frame& frame) const {
  const std::size_t types = resources_.types.size();
  frame.runs.clear();
  frame.zones.clear();
  for (std::size_t type = 0; type < types; ++type) {
    int left = counts[type];
    const int tp = degree(static_cast<int>(type), stage);
    for (std::size_t zone = 0; left > 0 && zone < region.zones.size(); ++zone) {
      int& gpus = frame.stock[zone * types + type];
      const int here = std::min(left, gpus / tp);
      if (here == 0) continue;
      gpus -= here * tp;
      left -= here;
      frame.runs.push_back({{static_cast<int>(type), tp, region.zones[zone]}, here});
      if (std::find(frame.zones.begin(), frame.zones.end(), region.zones[zone]) ==
          frame.zones.end()) {
        frame.zones.push_back(region.zones[zone]);
      }
    }
  }
}

double StageSearch::usd_per_s(int stage, const std::vector<int>& counts) const {
  double usd = 0;
  for (std::size_t type = 0; type < counts.size(); ++type) {
    usd += counts[type] * degree(static_cast<int>(type), stage) * resources_.types[type].usd_per_s;
  }
  return usd;
}

const Estimate& StageSearch::inner_stage(int stage, TypeSet types, const Region& region) {
  const std::size_t sets = std::size_t{1} << resources_.types.size();
  const auto region_index = static_cast<std::size_t>(&region - resources_.regions.data());
  Known& known =
      inner_stages_[(static_cast<std::size_t>(stage) * resources_.regions.size() + region_index) *
                        sets +
                    types];
  if (known.solve != solve_) {
    const int zone = region.zones.front();
    known = {model_.stage(stage, types, zone, {zone}), solve_};
  }
  return known.estimate;
}

std::uint64_t StageSearch::stock_number(const std::vector<int>& stock) const {
  std::uint64_t number = 0;
  for (std::size_t at = 0; at < stock.size(); ++at) {
    number += static_cast<std::uint64_t>(stock[at]) * radix_[at % radix_.size()];
  }
  return number;
}

std::int32_t StageSearch::keep(int stage, const Estimate& estimate,
                               const std::vector<ReplicaRun>& runs, std::int32_t rest) {
  Table& of_stage = table(stage);
  const auto first = static_cast<std::uint32_t>(of_stage.runs.size());
  of_stage.runs.insert(of_stage.runs.end(), runs.begin(), runs.end());
  of_stage.solutions.push_back({estimate, first, static_cast<std::uint32_t>(runs.size()), rest});
  return static_cast<std::int32_t>(of_stage.solutions.size() - 1);
}

bool StageSearch::count_evaluation() {
  if (evaluations_ >= most_evaluations_) {
    exhausted_ = true;
    return false;
  }
  ++evaluations_;
  if (evaluations_ % kEvaluationsBetweenClockReads == 0) {
    interrupted_ = sextant::interrupted() ||
                   (limits_.deadline && std::chrono::steady_clock::now() >= *limits_.deadline);
  }
  return !interrupted_;
}

}  // namespace sextant::sailor_search
