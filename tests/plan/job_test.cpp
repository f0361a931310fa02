#include "analyzer/plan/job.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "tests/support/project_paths.h"
#include "tests/support/reference_data.h"
#include "tests/support/temporary_folder.h"

namespace sextant {
namespace {

using testing::HasSubstr;

constexpr const char* kDocument = R"({
  "schema": "sextant/job/1.0", "name": "a job", "model": "OPT-350M", "global_batch": 1024,
  "seq_len": 2048, "optimizer": "sgd", "dtype": "bf16", "objective": "cost",
  "constraints": {"max_usd_per_iter": 1.2, "min_iters_per_s": 0.2}})";

constexpr const char* kArtifact = R"({
  "global_batch_size": 2048, "type": "gpt2", "hidden_size": 2560, "sequence_length": 2048,
  "num_layers": 32, "vocab_size": 128256, "model": "GPT-Neo-2.7", "optimizer": "Adam",
  "heads": 32, "head_dim": 80, "max_position_embeddings": 2048, "num_all_layers": 34})";

class JobTest : public testing::Test {
 protected:
  Job job_of(std::string_view text) {
    folder_.write("job.json", text);
    return read_job(file());
  }
  std::string file() const { return folder_.path() / "job.json"; }

  void expect_refused(std::string text, std::string_view what, std::string_view by,
                      const char* message) {
    const std::size_t at = text.find(what);
    ASSERT_NE(at, std::string::npos) << what;
    text.replace(at, what.size(), by);
    try {
      job_of(text);
      FAIL() << "expected an error: " << by;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kBadInput);
      EXPECT_THAT(error.what(), HasSubstr("job.json at "));
      EXPECT_THAT(error.what(), HasSubstr(message));
    }
  }

  TemporaryFolder folder_;
};

TEST_F(JobTest, ReadsItsDocument) {
  const Job job = job_of(kDocument);
  EXPECT_EQ(job.model, "OPT-350M");
  EXPECT_EQ(job.global_batch, 1024);
  EXPECT_EQ(job.seq_len, 2048);
  EXPECT_EQ(job.optimizer, Optimizer::kSgd);
  EXPECT_EQ(job.dtype, DataType::kBf16);
  EXPECT_EQ(job.objective, Objective::kCost);
  EXPECT_EQ(job.max_usd_per_iter, 1.2);
  EXPECT_EQ(job.min_iters_per_s, 0.2);
  EXPECT_FALSE(job.described.has_value());
  EXPECT_EQ(job.source, file());
}

TEST_F(JobTest, HasDefaultsForWhatIsLeftOut) {
  const Job job = job_of(R"({"schema": "sextant/job/1.0", "model": "m", "global_batch": 1})");
  EXPECT_EQ(job.seq_len, 0);
  EXPECT_EQ(job.optimizer, Optimizer::kAdam);
  EXPECT_EQ(job.dtype, DataType::kFp32);
  EXPECT_EQ(job.objective, Objective::kThroughput);
  EXPECT_FALSE(job.max_usd_per_iter || job.min_iters_per_s);
}

// 34 layers are the embedding, 32 blocks and the head: no norm of its own.
TEST_F(JobTest, ReadsTheArtifactsConfiguration) {
  const Job job = job_of(kArtifact);
  EXPECT_EQ(job.model, "GPT-Neo-2.7");
  EXPECT_EQ(job.global_batch, 2048);
  EXPECT_EQ(job.seq_len, 2048);
  EXPECT_EQ(job.optimizer, Optimizer::kAdam);
  EXPECT_EQ(job.dtype, DataType::kFp32);
  ASSERT_TRUE(job.described.has_value());
  EXPECT_EQ(job.described->family, "gpt_neo");
  EXPECT_EQ(job.described->layers, 32);
  EXPECT_EQ(job.described->hidden, 2560);
  EXPECT_EQ(job.described->heads, 32);
  EXPECT_EQ(job.described->head_dim, 80);
  EXPECT_EQ(job.described->vocab, 128256);
  EXPECT_EQ(layer_sequence(*job.described).size(), 34U);
}

// With 35 the final norm stands alone, as in the artifact's LLaMA.
TEST_F(JobTest, CountsAFinalNorm) {
  std::string text = kArtifact;
  text.replace(text.find("34"), 2, "35");
  EXPECT_EQ(layer_sequence(*job_of(text).described).size(), 35U);
}

TEST_F(JobTest, SaysWhereADocumentIsWrong) {
  const std::string text = kDocument;
  expect_refused(text, "job/1.0", "job/2.0", "major version 1");
  expect_refused(text, "job/1.0", "plan/1.0", "sextant/job/1.x");
  expect_refused(text, "\"model\": \"OPT-350M\",", "", "the member \"model\"");
  expect_refused(text, "\"OPT-350M\"", "350", "a string");
  expect_refused(text, "\"OPT-350M\"", "\"\"", "a name of 1 to 200 bytes");
  expect_refused(text, "\"OPT-350M\"", "\"OPT\\u0000\"", "without control characters");
  expect_refused(text, "1024", "0", "an integer from 1");
  expect_refused(text, "1024", "-1024", "an integer from 1");
  expect_refused(text, "1024", "1024.5", "an integer from 1");
  expect_refused(text, "1024", "\"1024\"", "an integer from 1");
  expect_refused(text, "1024", "99999999999", "an integer from 1");
  expect_refused(text, "1024", "null", "an integer from 1");
  expect_refused(text, "2048", "0", "an integer from 1");
  expect_refused(text, "\"sgd\"", "\"lion\"", "one of \"adam\", \"adamw\", \"sgd\"");
  expect_refused(text, "\"bf16\"", "\"int8\"", "bf16");
  expect_refused(text, "\"cost\"", "\"speed\"", "one of \"throughput\", \"cost\"");
  expect_refused(text, "1.2", "0", "greater than zero");
  expect_refused(text, "0.2", "-1", "greater than zero");
  expect_refused(text, "\"max_usd_per_iter\"", "\"max_usd\"", "known members");
  expect_refused(text, "\"global_batch\"", "\"globalbatch\"", "did you mean \"global_batch\"");
}

TEST_F(JobTest, SaysWhereAConfigurationIsWrong) {
  const std::string text = kArtifact;
  expect_refused(text, "2048", "0", "an integer from 1");
  expect_refused(text, "\"Adam\"", "\"Lion\"", "one of \"adam\"");
  expect_refused(text, "34", "33", "34 or 35");
  expect_refused(text, "\"num_layers\": 32", "\"num_layers\": 2147483647", "an integer from 1");
  expect_refused(text, "2560", "2147483647", "an integer from 1");
  expect_refused(text, "\"heads\"", "\"head\"", "did you mean \"heads\"");
  expect_refused("{}", "{}", "{\"model\": \"OPT-350M\"}", "sextant/job/1.0");
  expect_refused("{}", "{}", "[1]", "sextant/job/1.0");
}

TEST_F(JobTest, SurvivesTruncationAtEveryByte) {
  const std::string_view whole = kDocument;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_THROW(job_of(whole.substr(0, size)), Error) << size;
  }
}

TEST(PublishedJobs, AreRead) {
  const auto data = reference_data("sailor");
  SEXTANT_NEEDS(data);
  const auto configs = data / "sailor/Planner/simulations/configs";
  const Job opt = read_job(configs / "training_config_opt_350.json");
  EXPECT_EQ(opt.model, "OPT-350");
  EXPECT_EQ(opt.global_batch, 1024);
  EXPECT_EQ(layer_sequence(*opt.described).size(), 26U);
  EXPECT_EQ(read_job(configs / "training_config_gpt_neo27.json").global_batch, 2048);
}

TEST(ShippedJobs, AreRead) {
  const std::filesystem::path folder = std::filesystem::path(sextant::source_path("profiles/jobs"));
  EXPECT_EQ(read_job(folder / "opt-350m.json").global_batch, 1024);
  EXPECT_EQ(read_job(folder / "llama-3-8b.json").dtype, DataType::kBf16);
}

}  // namespace
}  // namespace sextant
