#include "planner/serving/sextant/served_context.h"

#include <algorithm>
#include <cmath>

namespace sextant {

std::int64_t ServedContext::count(double number) const {
  return std::max<std::int64_t>(1, std::llround(number * options.effort));
}

void rank_candidates(std::vector<ServedCandidate>& candidates, std::size_t keep) {
  std::stable_sort(
      candidates.begin(), candidates.end(),
      [](const ServedCandidate& a, const ServedCandidate& b) { return a.score > b.score; });
  std::vector<ServedCandidate> kept;
  for (ServedCandidate& candidate : candidates) {
    const bool known = std::any_of(kept.begin(), kept.end(), [&](const ServedCandidate& other) {
      return other.chain == candidate.chain;
    });
    if (!known && candidate.score > kNotServed && kept.size() < keep) {
      kept.push_back(std::move(candidate));
    }
  }
  candidates = std::move(kept);
}

double formula_score(const ServedContext& search, ServiceFormula& formula, const StageChain& chain,
                     double weight) {
  if (!feasible(search.instance, chain)) return kNotServed;
  const ServiceFormulaResult result = formula.evaluate(chain, search.offered_decode);
  const double throughput = std::log(std::max(result.decode_tokens_per_s, 1e-9));
  if (search.offered_decode <= 0) return throughput;
  // What cannot bear the load is worse than all that can.
  constexpr double kOverloaded = 100;
  if (std::isinf(result.decode_latency_s)) return throughput - kOverloaded;
  return throughput -
         weight * (std::log(result.decode_latency_s) + std::log(result.prompt_latency_s));
}

}  // namespace sextant
