#include "profiler/run/run_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "analyzer/model/zoo.h"
#include "analyzer/plan/runnable.h"
#include "tests/plan/plans.h"
#include "tests/support/project_paths.h"
#include "tests/support/temporary_folder.h"

namespace sextant::profiler {
namespace {

using sextant::testing::pipeline_of;
using sextant::testing::plan_of;
using ::testing::HasSubstr;

ModelDescription tiny() {
  return model_named(source_path("tests/data/profiler/tiny-llama.json"));
}

Job job() {
  Job job;
  job.model = "tiny-llama";
  job.global_batch = 8;
  job.seq_len = 64;
  return job;
}

std::string refusal(const Plan& plan, const ModelDescription& model = tiny()) {
  try {
    check_runnable(plan, job(), model);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadInput);
    return error.what();
  }
  return "none";
}

TEST(RunRequest, RunsPlansOfAllSupportedShapes) {
  EXPECT_EQ(refusal(plan_of({{{{0, 9}}}})), "none");
  EXPECT_EQ(refusal(plan_of({{{{0, 2}}, 1, {3, 1}}, {{{2, 9}}, 2, {3, 1}}})), "none");
  Plan plan = plan_of({{{{0, 2}, {4, 6}}}, {{{2, 4}, {6, 9}}}});
  plan.schedule = ScheduleKind::kInterleaved;
  EXPECT_EQ(refusal(plan), "none");
  plan = plan_of({{{{0, 4}}, 2}, {{{4, 9}}, 2}});
  plan.sequence_parallel = true;
  plan.pipelines.push_back(plan.pipelines.front());
  EXPECT_EQ(refusal(plan), "none");
}

TEST(RunRequest, RefusesAPlanOfSomethingElse) {
  Plan plan = plan_of({{{{0, 9}}}});
  plan.model = "OPT-350M";
  EXPECT_THAT(refusal(plan),
              HasSubstr("is for the model \"OPT-350M\", the job's is \"tiny-llama\""));
  plan = plan_of({{{{0, 8}}}});
  plan.layer_count = 8;
  EXPECT_THAT(refusal(plan), HasSubstr("has 8 layers, the model \"tiny-llama\" has 9"));
  plan = plan_of({{{{0, 9}}}});
  plan.global_batch = 16;
  EXPECT_THAT(refusal(plan), HasSubstr("a global batch of 16, the job of 8"));
}

TEST(RunRequest, RefusesWhatItCannotDo) {
  Plan plan = plan_of({{{{0, 9}}}});
  plan.schedule = ScheduleKind::kZeroBubbleH1;
  EXPECT_EQ(refusal(plan), "none");
  plan.recompute = true;
  EXPECT_THAT(refusal(plan), HasSubstr("schedule zb-h1 with recompute"));
  plan = plan_of({{{{0, 9}}}});
  plan.zero_stage = 1;
  EXPECT_THAT(refusal(plan), HasSubstr("zero_stage 1"));
  plan = plan_of({{{{0, 9}}, 1, {0, 0}}});
  plan.pipelines[0].stages[0].replicas[1] = {{{"CPU", "here", -1, 2}}, 2, 0};
  EXPECT_THAT(refusal(plan),
              HasSubstr("pipeline 0 stage 0: replica 0 has tp 1, replica 1 has tp 2"));
  EXPECT_THAT(refusal(plan_of({{{{0, 4}}, 1, {0, 0}}, {{{4, 9}}}})),
              HasSubstr("pipeline 0 stage 0: has 2 replicas, the next stage 1"));
  EXPECT_THAT(refusal(plan_of({{{{0, 9}}, 3}})), HasSubstr("pipeline 0 stage 0: "));
  plan = plan_of({{{{0, 4}}}, {{{4, 9}}, 2}});
  plan.sequence_parallel = true;
  EXPECT_THAT(refusal(plan), HasSubstr("stage 0: has tp 1, the next stage tp 2; with sequence"));
  plan = plan_of({{{{0, 4}}}, {{{4, 9}}}});
  plan.pipelines.push_back(pipeline_of({{{{0, 5}}}, {{{5, 9}}}}));
  EXPECT_THAT(refusal(plan), HasSubstr("pipeline 1 stage 0: holds other layers"));
  plan = plan_of({{{{0, 4}}}, {{{4, 9}}}});
  plan.schedule = ScheduleKind::kInterleaved;
  plan.global_batch = 8;
  plan.microbatch = 8;
  EXPECT_THAT(refusal(plan), HasSubstr("not a multiple of 2 stages"));
}

TEST(RunRequest, ATiedTableNeedsEqualDegreesAtBothEnds) {
  ModelDescription model = tiny();
  model.tied_embeddings = true;
  const Plan plan = plan_of({{{{0, 4}}}, {{{4, 9}}, 2}});
  EXPECT_THAT(refusal(plan, model), HasSubstr("the embedding's stage has tp 1, the head's tp 2"));
  EXPECT_EQ(refusal(plan_of({{{{0, 4}}, 2}, {{{4, 9}}, 2}}), model), "none");
}

class RunRequestFiles : public ::testing::Test {
 protected:
  RunRequestFiles() {
    options_.job = source_path("tests/data/profiler/cpu-job.json");
    Plan plan = plan_of({{{{0, 4}}}, {{{4, 9}}}});
    plan.global_batch = 16;
    options_.plans = {folder_.write("a.json", json_text(to_json(plan))),
                      folder_.write("b/a.json", json_text(to_json(plan)))};
    options_.output = folder_.path() / "out";
  }
  std::string refusal() const {
    try {
      load_request(options_);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kUsage);
      return error.what();
    }
    return "none";
  }
  TemporaryFolder folder_;
  RunOptions options_;
};

TEST_F(RunRequestFiles, NamesDocumentsAfterPlans) {
  options_.names = {"first", "second/one"};
  const RunRequest request = load_request(options_);
  EXPECT_EQ(request.ranks(), 2);
  EXPECT_EQ(request.job.seq_len, 64);
  EXPECT_EQ(request.plans[0].document, options_.output / "first.json");
  EXPECT_EQ(request.plans[1].document, options_.output / "second" / "one.json");
  options_.plans.pop_back();
  options_.names.clear();
  options_.output = folder_.path() / "run.json";
  EXPECT_EQ(load_request(options_).plans[0].document, options_.output);
  EXPECT_EQ(load_request(options_).plans[0].name, "a");
}

TEST_F(RunRequestFiles, RefusesPlansThatCannotBeToldApart) {
  EXPECT_THAT(refusal(), HasSubstr("two plans have the name \"a\""));
  options_.names = {"x"};
  EXPECT_THAT(refusal(), HasSubstr("--name is given 1 times, --plan 2 times"));
  options_.names = {"x", "y"};
  options_.output = "one.json";
  EXPECT_THAT(refusal(), HasSubstr("2 plans need a directory"));
}

}  // namespace
}  // namespace sextant::profiler
