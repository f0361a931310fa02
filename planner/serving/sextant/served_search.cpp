#include "planner/serving/sextant/served_search.h"

#include <algorithm>
#include <cmath>

#include "planner/serving/sextant/flow_search.h"
#include "planner/serving/sextant/served_improvement.h"
#include "planner/serving/sextant/served_starts.h"

namespace sextant {
namespace {

constexpr std::size_t kStarts = 12;

constexpr std::size_t kLanes = 8;  ///< of starts that are improved
constexpr double kLaneSimulations = 20;
constexpr std::size_t kFinalLanes = 4;
constexpr double kFinalLaneSimulations = 60;
constexpr std::size_t kFinalists = 6;

/// Load at which latency counts, and that which should be served, as shares of what the best of the
/// first simulated placements serves in a closed loop.
constexpr double kModerateShare = 0.5;
constexpr double kHeavyShare = 0.8;
constexpr double kOfferedDuration = 360;
// Where the load is given, latency counts first, and more than the load should be served.
constexpr double kGivenLoadLatencyWeight = 0.1;
constexpr double kGivenLoadThroughputWeight = 1;
constexpr double kGivenLoadNotEnduring = 10;
constexpr double kReserve = 1.0;        ///< while placements are improved
constexpr double kFinalReserve = 1.05;  ///< over the longer time that finalists are judged by
constexpr double kFinalDuration = 1800;
constexpr double kFinalLatencyWeight = 1;

class ServedSearch {
 public:
  ServedSearch(const PlacementProblem& problem, const SearchInstance& instance,
               const PlacementSearchOptions& options, const SearchLimits& limits)
      : search_{.problem = problem,
                .instance = instance,
                .options = options,
                .limits = limits,
                .formula = ServiceFormula(problem, instance, options.lengths),
                .loads = {}} {}

  ServedPlacement run();

 private:
  void improve_all(std::vector<ServedCandidate>& candidates, std::uint64_t phase,
                   std::int64_t simulations);
  void score_all(std::vector<ServedCandidate>& candidates);
  void set_offered();

  ServedContext search_;
  ServedPlacement result_;
};

void ServedSearch::score_all(std::vector<ServedCandidate>& candidates) {
  search_.limits.each(candidates.size(), [&](std::size_t i) {
    candidates[i].score = estimated_score(
        search_.problem, chain_placement(candidates[i].chain, search_.instance.layers),
        search_.loads);
  });
  result_.evaluations += static_cast<std::int64_t>(candidates.size());
}

void ServedSearch::improve_all(std::vector<ServedCandidate>& candidates, std::uint64_t phase,
                               std::int64_t simulations) {
  std::vector<std::int64_t> evaluations(candidates.size(), 0);
  search_.limits.each(candidates.size(), [&](std::size_t lane) {
    improve_served(search_, candidates[lane], part_seed(search_.options.seed, phase, lane),
                   simulations, evaluations[lane]);
  });
  for (const std::int64_t one : evaluations) result_.evaluations += one;
}

/// Fixes the loads at which latency counts and endurance is asked.
void ServedSearch::set_offered() {
  std::vector<ServedCandidate> pilots = served_starts(search_, 0, kStartForms, result_.evaluations);
  score_all(pilots);
  rank_candidates(pilots, 1);
  if (pilots.empty()) return;
  const double most = std::exp(pilots.front().score) * search_.formula.mean_tokens() /
                      search_.formula.mean_output_tokens();
  const double asked = search_.options.offered_tokens_per_s;
  const double moderate = asked > 0 ? asked : kModerateShare * most;
  const double heavy = asked > 0 ? kReserve * asked : kHeavyShare * most;
  RecordedRequests recorded;
  recorded.lengths = search_.options.lengths;
  search_.loads.offered =
      poisson_trace(recorded, moderate, kOfferedDuration, part_seed(search_.options.seed, 6, 0));
  if (search_.must_endure()) {
    search_.loads.latency_weight = kGivenLoadLatencyWeight;
    search_.loads.throughput_weight = kGivenLoadThroughputWeight;
    search_.loads.not_enduring = kGivenLoadNotEnduring;
  }
  search_.loads.heavy =
      poisson_trace(recorded, heavy, kOfferedDuration, part_seed(search_.options.seed, 6, 1));
  search_.offered_decode =
      moderate * search_.formula.mean_output_tokens() / search_.formula.mean_tokens();
}

ServedPlacement ServedSearch::run() {
  search_.loads.lengths = search_.options.lengths;
  search_.loads.seed = search_.options.seed;
  set_offered();
  if (search_.offered_decode <= 0) return result_;
  std::vector<ServedCandidate> candidates = served_starts(search_, 1, kStarts, result_.evaluations);
  score_all(candidates);
  rank_candidates(candidates, kLanes);
  improve_all(candidates, 7, search_.count(kLaneSimulations));
  rank_candidates(candidates, kFinalLanes);
  improve_all(candidates, 8, search_.count(kFinalLaneSimulations));
  rank_candidates(candidates, kFinalists);
  if (search_.must_endure()) {
    // Of those that bear the load the quickest.
    search_.loads.latency_weight = kFinalLatencyWeight;
    RecordedRequests recorded;
    recorded.lengths = search_.options.lengths;
    search_.loads.heavy =
        poisson_trace(recorded, kFinalReserve * search_.options.offered_tokens_per_s,
                      kFinalDuration, part_seed(search_.options.seed, 6, 2));
  }
  search_.limits.each(candidates.size(), [&](std::size_t i) {
    candidates[i].score = simulated_score(
        search_.problem, chain_placement(candidates[i].chain, search_.instance.layers),
        search_.loads);
  });
  result_.evaluations += static_cast<std::int64_t>(candidates.size());
  rank_candidates(candidates, 1);
  if (!candidates.empty())
    result_.placement = chain_placement(candidates.front().chain, search_.instance.layers);
  result_.complete = !search_.limits.stopped();
  return result_;
}

}  // namespace

ServedPlacement search_served(const PlacementProblem& problem, const SearchInstance& instance,
                              const PlacementSearchOptions& options, const SearchLimits& limits) {
  return ServedSearch(problem, instance, options, limits).run();
}

}  // namespace sextant
