#include "planner/serving/sextant/chain_annealing.h"

#include <cmath>

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
  double temperature = options.hottest * instance.bound;
  const double cooling =
      std::pow(options.coldest / options.hottest,
               static_cast<double>(kPollEvery) / static_cast<double>(options.evaluations));
  const double met = instance.bound * (1 - 1e-10);
  while (best.evaluations < options.evaluations && best.flow_tokens_per_s < met) {
    if (best.evaluations % kPollEvery == kPollEvery - 1) {
      temperature *= cooling;
      if (options.stop && options.stop()) {
        best.complete = false;
        break;
      }
    }
    ++best.evaluations;
    tried = chain;
    move_at_random(instance, tried, random);
    // Metropolis' rule, the draw taken first: what is needed is then known before it is scored.
    const double needed = score + temperature * std::log(1 - random.uniform());
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
