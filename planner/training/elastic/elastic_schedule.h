#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "planner/training/elastic/availability_periods.h"
#include "planner/training/elastic/transition.h"
#include "planner/training/planner.h"

namespace sextant {

/// When a job moves to another plan although its GPUs are still there.
enum class MovePolicy {
  kPay,     ///< where that pays within the time that the GPUs are expected to stay
  kReplan,  ///< always, to the best plan
  kHold,    ///< never
};
std::string_view to_string(MovePolicy policy);
/// Throws Error(kUsage) naming those there are.
MovePolicy move_policy_from(std::string_view name);

struct ElasticOptions {
  MovePolicy policy = MovePolicy::kPay;
  MoveOptions move;
  /// Seconds of training between checkpoints, > 0. Writing them costs nothing here: they are taken
  /// to be copied while training goes on.
  double checkpoint_every_s = 600;
  /// How long availability is expected to stay as it is, seconds; absent = the mean of the periods
  /// that have ended, which is all that a running job can know.
  std::optional<double> expected_stay_s;
  /// Instead, each period's own duration: what nobody knows beforehand.
  bool hindsight = false;
  PlannerOptions search;
};

enum class PeriodAction { kStart, kKeep, kMove, kStall };
std::string_view to_string(PeriodAction action);

/// A period and what was done in it.
struct ElasticPeriod {
  double from_s = 0;
  double duration_s = 0;
  std::string gpus;  ///< Cluster::summary(); "" where there were none
  int gpu_count = 0;
  PeriodAction action = PeriodAction::kStall;
  std::string why;                         ///< one sentence, for people
  std::optional<double> expected_stay_s;   ///< by which the move was judged
  std::optional<double> best_iters_per_s;  ///< of the best plan for these GPUs

  // Of the plan that runs; nothing of the following where the job stalls.
  std::shared_ptr<const Plan> plan;  ///< with every node named; the same pointer while it is kept
  Prediction prediction;
  Move move;          ///< Move::placed emptied
  double move_s = 0;  ///< spent in this period; what a period is too short for goes into the next
  double training_s = 0;
  double iterations = 0;       ///< training_s / iteration time, not rounded
  double lost_iterations = 0;  ///< of earlier ones, by the change at the period's start
  double usd = 0;              ///< GPUs of the plan while moving and training, and egress
};

struct ElasticTotals {
  double duration_s = 0;
  double training_s = 0;
  double moving_s = 0;
  double stalled_s = 0;
  double iterations = 0;  ///< kept: done less lost
  double lost_iterations = 0;
  double ideal_iterations = 0;  ///< of the best plan of every period, if moves took no time
  double usd = 0;
  int moves = 0;
  int returns_to_checkpoint = 0;  ///< with loss of work, at moves and stalls

  /// Iterations kept over ideal ones.
  double goodput() const { return iterations / ideal_iterations; }
};

struct ElasticSchedule {
  std::vector<ElasticPeriod> periods;
  ElasticTotals totals;
  bool complete = true;  ///< false: a signal came before the last period was planned
};

/// Plans each period, equal clusters once, each search beginning with the plans found so far, and
/// decides at each change what runs next. To choose from there are the plan that runs, where its
/// GPUs are all there, the period's best plan, and the plans of the last periods that still fit.
/// With MovePolicy::kPay that is taken which the job's objective likes best over the expected stay
/// T: of throughput, most iterations (T - move_s) / iteration_s - lost_iterations; of cost, least
/// USD for each of them; of GPUs, fewest, then most iterations.
///
/// lost_iterations are, where Move::loses_work, those of half of checkpoint_every_s, no more than
/// were done since all state was read from storage; where Move::loses_iteration, half of one; else
/// none. A job
/// that stalls leaves its GPUs, and begins again from the checkpoint: with notice enough to write
/// one (checkpoint_s) without loss. The first period begins from storage too.
///
/// `problem.cluster` is not used. `progress` hears of each period that is planned. Throws
/// Error(kInfeasible) (or the planner's own error code) where no period has a plan.
ElasticSchedule plan_periods(const std::vector<AvailabilityPeriod>& periods,
                             const TrainingProblem& problem, const Planner& planner,
                             const Estimator& judge, const ElasticOptions& options,
                             const std::function<void(std::size_t)>& progress = {});

}  // namespace sextant
