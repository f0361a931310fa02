#include "planner/training/purchase.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "planner/training/sextant/sextant_planner.h"
#include "tests/planner/fixed_plans.h"

namespace sextant {
namespace {

using testing::eight_gpus;
using testing::FixedEstimator;
using testing::FixedPlan;
using testing::FixedPlanner;
using ::testing::HasSubstr;

// An iteration is 8 sequences of 1000 tokens: a run of 800,000 tokens is 100 iterations. A GPU is 1
// USD a second. One GPU: 8 s, 8 USD. Two: 5 s, 10. Three with cheap traffic: 5 s, 15 + 1. Four:
// 3 s, 12. Eight: 2 s, 16 + 4.
const std::vector<FixedPlan> kPlans = {
    {8, 8, 0, 1}, {5, 10, 0, 2}, {5, 15, 1, 3}, {3, 12, 0, 4}, {2, 16, 4, 8}};
constexpr double kTokens = 800'000;

PurchaseQuestion question(std::optional<double> deadline_s, std::optional<double> budget_usd = {},
                          Objective fewest = Objective::kCost) {
  return {kTokens, deadline_s, budget_usd, fewest};
}

Purchase buy(const PurchaseQuestion& asked, bool exact = true,
             const SmallProblem& small = eight_gpus()) {
  return purchase(FixedPlanner(kPlans, exact), small.problem(), FixedEstimator(kPlans), {}, asked);
}

std::string refusal(const PurchaseQuestion& asked, bool exact = true,
                    const SmallProblem& small = eight_gpus()) {
  try {
    buy(asked, exact, small);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInfeasible);
    return error.what();
  }
  ADD_FAILURE() << "expected an error";
  return "";
}

TEST(Purchase, OfTheCheapestGpusThatAreInTime) {
  const Purchase answer = buy(question(400));
  EXPECT_EQ(answer.iterations, 100);
  EXPECT_EQ(*answer.least_iters_per_s, 0.25);
  EXPECT_FALSE(answer.most_usd_per_iter);
  EXPECT_EQ(gpu_count(answer.planned.plan), 4);
  EXPECT_TRUE(answer.proved);
  ASSERT_EQ(answer.gpus.size(), 1U);
  EXPECT_EQ(answer.gpus[0].gpu, "A");
  EXPECT_EQ(answer.gpus[0].count, 4);
  EXPECT_EQ(answer.run_s, 300);
  EXPECT_DOUBLE_EQ(answer.gpus[0].usd, 1200);
  EXPECT_DOUBLE_EQ(answer.gpu_hours, 1.0 / 3);
  EXPECT_DOUBLE_EQ(answer.usd(), 1200);
}

TEST(Purchase, CountsEgressAndWholeIterations) {
  // One token more than 100 iterations have.
  const Purchase answer = buy({kTokens + 1, 205, {}, Objective::kCost});
  EXPECT_EQ(answer.iterations, 101);
  EXPECT_EQ(answer.run_s, 202);
  EXPECT_DOUBLE_EQ(answer.compute_usd, 1616);
  EXPECT_DOUBLE_EQ(answer.egress_usd, 404);
  EXPECT_DOUBLE_EQ(answer.usd(), 2020);
}

TEST(Purchase, OfTheFewestGpus) {
  const Purchase answer = buy(question(500, {}, Objective::kGpus));
  EXPECT_EQ(gpu_count(answer.planned.plan), 2);
  EXPECT_TRUE(answer.proved);
  EXPECT_EQ(answer.objective, Objective::kGpus);
}

TEST(Purchase, OfTheFastestGpusForTheMoney) {
  const Purchase answer = buy(question({}, 1999));
  EXPECT_EQ(answer.run_s, 300);
  EXPECT_EQ(answer.objective, Objective::kThroughput);
  EXPECT_DOUBLE_EQ(*answer.most_usd_per_iter, 19.99);
  EXPECT_TRUE(answer.proved);
  EXPECT_EQ(buy(question({}, 2000)).run_s, 200);
}

TEST(Purchase, HasBothADeadlineAndABudget) {
  EXPECT_EQ(buy(question(500, 1100)).run_s, 500);
  const std::string slow = refusal(question(400, 1100));
  EXPECT_THAT(slow, HasSubstr("no plan trains on 0.0008 billion tokens in 6 min 40 s for 1100.00"));
  EXPECT_THAT(slow, HasSubstr("the fastest does 0.2 on 2 GPUs of 8"));
  const std::string dear = refusal(question(400, 700));
  EXPECT_THAT(dear, HasSubstr("it costs 800.00 USD, 100.00 too much, and takes 13 min 20 s"));
}

TEST(Purchase, SaysByHowMuchItMissesTheDeadline) {
  SmallProblem small = eight_gpus();
  small.cluster.pools[0].quota = 8;
  const std::string text = refusal(question(100), true, small);
  EXPECT_THAT(text, HasSubstr("no plan trains on 0.0008 billion tokens in 100 s: that needs 1 "
                              "iterations/s, and the fastest does 0.5 on 8 GPUs of 8 (quotas used "
                              "up: 8xA@here); it takes 3 min 20 s, 100 s too long"));
  // One GPU is all that a search finds that is not exact: no plan was found, there may be one.
  EXPECT_THAT(refusal(question(100), false), HasSubstr("no plan was found that trains"));
}

TEST(Purchase, SaysByHowMuchItMissesTheBudget) {
  const std::string text = refusal(question({}, 500));
  EXPECT_THAT(text, HasSubstr("no plan trains on 0.0008 billion tokens for 500.00 USD: that leaves "
                              "5 USD for an iteration, and the cheapest takes 8; it costs 800.00 "
                              "USD, 300.00 too much, and takes 13 min 20 s"));
}

TEST(Purchase, KeepsToTheJobsOwnBounds) {
  SmallProblem small = eight_gpus();
  small.job.min_iters_per_s = 0.3;
  EXPECT_EQ(buy(question(1000), true, small).run_s, 300);
  small.job.max_usd_per_iter = 11;
  EXPECT_THAT(refusal(question(1000), true, small), HasSubstr("no plan is within the bounds"));
}

TEST(Purchase, ProvesNothingThatItsPlannerDoesNot) {
  const Purchase answer = buy(question(1000), false);
  EXPECT_EQ(gpu_count(answer.planned.plan), 1);
  EXPECT_FALSE(answer.proved);
}

TEST(Purchase, NeedsPricesAndTheSequenceLength) {
  SmallProblem small = eight_gpus();
  small.cluster.pools[0].usd_per_hour = 0;
  const auto message = [&] {
    try {
      buy(question(1000), true, small);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kBadInput);
      return std::string(error.what());
    }
    return std::string("no error");
  };
  EXPECT_THAT(message(), HasSubstr("prices missing: what a run costs"));
  small.job.seq_len = 0;
  EXPECT_THAT(message(), HasSubstr("sequence length of \"small\""));
}

// Of one type in one zone, fewer GPUs synchronise less, so that the cheapest are the fewest: one
// GPU does 8 sequences of four layers at 0.3 s, and the update of 0.05 s, in 9.65 s; two at most
// twice as fast.
TEST(Purchase, ByOurPlannerIsTheLeastThatIsInTime) {
  const SmallProblem small = eight_gpus();
  const Estimator& judge = estimator_named("sailor");
  for (const Objective fewest : {Objective::kCost, Objective::kGpus}) {
    const auto gpus = [&](double deadline_s) {
      const Purchase answer =
          purchase(sextant_planner(), small.problem(), judge, {}, question(deadline_s, {}, fewest));
      EXPECT_LE(answer.run_s, deadline_s * (1 + 1e-9));
      return gpu_count(answer.planned.plan);
    };
    EXPECT_EQ(gpus(965.1), 1);
    EXPECT_EQ(gpus(964.9), 2);
  }
}

}  // namespace
}  // namespace sextant
