#include "planner/serving/sextant/chain_annealing.h"

#include <algorithm>

#include "planner/serving/sextant/annealing_schedule.h"

namespace sextant {

FlowChain anneal_chain(const SearchInstance& instance, const StageChain& start,
                       const ChainAnnealingOptions& options) {
  constexpr std::int64_t kPollEvery = 256;
  Random random(options.seed);
  ChainScore scorer(instance);
  FlowChain best{start, 0, 0, true};
  StageChain chain = start;
  double score = scorer.score(chain, ChainScore::kInfeasible);
  best.flow_tokens_per_s = scorer.flow();
  double best_score = score;
  StageChain tried;
  AnnealingSchedule schedule(options, instance.bound, kPollEvery);
  const double met = instance.bound * (1 - 1e-10);
  while (best.flow_tokens_per_s < met && schedule.goes_on(best.evaluations, best.complete)) {
    ++best.evaluations;
    tried = chain;
    move_at_random(instance, tried, random);
    const double needed = schedule.needed(score, random.uniform());
    const double found = scorer.score(tried, needed);
    if (found < needed) continue;
    std::swap(chain, tried);
    score = found;
    if (score > best_score || scorer.flow() > best.flow_tokens_per_s) {
      if (scorer.flow() >= best.flow_tokens_per_s) {
        best.chain = chain;
        best.flow_tokens_per_s = scorer.flow();
      }
      best_score = std::max(best_score, score);
    }
  }
  if (instance.machines > ChainScore::kMostExact) {
    best.flow_tokens_per_s =
        IntervalFlow(instance).flow(chain_placement(best.chain, instance.layers));
  }
  return best;
}

}  // namespace sextant
