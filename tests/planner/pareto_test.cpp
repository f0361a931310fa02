#include "planner/training/pareto.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "analyzer/core/error.h"
#include "planner/training/sextant/sextant_planner.h"
#include "tests/planner/fixed_plans.h"

namespace sextant {
namespace {

using testing::eight_gpus;
using ::testing::ElementsAre;
using testing::FixedEstimator;
using testing::FixedPlan;
using testing::FixedPlanner;
using ::testing::HasSubstr;

ParetoFront front_of(const std::vector<FixedPlan>& plans, int points = 100, Job job = {},
                     bool exact = true) {
  SmallProblem small = eight_gpus();
  small.job.max_usd_per_iter = job.max_usd_per_iter;
  small.job.min_iters_per_s = job.min_iters_per_s;
  ParetoOptions options;
  options.points = points;
  return pareto_front(FixedPlanner(plans, exact), small.problem(), FixedEstimator(plans), options);
}

std::vector<double> seconds(const ParetoFront& front) {
  std::vector<double> out;
  for (const ParetoPoint& point : front.points) {
    out.push_back(point.planned.prediction.iteration_s);
  }
  return out;
}

// 1 s for 9 USD is the fastest and 8 s for 1 the cheapest; 2 s for 5 lies between. 4 s for 5 is
// slower for the same money, 2 s for 6 dearer at the same speed, 3 s for 7 both; they come first,
// so that a planner proposes them where it may.
const std::vector<FixedPlan> kPlans = {{4, 5}, {2, 6}, {3, 7}, {1, 9}, {2, 5}, {8, 1}};

TEST(ParetoFront, HasThePlansOfWhichNoneIsFasterAndCheaper) {
  const ParetoFront front = front_of(kPlans);
  EXPECT_THAT(seconds(front), ElementsAre(1, 2, 8));
  EXPECT_EQ(front.points[1].planned.prediction.usd_per_iter(), 5);
  EXPECT_TRUE(front.complete);
  EXPECT_TRUE(front.proved);
  for (const ParetoPoint& point : front.points) {
    EXPECT_TRUE(point.proved);
    const PlannedJob& planned = point.planned;
    EXPECT_EQ(*planned.search.bound_iters_per_s, planned.prediction.iters_per_s());
    EXPECT_EQ(*planned.search.bound_usd_per_iter, planned.prediction.usd_per_iter());
  }
}

TEST(ParetoFront, KeepsToTheJobsOwnBounds) {
  Job job;
  job.max_usd_per_iter = 8;
  EXPECT_THAT(seconds(front_of(kPlans, 100, job)), ElementsAre(2, 8));
  job.min_iters_per_s = 0.2;
  EXPECT_THAT(seconds(front_of(kPlans, 100, job)), ElementsAre(2));
  job.max_usd_per_iter = 4;
  try {
    front_of(kPlans, 100, job);
    FAIL() << "expected an error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInfeasible);
    EXPECT_THAT(error.what(), HasSubstr("within the bounds"));
  }
}

TEST(ParetoFront, HasOnePointWhereTheFastestPlanIsTheCheapest) {
  const ParetoFront front = front_of({{2, 2}, {1, 1}, {1, 3}, {5, 1}});
  EXPECT_THAT(seconds(front), ElementsAre(1));
  EXPECT_EQ(front.points[0].planned.prediction.usd_per_iter(), 1);
  EXPECT_EQ(front.most_missed_iters_per_s, 0);
  EXPECT_EQ(front.most_missed_usd_per_iter, 0);
}

TEST(ParetoFront, SaysWhatMayBePassedOver) {
  // Of three points, only the ends and one between are looked for: the first cut is of cost, at 5
  // USD, where 0.5 iterations/s is the fastest. Left are plans dearer than 5 USD and faster than
  // 0.5, and those cheaper than 5 USD and slower than 0.5.
  const ParetoFront front = front_of(kPlans, 3);
  EXPECT_THAT(seconds(front), ElementsAre(1, 2, 8));
  EXPECT_DOUBLE_EQ(front.most_missed_iters_per_s, 0.5);
  EXPECT_DOUBLE_EQ(front.most_missed_usd_per_iter, 4);
}

TEST(ParetoFront, ProvesNothingThatItsPlannerDoesNot) {
  const ParetoFront front = front_of(kPlans, 100, {}, false);
  EXPECT_THAT(seconds(front), ElementsAre(1, 2, 8));  // each is of one GPU
  EXPECT_FALSE(front.proved);
  for (const ParetoPoint& point : front.points) EXPECT_FALSE(point.proved);
}

TEST(ParetoFront, SharesItsTimeAmongItsSearches) {
  const SmallProblem small = eight_gpus();
  const FixedPlanner planner(kPlans);
  ParetoOptions options;
  options.points = 10;
  options.planner.time_limit_s = 1000;
  const ParetoFront front = pareto_front(planner, small.problem(), FixedEstimator(kPlans), options);
  EXPECT_THAT(seconds(front), ElementsAre(1, 2, 8));
  ASSERT_EQ(planner.time_limits_s.size(), front.searches);
  // A twentieth each, and the more the less the others took.
  EXPECT_LE(planner.time_limits_s.front(), 50);
  EXPECT_GT(planner.time_limits_s.front(), 25);
  EXPECT_GT(planner.time_limits_s.back(), planner.time_limits_s.front());
}

TEST(ParetoFront, NeedsPrices) {
  SmallProblem small = eight_gpus();
  small.cluster.pools[0].usd_per_hour = 0;
  EXPECT_THROW(pareto_front(FixedPlanner(kPlans), small.problem(), FixedEstimator(kPlans), {}),
               Error);
}

RC_GTEST_PROP(ParetoFront, IsExactToWithinWhatItSays, ()) {
  // Whole numbers, so that plans tie in one of the two.
  const auto count = *rc::gen::inRange<std::size_t>(1, 40);
  std::vector<FixedPlan> plans(count);
  for (FixedPlan& plan : plans) {
    plan.iteration_s = 1.0 / *rc::gen::inRange(1, 30);
    plan.compute_usd = *rc::gen::inRange(1, 30);
  }
  const int points = *rc::gen::inRange(2, 30);
  const ParetoFront front = front_of(plans, points);
  RC_ASSERT(front.proved && front.complete);
  RC_ASSERT(front.points.size() <= static_cast<std::size_t>(points));
  const auto dominates = [](const Prediction& a, const FixedPlan& b) {
    return a.iteration_s <= b.iteration_s && a.usd_per_iter() <= b.usd();
  };
  constexpr double kRounding = 1e-9;
  for (const FixedPlan& plan : plans) {
    double faster = HUGE_VAL, cheaper = HUGE_VAL;
    for (const ParetoPoint& point : front.points) {
      const Prediction& p = point.planned.prediction;
      // None of the listed plans is beaten.
      RC_ASSERT(!(plan.iteration_s <= p.iteration_s && plan.usd() <= p.usd_per_iter()) ||
                dominates(p, plan));
      if (p.usd_per_iter() <= plan.usd()) {
        faster = std::min(faster, plan.iters_per_s() - p.iters_per_s());
      }
      if (p.iteration_s <= plan.iteration_s) {
        cheaper = std::min(cheaper, p.usd_per_iter() - plan.usd());
      }
    }
    RC_ASSERT(faster <= front.most_missed_iters_per_s + kRounding);
    RC_ASSERT(cheaper <= front.most_missed_usd_per_iter + kRounding);
  }
}

// Eight GPUs of one type: what the planner finds for each bound is what the front says.
TEST(ParetoFront, AgreesWithTheSearchesOfOurPlanner) {
  SmallProblem small = eight_gpus();
  const Estimator& judge = estimator_named("sailor");
  const ParetoFront front = pareto_front(sextant_planner(), small.problem(), judge, {});
  ASSERT_GE(front.points.size(), 3U);
  EXPECT_TRUE(front.proved);
  for (const ParetoPoint& point : front.points) {
    const Prediction& p = point.planned.prediction;
    small.job.objective = Objective::kThroughput;
    small.job.max_usd_per_iter = p.usd_per_iter();
    const PlannedJob fastest = plan_job(sextant_planner(), small.problem(), judge, {});
    EXPECT_NEAR(fastest.prediction.iteration_s / p.iteration_s, 1, 1e-9);
    small.job.objective = Objective::kCost;
    small.job.max_usd_per_iter.reset();
    small.job.min_iters_per_s = p.iters_per_s() * (1 - 1e-9);
    const PlannedJob cheapest = plan_job(sextant_planner(), small.problem(), judge, {});
    EXPECT_NEAR(cheapest.prediction.usd_per_iter() / p.usd_per_iter(), 1, 1e-9);
    small.job.min_iters_per_s.reset();
  }
}

}  // namespace
}  // namespace sextant
