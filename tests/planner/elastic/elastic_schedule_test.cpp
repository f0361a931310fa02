// Plans for periods, what is decided between them, and what is left of the trace's time, by hand.
#include "planner/training/elastic/elastic_schedule.h"

#include <csignal>
#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "analyzer/core/interrupt.h"
#include "analyzer/training/separable.h"
#include "planner/training/elastic/period_choice.h"
#include "tests/planner/elastic/small_plans.h"

namespace sextant {
namespace {

using testing::DoubleNear;
using testing::HasSubstr;

constexpr double kAllBytes = SmallProblem::kLayers * kLayerStateBytes;  // 1.2 GB: 1.2 s on a link

/// 8 s divided by the GPUs; a GPU costs 1 USD a second.
class Judge : public Estimator {
 public:
  std::string_view name() const override { return "judge"; }
  std::string_view description() const override { return "work divided by GPUs"; }
  Prediction predict(const TrainingProblem&, const Plan& plan) const override {
    Prediction out;
    out.iteration_s = 8.0 / gpu_count(plan);
    out.compute_usd = 8;
    return out;
  }
  std::unique_ptr<SeparableCosts> separable(const TrainingProblem&,
                                            const PlanSettings&) const override {
    return nullptr;
  }
};

/// The whole model on each GPU; needs two.
class AllGpus : public Planner {
 public:
  explicit AllGpus(int zero_stage = 0) : zero_stage_(zero_stage) {}
  std::string_view name() const override { return "all"; }
  std::string_view description() const override { return "uses every GPU"; }
  SearchResult search(const TrainingProblem& problem, const Estimator& judge,
                      const PlannerOptions& options) const override {
    known.push_back(options.known_plans);
    SearchResult out;
    const int gpus = problem.cluster.gpu_count();
    if (gpus < 2) {
      out.infeasible_reason = "needs two GPUs";
      return out;
    }
    std::vector<int> nodes;
    for (int g = 0; g < gpus; ++g) nodes.push_back(g / 4);
    out.proposals.push_back({plan_on({nodes}, 1, zero_stage_), 0, 0});
    out.proposals[0].believed_iteration_s =
        judge.predict(problem, out.proposals[0].plan).iteration_s;
    return out;
  }

  mutable std::vector<std::vector<Plan>> known;  ///< of each search

 private:
  int zero_stage_;
};

std::vector<AvailabilityPeriod> periods_of(const std::vector<std::pair<int, double>>& gpus_and_s) {
  std::vector<AvailabilityPeriod> out;
  double from_s = 0;
  for (const auto& [gpus, duration_s] : gpus_and_s) {
    out.push_back({from_s, duration_s, small_cluster(gpus).cluster});
    if (gpus == 0) out.back().cluster.pools.clear();
    from_s += duration_s;
  }
  return out;
}

ElasticOptions options_of(MovePolicy policy) {
  ElasticOptions out;
  out.policy = policy;
  out.move.restart_s = 10;
  out.checkpoint_every_s = 100;
  return out;
}

ElasticSchedule schedule_of(const std::vector<std::pair<int, double>>& gpus_and_s,
                            const ElasticOptions& options, const Planner& planner = AllGpus()) {
  const SmallProblem small = small_cluster(8);
  return plan_periods(periods_of(gpus_and_s), small.problem(), planner, Judge(), options);
}

// A node of four replicas reads or receives one copy (1.2 s) and makes three of it (3.6 s); with
// the restart 14.8 s.
TEST(ElasticSchedule, AddsUpWhatMovesLeave) {
  const ElasticSchedule schedule =
      schedule_of({{4, 100}, {8, 100}, {4, 100}}, options_of(MovePolicy::kReplan));
  ASSERT_EQ(schedule.periods.size(), 3U);
  const auto& [start, grown, shrunk] =
      std::tie(schedule.periods[0], schedule.periods[1], schedule.periods[2]);
  EXPECT_EQ(start.action, PeriodAction::kStart);
  EXPECT_DOUBLE_EQ(start.move.storage_bytes, kAllBytes);
  EXPECT_DOUBLE_EQ(start.move_s, 14.8);
  EXPECT_DOUBLE_EQ(start.iterations, 85.2 / 2);
  EXPECT_EQ(start.usd, 400);
  EXPECT_EQ(grown.action, PeriodAction::kMove);
  EXPECT_DOUBLE_EQ(grown.move.network_bytes, kAllBytes);
  EXPECT_DOUBLE_EQ(grown.move_s, 14.8);
  EXPECT_DOUBLE_EQ(grown.iterations, 85.2);
  EXPECT_EQ(grown.lost_iterations, 0);
  EXPECT_THAT(grown.why, HasSubstr("the new plan is 100.0 % faster"));
  EXPECT_EQ(shrunk.move_s, 10);
  EXPECT_EQ(shrunk.lost_iterations, 0.5);
  EXPECT_EQ(shrunk.iterations, 45);
  EXPECT_THAT(shrunk.why, HasSubstr("4 of its GPUs went"));

  const ElasticTotals& totals = schedule.totals;
  EXPECT_EQ(totals.duration_s, 300);
  EXPECT_DOUBLE_EQ(totals.iterations, 42.6 + 85.2 + 45 - 0.5);
  EXPECT_DOUBLE_EQ(totals.ideal_iterations, 200);
  EXPECT_DOUBLE_EQ(totals.goodput(), 172.3 / 200);
  EXPECT_DOUBLE_EQ(totals.training_s, 85.2 + 85.2 + 90);
  EXPECT_DOUBLE_EQ(totals.moving_s, 14.8 + 14.8 + 10);
  EXPECT_EQ(totals.usd, 1600);
  EXPECT_EQ(totals.moves, 2);
  EXPECT_EQ(totals.returns_to_checkpoint, 0);
}

// From four to eight GPUs a move of 14.8 s halves the iteration: (T - 14.8) / 1 > T / 2 from
// T = 29.6 s on.
TEST(ElasticSchedule, MovesWhereThatPays) {
  const auto second = [](double first_s, double second_s, const auto& change) {
    ElasticOptions options = options_of(MovePolicy::kPay);
    change(options);
    return schedule_of({{4, first_s}, {8, second_s}}, options).periods[1].action;
  };
  const auto online = [](ElasticOptions&) {};
  EXPECT_EQ(second(29, 1000, online), PeriodAction::kKeep);
  EXPECT_EQ(second(30, 1, online), PeriodAction::kMove);
  const auto hindsight = [](ElasticOptions& options) { options.hindsight = true; };
  EXPECT_EQ(second(1000, 29, hindsight), PeriodAction::kKeep);
  EXPECT_EQ(second(15, 30, hindsight), PeriodAction::kMove);
  const auto told = [](double stay_s) {
    return [stay_s](ElasticOptions& options) { options.expected_stay_s = stay_s; };
  };
  EXPECT_EQ(second(1000, 1000, told(29)), PeriodAction::kKeep);
  EXPECT_EQ(second(15, 1, told(30)), PeriodAction::kMove);
}

TEST(ElasticSchedule, HoldKeepsWhatItHas) {
  const ElasticSchedule schedule =
      schedule_of({{4, 100}, {8, 100}, {2, 100}}, options_of(MovePolicy::kHold));
  EXPECT_EQ(schedule.periods[1].action, PeriodAction::kKeep);
  EXPECT_EQ(schedule.periods[1].move_s, 0);
  EXPECT_EQ(schedule.periods[1].iterations, 50);
  EXPECT_EQ(schedule.periods[1].plan, schedule.periods[0].plan);
  EXPECT_THAT(schedule.periods[1].why, HasSubstr("100.0 % faster, but its GPUs are there"));
  EXPECT_EQ(schedule.periods[2].action, PeriodAction::kMove);
  EXPECT_EQ(gpu_count(*schedule.periods[2].plan), 2);
}

// 42.6 iterations are done when the GPUs go; half of 100 s are 25 iterations of 2 s.
TEST(ElasticSchedule, AStallGoesBackToTheCheckpoint) {
  const std::vector<std::pair<int, double>> trace = {{4, 100}, {1, 50}, {4, 100}};
  ElasticOptions options = options_of(MovePolicy::kPay);
  const ElasticSchedule schedule = schedule_of(trace, options);
  const ElasticPeriod& stall = schedule.periods[1];
  EXPECT_EQ(stall.action, PeriodAction::kStall);
  EXPECT_EQ(stall.why, "needs two GPUs");
  EXPECT_EQ(stall.plan, nullptr);
  EXPECT_DOUBLE_EQ(stall.lost_iterations, 25);
  EXPECT_EQ(stall.usd, 0);
  EXPECT_EQ(schedule.periods[2].action, PeriodAction::kStart);
  EXPECT_DOUBLE_EQ(schedule.periods[2].move_s, 14.8);
  EXPECT_EQ(schedule.totals.stalled_s, 50);
  EXPECT_EQ(schedule.totals.returns_to_checkpoint, 1);
  EXPECT_DOUBLE_EQ(schedule.totals.ideal_iterations, 100);

  options.checkpoint_every_s = 1000;  // no more than was done
  EXPECT_DOUBLE_EQ(schedule_of(trace, options).periods[1].lost_iterations, 42.6);
  options.move.notice_s = 1.3;  // 1.2 s suffice to write a checkpoint
  EXPECT_EQ(schedule_of(trace, options).periods[1].lost_iterations, 0);
  EXPECT_EQ(schedule_of({{0, 10}, {4, 100}}, options).periods[0].why, "no GPUs");
}

// ZeRO: what the lost GPUs held of the optimizer nobody else has. Iterations of eight GPUs take
// 1 s, so that half of 100 s are 50.
TEST(ElasticSchedule, StateThatIsLostGoesBackToTheCheckpoint) {
  const ElasticSchedule schedule =
      schedule_of({{8, 200}, {4, 100}, {2, 100}}, options_of(MovePolicy::kReplan), AllGpus(1));
  const ElasticPeriod& period = schedule.periods[1];
  EXPECT_TRUE(period.move.from_checkpoint);
  EXPECT_DOUBLE_EQ(period.lost_iterations, 50);
  EXPECT_THAT(period.why, HasSubstr("back to the checkpoint"));
  // The node reads weights and moments once and copies the weights to three more GPUs.
  EXPECT_DOUBLE_EQ(period.move_s, 10 + 1.2 + 1.2);
  EXPECT_EQ(schedule.totals.returns_to_checkpoint, 2);
  EXPECT_EQ(schedule.periods[2].lost_iterations, 25);
}

// The first move takes 150 + 4.8 s, of which 54.8 s are left for the second period.
TEST(ElasticSchedule, ALongMoveGoesOnInTheNextPeriod) {
  ElasticOptions options = options_of(MovePolicy::kHold);
  options.move.restart_s = 150;
  const ElasticSchedule schedule = schedule_of({{4, 100}, {8, 100}}, options);
  EXPECT_EQ(schedule.periods[0].move_s, 100);
  EXPECT_EQ(schedule.periods[0].iterations, 0);
  EXPECT_EQ(schedule.periods[1].action, PeriodAction::kKeep);
  EXPECT_THAT(schedule.periods[1].move_s, DoubleNear(54.8, 1e-9));
  EXPECT_THAT(schedule.periods[1].iterations, DoubleNear(22.6, 1e-9));
}

TEST(ElasticSchedule, PlansEqualClustersOnceAndBeginsWithKnownPlans) {
  const AllGpus planner;
  schedule_of({{4, 100}, {8, 100}, {4, 100}, {8, 100}}, options_of(MovePolicy::kReplan), planner);
  ASSERT_EQ(planner.known.size(), 2U);
  EXPECT_TRUE(planner.known[0].empty());
  ASSERT_FALSE(planner.known[1].empty());
  EXPECT_EQ(planner.known[1][0], plan_on({{0, 0, 0, 0}}, 1));
}

TEST(ElasticSchedule, SaysThatNoPeriodHasAPlan) {
  const auto refusal = [](const std::vector<std::pair<int, double>>& trace) -> std::string {
    try {
      schedule_of(trace, options_of(MovePolicy::kPay));
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInfeasible);
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(refusal({{0, 10}, {1, 10}}), "no period of the trace has a plan: needs two GPUs");
  EXPECT_EQ(refusal({{0, 10}}), "no period of the trace has any GPUs");
}

TEST(ElasticScheduleDeathTest, LeavesOutPeriodsAfterASignal) {
  EXPECT_EXIT(
      {
        handle_interrupts();
        std::raise(SIGINT);
        const ElasticSchedule schedule =
            schedule_of({{4, 100}, {8, 100}}, options_of(MovePolicy::kPay));
        std::_Exit(!schedule.complete && schedule.periods.size() == 1 &&
                           schedule.totals.duration_s == 100
                       ? EXIT_SUCCESS
                       : EXIT_FAILURE);
      },
      testing::ExitedWithCode(EXIT_SUCCESS), "");
}

/// On `gpus` GPUs; reached in `downtime_s`.
elastic::Candidate candidate(int gpus, double iteration_s, double usd, double downtime_s) {
  elastic::Candidate out;
  out.prediction.iteration_s = iteration_s;
  out.prediction.compute_usd = usd;
  out.downtime_s = downtime_s;
  out.move.changes = downtime_s > 0;
  out.move.placed.plan = plan_on({std::vector<int>(static_cast<std::size_t>(gpus), 0)}, 1);
  return out;
}

TEST(PeriodChoice, FollowsTheObjective) {
  // The second costs 8 instead of 10 USD an iteration of 1 s; while it is reached it costs as well:
  // 8 T / (T - 20) < 10 from T = 100 s on.
  std::vector<elastic::Candidate> two = {candidate(4, 1, 10, 0), candidate(2, 1, 8, 20)};
  two[1].best = true;
  Job job;
  job.objective = Objective::kCost;
  EXPECT_EQ(elastic::choose(two, job, MovePolicy::kPay, 99), 0U);
  EXPECT_EQ(elastic::choose(two, job, MovePolicy::kPay, 101), 1U);
  EXPECT_EQ(elastic::choose(two, job, MovePolicy::kReplan, 1), 1U);
  EXPECT_THAT(elastic::reason(two, 0, job, MovePolicy::kPay, 99), HasSubstr("20.0 % cheaper"));
  job.objective = Objective::kGpus;
  EXPECT_EQ(elastic::choose(two, job, MovePolicy::kPay, 99), 1U);
  EXPECT_THAT(elastic::reason(two, 1, job, MovePolicy::kPay, 99), HasSubstr("has 2 fewer GPUs"));
  job.objective = Objective::kThroughput;
  EXPECT_EQ(elastic::choose(two, job, MovePolicy::kReplan, 99), 0U);  // no faster
  EXPECT_EQ(elastic::choose(two, job, MovePolicy::kHold, 99), 0U);
}

}  // namespace
}  // namespace sextant
