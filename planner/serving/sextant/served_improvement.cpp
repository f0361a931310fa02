#include "planner/serving/sextant/served_improvement.h"

#include <cmath>
#include <utility>

namespace sextant {
namespace {

constexpr double kLaneHottest = 0.02;
constexpr double kLaneColdest = 0.002;
/// A move is not simulated where the formula expects so much less than of what it starts from.
constexpr double kFormulaTolerance = 0.15;

}  // namespace

void improve_served(const ServedContext& search, ServedCandidate& candidate, std::uint64_t seed,
                    std::int64_t simulations, std::int64_t& evaluations) {
  constexpr double kWeight = 0.25;  // as served_score weighs latencies
  constexpr std::int64_t kTriesOfSimulation = 100;
  Random random(seed);
  ServiceFormula formula = search.formula;
  StageChain chain = candidate.chain;
  double score = candidate.score;
  double expected = formula_score(search, formula, chain, kWeight);
  StageChain tried;
  std::int64_t done = 0;
  for (std::int64_t tries = 0; done < simulations && tries < simulations * kTriesOfSimulation;
       ++tries) {
    if (search.limits.stopped()) break;
    tried = chain;
    move_at_random(search.instance, tried, random);
    if (random.below(3) == 0) move_at_random(search.instance, tried, random);
    if (tried == chain || !feasible(search.instance, tried)) continue;
    const double formula_found = formula_score(search, formula, tried, kWeight);
    const bool one = pipeline_of(tried, search.instance.layers, 0).stages() == tried.stages();
    if (!one && search.must_endure()) begin_with_tightest(search.instance, tried);
    if (one && formula_found < expected - kFormulaTolerance) continue;
    const double temperature =
        kLaneHottest * std::pow(kLaneColdest / kLaneHottest,
                                static_cast<double>(done) / static_cast<double>(simulations));
    ++done;
    const double needed = score + temperature * std::log(1 - random.uniform());
    const double found = estimated_score(
        search.problem, chain_placement(tried, search.instance.layers), search.loads, needed);
    if (found < needed) continue;
    std::swap(chain, tried);
    score = found;
    expected = formula_found;
    if (score > candidate.score) candidate = {chain, score};
  }
  evaluations += done;
}

}  // namespace sextant
