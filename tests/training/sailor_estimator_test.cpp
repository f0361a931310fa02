// Estimator `sailor` against the published simulator's answers, and against arithmetic by hand.
#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/cluster/sailor_cluster.h"
#include "analyzer/core/error.h"
#include "analyzer/profile/sailor_format.h"
#include "analyzer/training/estimator.h"
#include "analyzer/training/separable.h"
#include "tests/support/reference_data.h"
#include "tests/support/small_problem.h"

namespace sextant {
namespace {

using testing::HasSubstr;

const Estimator& sailor() {
  return estimator_named("sailor");
}

Stage stage(int first, int end, std::vector<Replica> replicas) {
  return {{{first, end}}, replicas};
}
Replica replica(const char* gpu, const char* zone, int tp) {
  return {{{gpu, zone, -1, tp}}, tp, 0};
}

Plan plan_of(const SmallProblem& small, std::vector<Stage> stages) {
  Plan plan;
  plan.model = small.job.model;
  plan.layer_count = SmallProblem::kLayers;
  plan.global_batch = small.job.global_batch;
  plan.microbatch = 1;
  plan.pipelines = {{std::move(stages)}};
  return plan;
}

// 8 sequences on two replicas are M = 4 microbatches. Stage 0: A100 at tp 1, layers 0-1: 0.6 s;
// stage 1: V100, twice as slow, at tp 2, layers 2-3: 2 * 0.3 * 2 / 2 = 0.6 s. An output of 20 MB
// takes 0.02 s at 1 GB/s. p_0 = A = 0.02 (two stages: counted once), p_1 = 2 G = 0.04.
// X = 0.64, T_pp = 3 * 0.64 + (0.62 + 0.64) + 0.05 = 3.23.
// Gradients: 200 MB a stage. Stage 0 (tp 1): 2 (D-1) t(200 MB / 2) = 0.2 s; stage 1 (tp 2): 0.1 s.
TEST(SailorEstimator, TimesTwoStagesByHand) {
  SmallProblem small;
  small.measure("A100-40", 1, {1, 2});
  small.measure("V100-16", 2, {1, 2});
  small.add("A100-40", "a", 4);
  small.add("V100-16", "a", 4);
  const Plan plan =
      plan_of(small, {stage(0, 2, {replica("A100-40", "a", 1), replica("A100-40", "a", 1)}),
                      stage(2, 4, {replica("V100-16", "a", 2), replica("V100-16", "a", 2)})});
  const Prediction p = sailor().predict(small.problem(), plan);
  EXPECT_EQ(p.microbatches, 4);
  EXPECT_NEAR(p.steady_s, 1.92, 1e-12);
  EXPECT_NEAR(p.fill_s, 1.26, 1e-12);
  EXPECT_NEAR(p.update_s, 0.05, 1e-12);
  EXPECT_NEAR(p.sync_s, 0.2, 1e-12);
  EXPECT_NEAR(p.iteration_s, 3.43, 1e-12);
  EXPECT_EQ(p.slowest_stage, 1);
  // 2 + 4 GPUs at 3600 USD an hour, 1 USD a second.
  EXPECT_NEAR(p.compute_usd, 6 * 3.43, 1e-9);
  EXPECT_EQ(p.egress_usd, 0);
  // Stage 0 holds two microbatches: 24 B for each of 50 M parameters, 2 layers * 1 GB * 2, and 2
  // GB.
  EXPECT_NEAR(p.stages[0].peak_memory_bytes, 1.2e9 + 4e9 + 2e9, 1);
  EXPECT_NEAR(p.stages[1].peak_memory_bytes, 0.6e9 + 1e9 + 3e9, 1);
  EXPECT_TRUE(p.fits);
}

// One stage per zone, one replica each: 8 microbatches of 20 MB each way at 0.01 USD a GB.
TEST(SailorEstimator, ChargesEgressBetweenZones) {
  SmallProblem small;
  small.measure("A100-40", 1, {1});
  small.add("A100-40", "a", 1);
  small.add("A100-40", "b", 1);
  const Plan plan = plan_of(small, {stage(0, 2, {replica("A100-40", "a", 1)}),
                                    stage(2, 4, {replica("A100-40", "b", 1)})});
  EXPECT_NEAR(sailor().predict(small.problem(), plan).egress_usd, 2 * 8 * 0.02 * 0.01, 1e-12);
}

// With four stages the first one's transfer counts twice: p = 0.04 everywhere.
TEST(SailorEstimator, WeighsTheEndsOfLongPipelines) {
  SmallProblem small;
  small.measure("A100-40", 1, {1});
  small.add("A100-40", "a", 4);
  std::vector<Stage> stages;
  for (int s = 0; s < 4; ++s) stages.push_back(stage(s, s + 1, {replica("A100-40", "a", 1)}));
  const Prediction p = sailor().predict(small.problem(), plan_of(small, stages));
  for (const StagePrediction& here : p.stages) EXPECT_NEAR(here.transfer_s, 0.04, 1e-12);
  EXPECT_EQ(p.sync_s, 0);
  EXPECT_NEAR(p.iteration_s, 7 * 0.34 + 4 * 0.34 + 0.05, 1e-12);
}

TEST(SailorEstimator, SaysWhatDoesNotFit) {
  SmallProblem small;
  small.measure("A100-40", 1, {1});
  small.add("A100-40", "a", 1, 8e9);
  const Prediction p = sailor().predict(
      small.problem(), plan_of(small, {stage(0, 4, {replica("A100-40", "a", 1)})}));
  EXPECT_FALSE(p.fits);  // 2.4 + 4 + 2 = 8.4 GB
  EXPECT_THAT(p.memory_note, HasSubstr("stage 0 needs 7.82 GiB of 7.45 GiB"));
}

TEST(SailorEstimator, NamesWhatIsMissing) {
  SmallProblem small;
  small.measure("A100-40", 1, {1});
  small.add("A100-40", "a", 4);
  const auto predict = [&](const Plan& plan) {
    try {
      sailor().predict(small.problem(), plan);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kBadInput);
      return std::string(error.what());
    }
    return std::string("predicted");
  };
  EXPECT_THAT(predict(plan_of(small, {stage(0, 4, {replica("A100-40", "b", 1)})})),
              HasSubstr("in zone \"b\", which cluster"));
  EXPECT_THAT(predict(plan_of(small, {stage(0, 4, {replica("A100-40", "a", 2)})})), HasSubstr("2"));
  Plan short_plan = plan_of(small, {stage(0, 3, {replica("A100-40", "a", 1)})});
  short_plan.layer_count = 3;
  EXPECT_THAT(predict(short_plan), HasSubstr("has 3 layers, the profile of \"small\" has 4"));
}

/// The separable view's own sum for a plan whose stages are pure.
double separable_time(const SeparableCosts& costs, const std::vector<LayerRange>& ranges,
                      const std::vector<int>& classes, int replicas, int microbatches) {
  const int stages = static_cast<int>(ranges.size());
  double slowest = 0;
  double sum = 0;
  double update = 0;
  double sync = 0;
  for (int s = 0; s < stages; ++s) {
    const auto i = static_cast<std::size_t>(s);
    const auto weights = costs.weights(s, stages);
    double turn = costs.compute(classes[i], ranges[i].first, ranges[i].end);
    if (s + 1 < stages) {
      turn += weights.forward * costs.forward(classes[i], classes[i + 1], ranges[i].end - 1);
    }
    if (s > 0)
      turn += weights.backward * costs.backward(classes[i], classes[i - 1], ranges[i].first);
    slowest = std::max(slowest, turn);
    sum += turn;
    update = std::max(update, costs.update(classes[i], ranges[i].first, ranges[i].end));
    sync = std::max(sync, costs.sync_s(ranges[i].first, ranges[i].end, replicas, {classes[i]}));
  }
  return (microbatches - 1) * slowest + sum + update + sync;
}

TEST(SailorEstimator, BothViewsAgree) {
  SmallProblem small;
  small.measure("A100-40", 1, {1, 2});
  small.measure("V100-16", 2.5, {1, 2});
  small.add("A100-40", "a", 8);
  small.add("V100-16", "b", 8);
  const auto costs = sailor().separable(small.problem(), PlanSettings{1});
  ASSERT_EQ(costs->classes.size(), 4U);
  const char* names[] = {"A100-40", "V100-16"};
  const char* zones[] = {"a", "b"};
  for (int cut = 1; cut < 4; ++cut) {
    for (int first = 0; first < 4; ++first) {
      for (int second = 0; second < 4; ++second) {
        std::vector<Stage> stages = {stage(0, cut, {}), stage(cut, 4, {})};
        const int chosen[] = {first, second};
        for (std::size_t s = 0; s < 2; ++s) {
          const ReplicaClass& c = costs->classes[static_cast<std::size_t>(chosen[s])];
          const auto pool = static_cast<std::size_t>(c.pool);
          stages[s].replicas.assign(2, replica(names[pool], zones[pool], c.tp));
        }
        const double whole = sailor().predict(small.problem(), plan_of(small, stages)).iteration_s;
        EXPECT_NEAR(separable_time(*costs, {{0, cut}, {cut, 4}}, {first, second}, 2, 4), whole,
                    1e-12);
      }
    }
  }
}

// Every plan that the artifact recorded, through our estimator: throughput and USD as recorded.
TEST(SailorEstimator, GivesThePublishedFigures) {
  const auto data = reference_data("sailor");
  SEXTANT_NEEDS(data);
  const JsonDocument records = JsonDocument::read(data / "extra/reference_results.json");
  const SailorSite site(data);
  int checked = 0;
  for (const auto& [figure, rows] : records.root().at("figures").members()) {
    for (const JsonNode& row : rows.elements()) {
      const std::string& model = row.at("model").string();
      const Job job = read_job(
          data / "sailor/Planner/simulations/configs" /
          (model == "OPT-350" ? "training_config_opt_350.json" : "training_config_gpt_neo27.json"));
      const ModelProfile profile =
          read_sailor_simulator_profile(data, model, {"A100-40", "V100-16"});
      Plan plan;
      plan.model = model;
      plan.layer_count = profile.layer_count;
      plan.global_batch = job.global_batch;
      plan.microbatch = row.at("micro_batch").count();
      plan.pipelines.emplace_back();
      std::map<std::pair<std::string, std::string>, int> gpus;
      for (const JsonNode& entry : row.at("plan").elements()) {
        const auto first = static_cast<int>(entry.at("first_layer").integer(0, 1000));
        Stage& out = plan.pipelines[0].stages.emplace_back();
        out.chunks = {{first, first + entry.at("num_layers").count()}};
        for (const JsonNode& group : entry.at("replicas_[gpu,tp,zone,count]").elements()) {
          const Replica one = replica(group.at(0UL).string().c_str(),
                                      group.at(2UL).string().c_str(), group.at(1UL).count());
          out.replicas.insert(out.replicas.end(), static_cast<std::size_t>(group.at(3UL).count()),
                              one);
        }
      }
      std::vector<GpuCount> counts;
      for (const GpuUse& use : gpus_used(plan)) counts.push_back({use.gpu, use.zone, use.count});
      const Cluster cluster = site.cluster(counts);
      const Prediction p = sailor().predict({job, profile, cluster}, plan);
      const double recorded_rate = row.at("throughput_iters_per_s").number();
      const double recorded_usd = row.at("usd_per_iter").number();
      EXPECT_NEAR(p.iters_per_s() / recorded_rate, 1, 1e-6) << figure << " " << cluster.summary();
      EXPECT_NEAR(p.usd_per_iter() / recorded_usd, 1, 1e-6) << figure << " " << cluster.summary();
      EXPECT_TRUE(p.fits) << figure << " " << cluster.summary();
      ++checked;
    }
  }
  EXPECT_EQ(checked, 20);
}

class NoLinks : public Network {
 public:
  LinkModel between(const LinkEnd&, const LinkEnd&) const override {
    throw_bad_input("no link is known");
  }
  std::string describe() const override { return "none"; }
};

TEST(SailorSeparable, TakesForeverOverLinksThatNobodyKnows) {
  SmallProblem small;
  small.measure("A", 1, {1, 2});
  small.add("A", "here", 4);
  small.cluster.network = std::make_shared<NoLinks>();
  const auto costs = sailor().separable(small.problem(), PlanSettings{1});
  ASSERT_EQ(costs->classes.size(), 2U);
  EXPECT_EQ(costs->forward(0, 1, 0), HUGE_VAL);
  EXPECT_EQ(costs->sync_s(0, 4, 2, {0}), HUGE_VAL);
  EXPECT_EQ(costs->sync_s(0, 4, 1, {0}), 0);
}

}  // namespace
}  // namespace sextant
