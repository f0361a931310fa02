// Estimator sextant on a problem with round numbers: every part of a prediction is pinned by a
// figure worked out by hand, so that leaving one out turns a test red.
#include <algorithm>
#include <cmath>
#include <map>
#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "analyzer/training/separable.h"
#include "analyzer/training/sextant/iteration.h"
#include "analyzer/training/sextant/sextant.h"
#include "tests/training/sextant_problem.h"

namespace sextant {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr double kExact = 1e-12;

TEST(SextantEstimator, EveryPartOfAnIterationIsItsFigureWorkedByHand) {
  // A stage has two layers: forward 0.2 s, backward 0.4 s; four microbatches; messages of 20 MB
  // over 1 GB/s take 0.02 s, beside the computation.
  //   stage 0: F0 0-.2 F1 .2-.4 B0 .84-1.24 F2 -1.44 B1 -1.84 F3 -2.04 B2 2.08-2.48 B3 2.68-3.08
  //   stage 1: F0 .22-.42 B0 -.82 F1 -1.02 B1 -1.42 F2 1.46-1.66 B2 -2.06 F3 -2.26 B3 -2.66
  // Without messages 5 x 0.6 s. Two replicas on one node add up 200 MB in 2 steps of 100 MB: 0.2 s.
  // The optimizer takes half of the 0.05 s of the model of two blocks and two ends.
  const Prediction p = predict(SextantProblem(), plan_of(2, 2));
  EXPECT_NEAR(p.iteration_s, 3.305, kExact);
  ASSERT_TRUE(p.breakdown);
  EXPECT_NEAR(p.breakdown->compute_s, 2.4, kExact);
  EXPECT_NEAR(p.breakdown->bubble_s, 0.6, kExact);
  EXPECT_NEAR(p.breakdown->exposed_transfer_s, 0.08, kExact);
  EXPECT_NEAR(p.breakdown->exposed_sync_s, 0.2, kExact);
  EXPECT_NEAR(p.breakdown->update_s, 0.025, kExact);
  EXPECT_NEAR(p.steady_s + p.fill_s + p.sync_s + p.update_s, p.iteration_s, kExact);
  EXPECT_EQ(p.microbatches, 4);
  EXPECT_THAT(p.binds, HasSubstr("the computation of stage 0"));
  ASSERT_EQ(p.stages.size(), 2U);
  EXPECT_NEAR(p.stages[0].compute_s, 0.6, kExact);
  EXPECT_NEAR(p.stages[0].transfer_s, 0.02, kExact);
  EXPECT_NEAR(p.stages[1].sync_s, 0.2, kExact);
  EXPECT_FALSE(p.interval.has_spread);
  // Four GPUs at 3600 USD an hour.
  EXPECT_NEAR(p.compute_usd, 4 * 3.305, kExact);
  EXPECT_EQ(p.egress_usd, 0);
}

TEST(SextantEstimator, MemoryTermsAddUpAndAreBounded) {
  const Prediction p = predict(SextantProblem(), plan_of(2, 2));
  for (const StagePrediction& stage : p.stages) {
    double sum = 0;
    for (const MemoryTerm& term : stage.memory_terms) {
      EXPECT_GT(term.bytes, 0) << term.name;
      EXPECT_FALSE(term.source.empty()) << term.name;
      sum += term.bytes;
    }
    EXPECT_NEAR(sum, stage.peak_memory_bytes, 1);
    EXPECT_GT(stage.memory_bound_bytes, stage.peak_memory_bytes);
  }
  // The first stage holds two microbatches of two layers, 1 GB each.
  const auto& terms = p.stages[0].memory_terms;
  const auto activations = std::find_if(terms.begin(), terms.end(), [](const MemoryTerm& term) {
    return term.name == "activations";
  });
  ASSERT_NE(activations, terms.end());
  EXPECT_NEAR(activations->bytes, 4e9, 1e8);
  SextantProblem small;
  small.cluster.pools[0].memory_bytes = p.memory_bound_bytes * 0.99;
  const Prediction full = predict(small, plan_of(2, 2));
  EXPECT_FALSE(full.fits);
  EXPECT_THAT(full.memory_note, HasSubstr("stage 0 needs"));
}

TEST(SextantEstimator, FrameworksSendInTheirWay) {
  const Plan plan = plan_of(2, 1);
  SextantProblem problem;
  const double overlapped = predict(problem, plan).iteration_s;
  problem.job.framework = "megatron";
  const double blocking = predict(problem, plan).iteration_s;
  problem.job.framework = "deepspeed";
  const double ordered = predict(problem, plan).iteration_s;
  EXPECT_LT(overlapped, blocking);
  EXPECT_LE(blocking, ordered);
  problem.job.framework = "torch";
  EXPECT_THROW(predict(problem, plan), Error);
}

TEST(SextantEstimator, EveryRankSendsWhatItSends) {
  // Tensor degree 2: sextant's ranks send 20 MB each, two at once over a link of 1 GB/s between
  // nodes; a partitioned message is 20 MB in all.
  SextantProblem problem;
  problem.cluster.pools[0].gpus_per_node = 2;
  Plan plan = plan_of(2, 1, "A", 2);
  plan.global_batch = 1;
  const auto transfer = [&](const char* framework) {
    problem.job.framework = framework;
    return predict(problem, plan).stages[0].transfer_s;
  };
  EXPECT_NEAR(transfer("sextant"), 0.04, kExact);
  EXPECT_NEAR(transfer("deepspeed"), 0.02, kExact);
  // Two replicas of a stage on one node share its NICs.
  Plan neighbours = plan_of(2, 2);
  neighbours.pipelines[0].stages[0].replicas[0].machines[0].node = 0;
  neighbours.pipelines[0].stages[0].replicas[1].machines[0].node = 0;
  neighbours.pipelines[0].stages[1].replicas[0].machines[0].node = 1;
  neighbours.pipelines[0].stages[1].replicas[1].machines[0].node = 1;
  problem.job.framework = "sextant";
  EXPECT_NEAR(predict(problem, neighbours).stages[0].transfer_s, 0.04, kExact);
}

TEST(SextantEstimator, GradientsCrossEachNicAsRingsDo) {
  // Four replicas of 400 MB on four nodes: 6 steps of 100 MB. With two on a node: 2 steps of 200 MB
  // inside, then 2 steps in which both send 100 MB through one NIC.
  SextantProblem problem;
  problem.cluster.pools[0].gpus_per_node = 1;
  EXPECT_NEAR(predict(problem, plan_of(1, 4)).sync_s, 0.6, kExact);
  problem.cluster.pools[0].gpus_per_node = 2;
  EXPECT_NEAR(predict(problem, plan_of(1, 4)).sync_s, 0.4 + 0.4, kExact);
  Calibration slow;
  slow.collective_efficiency = 0.5;
  TrainingProblem training = problem.problem();
  training.calibration = slow;
  EXPECT_NEAR(sextant_estimator().predict(training, plan_of(1, 4)).sync_s, 1.6, kExact);
}

TEST(SextantEstimator, ShardedOptimizersUpdateTheirShare) {
  SextantProblem problem;
  Plan plan = plan_of(1, 4);
  EXPECT_NEAR(predict(problem, plan).update_s, 0.05, kExact);
  plan.zero_stage = 1;
  EXPECT_NEAR(predict(problem, plan).update_s, 0.0125, kExact);
  const double sync_s = predict(problem, plan).sync_s;
  EXPECT_GT(sync_s, 0);
  plan.zero_stage = 3;
  const Prediction sharded = predict(problem, plan);
  EXPECT_EQ(sharded.sync_s, 0);
  // Two microbatches each gather and scatter 400 MB: half of 0.6 s (6 steps of 100 MB on one node)
  // before each forward of 0.4 s, twice that with each backward of 0.8 s: all hidden.
  EXPECT_NEAR(sharded.iteration_s, 2 * (0.4 + 0.8) + 0.0125, 0.6);
}

TEST(SextantEstimator, OverlappedGradientsSlowTheLastBackwardAndHide) {
  SextantProblem problem;
  problem.job.framework = "megatron-overlap";
  const Plan plan = plan_of(1, 2);
  // 400 MB in three buckets of at most 160 MB; 0.4 s in all on one node, beside a backward of 0.8 s
  // that takes 10 % longer; the last bucket, a third, is exposed.
  const Prediction p = predict(problem, plan);
  EXPECT_NEAR(p.breakdown->compute_s, 4 * 1.2 + 0.08, kExact);
  EXPECT_NEAR(p.breakdown->exposed_sync_s, 0.4 / 3, 1e-9);
}

TEST(SextantEstimator, RecomputationRunsBlocksForwardAgain) {
  SextantProblem problem;
  Plan plan = plan_of(1, 1);
  const Prediction without = predict(problem, plan);
  plan.recompute = true;
  const Prediction with = predict(problem, plan);
  // Two of the four layers are blocks; eight microbatches.
  EXPECT_NEAR(with.iteration_s - without.iteration_s, 8 * 2 * 0.1, kExact);
  EXPECT_LT(with.peak_memory_bytes, without.peak_memory_bytes);
  problem.profile.recompute = true;
  plan.recompute = false;
  EXPECT_THROW(predict(problem, plan), Error);
}

TEST(SextantEstimator, AMicrobatchTakesNoLongerThanALargerOne) {
  SextantProblem problem;
  ProfilePoint larger = *problem.profile.find("A", 1, 1);
  for (LayerTime& time : larger.layers) time.forward_s = 0.08;
  problem.profile.points[{"A", 1, 2}] = larger;
  Plan plan = plan_of(1, 1);
  plan.global_batch = 1;
  // Forward 4 x 0.08 instead of 4 x 0.1.
  EXPECT_NEAR(predict(problem, plan).breakdown->compute_s, 0.32 + 0.8, kExact);
}

TEST(SextantEstimator, UnequalReplicasGetUnequalMicrobatches) {
  Plan plan = plan_of(1, 3);
  EXPECT_THAT(microbatches_by_replica(plan), ElementsAre(ElementsAre(3, 3, 2)));
  plan.global_batch = 7;
  plan.microbatch = 2;
  EXPECT_THAT(microbatches_by_replica(plan), ElementsAre(ElementsAre(2, 1, 1)));
  int share = 4;
  for (Replica& replica : plan.pipelines[0].stages[0].replicas) replica.share = share--;
  EXPECT_THAT(microbatches_by_replica(plan), ElementsAre(ElementsAre(4, 3, 2)));
  plan.split = BatchSplit::kSamples;
  EXPECT_THAT(microbatches_by_replica(plan), ElementsAre(ElementsAre(2, 2, 1)));
}

TEST(SextantEstimator, SlowRanksAndOverheadCount) {
  SextantProblem problem;
  TrainingProblem training = problem.problem();
  const Plan plan = plan_of(1, 2);
  const double plain = sextant_estimator().predict(training, plan).iteration_s;
  training.disturbance.slow = {{0, 0, 1, 1.5}};
  // Four microbatches of 1.2 s and an update of 0.05 s take half as long again.
  EXPECT_NEAR(sextant_estimator().predict(training, plan).iteration_s - plain,
              0.5 * (4 * 1.2 + 0.05), kExact);
  training.disturbance.slow = {{0, 0, 2, 1.5}};
  EXPECT_THROW(sextant_estimator().predict(training, plan), Error);
  training.disturbance = {{}, 0.05, 7};
  const double noisy = sextant_estimator().predict(training, plan).iteration_s;
  EXPECT_NE(noisy, plain);
  EXPECT_EQ(noisy, sextant_estimator().predict(training, plan).iteration_s);
  training.disturbance = {};
  training.calibration.iteration_overhead_s = 0.25;
  EXPECT_NEAR(sextant_estimator().predict(training, plan).iteration_s, plain + 0.25, kExact);
}

TEST(SextantEstimator, SpreadsOfTimesBecomeAnInterval) {
  SextantProblem problem;
  for (LayerTime& time : problem.profile.points.at({"A", 1, 1}).layers) {
    time.forward_spread = {0.09, 0.12};
    time.backward_spread = {0.19, 0.25};
  }
  Plan plan = plan_of(1, 1);
  plan.global_batch = 1;
  const Prediction p = predict(problem, plan);
  ASSERT_TRUE(p.interval.has_spread);
  EXPECT_NEAR(p.interval.low_s, 4 * 0.28 + 0.05, kExact);
  EXPECT_NEAR(p.interval.median_s, 4 * 0.3 + 0.05, kExact);
  EXPECT_NEAR(p.interval.high_s, 4 * 0.37 + 0.05, kExact);
}

TEST(SextantEstimator, RecordedCollectivesArePriced) {
  SextantProblem problem;
  ProfilePoint& point = problem.profile.points.at({"A", 2, 1});
  point.collectives.assign(SmallProblem::kLayers, {{"all_reduce", "forward", 1e8}});
  Plan plan = plan_of(1, 1, "A", 2);
  plan.global_batch = 1;
  try {
    predict(problem, plan);
    FAIL() << "a network that says nothing of the node's inside prices nothing";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("inside_node"));
  }
  struct WithInside : UniformNetwork {
    std::optional<LinkModel> inside_node(std::string_view, int) const override {
      return LinkModel::latency_bandwidth(0, 1e10);
    }
  };
  const double bare = 4 * 0.15 + 0.05;
  problem.cluster.network = std::make_shared<WithInside>();
  // Two steps of 50 MB over 10 GB/s in each of four layers.
  EXPECT_NEAR(predict(problem, plan).iteration_s, bare + 4 * 0.01, kExact);
}

TEST(SextantEstimator, TiedTablesAreAddedUpBetweenTheEnds) {
  SextantProblem problem;
  ModelDescription model;
  model.tied_embeddings = true;
  TrainingProblem training = problem.problem();
  const Plan plan = plan_of(2, 1);
  const double untied = sextant_estimator().predict(training, plan).iteration_s;
  training.model = &model;
  // 100 MB of the embedding: 2 steps of 50 MB.
  EXPECT_NEAR(sextant_estimator().predict(training, plan).iteration_s - untied, 0.1, kExact);
}

TEST(SextantEstimator, BytesBetweenZonesArePaidOnce) {
  SextantProblem problem;
  problem.add("A", "there", 8, 80e9);
  Plan plan = plan_of(2, 1);
  plan.pipelines[0].stages[1].replicas[0].machines[0].zone = "there";
  // 8 microbatches x 20 MB there and back at 0.01 USD per GB.
  EXPECT_NEAR(predict(problem, plan).egress_usd, 8 * 2 * 0.02 * 0.01, kExact);
}

TEST(SextantEstimator, RefusesWhatItDoesNotKnow) {
  const SextantProblem problem;
  const auto message = [&](const Plan& plan) {
    try {
      predict(problem, plan);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kBadInput);
      return std::string(error.what());
    }
    return std::string("no error");
  };
  EXPECT_THAT(message(plan_of(2, 1, "B")), AllOf(HasSubstr("/pipelines/0/stages/0/replicas/0"),
                                                 HasSubstr("\"B\""), HasSubstr("cluster")));
  EXPECT_THAT(message(plan_of(1, 65)), AllOf(HasSubstr("uses 65 \"A\""), HasSubstr("has 64")));
  EXPECT_THAT(message(plan_of(2, 1, "A", 4)), HasSubstr("no point at tensor degree 4"));
  Plan uneven = plan_of(2, 2);
  uneven.pipelines[0].stages[1].replicas.pop_back();
  EXPECT_THAT(message(uneven), AllOf(HasSubstr("/pipelines/0/stages/1"), HasSubstr("1 replicas")));
  Plan longer = plan_of(2, 1);
  longer.layer_count = 5;
  EXPECT_THAT(message(longer), HasSubstr("has 5 layers"));
  Plan split = plan_of(2, 1, "A", 2);
  split.sequence_parallel = true;
  EXPECT_THAT(message(split), HasSubstr("sequence parallelism"));
}

TEST(SextantEstimator, TheSeparableViewIsCloseAndSaysThatItIsNotExact) {
  SextantProblem problem;
  const TrainingProblem training = problem.problem();
  const auto costs = sextant_estimator().separable(training, PlanSettings{1});
  ASSERT_TRUE(costs);
  EXPECT_FALSE(costs->exact);
  EXPECT_EQ(costs->classes.size(), 2U);
  EXPECT_NEAR(costs->compute(0, 0, 2), 0.6, kExact);
  EXPECT_NEAR(costs->forward(0, 0, 1), 0.08, kExact) << "four replicas of a node share its NICs";
  EXPECT_NEAR(costs->update(0, 0, 2), 0.025, kExact);
}

/// A machine by itself: 2 GB/s among its GPUs, and nothing is known of other machines.
class InsideNetwork : public Network {
 public:
  LinkModel between(const LinkEnd&, const LinkEnd&) const override {
    throw_bad_input("there is no other machine");
  }
  std::optional<LinkModel> inside_node(std::string_view, int) const override {
    return LinkModel::latency_bandwidth(0, 2e9);
  }
  std::string describe() const override { return "inside"; }
};

TEST(SextantEstimator, TheSeparableViewOfOneMachineNeedsNoLinkToAnother) {
  SextantProblem problem;
  problem.cluster.pools[0].count = 4;
  problem.cluster.network = std::make_shared<InsideNetwork>();
  const auto costs = sextant_estimator().separable(problem.problem(), PlanSettings{1});
  EXPECT_TRUE(std::isfinite(costs->forward(0, 0, 1)));
  EXPECT_TRUE(std::isfinite(costs->forward(0, 1, 1)));
  EXPECT_TRUE(std::isfinite(costs->backward(1, 1, 1)));
  // Two replicas add up the 200 MB of two layers in 2 steps of 100 MB at 2 GB/s.
  EXPECT_NEAR(costs->sync_s(0, 2, 2, {0}), 0.1, kExact);
  // On a second machine they cannot.
  problem.cluster.pools[0].count = 8;
  const auto two = sextant_estimator().separable(problem.problem(), PlanSettings{1});
  EXPECT_FALSE(std::isfinite(two->forward(0, 0, 1)));
  EXPECT_FALSE(std::isfinite(two->sync_s(0, 2, 8, {0})));
}

}  // namespace
}  // namespace sextant
