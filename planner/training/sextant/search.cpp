#include "planner/training/sextant/search.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <set>
#include <thread>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/interrupt.h"
#include "planner/training/sextant/index.h"
#include "planner/training/sextant/search_limits.h"
#include "planner/training/sextant/work_bound.h"

namespace sextant::search {

Search::Search(const TrainingProblem& problem, const Estimator& judge,
               const PlannerOptions& options, std::optional<int> microbatch)
    : problem_(problem),
      judge_(judge),
      options_(options),
      start_(std::chrono::steady_clock::now()),
      budget_(options.max_evaluations > 0                       ? options.max_evaluations
              : problem.cluster.pools.size() > kManyPools       ? kDefaultEvaluationsOfMany
              : problem.job.objective == Objective::kThroughput ? kDefaultEvaluations
                                                                : kDefaultEvaluationsOfOthers),
      left_(budget_),
      threads_(options.threads > 0 ? options.threads
                                   : std::max(1U, std::thread::hardware_concurrency())),
      archive_({}) {
  goal_.objective = problem.job.objective;
  if (problem.job.max_usd_per_iter) goal_.max_usd_per_iter = *problem.job.max_usd_per_iter;
  if (problem.job.min_iters_per_s) {
    goal_.max_iteration_s = 1 / *problem.job.min_iters_per_s;
    goal_.gpus_per_second = 0.5 * *problem.job.min_iters_per_s;
  }
  archive_ = Archive(goal_);
  memories_.resize(threads_);
  build_scenarios(microbatch);
}

bool Search::stopped() const {
  if (interrupted()) return true;
  if (!options_.time_limit_s) return false;
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start_;
  return passed.count() >= *options_.time_limit_s;
}

void Search::build_scenarios(std::optional<int> microbatch) {
  std::set<int> microbatches;
  int gpus = 0;
  for (const GpuPool& pool : problem_.cluster.pools) {
    if (pool.count < 1) continue;
    for (const int b : problem_.profile.microbatches(pool.gpu)) microbatches.insert(b);
    gpus += pool.count;
  }
  groupings_ =
      groupings(problem_.cluster,
                problem_.cluster.pools.size() > kManyPools ? kMostGroupingsOfMany : kMostGroupings);
  const Freedom& freedom = problem_.job.freedom;
  bool separates = true;
  for (const int b : microbatches) {
    if (b > problem_.job.global_batch || b != microbatch.value_or(b)) continue;
    for (const int zero_stage : freedom.zero_stages) {
      for (const bool recompute : freedom.recompute) {
        // Schedules differ in what the formula leaves out; they are tried on the plans found.
        Scenario scenario;
        scenario.costs = judge_.separable(
            problem_, PlanSettings{b, ScheduleKind::kOneFOneB, zero_stage, recompute});
        if (scenario.costs == nullptr) {
          separates = separates && (zero_stage != 0 || recompute);
          continue;
        }
        exact_ = exact_ && scenario.costs->exact;
        if (groupings_.empty()) continue;
        scenario.relaxation = std::make_unique<Relaxation>(
            *scenario.costs, problem_.cluster, groupings_.front().types, std::max(1, gpus));
        for (const Grouping& grouping : groupings_) {
          auto tables = std::make_unique<StageTables>(*scenario.costs, grouping, problem_.cluster);
          if (tables->options.empty()) tables.reset();
          scenario.tables.push_back(std::move(tables));
        }
        scenarios_.push_back(std::move(scenario));
      }
    }
  }
  if (!separates) {
    throw_usage(fmt::format(
        "planner sextant: estimator {} has no separable view; judge with another", judge_.name()));
  }
  room_goal_ = goal_;
  if (!exact_) {
    room_goal_.max_iteration_s *= 1 + kInexactness;
    room_goal_.max_usd_per_iter *= 1 + kInexactness;
  }
}

/// Nothing where the plan does not fit, misses a bound, or the judge lacks what it needs to know: a
/// link, a point of the profile, microbatches that suit the schedule.
std::optional<JudgedPlan> Search::judged(const Plan& plan) const {
  JudgedPlan out{plan, {}, 0};
  try {
    check(plan);
    out.prediction = judge_.predict(problem_, plan);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kBadInput && error.code() != ErrorCode::kInfeasible) throw;
    return std::nullopt;
  }
  if (!out.prediction.fits ||
      !goal_.allows(out.prediction.iteration_s, out.prediction.usd_per_iter())) {
    return std::nullopt;
  }
  out.score = archive_.score_of(out.plan, out.prediction);
  return out;
}

void Search::keep(JudgedPlan plan) {
  if (archive_.empty()) {
    first_plan_s_ =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }
  archive_.add(std::move(plan));
}

void Search::judge_known_plans() {
  for (const Plan& plan : options_.known_plans) {
    if (plan.model != problem_.job.model || plan.global_batch != problem_.job.global_batch ||
        plan.layer_count != problem_.profile.layer_count || plan.pipelines.empty()) {
      continue;
    }

    bool has_gpus = true;
    for (const GpuUse& use : gpus_used(plan)) {
      const GpuPool* pool = problem_.cluster.find(use.gpu, use.zone);
      has_gpus = has_gpus && pool != nullptr && pool->count >= use.count;
    }
    if (!has_gpus) continue;
    if (auto known = judged(plan)) keep(std::move(*known));
  }
}

double Search::cut() const {
  if (exact_) return archive_.best_score();
  return least_formula_ * (1 + kInexactness);
}

double Search::proved_bound() const {
  if (!exact_) {
    double least = kNever;
    for (const Scenario& scenario : scenarios_) {
      least = std::min(least, work_bound(problem_, *scenario.relaxation, goal_,
                                         scenario.costs->settings.microbatch));
    }
    return std::min(least, archive_.best_score());
  }
  double least = std::min(archive_.best_score(), refused_);
  for (const Candidate& candidate : open_) least = std::min(least, candidate.lower);
  return least;
}

SearchResult Search::result() const {
  SearchResult out;
  out.evaluations = std::min(budget_, budget_ - left_);
  const double bound = proved_bound();
  out.complete = archive_.best_score() <= bound * (1 + kProved);
  if (archive_.empty()) return out;
  const JudgedPlan& best = archive_.best();
  const auto proposal = [](const JudgedPlan& judged) {
    return Proposal{judged.plan, judged.prediction.iteration_s, judged.prediction.usd_per_iter()};
  };
  out.proposals.push_back(proposal(best));
  for (const JudgedPlan* other : archive_.ranked(kMostAlternatives + 1)) {
    if (other != &best) out.alternatives.push_back(proposal(*other));
  }
  out.first_plan_s = first_plan_s_;
  out.space = exact_ ? "one pipeline: any microbatch that was profiled, any stages, on each any "
                       "GPU type and tensor degree or a mix of two types on one stage, replicas in "
                       "one zone or over zones alike"
                     : "all plans, from their work alone";
  switch (goal_.objective) {
    case Objective::kThroughput:
      out.bound_iters_per_s = 1 / bound;
      break;
    case Objective::kCost:
      out.bound_usd_per_iter = bound;
      break;
    case Objective::kGpus:
      out.bound_gpus = std::floor(bound);
      break;
  }
  return out;
}

void Search::search() {
  open_ = enumerate_candidates(scenarios_, room_goal_, problem_.job.global_batch);
  std::make_heap(open_.begin(), open_.end(), later);
  // Plans of zones as one stock can be better than their formula, which takes the slowest links.
  std::vector<Candidate> of_stocks;
  std::copy_if(open_.begin(), open_.end(), std::back_inserter(of_stocks),
               [](const Candidate& candidate) {
                 const auto& groups = candidate.tables->grouping.groups;
                 return std::any_of(groups.begin(), groups.end(),
                                    [](const ZoneGroup& group) { return !group.aligned; });
               });
  find_first_plans();
  // A formula that is no exact one may rank candidates wrong: the judge sees a plan of many.
  if (!exact_) survey(open_, kMostToSurvey);
  branch_and_bound();
  if (!open_.empty() && open_.front().lower < cut() * (1 - kProved)) improve_by_beams();
  if (exact_) survey(of_stocks, kMostStocksToSurvey);
}

SearchResult Search::run() {
  judge_known_plans();
  search();
  if (!exact_ && archive_.empty() && !stopped()) {
    // The formula may be further off than that.
    room_goal_.max_iteration_s *= kMoreRoom;
    room_goal_.max_usd_per_iter *= kMoreRoom;
    search();
  }
  if (!exact_) improve_locally();
  SearchResult out = result();
  if (out.proposals.empty()) out.complete = open_.empty() || open_.front().lower == kNever;
  return out;
}

}  // namespace sextant::search
