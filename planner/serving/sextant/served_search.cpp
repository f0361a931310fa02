#include "planner/serving/sextant/served_search.h"

#include <algorithm>
#include <cmath>

#include "planner/serving/sextant/flow_search.h"
#include "planner/serving/sextant/served_score.h"
#include "planner/serving/sextant/service_formula.h"

namespace sextant {
namespace {

constexpr std::size_t kForms = 4;  ///< of starts
constexpr std::size_t kStarts = 12;
constexpr double kFormulaEvaluations = 8000;
/// What annealing by the formula has latency count for against throughput: start after start.
constexpr double kFormulaLatencyWeights[] = {0.0, 0.25, 0.5};
constexpr double kFormulaHottest = 0.05;
constexpr double kFormulaColdest = 0.0005;

constexpr std::size_t kLanes = 8;  ///< of starts that are improved
constexpr double kLaneSimulations = 20;
constexpr std::size_t kFinalLanes = 4;
constexpr double kFinalLaneSimulations = 60;
constexpr std::size_t kFinalists = 6;
constexpr double kLaneHottest = 0.02;
constexpr double kLaneColdest = 0.002;
/// A move is not simulated where the formula expects so much less than of what it starts from.
constexpr double kFormulaTolerance = 0.15;

/// Load at which latency counts, and that which must be served, as shares of what the best of the
/// first simulated placements serves in a closed loop.
constexpr double kModerateShare = 0.5;
constexpr double kHeavyShare = 0.8;
constexpr double kOfferedDuration = 360;
// Where the load is given, latency counts first, and more than the load must be served.
constexpr double kGivenLoadLatencyWeight = 0.1;
constexpr double kGivenLoadThroughputWeight = 1;
constexpr double kGivenLoadNotEnduring = 10;
constexpr double kReserve = 1.0;        ///< while placements are improved
constexpr double kFinalReserve = 1.05;  ///< over the longer time that finalists are judged by
constexpr double kFinalDuration = 1800;
constexpr double kFinalLatencyWeight = 1;

struct Candidate {
  StageChain chain;
  double score = kNotServed;
};

class ServedSearch {
 public:
  ServedSearch(const PlacementProblem& problem, const SearchInstance& instance,
               const PlacementSearchOptions& options, const SearchLimits& limits)
      : problem_(problem),
        instance_(instance),
        options_(options),
        limits_(limits),
        formula_(problem, instance, options.lengths) {}

  ServedPlacement run();

 private:
  std::int64_t count(double number) const {
    return std::max<std::int64_t>(1, std::llround(number * options_.effort));
  }
  /// Whether a load is given, which has to be served.
  bool must_endure() const { return options_.offered_tokens_per_s > 0; }
  double formula_score(ServiceFormula& formula, const StageChain& chain, double weight) const;
  Candidate anneal_formula(std::size_t start, double weight, std::int64_t& evaluations) const;
  Candidate start_by_group(std::size_t start, std::int64_t& evaluations) const;
  std::vector<Candidate> starts(std::uint64_t phase, std::size_t number);
  void improve(Candidate& candidate, std::uint64_t seed, std::int64_t simulations,
               std::int64_t& evaluations) const;
  void improve_all(std::vector<Candidate>& candidates, std::uint64_t phase,
                   std::int64_t simulations);
  void score_all(std::vector<Candidate>& candidates);
  void set_offered();

  const PlacementProblem& problem_;
  const SearchInstance& instance_;
  const PlacementSearchOptions& options_;
  const SearchLimits& limits_;
  ServiceFormula formula_;
  double offered_decode_ = 0;  ///< decode tokens per second at which latency counts; 0: not yet
  ServedLoads loads_;
  ServedPlacement result_;
};

/// Best first; of equals, and of the same chain, the first stays first, and alone.
void rank(std::vector<Candidate>& candidates, std::size_t keep) {
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const Candidate& a, const Candidate& b) { return a.score > b.score; });
  std::vector<Candidate> kept;
  for (Candidate& candidate : candidates) {
    const bool known = std::any_of(kept.begin(), kept.end(), [&](const Candidate& other) {
      return other.chain == candidate.chain;
    });
    if (!known && candidate.score > kNotServed && kept.size() < keep) {
      kept.push_back(std::move(candidate));
    }
  }
  candidates = std::move(kept);
}

double ServedSearch::formula_score(ServiceFormula& formula, const StageChain& chain,
                                   double weight) const {
  if (!feasible(instance_, chain)) return kNotServed;
  const ServiceFormulaResult result = formula.evaluate(chain, offered_decode_);
  const double throughput = std::log(std::max(result.decode_tokens_per_s, 1e-9));
  if (offered_decode_ <= 0) return throughput;
  // What cannot bear the load is worse than all that can.
  constexpr double kOverloaded = 100;
  if (std::isinf(result.decode_latency_s)) return throughput - kOverloaded;
  return throughput -
         weight * (std::log(result.decode_latency_s) + std::log(result.prompt_latency_s));
}

Candidate ServedSearch::anneal_formula(std::size_t start, double weight,
                                       std::int64_t& evaluations) const {
  Random random(part_seed(options_.seed, offered_decode_ > 0 ? 5 : 4, start));
  ServiceFormula formula = formula_;
  StageChain chain = random_pipelines(instance_, start % 2 == 0 ? 1 : 2, random);
  if (chain.layers.empty()) return {};
  double score = formula_score(formula, chain, weight);
  Candidate best{chain, score};
  const std::int64_t number = count(kFormulaEvaluations);
  StageChain tried;
  for (std::int64_t i = 0; i < number; ++i) {
    if (i % 64 == 0 && limits_.stopped()) break;
    const double temperature =
        kFormulaHottest * std::pow(kFormulaColdest / kFormulaHottest,
                                   static_cast<double>(i) / static_cast<double>(number));
    tried = chain;
    move_at_random(instance_, tried, random);
    const double found = formula_score(formula, tried, weight);
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
Candidate ServedSearch::start_by_group(std::size_t start, std::int64_t& evaluations) const {
  constexpr int kVariants = 12;
  constexpr int kMoves = 6;
  Random random(part_seed(options_.seed, 9, start));
  // By region every other time, where there are several.
  std::vector<int> group = instance_.type;
  const int last = *std::max_element(instance_.region.begin(), instance_.region.end());
  if (start / kForms % 2 == 0 && last > 0) group = instance_.region;
  if (start % kForms == 3) {
    const int alone = group[static_cast<std::size_t>(random.below(group.size()))];
    for (int& of : group) of = of == alone ? 0 : 1;
  }
  Candidate best;
  for (int variant = 0; variant < kVariants && !limits_.stopped(); ++variant) {
    StageChain chain = pipelines_by_group(instance_, group, random);
    if (chain.layers.empty()) return {};
    for (int move = 0; move < kMoves; ++move) {
      StageChain moved = chain;
      move_at_random(instance_, moved, random);
      if (feasible(instance_, moved)) chain = std::move(moved);
    }
    if (variant % 2 == 0 || must_endure()) begin_with_tightest(instance_, chain);
    const double score =
        estimated_score(problem_, chain_placement(chain, instance_.layers), loads_);
    ++evaluations;
    if (score > best.score) best = {std::move(chain), score};
  }
  return best;
}

std::vector<Candidate> ServedSearch::starts(std::uint64_t phase, std::size_t number) {
  std::vector<Candidate> found(number);
  std::vector<std::int64_t> evaluations(number, 0);
  limits_.each(number, [&](std::size_t start) {
    const double weight =
        kFormulaLatencyWeights[(start / kForms + phase) % std::size(kFormulaLatencyWeights)];
    if (start % kForms >= 2) {
      found[start] = start_by_group(start, evaluations[start]);
    }
    if (found[start].chain.layers.empty()) {
      found[start] = anneal_formula(start, weight, evaluations[start]);
    }
  });
  for (const std::int64_t one : evaluations) result_.evaluations += one;
  std::erase_if(found, [](const Candidate& candidate) { return candidate.chain.layers.empty(); });
  return found;
}

void ServedSearch::score_all(std::vector<Candidate>& candidates) {
  limits_.each(candidates.size(), [&](std::size_t i) {
    candidates[i].score =
        estimated_score(problem_, chain_placement(candidates[i].chain, instance_.layers), loads_);
  });
  result_.evaluations += static_cast<std::int64_t>(candidates.size());
}

void ServedSearch::improve(Candidate& candidate, std::uint64_t seed, std::int64_t simulations,
                           std::int64_t& evaluations) const {
  constexpr double kWeight = 0.25;  // as served_score weighs latencies
  constexpr std::int64_t kTriesOfSimulation = 100;
  Random random(seed);
  ServiceFormula formula = formula_;
  StageChain chain = candidate.chain;
  double score = candidate.score;
  double expected = formula_score(formula, chain, kWeight);
  StageChain tried;
  std::int64_t done = 0;
  for (std::int64_t tries = 0; done < simulations && tries < simulations * kTriesOfSimulation;
       ++tries) {
    if (limits_.stopped()) break;
    tried = chain;
    move_at_random(instance_, tried, random);
    if (random.below(3) == 0) move_at_random(instance_, tried, random);
    if (tried == chain || !feasible(instance_, tried)) continue;
    const double formula_found = formula_score(formula, tried, kWeight);
    const bool one = pipeline_of(tried, instance_.layers, 0).stages() == tried.stages();
    if (!one && must_endure()) begin_with_tightest(instance_, tried);
    if (one && formula_found < expected - kFormulaTolerance) continue;
    const double temperature =
        kLaneHottest * std::pow(kLaneColdest / kLaneHottest,
                                static_cast<double>(done) / static_cast<double>(simulations));
    ++done;
    const double needed = score + temperature * std::log(1 - random.uniform());
    const double found =
        estimated_score(problem_, chain_placement(tried, instance_.layers), loads_, needed);
    if (found < needed) continue;
    std::swap(chain, tried);
    score = found;
    expected = formula_found;
    if (score > candidate.score) candidate = {chain, score};
  }
  evaluations += done;
}

void ServedSearch::improve_all(std::vector<Candidate>& candidates, std::uint64_t phase,
                               std::int64_t simulations) {
  std::vector<std::int64_t> evaluations(candidates.size(), 0);
  limits_.each(candidates.size(), [&](std::size_t lane) {
    improve(candidates[lane], part_seed(options_.seed, phase, lane), simulations,
            evaluations[lane]);
  });
  for (const std::int64_t one : evaluations) result_.evaluations += one;
}

/// Fixes the loads at which latency counts and endurance is asked.
void ServedSearch::set_offered() {
  std::vector<Candidate> pilots = starts(0, kForms);
  score_all(pilots);
  rank(pilots, 1);
  if (pilots.empty()) return;
  const double most =
      std::exp(pilots.front().score) * formula_.mean_tokens() / formula_.mean_output_tokens();
  const double asked = options_.offered_tokens_per_s;
  const double moderate = asked > 0 ? asked : kModerateShare * most;
  const double heavy = asked > 0 ? kReserve * asked : kHeavyShare * most;
  RecordedRequests recorded;
  recorded.lengths = options_.lengths;
  loads_.offered =
      poisson_trace(recorded, moderate, kOfferedDuration, part_seed(options_.seed, 6, 0));
  if (must_endure()) {
    loads_.latency_weight = kGivenLoadLatencyWeight;
    loads_.throughput_weight = kGivenLoadThroughputWeight;
    loads_.not_enduring = kGivenLoadNotEnduring;
  }
  loads_.heavy = poisson_trace(recorded, heavy, kOfferedDuration, part_seed(options_.seed, 6, 1));
  offered_decode_ = moderate * formula_.mean_output_tokens() / formula_.mean_tokens();
}

ServedPlacement ServedSearch::run() {
  loads_.lengths = options_.lengths;
  loads_.seed = options_.seed;
  set_offered();
  if (offered_decode_ <= 0) return result_;
  std::vector<Candidate> candidates = starts(1, kStarts);
  score_all(candidates);
  rank(candidates, kLanes);
  improve_all(candidates, 7, count(kLaneSimulations));
  rank(candidates, kFinalLanes);
  improve_all(candidates, 8, count(kFinalLaneSimulations));
  rank(candidates, kFinalists);
  if (must_endure()) {
    // Of those that bear the load the quickest.
    loads_.latency_weight = kFinalLatencyWeight;
    RecordedRequests recorded;
    recorded.lengths = options_.lengths;
    loads_.heavy = poisson_trace(recorded, kFinalReserve * options_.offered_tokens_per_s,
                                 kFinalDuration, part_seed(options_.seed, 6, 2));
  }
  limits_.each(candidates.size(), [&](std::size_t i) {
    candidates[i].score =
        simulated_score(problem_, chain_placement(candidates[i].chain, instance_.layers), loads_);
  });
  result_.evaluations += static_cast<std::int64_t>(candidates.size());
  rank(candidates, 1);
  if (!candidates.empty())
    result_.placement = chain_placement(candidates.front().chain, instance_.layers);
  result_.complete = !limits_.stopped();
  return result_;
}

}  // namespace

ServedPlacement search_served(const PlacementProblem& problem, const SearchInstance& instance,
                              const PlacementSearchOptions& options, const SearchLimits& limits) {
  return ServedSearch(problem, instance, options, limits).run();
}

}  // namespace sextant
