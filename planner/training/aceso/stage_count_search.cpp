#include "planner/training/aceso/stage_count_search.h"

#include <algorithm>
#include <limits>
#include <map>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "analyzer/core/random.h"
#include "planner/training/aceso/actions.h"

namespace sextant::aceso_search {

namespace {

// Published figures.
constexpr int kMostTrials = 100;
constexpr int kMostHops = 7;
constexpr double kWorthExploring = 1.2;  ///< times the best iteration
constexpr int kMostRevisits = 5;         ///< of one configuration

/// Configurations that one try may look at. The published search has no such bound: there a try
/// without success goes on until the clock stops the search.
constexpr std::uint64_t kMostEvaluationsOfTry = 250;

class StageCountSearch {
 public:
  StageCountSearch(const Judge& judge, std::uint64_t seed, SearchBudget& budget)
      : judge_(judge), random_(seed), budget_(budget) {}

  StageCountResult run(int stages);

 private:
  std::optional<Configuration> evaluate(aceso::OperatorPlan plan);
  /// The stage to relieve: the fullest where one is out of memory, else the slowest, of those that
  /// were not tried of this configuration yet. -1 where there is none.
  int next_bottleneck(const Configuration& config, Relief relief);
  /// Whether it came upon a configuration that beats `bound_ms` and fits, which is in found_ then.
  bool multi_hop(const Configuration& from, int hop, double bound_ms);
  std::optional<Configuration> next_unexplored();

  const Judge& judge_;
  Random random_;
  SearchBudget& budget_;
  StageCountResult result_;
  std::uint64_t end_of_try_ = 0;
  std::optional<Configuration> found_;
  std::unordered_set<std::uint64_t> seen_;
  std::unordered_map<std::uint64_t, std::vector<int>> relieved_;  ///< by configuration
  std::unordered_map<std::uint64_t, int> revisits_;
  /// Fits and was not a trial's start yet, by iteration.
  std::multimap<double, Configuration> unexplored_;
};

std::optional<Configuration> StageCountSearch::evaluate(aceso::OperatorPlan plan) {
  std::optional<Configuration> config = judge_.evaluate(std::move(plan));
  if (!config) return std::nullopt;
  if (!seen_.insert(config->key()).second) return std::nullopt;
  budget_.count();
  const double fullest = config->fullest_mb();
  result_.least_memory_mb =
      std::min(result_.least_memory_mb.value_or(std::numeric_limits<double>::infinity()), fullest);
  if (config->fits) {
    if (!result_.best || config->iteration_ms < result_.best->iteration_ms) result_.best = config;
    if (config->iteration_ms < kWorthExploring * result_.best->iteration_ms) {
      unexplored_.emplace(config->iteration_ms, *config);
    }
  }
  return config;
}

int StageCountSearch::next_bottleneck(const Configuration& config, Relief relief) {
  std::vector<int>& relieved = relieved_[config.key()];
  int worst = -1;
  double most = -1;
  for (int s = 0; s < static_cast<int>(config.costs.size()); ++s) {
    if (std::find(relieved.begin(), relieved.end(), s) != relieved.end()) continue;
    const aceso::OperatorStageCost& cost = config.costs[static_cast<std::size_t>(s)];
    const double load = relief == Relief::kTime ? cost.time_ms() : cost.memory_mb;
    if (load > most) {
      most = load;
      worst = s;
    }
  }
  if (worst >= 0) relieved.push_back(worst);
  return worst;
}

bool StageCountSearch::multi_hop(const Configuration& from, int hop, double bound_ms) {
  if (hop >= kMostHops) return false;
  const Relief relief = from.fits ? Relief::kTime : Relief::kMemory;
  const int stage = next_bottleneck(from, relief);
  if (stage < 0) return false;
  const double efficiency = judge_.efficiency(from.plan, stage);
  for (const std::vector<Primitive>& group : action_groups(relief, efficiency, random_)) {
    std::vector<Configuration> reached;
    const Configuration* better = nullptr;
    for (const Primitive primitive : group) {
      for (aceso::OperatorPlan& plan : apply(primitive, judge_, from, stage, relief, random_)) {
        if (budget_.spent() || budget_.evaluations() >= end_of_try_) return false;
        if (auto config = evaluate(std::move(plan))) reached.push_back(std::move(*config));
      }
    }
    std::stable_sort(reached.begin(), reached.end(), [](const auto& a, const auto& b) {
      return a.slowest_ms() / a.plan.stage_batch < b.slowest_ms() / b.plan.stage_batch;
    });
    for (const Configuration& config : reached) {
      if (config.fits && config.iteration_ms < bound_ms &&
          (better == nullptr || config.iteration_ms < better->iteration_ms)) {
        better = &config;
      }
    }
    if (better != nullptr) {
      found_ = *better;
      return true;
    }
    for (const Configuration& config : reached) {
      if (multi_hop(config, hop + 1, bound_ms)) return true;
    }
  }
  return false;
}

std::optional<Configuration> StageCountSearch::next_unexplored() {
  while (!unexplored_.empty()) {
    const Configuration config = unexplored_.begin()->second;
    unexplored_.erase(unexplored_.begin());
    if (config.iteration_ms >= kWorthExploring * result_.best->iteration_ms) {
      unexplored_.clear();
      break;
    }
    if (!relieved_.contains(config.key())) return config;
  }
  // All that is worth it was explored: the best again, with other choices.
  if (result_.best && revisits_[result_.best->key()]++ < kMostRevisits) {
    relieved_.erase(result_.best->key());
    seen_.clear();
    return result_.best;
  }
  return std::nullopt;
}

StageCountResult StageCountSearch::run(int stages) {
  std::optional<Configuration> from = start_configuration(judge_, stages);
  if (!from) return result_;
  evaluate(from->plan);
  for (int trial = 0; trial < kMostTrials && from && !budget_.spent(); ++trial) {
    const double bound = from->fits ? from->iteration_ms : std::numeric_limits<double>::infinity();
    bool improved = false;
    for (int rank = 0; rank < stages && !improved && !budget_.spent(); ++rank) {
      end_of_try_ = budget_.evaluations() + kMostEvaluationsOfTry;
      improved = multi_hop(*from, 0, bound);
    }
    from = improved ? std::exchange(found_, std::nullopt) : next_unexplored();
  }
  return std::move(result_);
}

}  // namespace

StageCountResult search_stage_count(const Judge& judge, int stages, std::uint64_t seed,
                                    SearchBudget& budget) {
  return StageCountSearch(judge, seed, budget).run(stages);
}

}  // namespace sextant::aceso_search
