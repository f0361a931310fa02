#include "planner/training/galvatron/pipelines.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include "planner/training/galvatron/stage_choice.h"

namespace sextant::galvatron {

namespace {

/// The largest tensor degree that the harness lets it use.
constexpr int kMostTp = 4;
/// Of more than so many MB a fifth is left to the allocator's cache.
constexpr double kLargeMemoryMb = 20 * 1024;
constexpr double kUsablePart = 0.8;

/// Memory is counted in whole MB, rounded up; far more than any GPU has stays finite.
int whole_mb(double mb) {
  return static_cast<int>(std::ceil(std::min(mb, 1e9)));
}

BlockCosts costs_of(const SearchSpace& space, const std::vector<Strategy>& strategies, int stage,
                    int microbatches) {
  const double samples = static_cast<double>(space.global_batch) / microbatches;
  BlockCosts out;
  for (const Strategy& strategy : strategies) {
    out.memory_mb.push_back(
        whole_mb(block_mb(space.tables, strategy, stage, space.global_batch, microbatches)));
    out.seconds.push_back(block_s(space.tables, strategy, samples, true));
    std::vector<double>& row = out.resharding_s.emplace_back();
    for (const Strategy& to : strategies) {
      row.push_back(resharding_s(space.tables, strategy, to, samples));
    }
  }
  return out;
}

void note(std::optional<Shortfall>& shortfall, const Shortfall& other) {
  if (!shortfall || static_cast<double>(other.needed_mb) / other.budget_mb <
                        static_cast<double>(shortfall->needed_mb) / shortfall->budget_mb) {
    shortfall = other;
  }
}

}  // namespace

int memory_budget_mb(const GpuPool& pool) {
  const double mb = pool.memory_bytes / kBytesPerMb;
  return static_cast<int>(std::min(mb > kLargeMemoryMb ? mb * kUsablePart : mb, 1e9));
}

std::vector<Strategy> strategies_of(const SearchSpace& space, int most_tp) {
  std::vector<Strategy> out;
  for (int pp = 1; pp <= std::min(space.gpus, space.tables.blocks); pp *= 2) {
    const int in_stage = space.gpus / pp;
    for (int tp = 1; tp <= std::min({kMostTp, most_tp, in_stage}); tp *= 2) {
      if (space.gpus % (pp * tp) != 0 || !space.tables.activation_mb.contains(tp)) continue;
      const Strategy strategy = {pp, tp, in_stage / tp, true};
      if (tp > 1 && tp < in_stage) out.push_back({pp, tp, in_stage / tp, false});
      out.push_back(strategy);
    }
  }
  return out;
}

std::optional<PipelineChoice> best_pipeline(const SearchSpace& space,
                                            const std::vector<Strategy>& strategies,
                                            int microbatches, std::optional<Shortfall>& shortfall) {
  const int pp = strategies.front().pp;
  const std::vector<int> blocks = blocks_of_stages(space.tables.blocks, pp);
  const double samples = static_cast<double>(space.global_batch) / microbatches;
  PipelineChoice out;
  StageTimes times;
  for (int stage = 0; stage < pp; ++stage) {
    const int count = blocks[static_cast<std::size_t>(stage)];
    const BlockCosts costs = costs_of(space, strategies, stage, microbatches);
    const int other = whole_mb(
        other_mb(space.tables, pp, stage, space.gpus / pp, space.global_batch, microbatches));
    const auto choice = choose_strategies(count, space.budget_mb - other, costs);
    if (!choice) {
      const int least = *std::min_element(costs.memory_mb.begin(), costs.memory_mb.end());
      note(shortfall, {whole_mb(static_cast<double>(least) * count + other), space.budget_mb});
      return std::nullopt;
    }
    double compute = 0;
    double total = 0;
    for (const int s : choice->strategies) {
      compute += block_s(space.tables, strategies[static_cast<std::size_t>(s)], samples, false);
      total += costs.seconds[static_cast<std::size_t>(s)];
    }
    times.compute_s.push_back(compute);
    times.total_s.push_back(total);
    if (stage == 0) out.strategy = strategies[static_cast<std::size_t>(choice->strategies[0])];
  }
  out.microbatches = microbatches;
  out.iteration_s = pipeline_time(times, microbatches).iteration_s();
  return out;
}

}  // namespace sextant::galvatron
