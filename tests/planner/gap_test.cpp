// On clusters of up to 256 GPUs of two types, planner `sextant` proves its fastest plan to within
// 1 % with its default budget (estimator `sailor`, whose separable view is exact). How far it
// proves other answers is printed.
#include <iostream>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "analyzer/core/random.h"
#include "planner/training/sextant/sextant_planner.h"
#include "tests/planner/exhaustive/held_answer.h"
#include "tests/planner/exhaustive/large_problem.h"
#include "tests/planner/exhaustive/random_problem.h"

namespace sextant::exhaustive {
namespace {

constexpr double kMostGap = 0.01;

void expect_honest(const TrainingProblem& problem, const std::string& name) {
  const Objective objective = problem.job.objective;
  const PlannedJob found = plan_job(sextant_planner(), problem, estimator_named("sailor"), {});
  ASSERT_TRUE(found.feasible) << name << ": " << found.reason;
  EXPECT_EQ(what_is_impossible(problem.cluster, found.plan), "") << name;
  const Figures answer = {found.prediction.iteration_s, found.prediction.usd_per_iter(),
                          gpu_count(found.plan), found.prediction.fits};
  EXPECT_TRUE(answer.fits && meets(problem.job, answer)) << name;
  const double bound = lower_bound(objective, found.search);
  ASSERT_GT(bound, 0) << name;
  const double gap = value(objective, answer) / bound - 1;
  const bool fastest = objective == Objective::kThroughput && !problem.job.max_usd_per_iter;
  if (fastest) {
    EXPECT_LE(gap, kMostGap) << name << ": " << summary(found.plan);
  }
  EXPECT_GE(gap, -1e-9) << name << ": " << summary(found.plan);
  std::cout << fmt::format("{}: gap {:.3f} %, {} evaluations, {}\n", name, 100 * gap,
                           found.search.evaluations,
                           found.search.complete ? "complete" : "stopped");
}

struct Case {
  const char* name;
  const char* model;
  int fast;  ///< A100-40
  int slow;  ///< V100-16
};

/// With each objective, the two others under a bound.
void expect_all_honest(const Case& here) {
  std::vector<GpuCount> gpus = {{"A100-40", "a", here.fast}, {"V100-16", "a", here.slow}};
  std::erase_if(gpus, [](const GpuCount& some) { return some.count == 0; });
  LargeProblem large = large_problem(here.model, gpus);
  expect_honest(large.problem(), std::string(here.name) + ", throughput");
  const PlannedJob fastest =
      plan_job(sextant_planner(), large.problem(), estimator_named("sailor"), {});
  ASSERT_TRUE(fastest.feasible);
  large.job.objective = Objective::kCost;
  const PlannedJob cheapest =
      plan_job(sextant_planner(), large.problem(), estimator_named("sailor"), {});
  ASSERT_TRUE(cheapest.feasible);
  large.job.objective = Objective::kThroughput;
  large.job.max_usd_per_iter =
      (cheapest.prediction.usd_per_iter() + fastest.prediction.usd_per_iter()) / 2;
  expect_honest(large.problem(), std::string(here.name) + ", throughput in a budget");
  large.job.max_usd_per_iter.reset();
  large.job.min_iters_per_s = 0.6 * fastest.prediction.iters_per_s();
  large.job.objective = Objective::kCost;
  expect_honest(large.problem(), std::string(here.name) + ", cost");
  large.job.objective = Objective::kGpus;
  expect_honest(large.problem(), std::string(here.name) + ", GPUs");
}

TEST(ProvedGap, OfOpt350mOnTwoTypes) {
  expect_all_honest({"32+32", "OPT-350M", 32, 32});
  expect_all_honest({"80+80", "OPT-350M", 80, 80});
  expect_all_honest({"128+128", "OPT-350M", 128, 128});
  expect_all_honest({"32+96", "OPT-350M", 32, 96});
}

TEST(ProvedGap, OfGptNeoOnTwoTypes) {
  expect_all_honest({"GPT-Neo 32+32", "GPT-Neo-2.7B", 32, 32});
  expect_all_honest({"GPT-Neo 128+128", "GPT-Neo-2.7B", 128, 128});
  expect_all_honest({"GPT-Neo 64+192", "GPT-Neo-2.7B", 64, 192});
}

TEST(ProvedGap, OfOneType) {
  expect_all_honest({"256", "OPT-350M", 256, 0});
  expect_all_honest({"GPT-Neo 256", "GPT-Neo-2.7B", 256, 0});
}

/// Unlike layers, links and memory, up to 256 GPUs and 34 layers.
TEST(ProvedGap, OfRandomProblems) {
  for (std::uint64_t seed = 50'001; seed <= 50'024; ++seed) {
    Random random(seed);
    Shape shape;
    shape.least_layers = 8;
    shape.most_layers = 34;
    shape.least_gpus = 16;
    shape.most_gpus = 256;
    shape.full_profile = true;
    shape.gaps = false;
    SmallProblem small = random_problem(seed, shape);
    small.job.global_batch = whole_between(random, 32, 1024);
    if (!plan_job(sextant_planner(), small.problem(), estimator_named("sailor"), {}).feasible) {
      continue;
    }
    expect_honest(small.problem(), fmt::format("seed {}, {} layers, {}", seed,
                                               small.profile.layer_count, small.cluster.summary()));
  }
}

}  // namespace
}  // namespace sextant::exhaustive
