// `sextant plan --availability` as a user meets it.
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/files.h"
#include "analyzer/core/json_document.h"
#include "tests/cli/run_program.h"
#include "tests/support/project_paths.h"
#include "tests/support/reference_data.h"
#include "tests/support/schema_check.h"
#include "tests/support/temporary_folder.h"

namespace sextant::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::string kCluster = source_path("profiles/clusters/two-types.json");
const std::string kJob = source_path("profiles/jobs/opt-350m.json");
const std::string kTrace = source_path("profiles/traces/example-two-types.csv");

ProgramResult plan(const std::string& trace, std::vector<std::string> more = {},
                   const std::string& cluster = kCluster) {
  std::vector<std::string> arguments = {"plan", "--cluster",      cluster, "--job",
                                        kJob,   "--availability", trace};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return run_sextant(arguments);
}

TEST(PlanAvailability, PlansTheShippedTrace) {
  const TemporaryFolder folder;
  const std::string plot = folder.path() / "plot.svg";
  const ProgramResult result = plan(kTrace, {"--plot", plot});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  for (const char* expected :
       {"10 periods", "evidence: estimated; of moves: estimated", "begins from storage", "no GPUs",
        "goodput", "plan 1:", "returns to the checkpoint", "USD", "assumed: restart 30.0 s"}) {
    EXPECT_THAT(result.out, HasSubstr(expected));
  }
  EXPECT_THAT(result.err, HasSubstr("planning periods"));
  EXPECT_THAT(read_file(plot), HasSubstr("OPT-350M on example-two-types.csv"));
}

TEST(PlanAvailability, PrintsADocumentAsDescribed) {
  const TemporaryFolder folder;
  const std::string file = folder.path() / "elastic.json";
  const ProgramResult result =
      plan(kTrace, {"--json", "-o", file, "--until", "36000", "--policy", "replan"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  SchemaCheck check("elastic");
  EXPECT_THAT(check.problems(result.out), IsEmpty());
  EXPECT_EQ(read_file(file), result.out);
  EXPECT_EQ(plan(kTrace, {"--json", "--until", "36000", "--policy", "replan"}).out, result.out);
  const ProgramResult paying = plan(kTrace, {"--json", "--through-storage"});
  EXPECT_THAT(check.problems(paying.out), IsEmpty());

  const JsonDocument document = JsonDocument::parse(result.out, "stdout");
  const JsonNode root = document.root_of_kind("elastic", 1);
  double iterations = 0;
  double seconds = 0;
  for (const JsonNode& period : root.at("periods").elements()) {
    iterations -= period.at("lost_iterations").number();
    seconds += period.at("duration_s").number();
    if (period.has("iterations")) {
      iterations += period.at("iterations").number();
      EXPECT_DOUBLE_EQ(period.at("move_s").number() + period.at("training_s").number(),
                       period.at("duration_s").number());
    } else {
      EXPECT_EQ(period.at("action").string(), "stall");
    }
  }
  const JsonNode totals = root.at("totals");
  EXPECT_EQ(seconds, 36000);
  EXPECT_NEAR(totals.at("iterations").number(), iterations, 1e-6);
  EXPECT_GT(totals.at("goodput").number(), 0.5);
  EXPECT_LE(totals.at("goodput").number(), 1);
  // What a period's plan is stands in the document as others read it.
  const std::string first = folder.write(
      "plan.json",
      json_text(OrderedJson::parse(root.at("periods").at(0UL).at("plan").raw().dump())));
  const ProgramResult simulated = run_sextant({"simulate", "--cluster", kCluster, "--job", kJob,
                                               "--plan", first, "--estimator", "sailor", "--json"});
  ASSERT_EQ(simulated.exit_code, 0) << simulated.err;
  EXPECT_DOUBLE_EQ(
      JsonDocument::parse(simulated.out, "stdout").root().at("throughput_iters_per_s").number(),
      root.at("periods").at(0UL).at("throughput_iters_per_s").number());
}

TEST(PlanAvailability, GivesUpWhereNoPeriodHasAPlan) {
  const TemporaryFolder folder;
  const std::string trace =
      folder.write("empty.csv", "Timestamp,A100-40_hall,V100-16_hall\n0,0,0\n60,0,0\n");
  const ProgramResult result = plan(trace);
  EXPECT_EQ(result.exit_code, 4);
  EXPECT_THAT(result.out, IsEmpty());
  EXPECT_THAT(result.err, HasSubstr("no period of the trace has any GPUs"));
}

TEST(PlanAvailability, NamesWhatIsWrong) {
  const TemporaryFolder folder;
  const auto expect_refused = [](const ProgramResult& result, int code, const std::string& text) {
    EXPECT_EQ(result.exit_code, code) << text;
    EXPECT_THAT(result.out, IsEmpty());
    EXPECT_THAT(result.err, HasSubstr(text));
  };
  const std::string strange = folder.write("t.csv", "Timestamp,H100-80_moon\n0,4\n60,8\n");
  expect_refused(plan(strange), 3, "found \"H100-80\" in zone \"moon\"");
  expect_refused(plan(folder.write("n.csv", "Timestamp,A100-40_hall\n0,-4\n60,8\n")), 3,
                 "n.csv:2:3: expected a number of GPUs");
  expect_refused(plan(folder.path() / "none.csv"), 3, "none.csv");
  const std::string json = folder.write("t.json", R"([{"Time": 0, "GPUs": 4}])");
  expect_refused(plan(json), 2, "name one as TYPE@ZONE");
  expect_refused(plan(json, {"--trace-gpu", "A100-40@hall"}), 3, "expected a row after the first");
  expect_refused(plan(kTrace, {"--planner", "all"}), 2, "--availability takes one planner");
  expect_refused(plan(kTrace, {"--tokens", "1B"}), 2, "--availability goes without");
  expect_refused(plan(kTrace, {"--explain"}), 2, "--availability goes without");
  expect_refused(plan(kTrace, {"--until", "100"}), 2, "the last row is 28800 s after the first");
  expect_refused(plan(kTrace, {"--policy", "wait"}), 2, "--policy");
  expect_refused(plan(kTrace, {"--storage-gbps", "0"}), 2, "greater than zero");
  expect_refused(plan(kTrace, {"--hindsight", "--expected-stay", "60"}), 2, "--hindsight");
  expect_refused(plan(kTrace, {"--plot", "x.pdf"}), 2, ".svg");
  expect_refused(run_sextant({"plan", "--cluster", kCluster, "--job", kJob, "--restart-s", "5"}), 2,
                 "--availability");
}

TEST(PlanAvailability, ReadsThePublishedTraces) {
  const auto data = reference_data("sailor");
  SEXTANT_NEEDS(data);
  const TemporaryFolder folder;
  const std::string job = data / "sailor/Planner/simulations/configs/training_config_opt_350.json";
  const auto goodput = [&](const std::filesystem::path& trace, int periods) {
    const std::string cluster = folder.path() / "cluster.json";
    const bool json = trace.extension() == ".json";
    std::vector<std::string> from = {"cluster", "from-trace", trace,        "--row",      "0",
                                     "-o",      cluster,      "--artifact", data.string()};
    if (json) from.insert(from.end(), {"--gpu", "A100-40", "--zone", "us-central1-a"});
    EXPECT_EQ(run_sextant(from).exit_code, 0);
    const ProgramResult result = run_sextant({"plan", "--artifact", data, "--cluster", cluster,
                                              "--job", job, "--availability", trace, "--json"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_THAT(SchemaCheck("elastic").problems(result.out), IsEmpty());
    const JsonDocument document = JsonDocument::parse(result.out, "stdout");
    EXPECT_EQ(document.root().at("periods").size(), static_cast<std::size_t>(periods)) << trace;
    return document.root().at("totals").at("goodput").number();
  };
  const std::filesystem::path traces = data / "sailor/Controller/trace_based";
  // 208 rows, one a minute, in which 28 times other GPUs are there than before.
  EXPECT_GT(goodput(traces / "a100_trace_16.json", 28), 0.85);
  EXPECT_GT(goodput(traces / "a100_trace_original.json", 11), 0.85);
  // Nothing changes for eleven days: all but the start.
  EXPECT_GT(goodput(traces / "static_trace.json", 1), 0.9999);
  EXPECT_GT(goodput(data / "extra/gpu_trace_heterogeneous_balanced.csv", 2), 0.5);
}

}  // namespace
}  // namespace sextant::testing
