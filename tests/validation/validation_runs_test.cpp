#include "analyzer/validation/validation_runs.h"

#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "tests/support/temporary_folder.h"

namespace sextant {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

Job job() {
  Job out;
  out.model = "OPT-350M";
  out.seq_len = 2048;
  out.source = "my job.json";
  return out;
}

ModelProfile profile() {
  ModelProfile out;
  out.layer_count = 26;
  return out;
}

MeasuredRun run() {
  MeasuredRun out;
  out.name = "N1";
  out.model = "OPT-350";  // the artifact's name of the model
  out.dtype = "fp32";
  out.seq_len = 2048;
  out.optimizer = "adamw";
  out.source = "results/N1.json";
  out.iteration.median_s = 1;
  out.plan.model = out.model;
  out.plan.layer_count = 26;
  out.plan.global_batch = 8;
  out.plan.microbatch = 2;
  out.plan.pipelines = {{{{{{0, 26}}, {{{{"GH-96", "z", -1, 1}}, 1, 0}}}}}};
  out.evidence = Evidence::kReplayed;
  return out;
}

TEST(ValidationRuns, SuitTheirJobUnderAnyNameOfItsModel) {
  EXPECT_NO_THROW(check_suits(run(), job(), profile()));
  Job open = job();
  open.seq_len = 0;  // the model's own
  EXPECT_NO_THROW(check_suits(run(), open, profile()));
  Job unknown = job();
  unknown.model = "mine";
  MeasuredRun mine = run();
  mine.model = "mine";
  EXPECT_NO_THROW(check_suits(mine, unknown, profile()));
}

void expect_refused(const std::function<void(MeasuredRun&)>& spoil, const std::string& found,
                    const std::string& wanted) {
  MeasuredRun spoiled = run();
  spoil(spoiled);
  try {
    check_suits(spoiled, job(), profile());
    FAIL() << "suits";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadInput);
    EXPECT_THAT(error.what(),
                AllOf(HasSubstr("results/N1.json"), HasSubstr(found), HasSubstr(wanted)));
  }
}

TEST(ValidationRuns, OfOthersAreRefusedWithBothValues) {
  expect_refused([](MeasuredRun& r) { r.model = "Llama-3-8B"; }, "model \"Llama-3-8B\"",
                 "my job.json has \"OPT-350M\"");
  expect_refused([](MeasuredRun& r) { r.dtype = "bf16"; }, "dtype \"bf16\"", "\"fp32\"");
  expect_refused([](MeasuredRun& r) { r.seq_len = 512; }, "seq_len 512", "2048");
  expect_refused([](MeasuredRun& r) { r.optimizer = "sgd"; }, "optimizer \"sgd\"", "\"adam\"");
  expect_refused([](MeasuredRun& r) { r.plan.layer_count = 25; }, "25 pipeline layers", "26");
}

constexpr const char* kPlanFile =
    R"({"P": 1, "D": 1, "T": 1, "gpu_type": "GH-96", "zone": "z", "num_gpus_per_node": 4,
        "mbs": 2, "gbs": 8, "real": 1.5})";

TEST(ValidationRuns, AreDocumentsOrPublishedFilesButNotBoth) {
  const TemporaryFolder folder;
  folder.write("N1/plan_config_N1.json", kPlanFile);
  const auto published = read_validation_runs(folder.path(), job(), 26);
  ASSERT_EQ(published.size(), 1U);
  EXPECT_EQ(published[0].name, "N1");
  EXPECT_NO_THROW(check_suits(published[0], job(), profile()));
  folder.write("a.json", json_text(measured_json(run())));
  try {
    read_validation_runs(folder.path(), job(), 26);
    FAIL() << "was read";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("found both"), HasSubstr("a.json"),
                                    HasSubstr("plan_config_N1.json")));
  }
}

TEST(ValidationRuns, OfDocumentsAreMarkedWhereTheyRepeat) {
  const TemporaryFolder folder;
  EXPECT_THROW(read_validation_runs(folder.path(), job(), 26), Error);
  MeasuredRun measured = run();
  measured.peak_process_bytes = 5e9;
  for (const char* name : {"N1", "N2"}) {
    measured.name = name;
    folder.write(measured.name + ".json", json_text(measured_json(measured)));
  }
  const auto runs = read_validation_runs(folder.path(), job(), 26);
  ASSERT_EQ(runs.size(), 2U);
  EXPECT_EQ(runs[0].suspicion, "time and memory identical to N2");
}

}  // namespace
}  // namespace sextant
