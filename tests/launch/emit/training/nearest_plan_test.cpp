#include "launch/emit/training/nearest_plan.h"

#include "analyzer/training/estimator.h"
#include "tests/launch/emit/training/engine_jobs.h"
#include "tests/support/project_paths.h"

namespace sextant {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using namespace testing;

/// Llama-3-8B in fp32 on 64 GPUs each of two types, times estimated.
const TrainingInput& two_types() {
  static const TrainingInput input = [] {
    const TemporaryFolder at;
    TrainingInputOptions options;
    options.cluster = source_path("profiles/clusters/two-types.json");
    options.job = at.write("job.json", R"({"schema": "sextant/job/1.0", "name": "short sequences",
        "model": "Llama-3-8B", "global_batch": 64, "seq_len": 2048, "dtype": "fp32"})");
    return load_training_input(options);
  }();
  return input;
}

LaunchJob job_on_two_types(Plan plan) {
  LaunchJob job = engine_job(uniform_plan());
  plan.global_batch = two_types().job.global_batch;
  plan.layer_count = two_types().profile.layer_count;
  job.job = two_types().job;
  job.model = *two_types().model;
  job.plan = std::move(plan);
  return job;
}

NearestPlan nearest(const char* target, const LaunchJob& job, const char* estimator = "sextant") {
  const std::optional<NearestPlan> found =
      nearest_plan(launch_target_named(target), job, two_types(), estimator_named(estimator));
  if (!found) throw std::runtime_error("no nearest plan");
  return *found;
}

/// What every nearest plan has to be.
void expect_runs(const char* target, const LaunchJob& refused, const NearestPlan& found,
                 const char* estimator = "sextant") {
  LaunchJob job = refused;
  job.plan = found.plan;
  EXPECT_THAT(launch_target_named(target).obstacles(refused), Not(IsEmpty()));
  EXPECT_THAT(launch_target_named(target).obstacles(job), IsEmpty());
  EXPECT_NO_THROW(check(found.plan));
  EXPECT_NO_THROW(node_layout(found.plan, two_types().cluster.pools));
  EXPECT_TRUE(found.prediction.fits);
  EXPECT_EQ(found.plan.global_batch, refused.plan.global_batch);
  EXPECT_EQ(found.plan.layer_count, refused.plan.layer_count);
  EXPECT_EQ(found.plan.model, refused.plan.model);
  const Prediction again = estimator_named(estimator).predict(two_types().problem(), found.plan);
  EXPECT_EQ(again.iteration_s, found.prediction.iteration_s);
}

bool within_gpus_of(const Plan& plan, const Plan& other) {
  for (const GpuUse& use : gpus_used(plan)) {
    int had = 0;
    for (const GpuUse& of : gpus_used(other)) {
      if (of.gpu == use.gpu && of.zone == use.zone) had = of.count;
    }
    if (use.count > had) return false;
  }
  return true;
}

bool same_settings(const Plan& a, const Plan& b) {
  return a.schedule == b.schedule && a.zero_stage == b.zero_stage && a.recompute == b.recompute &&
         a.sequence_parallel == b.sequence_parallel;
}

/// A stage on V100s with four ranks a replica before one on A100s with two.
Plan different_degrees() {
  Plan plan = engine_plan({{11, "V100-16"}, {24, "A100-40"}}, 8, 4);
  for (Replica& replica : plan.pipelines[0].stages[1].replicas) {
    replica = {{{"A100-40", "hall", -1, 2}}, 2, 0};
  }
  return plan;
}

TEST(NearestPlan, GivesAllStagesOneTensorDegree) {
  const LaunchJob job = job_on_two_types(different_degrees());
  const NearestPlan found = nearest("megatron", job);
  expect_runs("megatron", job, found);
  EXPECT_TRUE(within_gpus_of(found.plan, job.plan));
  EXPECT_TRUE(same_settings(found.plan, job.plan));
  EXPECT_EQ(found.original.iteration_s,
            estimator_named("sextant").predict(two_types().problem(), job.plan).iteration_s);
  EXPECT_THAT(found.changes, HasSubstr(" s an iteration ("));
  EXPECT_THAT(found.changes, HasSubstr("instead of 2 and 4"));
}

TEST(NearestPlan, KeepsToWhatEachEngineRuns) {
  const LaunchJob job = job_on_two_types(different_degrees());
  for (const char* target : {"megatron", "deepspeed", "torchtitan"}) {
    for (const char* estimator : {"sextant", "sailor"}) {
      const std::optional<NearestPlan> found =
          nearest_plan(launch_target_named(target), job, two_types(), estimator_named(estimator));
      ASSERT_TRUE(found.has_value()) << target << " " << estimator;
      expect_runs(target, job, *found, estimator);
    }
  }
}

TEST(NearestPlan, TakesBackWhatAloneStandsInTheWay) {
  Plan plan = engine_plan({{17}, {18}}, 8, 4);
  plan.schedule = ScheduleKind::kGPipe;
  for (Stage& stage : plan.pipelines[0].stages) {
    for (std::size_t r = 0; r < stage.replicas.size(); ++r) {
      stage.replicas[r].share = r % 2 == 0 ? 9 : 7;
    }
  }
  const LaunchJob job = job_on_two_types(plan);
  const NearestPlan found = nearest("megatron", job);
  expect_runs("megatron", job, found);
  EXPECT_EQ(found.plan.schedule, ScheduleKind::kOneFOneB);
  EXPECT_EQ(found.plan.zero_stage, 0);
  EXPECT_THAT(found.changes, HasSubstr("shares equal instead of unequal"));
  EXPECT_THAT(found.changes, HasSubstr("schedule 1f1b instead of gpipe"));
}

TEST(NearestPlan, ChangesASettingRatherThanEverythingElse) {
  // torchtitan has no ZeRO 1, but 2: the plan need not become another for it.
  Plan plan = engine_plan({{17}, {18}}, 8, 4);
  plan.zero_stage = 1;
  const LaunchJob job = job_on_two_types(plan);
  const NearestPlan found = nearest("torchtitan", job);
  expect_runs("torchtitan", job, found);
  EXPECT_LE(found.prediction.iteration_s, 1.2 * found.original.iteration_s);
}

TEST(NearestPlan, DividesABatchThatDidNotDivide) {
  const LaunchJob job = job_on_two_types(engine_plan({{17}, {18}}, 6, 4));  // 64 sequences
  const NearestPlan found = nearest("megatron", job);
  expect_runs("megatron", job, found);
  EXPECT_EQ(64 % (static_cast<int>(found.plan.pipelines[0].stages[0].replicas.size()) *
                  found.plan.microbatch),
            0);
}

TEST(NearestPlan, JoinsPipelines) {
  Plan plan = engine_plan({{17}, {18}}, 4, 4);
  plan.pipelines.push_back(plan.pipelines.front());
  const LaunchJob job = job_on_two_types(plan);
  const NearestPlan found = nearest("deepspeed", job);
  expect_runs("deepspeed", job, found);
  EXPECT_THAT(found.changes, HasSubstr("pipelines 1 instead of 2"));
}

TEST(NearestPlan, SeparatesTypesThatShareAStage) {
  Plan plan = engine_plan({{17}, {18}}, 16, 4);
  for (Stage& stage : plan.pipelines[0].stages) {
    for (std::size_t r = 8; r < 16; ++r) stage.replicas[r].machines[0].gpu = "V100-16";
  }
  const LaunchJob job = job_on_two_types(plan);
  const NearestPlan found = nearest("megatron", job);
  expect_runs("megatron", job, found);
  EXPECT_TRUE(within_gpus_of(found.plan, job.plan));
}

TEST(NearestPlan, IsThatOfTheFastestGrid) {
  // Every grid on 16 A100s that the search may have, put before target and estimator one by one.
  Plan refused = engine_plan({{17}, {18}}, 2, 4);
  refused.schedule = ScheduleKind::kGPipe;
  const LaunchJob job = job_on_two_types(refused);
  const NearestPlan found = nearest("megatron", job);
  double fastest_s = found.prediction.iteration_s;
  for (int stages = 1; stages <= 8; ++stages) {
    for (const int tp : {1, 2, 4}) {
      const int replicas = 16 / (stages * tp);
      if (replicas < 1 || 64 % replicas != 0) continue;
      for (int more = 0; more <= 1; ++more) {
        std::vector<StageOf> split(static_cast<std::size_t>(stages), StageOf{35 / stages});
        split[more == 0 ? 0 : split.size() - 1].layers += 35 % stages;
        LaunchJob other = job_on_two_types(engine_plan(split, replicas, tp));
        if (!launch_target_named("megatron").obstacles(other).empty()) continue;
        const Prediction prediction =
            estimator_named("sextant").predict(two_types().problem(), other.plan);
        if (prediction.fits) fastest_s = std::min(fastest_s, prediction.iteration_s);
      }
    }
  }
  EXPECT_LE(found.prediction.iteration_s, 1.0001 * fastest_s);
}

TEST(NearestPlan, IsTheSameEachTime) {
  const LaunchJob job = job_on_two_types(different_degrees());
  const NearestPlan first = nearest("deepspeed", job);
  const NearestPlan second = nearest("deepspeed", job);
  EXPECT_EQ(first.plan, second.plan);
  EXPECT_EQ(first.changes, second.changes);
}

TEST(NearestPlan, IsNoneWhereTheModelStandsInTheWay) {
  LaunchJob job = job_on_two_types(different_degrees());
  job.model.activation = Activation::kRelu;
  EXPECT_FALSE(
      nearest_plan(launch_target_named("megatron"), job, two_types(), estimator_named("sextant"))
          .has_value());
}

}  // namespace
}  // namespace sextant
