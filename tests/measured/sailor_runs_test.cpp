#include "analyzer/measured/sailor_runs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "analyzer/measured/suspicion.h"
#include "tests/support/reference_data.h"
#include "tests/support/schema_check.h"
#include "tests/support/temporary_folder.h"

namespace sextant {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const SailorRunFacts kFacts = {"OPT-350", 26, 2048};
const SailorRunFacts kTiny = {"tiny", 3, 128, "fp32", "sgd"};

/// A plan file of two stages of `replicas` replicas each, with these measurements.
std::string plan_file(int replicas, const std::string& measured) {
  std::string replica = R"([[["GH-96", 4, "zone"]], 4])";
  std::string stage = replica;
  for (int r = 1; r < replicas; ++r) stage += "," + replica;
  return R"({"zone": "zone", "mbs": 2, "gbs": 16, "N": 2, "pipeline_list": [{"num_stages": 2,
      "layers_per_stage": [[0], [1, 2]], "dp": [1, 1], "tmp_per_stage": [[)" +
         stage + "], [" + stage + "]]}], " + measured + "}";
}

std::vector<std::string> names(const std::vector<MeasuredRun>& runs) {
  std::vector<std::string> out;
  for (const MeasuredRun& run : runs) out.push_back(run.name);
  return out;
}

TEST(SailorRun, IsAMeasuredRun) {
  const TemporaryFolder folder;
  const auto file = folder.write("plan_config_N2_D1.json",
                                 plan_file(1, R"("real": 1.5, "red_grads": 0.25, "max_mem": 7e9)"));
  const MeasuredRun run = read_sailor_run(file, "mine", kTiny);
  EXPECT_EQ(run.name, "mine/N2_D1");
  EXPECT_EQ(run.model, "tiny");
  EXPECT_EQ(run.optimizer, "sgd");
  EXPECT_EQ(run.framework, "deepspeed");
  EXPECT_EQ(run.evidence, Evidence::kReplayed);
  EXPECT_EQ(run.iteration.median_s, 1.5);
  EXPECT_EQ(run.iteration.samples, 0);
  EXPECT_EQ(run.sync_s, 0.25);
  EXPECT_EQ(run.largest_process_bytes(), 7e9);
  EXPECT_EQ(run.plan.global_batch, 16);
  EXPECT_EQ(run.plan.microbatch, 2);
  EXPECT_EQ(gpu_count(run.plan), 8);
  // It can be written as a document of ours.
  EXPECT_EQ(sextant::testing::SchemaCheck("measured").problems(json_text(measured_json(run))), "");
}

TEST(SailorRuns, AreOrderedByTheNumbersOfTheirNames) {
  const TemporaryFolder folder;
  const std::string text = plan_file(1, R"("real": 1.5)");
  for (const char* name :
       {"N16/plan_config_N16_D4", "N2/plan_config_N2_D1", "plan_config_N1_D1_M4_G1",
        "plan_config_N1_D1_M4_G32", "N16/plan_config_N16_D16"}) {
    folder.write(std::string(name) + ".json", text);
  }
  folder.write("notes.json", "{");
  EXPECT_THAT(names(read_sailor_runs(folder.path(), "", kTiny)),
              ElementsAre("N1_D1_M4_G1", "N1_D1_M4_G32", "N2_D1", "N16_D4", "N16_D16"));
}

void expect_refused(const std::string& text, const std::string& message) {
  const TemporaryFolder folder;
  folder.write("plan_config_x.json", text);
  try {
    read_sailor_runs(folder.path(), "set", kTiny);
    FAIL() << "was read";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadInput);
    EXPECT_THAT(error.what(), HasSubstr("plan_config_x.json"));
    EXPECT_THAT(error.what(), HasSubstr(message));
  }
}

TEST(SailorRuns, RefuseWhatIsNotOne) {
  expect_refused(plan_file(1, R"("max_mem": 1)"), "real");
  expect_refused(plan_file(1, R"("real": 0)"), "/real");
  expect_refused(plan_file(1, R"("real": "fast")"), "/real");
  expect_refused(plan_file(1, R"("real": 1, "max_mem": 0)"), "/max_mem");
  expect_refused(plan_file(1, R"("real": 1, "red_grads": -1)"), "/red_grads");
  expect_refused(R"({"mbs": 1, "real": 1})", "gbs");
  expect_refused("[]", "");
  const TemporaryFolder folder;
  for (const char* name : {"OPT/plan_config_N1.json", "Neo/plan_config_N1.json"}) {
    folder.write(name, plan_file(1, R"("real": 1)"));
  }
  EXPECT_THROW(read_sailor_runs(folder.path(), "", kTiny), Error);
  EXPECT_THROW(read_sailor_runs(folder.path() / "absent", "", kTiny), Error);
  EXPECT_THROW(read_sailor_set(folder.path(), kSailorMitRuns, kTiny), Error);
}

/// Runs of two stages with these names, seconds and bytes.
MeasuredRun run_of(const std::string& name, double time_s, double bytes, double sync_s,
                   int tp = 1) {
  MeasuredRun run;
  run.name = name;
  run.iteration.median_s = time_s;
  run.peak_process_bytes = bytes;
  run.sync_s = sync_s;
  run.plan.pipelines = {{{{{{0, 2}}, {{{{"g", "z", -1, tp}}, tp, 0}}}}}};
  return run;
}

TEST(Suspicion, IsOfFiguresThatRepeat) {
  std::vector<MeasuredRun> runs = {
      run_of("a/twin", 1, 5e9, 0.5),         run_of("a/other twin", 1, 5e9, 0.5),
      run_of("a/as full", 2, 5e9, 0.5),      run_of("a/as full, tp 2", 3, 5e9, 0.5, 2),
      run_of("b/in another set", 1, 5e9, 0), run_of("b/all sync", 7, 6e9, 7),
      run_of("a/sync of b", 9, 8e9, 7),      run_of("a/fine", 4, 9e9, 0.1)};
  mark_suspicions(runs);
  EXPECT_EQ(runs[0].suspicion,
            "time and memory identical to a/other twin; memory identical to a/as full, tp 2, "
            "another split");
  EXPECT_THAT(runs[1].suspicion, HasSubstr("time and memory identical to a/twin"));
  EXPECT_THAT(runs[2].suspicion, ::testing::Not(HasSubstr("twin")));  // holds what they hold
  EXPECT_THAT(runs[3].suspicion, HasSubstr("memory identical to a/as full, another split"));
  EXPECT_EQ(runs[4].suspicion, "");
  EXPECT_EQ(runs[5].suspicion, "sync identical to the iteration");
  EXPECT_EQ(runs[6].suspicion, "sync identical to the iteration of b/all sync");
  EXPECT_EQ(runs[7].suspicion, "");
}

// Every published file is one run; the suspicions that the specification names are found by rule.
TEST(SailorSets, AreCompleteAndTheirOdditiesAreSaid) {
  const auto data = reference_data("sailor");
  SEXTANT_NEEDS(data);
  std::vector<MeasuredRun> runs;
  for (const SailorRunSet& set : {kSailorMainRuns, kSailorAeRuns, kSailorMitRuns}) {
    const auto some = read_sailor_set(data, set, kFacts);
    EXPECT_EQ(some.size(), set.name == "mit" ? 9U : 15U);
    runs.insert(runs.end(), some.begin(), some.end());
  }
  mark_suspicions(runs);
  std::vector<std::string> said;
  for (const MeasuredRun& run : runs) {
    if (!run.suspicion.empty()) said.push_back(run.name + ": " + run.suspicion);
  }
  EXPECT_THAT(said, ElementsAre("main/N4_D4: sync identical to the iteration of ae/N4_D4",
                                "ae/N4_D4: sync identical to the iteration",
                                "ae/N32_D8: memory identical to ae/N32_D16, another split",
                                "ae/N32_D16: memory identical to ae/N32_D8, another split",
                                "mit/N3_D1: time and memory identical to mit/N6_D2",
                                "mit/N6_D2: time and memory identical to mit/N3_D1"));
  EXPECT_EQ(runs[0].name, "main/N1_D1_M4_G1");
  EXPECT_EQ(runs[0].iteration.median_s, 0.07359);
  EXPECT_EQ(runs[0].largest_process_bytes(), 9551478784);
}

}  // namespace
}  // namespace sextant
