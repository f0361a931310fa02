#include "planner/training/sextant/sextant_planner.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <set>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/interrupt.h"
#include "planner/training/diagnosis.h"
#include "planner/training/sextant/plan_builder.h"
#include "planner/training/sextant/search_space.h"
#include "planner/training/sextant/stage_search.h"

namespace sextant {

namespace {

using search::Goal;
using search::Grouping;
using search::ReplicaCount;
using search::StageChoice;
using search::StageSearch;
using search::StageTables;

constexpr std::uint64_t kDefaultEvaluations = 40'000'000;
/// Labels kept per layer and option in the first, quick pass that finds a good incumbent.
constexpr std::size_t kQuickBeam = 2;
/// And in the last pass, which improves the incumbent where the exact pass ran out of budget.
constexpr std::size_t kWideBeam = 16;
/// Ways to take zones together that are tried (see search::groupings()).
constexpr std::size_t kMostGroupings = 24;
/// Proposals kept: the best and what came before it.
constexpr std::size_t kMostProposals = 16;
/// How far the formula of an inexact view may be from what its estimator predicts.
constexpr double kInexactness = 0.1;
/// A bound this close to the best plan is met.
constexpr double kProved = 1e-9;

/// One combination of the outer enumeration.
struct Candidate {
  const StageTables* tables = nullptr;
  StageSearch* search = nullptr;
  std::size_t grouping = 0;
  ReplicaCount count;
  double bound = 0;
};

/// Microbatches of one replica where all take `sequences` at a time: the quotient, rounded up.
int microbatches_of(int global_batch, std::int64_t sequences) {
  return static_cast<int>((global_batch + sequences - 1) / sequences);
}

class Search {
 public:
  Search(const TrainingProblem& problem, const Estimator& judge, const PlannerOptions& options);
  SearchResult run();

 private:
  void enumerate();
  /// Every grouping, where `grouping` is not given.
  double pass(std::size_t beam, std::uint64_t budget, std::optional<std::size_t> grouping = {});
  double offer(const Candidate& candidate, const std::vector<StageChoice>& stages);
  bool stopped() const;

  const TrainingProblem& problem_;
  const Estimator& judge_;
  Goal goal_;
  std::uint64_t budget_;
  std::uint64_t spent_start_;
  std::optional<std::chrono::steady_clock::time_point> deadline_;

  std::vector<std::unique_ptr<SeparableCosts>> costs_;
  std::vector<Grouping> groupings_;
  std::vector<std::unique_ptr<StageTables>> tables_;
  search::SearchMemory memory_;
  std::vector<std::unique_ptr<StageSearch>> searches_;
  std::vector<Candidate> candidates_;

  double incumbent_ = std::numeric_limits<double>::infinity();
  std::vector<Proposal> proposals_;
};

Search::Search(const TrainingProblem& problem, const Estimator& judge,
               const PlannerOptions& options)
    : problem_(problem),
      judge_(judge),
      budget_(options.max_evaluations > 0 ? options.max_evaluations : kDefaultEvaluations),
      spent_start_(budget_) {
  goal_.objective = problem.job.objective;
  if (problem.job.max_usd_per_iter) goal_.max_usd_per_iter = *problem.job.max_usd_per_iter;
  if (problem.job.min_iters_per_s) goal_.max_iteration_s = 1 / *problem.job.min_iters_per_s;
  if (options.time_limit_s) {
    deadline_ = std::chrono::steady_clock::now() +
                std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                    std::chrono::duration<double>(*options.time_limit_s));
  }
}

bool Search::stopped() const {
  return interrupted() || (deadline_ && std::chrono::steady_clock::now() >= *deadline_);
}

void Search::enumerate() {
  std::set<int> microbatches;
  int gpus = 0;
  for (const GpuPool& pool : problem_.cluster.pools) {
    for (const int b : problem_.profile.microbatches(pool.gpu)) microbatches.insert(b);
    gpus += pool.count;
  }
  groupings_ = search::groupings(problem_.cluster, kMostGroupings);
  for (const int b : microbatches) {
    if (b > problem_.job.global_batch) continue;
    costs_.push_back(judge_.separable(problem_, PlanSettings{b}));
    if (costs_.back() == nullptr) {
      throw_usage(
          fmt::format("planner sextant: estimator {} has no separable view; judge with another",
                      judge_.name()));
    }
    // Where the view only nears what the judge will say, a plan may miss a bound a little there.
    Goal goal = goal_;
    if (!costs_.back()->exact) {
      goal.max_iteration_s *= 1 + kInexactness;
      goal.max_usd_per_iter *= 1 + kInexactness;
    }
    for (std::size_t g = 0; g < groupings_.size(); ++g) {
      auto tables = std::make_unique<StageTables>(*costs_.back(), groupings_[g]);
      if (tables->options.empty()) continue;
      searches_.push_back(std::make_unique<StageSearch>(*tables, goal, memory_));
      // One replica count for each number of microbatches: the least that gives it, since more
      // replicas would take more GPUs and synchronise longer for the same pipeline.
      std::map<int, int> least_replicas;
      const int most = std::min(gpus, microbatches_of(problem_.job.global_batch, b));
      for (int d = most; d >= 1; --d) {
        least_replicas[microbatches_of(problem_.job.global_batch, std::int64_t{b} * d)] = d;
      }
      for (const auto& [m, d] : least_replicas) {
        Candidate candidate{tables.get(), searches_.back().get(), g, {d, m}, 0};
        candidate.bound = search::CompletionBound(*tables, candidate.count, goal).of_all();
        if (std::isfinite(candidate.bound)) candidates_.push_back(candidate);
      }
      tables_.push_back(std::move(tables));
    }
  }
  std::stable_sort(candidates_.begin(), candidates_.end(),
                   [](const Candidate& a, const Candidate& b) { return a.bound < b.bound; });
}

double Search::offer(const Candidate& candidate, const std::vector<StageChoice>& stages) {
  std::optional<Plan> plan =
      search::build_plan(problem_, *candidate.tables, candidate.count, stages);
  if (!plan) return incumbent_;
  const Prediction prediction = judge_.predict(problem_, *plan);
  if (!prediction.fits) return incumbent_;
  if (prediction.iteration_s > goal_.max_iteration_s ||
      prediction.usd_per_iter() > goal_.max_usd_per_iter) {
    return incumbent_;
  }
  const double score = goal_.objective == Objective::kThroughput ? prediction.iteration_s
                                                                 : prediction.usd_per_iter();
  if (score >= incumbent_) return incumbent_;
  incumbent_ = score;
  proposals_.push_back({std::move(*plan), prediction.iteration_s, prediction.usd_per_iter()});
  if (proposals_.size() > kMostProposals) proposals_.erase(proposals_.begin());
  return incumbent_;
}

/// Searches the candidates in the order of their bounds, with at most `budget` evaluations. Returns
/// the least bound of what it left out.
double Search::pass(std::size_t beam, std::uint64_t budget, std::optional<std::size_t> grouping) {
  double open_bound = std::numeric_limits<double>::infinity();
  std::uint64_t left = std::min(budget, budget_);
  budget_ -= left;
  for (const Candidate& candidate : candidates_) {
    if (candidate.bound >= incumbent_) break;  // and so are all that follow
    if (grouping && candidate.grouping != *grouping) continue;
    if (left == 0 || stopped()) {
      open_bound = std::min(open_bound, candidate.bound);
      break;  // the bounds of those that follow are no smaller
    }
    const auto accept = [&](const std::vector<StageChoice>& stages) {
      return offer(candidate, stages);
    };
    const StageSearch::Outcome outcome = candidate.search->run(
        candidate.count, incumbent_, {beam, &left, [this] { return stopped(); }}, accept);
    if (!outcome.complete) {
      open_bound = std::min(open_bound, std::max(candidate.bound, outcome.open_bound));
    }
  }
  budget_ += left;
  return open_bound;
}

SearchResult Search::run() {
  enumerate();
  SearchResult result;
  // Each grouping gets its turn, so that none is missed for another's size.
  const std::uint64_t share = budget_ / 4 / std::max<std::size_t>(1, groupings_.size());
  for (std::size_t g = 0; g < groupings_.size(); ++g) pass(kQuickBeam, share, g);
  const double open_bound = pass(0, budget_ / 2);
  if (open_bound < incumbent_) pass(kWideBeam, budget_);
  result.evaluations = spent_start_ - budget_;
  const double bound = std::min(incumbent_, open_bound);
  result.complete = incumbent_ <= open_bound * (1 + kProved);
  if (proposals_.empty()) return result;
  const bool proves =
      std::all_of(costs_.begin(), costs_.end(), [](const auto& costs) { return costs->exact; });
  if (proves && goal_.objective == Objective::kThroughput) {
    result.bound_iters_per_s = 1 / bound;
  } else if (proves) {
    result.bound_usd_per_iter = bound;
  }
  std::reverse(proposals_.begin(), proposals_.end());
  result.proposals = std::move(proposals_);
  return result;
}

class SextantPlanner : public Planner {
 public:
  std::string_view name() const override { return "sextant"; }
  std::string_view description() const override {
    return "exact search over uneven stages, GPU types and tensor degrees, with a proved bound";
  }
  SearchResult search(const TrainingProblem& problem, const Estimator& judge,
                      const PlannerOptions& options) const override {
    const auto core = [&](const TrainingProblem& any, const PlannerOptions& limits) {
      return Search(any, judge, limits).run();
    };
    SearchResult result = core(problem, options);
    if (result.proposals.empty() && result.complete) {
      result.infeasible_reason = why_no_plan(core, problem, judge, options);
    }
    return result;
  }
};

}  // namespace

const Planner& sextant_planner() {
  static const SextantPlanner planner;
  return planner;
}

}  // namespace sextant
