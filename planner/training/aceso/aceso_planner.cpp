#include "planner/training/aceso/aceso_planner.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/random.h"
#include "analyzer/core/table.h"
#include "analyzer/training/aceso/operator_simulator.h"
#include "analyzer/training/gpu_usd.h"
#include "planner/training/aceso/stage_count_search.h"
#include "planner/training/aceso/whole_layers.h"
#include "planner/training/cluster_view.h"
#include "planner/training/published_objectives.h"

namespace sextant {

namespace aceso_search {

namespace {

// Published figures.
constexpr int kMostStages = 128;
constexpr std::size_t kPlansListed = 5;

/// Stands for the published 200 s (or the recorded 100 s) of each number of stages.
constexpr std::uint64_t kEvaluationsOfStageCount = 2000;

constexpr double kMsPerSecond = 1000;

/// Searches draw from sources of their own, so that their order does not matter.
std::uint64_t seed_of(std::uint64_t seed, int stages) {
  return Random(seed).next() + static_cast<std::uint64_t>(stages);
}

/// What came of all searches.
struct Found {
  std::vector<StageCountResult> by_stages;  ///< from one stage
  std::uint64_t evaluations = 0;
  bool complete = true;
};

/// One search for every number of stages, on all threads.
class AllStageCounts {
 public:
  AllStageCounts(const Judge& judge, int most_stages, const PlannerOptions& options)
      : judge_(judge), options_(options), most_stages_(most_stages), whole_(options) {
    found_.by_stages.resize(static_cast<std::size_t>(most_stages));
  }

  Found run() {
    const unsigned wanted =
        options_.threads > 0 ? options_.threads : std::max(std::thread::hardware_concurrency(), 1U);
    std::vector<std::thread> threads;
    for (unsigned t = 1; t < std::min(wanted, static_cast<unsigned>(most_stages_)); ++t) {
      threads.emplace_back([this] { work(); });
    }
    work();
    for (std::thread& thread : threads) thread.join();
    if (failure_) std::rethrow_exception(failure_);
    return std::move(found_);
  }

 private:
  void work() {
    try {
      // The deepest first: they take longest.
      for (int i = next_++; i < most_stages_; i = next_++) search(most_stages_ - i);
    } catch (...) {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (!failure_) failure_ = std::current_exception();
    }
  }

  void search(int stages) {
    PlannerOptions share = options_;
    if (options_.max_evaluations > 0) {
      share.max_evaluations = std::max<std::uint64_t>(
          options_.max_evaluations / static_cast<std::uint64_t>(most_stages_), 1);
    }
    if (options_.time_limit_s) {
      share.time_limit_s = std::max(*options_.time_limit_s - whole_.elapsed_s(), 0.0);
    }
    SearchBudget budget(share, kEvaluationsOfStageCount);
    StageCountResult result =
        search_stage_count(judge_, stages, seed_of(options_.seed, stages), budget);
    // Its own budget is how the search ends; any other cuts it short.
    const bool ended = budget.complete() || (options_.max_evaluations == 0 &&
                                             budget.evaluations() >= kEvaluationsOfStageCount);
    const std::lock_guard<std::mutex> lock(mutex_);
    found_.by_stages[static_cast<std::size_t>(stages - 1)] = std::move(result);
    found_.evaluations += budget.evaluations();
    if (!ended) found_.complete = false;
  }

  const Judge& judge_;
  const PlannerOptions& options_;
  int most_stages_;
  const SearchBudget whole_;  ///< for its time
  std::atomic<int> next_ = 0;
  std::mutex mutex_;
  Found found_;
  std::exception_ptr failure_;
};

Proposal proposal(const TrainingProblem& problem, const GpuPool& pool, const aceso::Tables& tables,
                  const Configuration& found) {
  Proposal out;
  out.plan = in_whole_layers(problem, pool, tables.operators, found.plan);
  out.believed_iteration_s = found.iteration_ms / kMsPerSecond;
  out.believed_usd_per_iter = gpu_usd(problem.cluster, out.plan, out.believed_iteration_s);
  try {
    const aceso::SimulatedPlan judged = aceso::simulate(problem, pool, tables, found.plan);
    out.published =
        PublishedJudgement{1 / judged.iteration_s, judged.fits, "simulator of operators"};
  } catch (const Error& error) {
    // The simulator needs a link between whole nodes; the plan does not.
    if (error.code() != ErrorCode::kBadInput) throw;
  }
  return out;
}

std::string why_nothing(const aceso::Tables& tables, const GpuPool& pool,
                        std::optional<double> least_memory_mb, bool stopped) {
  if (least_memory_mb) {
    return fmt::format(
        "no plan that it came upon fits in memory: the fullest GPU needs {} or more of {}",
        format_gib(*least_memory_mb * aceso::kBytesPerMb), format_gib(pool.memory_bytes));
  }
  if (stopped) return "the search was stopped before it looked at a plan";
  return fmt::format("{} has no table at a microbatch and tensor degree that it may use",
                     tables.source);
}

class AcesoPlanner : public Planner {
 public:
  std::string_view name() const override { return "aceso"; }
  std::string_view description() const override {
    return "Aceso's published search (EuroSys'24): relieves bottleneck stages, operator by "
           "operator; first GPU type and zone only";
  }
  SearchResult search(const TrainingProblem& problem, const Estimator&,
                      const PlannerOptions& options) const override;
};

SearchResult AcesoPlanner::search(const TrainingProblem& problem, const Estimator&,
                                  const PlannerOptions& options) const {
  if (auto refused = refused_objective(problem.job)) return std::move(*refused);
  if (problem.cluster.network == nullptr) {
    throw_bad_input("planner aceso needs a cluster with a network");
  }
  const GpuPool& pool = only_pool_seen(problem.cluster);
  const aceso::Tables tables = aceso::load_tables(problem, pool);
  const Judge judge(tables, pool, problem.job.global_batch);
  const int most_stages = std::min({judge.machines().gpus, tables.operators.size(), kMostStages});
  const Found found = AllStageCounts(judge, most_stages, options).run();

  SearchResult out;
  out.complete = found.complete;
  out.evaluations = found.evaluations;
  std::optional<double> least_memory_mb;
  std::vector<const Configuration*> best;
  for (const StageCountResult& result : found.by_stages) {
    if (result.best) best.push_back(&*result.best);
    if (result.least_memory_mb) {
      least_memory_mb =
          std::min(least_memory_mb.value_or(*result.least_memory_mb), *result.least_memory_mb);
    }
  }
  std::stable_sort(best.begin(), best.end(), [](const Configuration* a, const Configuration* b) {
    return a->iteration_ms < b->iteration_ms;
  });
  for (std::size_t i = 0; i < std::min(best.size(), kPlansListed); ++i) {
    out.proposals.push_back(proposal(problem, pool, tables, *best[i]));
  }
  if (out.proposals.empty()) {
    out.infeasible_reason = why_nothing(tables, pool, least_memory_mb, !out.complete);
  }
  return out;
}

}  // namespace

}  // namespace aceso_search

const Planner& aceso_planner() {
  static const aceso_search::AcesoPlanner planner;
  return planner;
}

}  // namespace sextant
