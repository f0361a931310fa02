// Planner `piper` against what Piper was recorded to answer, and against every division of small
// models.
#include <algorithm>
#include <functional>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "planner/training/piper/piper.h"
#include "tests/baselines/support/recorded.h"
#include "tests/support/reference_data.h"
#include "tests/support/small_problem.h"

namespace sextant {
namespace {

using testing::HasSubstr;

TEST(PiperPlanner, AnswersWhatPiperWasRecordedToAnswer) {
  SEXTANT_NEEDS(reference_data("baselines"));
  int compared = 0;
  for (const RecordedAnswer& recorded : recorded_answers("Piper")) {
    SCOPED_TRACE(recorded.figure + " " + recorded.cluster);
    const TrainingInput input = published_input(recorded.figure, recorded.cluster);
    const PlannedJob ours =
        plan_job(piper_planner(), input.problem(), estimator_named("sailor"), {});
    ASSERT_TRUE(ours.feasible) << ours.reason;
    EXPECT_NEAR(ours.prediction.iters_per_s() / recorded.iters_per_s, 1, 1e-6);
    EXPECT_NEAR(ours.prediction.usd_per_iter() / recorded.usd_per_iter, 1, 1e-6);
    EXPECT_EQ(ours.plans_rejected_oom, recorded.plans_rejected_oom);
    ++compared;
  }
  EXPECT_EQ(compared, 3);
}

SearchResult search(const SmallProblem& small, const PlannerOptions& options = {}) {
  return piper_planner().search(small.problem(), estimator_named("piper"), options);
}

Plan plan_of(const SmallProblem& small, const std::vector<int>& sizes,
             const std::vector<int>& degrees) {
  Plan plan;
  plan.model = small.job.model;
  plan.layer_count = SmallProblem::kLayers;
  plan.global_batch = small.job.global_batch;
  plan.microbatch = 1;
  Pipeline& pipeline = plan.pipelines.emplace_back();
  int first = 0;
  for (std::size_t s = 0; s < sizes.size(); ++s) {
    const Replica replica = {{{"A", "here", -1, 1}}, 1, 0};
    pipeline.stages.push_back(
        {{{first, first + sizes[s]}},
         std::vector<Replica>(static_cast<std::size_t>(degrees[s]), replica)});
    first += sizes[s];
  }
  return plan;
}

/// The iteration of the best plan in the searched space by trying all, under the estimator.
double best_of_all(const SmallProblem& small) {
  double best = std::numeric_limits<double>::infinity();
  std::vector<int> sizes;
  std::vector<int> degrees;
  const std::function<void(int, int)> extend = [&](int layers, int gpus) {
    if (layers == 0) {
      const Prediction prediction =
          estimator_named("piper").predict(small.problem(), plan_of(small, sizes, degrees));
      if (prediction.fits) best = std::min(best, prediction.iteration_s);
      return;
    }
    for (int size = 1; size <= layers; ++size) {
      for (int dp = 1; dp <= std::min(gpus, small.job.global_batch); ++dp) {
        if (small.job.global_batch % dp != 0) continue;
        sizes.push_back(size);
        degrees.push_back(dp);
        extend(layers - size, gpus - dp);
        sizes.pop_back();
        degrees.pop_back();
      }
    }
  };
  // The degrees of all stages add up to no more than the microbatches.
  extend(SmallProblem::kLayers, std::min(small.cluster.pools[0].count, small.job.global_batch));
  return best;
}

TEST(PiperPlanner, FindsTheBestDivision) {
  for (const int gpus : {1, 2, 3, 5, 8}) {
    for (const int batch : {1, 5, 6, 8}) {
      for (const double memory : {40e9, 9e9, 6e9, 4e9, 2e9, 1e9}) {
        SCOPED_TRACE(testing::Message() << gpus << " GPUs, " << batch << ", " << memory);
        SmallProblem small;
        small.measure("A", 1, {1});
        small.profile.points[{"A", 1, 1}].layers[1].forward_s *= 2;
        small.profile.memory[1][2].saved_activation_bytes *= 2;
        small.add("A", "here", gpus, memory);
        small.job.global_batch = batch;
        const double best = best_of_all(small);
        const SearchResult result = search(small);
        EXPECT_TRUE(result.complete);
        ASSERT_EQ(result.proposals.empty(), best == std::numeric_limits<double>::infinity());
        if (result.proposals.empty()) {
          EXPECT_THAT(result.infeasible_reason, HasSubstr("alone needs"));
          continue;
        }
        const Proposal& found = result.proposals.front();
        check(found.plan);
        EXPECT_LE(gpu_count(found.plan), gpus);
        EXPECT_NEAR(found.believed_iteration_s, best, 1e-7);
        EXPECT_NEAR(estimator_named("piper").predict(small.problem(), found.plan).iteration_s, best,
                    1e-7);
      }
    }
  }
}

TEST(PiperPlanner, SeesTheFirstPoolOnly) {
  SmallProblem small;
  small.measure("A", 1, {1});
  small.measure("B", 0.1, {1});
  small.add("A", "here", 5);
  small.add("B", "here", 8);
  const SearchResult result = search(small);
  ASSERT_EQ(result.proposals.size(), 1U);
  for (const GpuUse& use : gpus_used(result.proposals[0].plan)) EXPECT_EQ(use.gpu, "A");
}

TEST(PiperPlanner, SaysWhyThereIsNoPlan) {
  SmallProblem small;
  small.measure("A", 1, {2});
  small.add("A", "here", 8);
  const PlannedJob job = plan_job(piper_planner(), small.problem(), estimator_named("sailor"), {});
  EXPECT_FALSE(job.feasible);
  EXPECT_THAT(job.reason, HasSubstr("tensor degree 1"));
  small.job.objective = Objective::kGpus;
  EXPECT_THAT(search(small).infeasible_reason, HasSubstr("objective gpus"));
}

TEST(PiperPlanner, StopsWhereItIsTold) {
  SmallProblem small;
  small.measure("A", 1, {1});
  small.add("A", "here", 8);
  PlannerOptions options;
  options.max_evaluations = 5;
  const SearchResult some = search(small, options);
  EXPECT_FALSE(some.complete);
  EXPECT_TRUE(some.proposals.empty());
  EXPECT_THAT(some.infeasible_reason, HasSubstr("stopped"));
  options.max_evaluations = 0;
  options.time_limit_s = 0;
  EXPECT_FALSE(search(small, options).complete);
}

}  // namespace
}  // namespace sextant
