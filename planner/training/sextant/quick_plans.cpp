#include <algorithm>
#include <bit>
#include <cmath>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "planner/training/sextant/index.h"
#include "planner/training/sextant/local_search.h"
#include "planner/training/sextant/search.h"
#include "planner/training/sextant/search_limits.h"

namespace sextant::search {

/// The most promising candidate of each microbatch, power of two of replicas and, where asked for,
/// grouping; best first.
std::vector<Candidate> Search::of_each_size(const std::vector<Candidate>& candidates,
                                            bool of_each_grouping) {
  // In the order of the candidates, not of where their tables lie in memory.
  std::map<std::tuple<const Scenario*, int, const StageTables*>, std::size_t> places;
  std::vector<Candidate> order;
  for (const Candidate& candidate : candidates) {
    const int size = std::bit_width(static_cast<unsigned>(candidate.count.replicas));
    const auto [found, is_new] = places.try_emplace(
        {candidate.scenario, size, of_each_grouping ? candidate.tables : nullptr}, order.size());
    if (is_new) {
      order.push_back(candidate);
    } else if (candidate.lower < order[found->second].lower) {
      order[found->second] = candidate;
    }
  }
  std::stable_sort(order.begin(), order.end(),
                   [](const Candidate& a, const Candidate& b) { return a.lower < b.lower; });
  return order;
}

/// Quick looks into candidates of all sizes and groupings; those where plans were found, best
/// first.
std::vector<Candidate> Search::survey(const std::vector<Candidate>& candidates, std::size_t most) {
  const std::vector<Candidate> order = of_each_size(candidates, true);
  std::vector<std::pair<double, Candidate>> found;
  for (std::size_t next = 0; next < std::min(order.size(), most) && left_ > 0 && !stopped();) {
    std::vector<Task> tasks;
    for (; next < order.size() && tasks.size() < kRound; ++next) {
      tasks.push_back({order[next], kQuickBeam, true, std::min(kQuickEvaluations, left_), true});
    }
    const std::vector<double> scores = do_round(tasks);
    for (std::size_t t = 0; t < tasks.size(); ++t) {
      if (std::isfinite(scores[t])) found.emplace_back(scores[t], tasks[t].candidate);
    }
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<Candidate> out;
  for (const auto& [score, candidate] : found) out.push_back(candidate);
  return out;
}

/// A plan within milliseconds: quick looks into candidates of all sizes, since the bounds do not
/// know yet which of them can do at all. Whatever the budget and the time, a plan is sought.
void Search::find_first_plans() {
  const std::vector<Candidate> order = of_each_size(open_, false);
  // For other objectives than throughput the first plan can be far off: all sizes are tried.
  const bool first_will_do = goal_.objective == Objective::kThroughput;
  for (std::size_t next = 0; next < order.size();) {
    if (!archive_.empty() && (first_will_do || stopped())) return;
    std::vector<Task> tasks;
    for (; next < order.size() && tasks.size() < kRound; ++next) {
      tasks.push_back({order[next], kQuickBeam, true, 0});
    }
    for (Task& task : tasks) task.budget = kQuickEvaluations;
    do_round(tasks);
  }
}

/// Where the proof was given up, the best plan is still sought with what is left: around the sizes
/// and groupings where quick looks found the best plans.
void Search::improve_by_beams() {
  std::vector<Task> all;
  std::set<std::pair<const StageTables*, int>> seen;
  std::size_t centres = 0;
  for (const Candidate& centre : survey(open_, kMostToSurvey)) {
    if (++centres > kMostCentres || all.size() >= kMostBeams) break;
    for (const Candidate& near : open_) {
      const double ratio = static_cast<double>(near.count.replicas) / centre.count.replicas;
      if (near.tables == centre.tables && ratio > 1 / kNearSize && ratio < kNearSize &&
          near.lower < cut() && seen.emplace(near.tables, near.count.replicas).second) {
        // Labels kept by what they have done so far, and by what the relaxed problem promises.
        all.push_back({near, kWideBeam, true, kEvaluationsOfABeam});
        if (problem_.cluster.pools.size() <= kManyPools) {
          all.push_back({near, kWideBeam, false, kEvaluationsOfABeam});
        }
      }
    }
  }
  for (std::size_t next = 0; next < all.size() && left_ > 0 && !stopped();) {
    std::vector<Task> tasks;
    for (; next < all.size() && tasks.size() < kRound; ++next) {
      all[next].budget = std::min(all[next].budget, left_);
      if (all[next].candidate.lower < cut() * (1 - kProved)) tasks.push_back(all[next]);
    }
    do_round(tasks);
  }
}

std::vector<int> Search::microbatches() const {
  std::vector<int> out;
  for (const Scenario& scenario : scenarios_) {
    const int b = scenario.costs->settings.microbatch;
    if (std::find(out.begin(), out.end(), b) == out.end()) out.push_back(b);
  }
  return out;
}

/// A search by itself, without steps of its own.
std::optional<QuickPlan> Search::best_of(const TrainingProblem& part, int microbatch) const {
  PlannerOptions quick;
  quick.threads = threads_;
  quick.max_evaluations = kEvaluationsOfAPart;
  if (options_.time_limit_s) {
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start_;
    quick.time_limit_s = *options_.time_limit_s - passed.count();
  }
  Search search(part, judge_, quick, microbatch);
  search.open_ = enumerate_candidates(search.scenarios_, search.room_goal_, part.job.global_batch);
  std::make_heap(search.open_.begin(), search.open_.end(), later);
  search.find_first_plans();
  search.branch_and_bound();
  if (search.archive_.empty()) return std::nullopt;
  const JudgedPlan& best = search.archive_.best();
  return QuickPlan{best.plan, best.prediction.iters_per_s()};
}

/// What the formula of an inexact view leaves out, the judge sees.
void Search::improve_locally() {
  const auto judge = [&](const Plan& plan) -> std::optional<JudgedPlan> {
    return stopped() ? std::nullopt : judged(plan);
  };
  for (const Plan& plan : type_pipelines(
           problem_, microbatches(), [&](const auto&part, int b) { return best_of(part, b); })) {
    if (auto found = judge(plan)) keep(std::move(*found));
  }
  std::vector<JudgedPlan> begin;
  for (const JudgedPlan* plan : archive_.ranked(kMostToImprove)) begin.push_back(*plan);
  LocalSearch local(problem_.job.freedom, judge, kMostJudgements);
  for (JudgedPlan& plan : begin) keep(local.improve(std::move(plan)));
}

}  // namespace sextant::search
