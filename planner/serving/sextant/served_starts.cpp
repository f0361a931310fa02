#include "planner/serving/sextant/served_starts.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "planner/serving/sextant/flow_search.h"

namespace sextant {
namespace {

constexpr double kFormulaEvaluations = 8000;
/// What annealing by the formula has latency count for against throughput: start after start.
constexpr double kFormulaLatencyWeights[] = {0.0, 0.25, 0.5};
constexpr double kFormulaHottest = 0.05;
constexpr double kFormulaColdest = 0.0005;

ServedCandidate anneal_formula(const ServedContext& search, std::size_t start, double weight,
                               std::int64_t& evaluations) {
  Random random(part_seed(search.options.seed, search.offered_decode > 0 ? 5 : 4, start));
  ServiceFormula formula = search.formula;
  StageChain chain = random_pipelines(search.instance, start % 2 == 0 ? 1 : 2, random);
  if (chain.layers.empty()) return {};
  double score = formula_score(search, formula, chain, weight);
  ServedCandidate best{chain, score};
  const std::int64_t number = search.count(kFormulaEvaluations);
  StageChain tried;
  for (std::int64_t i = 0; i < number; ++i) {
    if (i % 64 == 0 && search.limits.stopped()) break;
    const double temperature =
        kFormulaHottest * std::pow(kFormulaColdest / kFormulaHottest,
                                   static_cast<double>(i) / static_cast<double>(number));
    tried = chain;
    move_at_random(search.instance, tried, random);
    const double found = formula_score(search, formula, tried, weight);
    ++evaluations;
    if (found < score + temperature * std::log(1 - random.uniform())) continue;
    std::swap(chain, tried);
    score = found;
    if (score > best.score) best = {chain, score};
  }
  return best;
}

/// By region or by type, or one type apart from all others; a few layers moved at random: the best
/// of several by simulation. The formula knows too little of pipelines side by side to improve
/// them.
ServedCandidate start_by_group(const ServedContext& search, std::size_t start,
                               std::int64_t& evaluations) {
  constexpr int kVariants = 12;
  constexpr int kMoves = 6;
  Random random(part_seed(search.options.seed, 9, start));
  // By region every other time, where there are several.
  std::vector<int> group = search.instance.type;
  const int last = *std::max_element(search.instance.region.begin(), search.instance.region.end());
  if (start / kStartForms % 2 == 0 && last > 0) group = search.instance.region;
  if (start % kStartForms == 3) {
    const int alone = group[static_cast<std::size_t>(random.below(group.size()))];
    for (int& of : group) of = of == alone ? 0 : 1;
  }
  ServedCandidate best;
  for (int variant = 0; variant < kVariants && !search.limits.stopped(); ++variant) {
    StageChain chain = pipelines_by_group(search.instance, group, random);
    if (chain.layers.empty()) return {};
    for (int move = 0; move < kMoves; ++move) {
      StageChain moved = chain;
      move_at_random(search.instance, moved, random);
      if (feasible(search.instance, moved)) chain = std::move(moved);
    }
    if (variant % 2 == 0 || search.must_endure()) begin_with_tightest(search.instance, chain);
    const double score = estimated_score(
        search.problem, chain_placement(chain, search.instance.layers), search.loads);
    ++evaluations;
    if (score > best.score) best = {std::move(chain), score};
  }
  return best;
}

}  // namespace

std::vector<ServedCandidate> served_starts(const ServedContext& search, std::uint64_t phase,
                                           std::size_t number, std::int64_t& evaluations) {
  std::vector<ServedCandidate> found(number);
  std::vector<std::int64_t> by_start(number, 0);
  search.limits.each(number, [&](std::size_t start) {
    const double weight =
        kFormulaLatencyWeights[(start / kStartForms + phase) % std::size(kFormulaLatencyWeights)];
    if (start % kStartForms >= 2) {
      found[start] = start_by_group(search, start, by_start[start]);
    }
    if (found[start].chain.layers.empty()) {
      found[start] = anneal_formula(search, start, weight, by_start[start]);
    }
  });
  for (const std::int64_t one : by_start) evaluations += one;
  std::erase_if(found,
                [](const ServedCandidate& candidate) { return candidate.chain.layers.empty(); });
  return found;
}

}  // namespace sextant
