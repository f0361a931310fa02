// Why there is no plan: figures worked out by hand on a model of four layers, each of which takes
// 0.6e9 bytes of state and 1e9 of activations beside the 2e9 that estimator sailor allows for.
#include "planner/training/diagnosis.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "planner/training/changed_network.h"
#include "tests/support/small_problem.h"

namespace sextant {
namespace {

using testing::HasSubstr;

const Estimator& sailor() {
  return estimator_named("sailor");
}

SearchResult search(const TrainingProblem& problem, const PlannerOptions& options) {
  return planner_named("sextant").search(problem, sailor(), options);
}

std::string reason(const SmallProblem& small, const PlanSearch& with = search,
                   bool complete = true) {
  return why_no_plan(with, small.problem(), sailor(), {}, complete);
}

std::string refusal(const SmallProblem& small) {
  try {
    return "not refused: " + reason(small);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadInput);
    return error.what();
  }
}

/// GPUs of 7e9 bytes, where all four layers take 2e9 + 4 * 1.6e9.
SmallProblem too_small(int gpus) {
  SmallProblem small;
  small.measure("A", 1, {1});
  small.add("A", "here", gpus, 7e9);
  return small;
}

TEST(WhyNoPlan, SaysHowMuchMemoryAndHowManyGpusWouldDo) {
  const SmallProblem small = too_small(1);
  ASSERT_TRUE(search(small.problem(), {}).proposals.empty());
  EXPECT_EQ(reason(small),
            "no plan fits in memory: of the nearest, of 1 stage on 1 GPU, stage 0 (layers 0-3 on A "
            "TP1, microbatch 1) needs 7.82 GiB of 6.52 GiB; a plan is found with 20.0 % more than "
            "the memory there is (7.82 GiB on A); one is found with 4 more A@here");
  // One layer, and three behind it: 2e9 + 0.6e9 + 2 * 1e9 and 2e9 + 3 * 1.6e9.
  EXPECT_FALSE(search(too_small(2).problem(), {}).proposals.empty());
}

TEST(WhyNoPlan, SaysWhatNoNumberOfGpusCures) {
  SmallProblem small;
  small.measure("A", 1, {1});
  small.add("A", "here", 4, 3e9);
  // A layer by itself, with none behind it, takes 3.6e9.
  EXPECT_THAT(reason(small), HasSubstr("of 2.79 GiB; a plan is found with"));
  EXPECT_THAT(reason(small), HasSubstr("with up to 1024 more nodes none is found"));
}

TEST(WhyNoPlan, NamesGpusWithoutAProfile) {
  SmallProblem small = too_small(1);
  small.add("B", "there", 4);
  EXPECT_THAT(reason(small), HasSubstr("; B@there could not be used for want of a profile"));
  small.cluster.pools.erase(small.cluster.pools.begin());
  EXPECT_THAT(refusal(small), HasSubstr("no plan can use any GPU: the profile of \"small\" has no "
                                        "point of B@there; it has A"));
}

TEST(WhyNoPlan, ComparesBatchAndNodeWithTheProfile) {
  SmallProblem small = too_small(1);
  small.job.global_batch = 0;
  EXPECT_THAT(reason(small),
              HasSubstr("the smallest microbatch profiled on A is 1, the global batch 0"));
  SmallProblem wide;
  wide.measure("A", 1, {4});
  wide.add("A", "here", 2);
  EXPECT_THAT(reason(wide),
              HasSubstr("the smallest tensor degree profiled on A is 4, a node has 2"));
}

TEST(WhyNoPlan, NamesQuotas) {
  SmallProblem small = too_small(0);
  small.cluster.pools[0].quota = 0;
  EXPECT_THAT(reason(small), HasSubstr("the quota of A@here is 0"));
}

/// Says of every problem what `answer` says, and keeps the problems' jobs.
struct Script {
  std::vector<Job> asked;
  std::function<std::optional<double>(const Job&)> usd;  ///< of the plan; nothing: no plan
  bool complete = true;

  PlanSearch search(const SmallProblem& small) {
    return [this, &small](const TrainingProblem& problem, const PlannerOptions& options) {
      EXPECT_TRUE(options.known_plans.empty());
      asked.push_back(problem.job);
      SearchResult result;
      result.complete = complete;
      if (!usd || !usd(problem.job)) return result;
      Plan plan;
      plan.model = "small";
      plan.layer_count = SmallProblem::kLayers;
      plan.global_batch = problem.job.global_batch;
      plan.microbatch = 1;
      plan.pipelines = {{{{{{0, SmallProblem::kLayers}}, {{{{"A", "here", 0, 1}}, 1, 0}}}}}};
      const Prediction p = sailor().predict(small.problem(), plan);
      result.proposals.push_back({plan, p.iteration_s, p.usd_per_iter()});
      return result;
    };
  }
};

TEST(WhyNoPlan, LooksForBoundsOneAtATime) {
  SmallProblem small;
  small.measure("A", 1, {1});
  small.add("A", "here", 1);
  // One GPU takes 8 * 4 * 0.3 s and 0.05 s of update, at one USD a second.
  small.job.min_iters_per_s = 0.2;
  Script script;
  script.usd = [](const Job& job) {
    return job.min_iters_per_s ? std::nullopt : std::optional<double>(9.65);
  };
  EXPECT_EQ(reason(small, script.search(small)),
            "no plan does 0.2 iterations/s: the fastest does 0.10363 iterations/s at 9.65 USD per "
            "iteration, 48.2 % less than asked");
  script.complete = false;
  EXPECT_THAT(reason(small, script.search(small), false),
              HasSubstr("no plan was found that does 0.2 iterations/s: the fastest found does"));
  small.job.min_iters_per_s.reset();
  small.job.max_usd_per_iter = 5;
  script.usd = [](const Job& job) {
    return job.max_usd_per_iter ? std::nullopt : std::optional<double>(9.65);
  };
  script.complete = true;
  EXPECT_THAT(reason(small, script.search(small)),
              HasSubstr("no plan costs at most 5 USD per iteration: the cheapest does 0.10363 "
                        "iterations/s at 9.65 USD per iteration, 93.0 % more than what is "
                        "allowed"));
  for (const Job& job : script.asked) {
    EXPECT_FALSE(job.min_iters_per_s && job.max_usd_per_iter);
  }
}

TEST(WhyNoPlan, ComparesBoundsThatContradict) {
  SmallProblem small;
  small.measure("A", 1, {1});
  small.add("A", "here", 1);
  small.job.min_iters_per_s = 0.1;
  small.job.max_usd_per_iter = 9.7;
  Script script;
  script.usd = [](const Job& job) {
    return job.min_iters_per_s && job.max_usd_per_iter ? std::nullopt : std::optional<double>(9.65);
  };
  EXPECT_THAT(reason(small, script.search(small)),
              HasSubstr("the job's bounds contradict each other: no plan does 0.1 iterations/s for "
                        "at most 9.7 USD per iteration; within that cost the fastest does 0.10363 "
                        "iterations/s at 9.65 USD per iteration"));
  EXPECT_THAT(reason(small, script.search(small), false),
              HasSubstr("each of the job's bounds can be met, but no plan was found that does 0.1 "
                        "iterations/s for at most 9.7 USD per iteration; within"));
}

TEST(WhyNoPlan, EndsWhereNothingIsEverFound) {
  const SmallProblem small = too_small(1);
  Script script;
  EXPECT_THAT(reason(small, script.search(small)),
              HasSubstr("no plan was found, nor one with 4096 times the memory"));
  EXPECT_LT(script.asked.size(), 100U);
}

/// 1 GB/s and 1 ms inside a zone; no link between zones, or a quadratic one.
class TwoZones : public Network {
 public:
  explicit TwoZones(bool joined) : joined_(joined) {}
  LinkModel between(const LinkEnd& from, const LinkEnd& to) const override {
    if (from.zone == to.zone) return LinkModel::latency_bandwidth(1e-3, 1e9);
    if (!joined_) throw_bad_input("no link");
    return LinkModel::quadratic_log2_mb(0, 0.1, 2, 3e9);
  }
  std::string describe() const override { return "two zones"; }

 private:
  bool joined_;
};

TEST(ChangedNetwork, HasMoreBandwidthAndTheSameLatency) {
  const auto network = std::make_shared<TwoZones>(true);
  const LinkEnd here{"here", "A", 1};
  const LinkEnd there{"there", "A", 1};
  const auto zones = with_bandwidth(network, ChangedLinks::kBetweenZones, 2);
  EXPECT_EQ(zones->between(here, here), network->between(here, here));
  // bytes / (2 + 0.1 log2(8)) GB/s
  EXPECT_NEAR(network->between(here, there).transfer_s(8e6), 8e-3 / 2.3, 1e-12);
  EXPECT_NEAR(zones->between(here, there).transfer_s(8e6), 4e-3 / 2.3, 1e-12);
  const auto machines = with_bandwidth(network, ChangedLinks::kBetweenMachines, 4);
  EXPECT_NEAR(machines->between(here, here).transfer_s(8e6), 1e-3 + 2e-3, 1e-12);
  EXPECT_NEAR(machines->between(here, there).transfer_s(8e6), 2e-3 / 2.3, 1e-12);
}

TEST(ChangedNetwork, HasLinksWhereThereAreNone) {
  const auto network = std::make_shared<TwoZones>(false);
  const LinkEnd here{"here", "A", 1};
  const LinkEnd there{"there", "A", 1};
  EXPECT_FALSE(network->find(here, there));
  const auto joined = with_all_links(network);
  EXPECT_NEAR(joined->between(here, there).transfer_s(12.5e6), 1e-4 + 1e-3, 1e-12);
  EXPECT_EQ(joined->between(here, here), network->between(here, here));
}

}  // namespace
}  // namespace sextant
