#include "planner/serving/sextant/flow_search.h"

#include <algorithm>
#include <cmath>

namespace sextant {
namespace {

constexpr std::size_t kStarts = 4;  ///< of a round
constexpr int kRounds = 2;
constexpr double kChainEvaluations = 1.5e6;
constexpr double kIntervalEvaluations = 3e5;
/// Machines above which an evaluation's time counts.
constexpr double kSmall = 32;

std::int64_t evaluations_of(double number, double effort, const SearchInstance& instance) {
  const double size = std::max(1.0, instance.machines / kSmall);
  return std::max<std::int64_t>(1000, std::llround(number * effort / size));
}

}  // namespace

std::uint64_t part_seed(std::uint64_t seed, std::uint64_t phase, std::uint64_t part) {
  Random random(seed ^ (phase << 56) ^ (part << 32));
  return random.next();
}

FlowPlacement search_flow(const SearchInstance& instance, std::uint64_t seed, double effort,
                          const SearchLimits& limits) {
  FlowPlacement best;
  best.placement.resize(static_cast<std::size_t>(instance.machines));
  const double met = instance.bound * (1 - 1e-10);
  // Rounds have a fixed size, so that what is tried before the bound is met does not depend on the
  // number of threads.
  for (int round = 0; round < kRounds && best.flow_tokens_per_s < met; ++round) {
    std::vector<FlowChain> found(kStarts);
    limits.each(kStarts, [&](std::size_t start) {
      const auto part = static_cast<std::uint64_t>(round) * kStarts + start;
      Random random(part_seed(seed, 1, part));
      const StageChain chain = random_chain(instance, random);
      if (chain.layers.empty()) return;
      found[start] =
          anneal_chain(instance, chain,
                       {.seed = part_seed(seed, 2, part),
                        .evaluations = evaluations_of(kChainEvaluations, effort, instance),
                        .stop = [&] { return limits.stopped(); }});
    });
    for (const FlowChain& one : found) {
      best.evaluations += one.evaluations;
      best.complete = best.complete && one.complete;
      if (one.flow_tokens_per_s <= best.flow_tokens_per_s) continue;
      best.flow_tokens_per_s = one.flow_tokens_per_s;
      best.placement = chain_placement(one.chain, instance.layers);
    }
  }
  if (best.flow_tokens_per_s <= 0 || best.flow_tokens_per_s >= met) return best;
  if (instance.machines > ChainScore::kMostExact) return best;
  std::vector<FlowPlacement> found(kStarts);
  limits.each(kStarts, [&](std::size_t start) {
    found[start] =
        anneal_intervals(instance, best.placement,
                         {.seed = part_seed(seed, 3, start),
                          .evaluations = evaluations_of(kIntervalEvaluations, effort, instance),
                          .hottest = 0.005,
                          .coldest = 0.0001,
                          .stop = [&] { return limits.stopped(); }});
  });
  for (FlowPlacement& one : found) {
    best.evaluations += one.evaluations;
    best.complete = best.complete && one.complete;
    if (one.flow_tokens_per_s <= best.flow_tokens_per_s) continue;
    best.flow_tokens_per_s = one.flow_tokens_per_s;
    best.placement = std::move(one.placement);
  }
  return best;
}

}  // namespace sextant
