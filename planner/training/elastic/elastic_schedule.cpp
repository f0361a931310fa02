#include "planner/training/elastic/elastic_schedule.h"

#include <algorithm>
#include <array>
#include <deque>
#include <map>

#include <fmt/format.h>

#include "analyzer/core/interrupt.h"
#include "planner/training/elastic/period_choice.h"

namespace sextant {

namespace {

using elastic::Candidate;

constexpr std::array<std::string_view, 3> kPolicies = {"pay", "replan", "hold"};
/// Plans of earlier periods that are looked at again: GPUs come back, but not those of long ago.
constexpr std::size_t kMostKnown = 8;

bool meets_bounds(const Prediction& prediction, const Job& job) {
  return prediction.fits &&
         !(job.max_usd_per_iter && prediction.usd_per_iter() > *job.max_usd_per_iter) &&
         !(job.min_iters_per_s && prediction.iters_per_s() < *job.min_iters_per_s);
}

class Scheduler {
 public:
  Scheduler(const TrainingProblem& problem, const Planner& planner, const Estimator& judge,
            const ElasticOptions& options)
      : problem_(problem), planner_(planner), judge_(judge), options_(options) {}

  void add(const AvailabilityPeriod& period) {
    ElasticPeriod& out = schedule_.periods.emplace_back();
    out.from_s = period.from_s;
    out.duration_s = period.duration_s;
    out.gpus = period.cluster.summary();
    out.gpu_count = period.cluster.gpu_count();
    const TrainingProblem here = {problem_.job,         problem_.profile,     period.cluster,
                                  problem_.calibration, problem_.disturbance, problem_.model};
    const PlannedJob* best = out.gpu_count > 0 ? &solved(here, out.gpus) : nullptr;
    const std::vector<Candidate> candidates = gather(here, best);
    if (candidates.empty()) {
      out.why = "no GPUs";
      if (best != nullptr) {
        out.why = best->feasible ? "the best plan leaves gaps on nodes, and so has too few of them"
                                 : best->reason;
        if (failure_.empty()) failure_code_ = best->failure;
        if (failure_.empty()) failure_ = out.why;
      }
      stall(here, out);
    } else {
      run(candidates, out);
    }
    add_up(out);
    ended_s_ += period.duration_s;
  }

  ElasticSchedule result(bool complete) {
    if (schedule_.totals.ideal_iterations == 0) {
      throw Error(failure_code_, failure_.empty()
                                     ? "no period of the trace has any GPUs"
                                     : "no period of the trace has a plan: " + failure_);
    }
    schedule_.complete = complete;
    return std::move(schedule_);
  }

 private:
  const PlannedJob& solved(const TrainingProblem& here, const std::string& gpus) {
    const auto found = solved_.find(gpus);
    if (found != solved_.end()) return found->second;
    PlannerOptions search = options_.search;
    if (running_) search.known_plans.push_back(running_->plan);
    search.known_plans.insert(search.known_plans.end(), known_.begin(), known_.end());
    const PlannedJob& job =
        solved_.emplace(gpus, plan_job(planner_, here, judge_, search)).first->second;
    return job;
  }

  /// The plan that runs, the best one, earlier ones: those that fit.
  std::vector<Candidate> gather(const TrainingProblem& here, const PlannedJob* best) const {
    std::vector<Candidate> out;
    if (here.cluster.pools.empty()) return out;
    if (running_) consider(running_->plan, here, false, out);
    if (best != nullptr && best->feasible) consider(best->plan, here, true, out);
    if (options_.policy == MovePolicy::kPay || out.empty()) {
      for (const Plan& plan : known_) consider(plan, here, false, out);
    }
    return out;
  }

  void consider(const Plan& plan, const TrainingProblem& here, bool best,
                std::vector<Candidate>& out) const {
    std::optional<Move> move = move_to(plan, running_ ? &*running_ : nullptr, here, options_.move);
    if (!move) return;
    Candidate candidate;
    candidate.prediction = move->changes ? judge_.predict(here, move->placed.plan) : prediction_;
    if (!best && !meets_bounds(candidate.prediction, problem_.job)) return;
    candidate.best = best;
    if (move->loses_work) {
      candidate.lost_iterations = since_checkpoint();
    } else if (move->loses_iteration) {
      candidate.lost_iterations = std::min(0.5, at_risk_);
    }
    candidate.downtime_s = move->seconds() + (move->from_checkpoint ? 0 : pending_s_);
    candidate.move = std::move(*move);
    out.push_back(std::move(candidate));
  }

  /// Iterations that a return to the checkpoint is expected to lose.
  double since_checkpoint() const {
    return std::min(at_risk_, options_.checkpoint_every_s / 2 / prediction_.iteration_s);
  }

  std::optional<double> expected_stay(const ElasticPeriod& period) const {
    if (options_.hindsight) return period.duration_s;
    if (options_.expected_stay_s) return options_.expected_stay_s;
    const auto ended = schedule_.periods.size() - 1;
    if (ended == 0) return std::nullopt;
    return ended_s_ / static_cast<double>(ended);
  }

  void run(const std::vector<Candidate>& candidates, ElasticPeriod& out) {
    out.expected_stay_s = expected_stay(out);
    const Job& job = problem_.job;
    const std::size_t chosen =
        elastic::choose(candidates, job, options_.policy, out.expected_stay_s);
    const Candidate& taken = candidates[chosen];
    out.why = elastic::reason(candidates, chosen, job, options_.policy, out.expected_stay_s);
    out.action = taken.keeps() ? PeriodAction::kKeep
                 : running_    ? PeriodAction::kMove
                               : PeriodAction::kStart;
    for (const Candidate& one : candidates) {
      const double iters_per_s = one.prediction.iters_per_s();
      if (one.best) out.best_iters_per_s = std::max(iters_per_s, out.best_iters_per_s.value_or(0));
      if (job.objective != Objective::kThroughput) continue;
      out.best_iters_per_s = std::max(iters_per_s, out.best_iters_per_s.value_or(0));
    }
    if (!out.best_iters_per_s) out.best_iters_per_s = taken.prediction.iters_per_s();

    if (taken.move.loses_work) ++schedule_.totals.returns_to_checkpoint;
    if (out.action == PeriodAction::kMove) ++schedule_.totals.moves;
    out.lost_iterations = taken.lost_iterations;
    out.move_s = std::min(out.duration_s, taken.downtime_s);
    pending_s_ = taken.downtime_s - out.move_s;
    out.training_s = out.duration_s - out.move_s;
    out.prediction = taken.prediction;
    out.iterations = out.training_s / taken.prediction.iteration_s;
    out.usd = elastic::usd_per_s(taken.prediction) * out.duration_s +
              taken.prediction.egress_usd * out.iterations + taken.move.egress_usd;
    at_risk_ = (taken.move.from_checkpoint ? 0 : at_risk_ - out.lost_iterations) + out.iterations;

    prediction_ = taken.prediction;
    out.move = taken.move;
    if (!taken.keeps()) {
      running_ = std::move(out.move.placed);
      plan_ = std::make_shared<const Plan>(running_->plan);
      remember(running_->plan);
    }
    out.move.placed = {};
    out.plan = plan_;
  }

  void stall(const TrainingProblem& here, ElasticPeriod& out) {
    if (running_ && checkpoint_s(*running_, here, options_.move) > options_.move.notice_s) {
      out.lost_iterations = since_checkpoint();
      ++schedule_.totals.returns_to_checkpoint;
    }
    running_.reset();
    plan_.reset();
    pending_s_ = 0;
    at_risk_ = 0;
  }

  void remember(const Plan& plan) {
    std::erase(known_, plan);
    known_.push_front(plan);
    if (known_.size() > kMostKnown) known_.pop_back();
  }

  void add_up(const ElasticPeriod& period) {
    ElasticTotals& totals = schedule_.totals;
    totals.duration_s += period.duration_s;
    totals.training_s += period.training_s;
    totals.moving_s += period.move_s;
    if (period.action == PeriodAction::kStall) totals.stalled_s += period.duration_s;
    totals.iterations += period.iterations - period.lost_iterations;
    totals.lost_iterations += period.lost_iterations;
    totals.ideal_iterations += period.best_iters_per_s.value_or(0) * period.duration_s;
    totals.usd += period.usd;
  }

  const TrainingProblem& problem_;
  const Planner& planner_;
  const Estimator& judge_;
  const ElasticOptions& options_;
  ElasticSchedule schedule_;

  std::map<std::string, PlannedJob> solved_;  ///< by the cluster's summary
  std::deque<Plan> known_;                    ///< that ran, the last first
  std::optional<PlacedPlan> running_;
  std::shared_ptr<const Plan> plan_;  ///< that of running_
  Prediction prediction_;             ///< of it
  double pending_s_ = 0;              ///< of a move for which the last period was too short
  double at_risk_ = 0;                ///< iterations done since all state was read from storage
  double ended_s_ = 0;                ///< periods that have ended, summed up
  std::string failure_;
  ErrorCode failure_code_ = ErrorCode::kInfeasible;
};

}  // namespace

std::string_view to_string(MovePolicy policy) {
  return kPolicies[static_cast<std::size_t>(policy)];
}

MovePolicy move_policy_from(std::string_view name) {
  const auto found = std::find(kPolicies.begin(), kPolicies.end(), name);
  if (found == kPolicies.end()) {
    throw_usage(fmt::format("expected policy pay, replan or hold, found {}", quote(name)));
  }
  return static_cast<MovePolicy>(found - kPolicies.begin());
}

std::string_view to_string(PeriodAction action) {
  static constexpr std::array<std::string_view, 4> kNames = {"start", "keep", "move", "stall"};
  return kNames[static_cast<std::size_t>(action)];
}

ElasticSchedule plan_periods(const std::vector<AvailabilityPeriod>& periods,
                             const TrainingProblem& problem, const Planner& planner,
                             const Estimator& judge, const ElasticOptions& options,
                             const std::function<void(std::size_t)>& progress) {
  Scheduler scheduler(problem, planner, judge, options);
  for (std::size_t i = 0; i < periods.size(); ++i) {
    if (i > 0 && interrupted()) return scheduler.result(false);
    scheduler.add(periods[i]);
    if (progress) progress(i + 1);
  }
  return scheduler.result(true);
}

}  // namespace sextant
