// `sextant plan` and `simulate` as a user meets them: the main job, exit codes, bad input.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/files.h"
#include "analyzer/core/json_document.h"
#include "tests/cli/run_program.h"
#include "tests/support/project_paths.h"
#include "tests/support/temporary_folder.h"

namespace sextant {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::ProgramResult;
using testing::run_sextant;

const std::string kSource = sextant::source_path();
const std::string kCluster = kSource + "/profiles/clusters/two-types.json";
const std::string kJob = kSource + "/profiles/jobs/opt-350m.json";

/// A file of the repository with `what` replaced.
std::string changed(const std::string& file, std::string_view what, std::string_view by) {
  std::string text = read_file(file);
  const std::size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), by);
}

TEST(PlanCommand, RunsTheMainJobOnShippedData) {
  const ProgramResult result = run_sextant(
      {"plan", "--cluster", kCluster, "--job", kJob, "--planner", "all", "--tokens", "300B"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  for (const char* expected :
       {"evidence: estimated", "sextant", "sailor", "iterations/s", "tokens/s",
        "model FLOPs utilisation", "300 billion tokens", "USD", "proved: no better plan"}) {
    EXPECT_THAT(result.out, HasSubstr(expected));
  }
  EXPECT_THAT(result.err, HasSubstr("roofline estimates"));
}

TEST(PlanCommand, OurEstimatorJudges) {
  const ProgramResult result =
      run_sextant({"plan", "--cluster", kCluster, "--job", kJob, "--estimator", "sextant"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("where it goes"));
  EXPECT_THAT(result.out, HasSubstr("better may exist"));
}

TEST(PlanCommand, PrintsPlansThatSimulateAgain) {
  const TemporaryFolder folder;
  const std::string plan = folder.path() / "plan.json";
  const ProgramResult planned =
      run_sextant({"plan", "--cluster", kCluster, "--job", kJob, "--planner", "sextant,sailor",
                   "--estimator", "sailor", "--json", "-o", plan});
  ASSERT_EQ(planned.exit_code, 0) << planned.err;
  const JsonDocument document = JsonDocument::parse(planned.out, "stdout");
  const JsonNode rows = document.root_of_kind("plans", 1).at("plans");
  ASSERT_EQ(rows.size(), 2U);
  double last = HUGE_VAL;
  for (const JsonNode& row : rows.elements()) {
    for (const char* field : {"throughput_iters_per_s", "usd_per_iter", "peak_memory_bytes"}) {
      EXPECT_GT(row.at(field).number(), 0) << field;
    }
    EXPECT_LE(row.at("throughput_iters_per_s").number(), last);  // best first
    last = row.at("throughput_iters_per_s").number();
    EXPECT_EQ(row.at("evidence").string(), "estimated");
  }
  const JsonNode best = rows.at(0UL);
  EXPECT_EQ(best.at("planner").string(), "sextant");
  EXPECT_GE(best.at("bound_iters_per_s").number(),
            best.at("throughput_iters_per_s").number() * (1 - 1e-12));

  const ProgramResult simulated = run_sextant({"simulate", "--cluster", kCluster, "--job", kJob,
                                               "--plan", plan, "--estimator", "sailor", "--json"});
  ASSERT_EQ(simulated.exit_code, 0) << simulated.err;
  const JsonDocument prediction = JsonDocument::parse(simulated.out, "stdout");
  EXPECT_EQ(prediction.root().at("throughput_iters_per_s").number(),
            best.at("throughput_iters_per_s").number());
}

TEST(SimulateCommand, WritesWhoDoesWhatWhen) {
  const TemporaryFolder folder;
  const std::string plan = folder.path() / "plan.json";
  const std::string trace = folder.path() / "trace.json";
  ASSERT_EQ(run_sextant({"plan", "--cluster", kCluster, "--job", kJob, "-o", plan}).exit_code, 0);
  const std::vector<std::string> simulate = {"simulate",    "--cluster", kCluster,  "--job",
                                             kJob,          "--plan",    plan,      "--json",
                                             "--estimator", "sextant",   "--trace", trace};
  const ProgramResult result = run_sextant(simulate);
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const std::string text = read_file(trace);
  const JsonDocument document = JsonDocument::parse(text, "trace");
  const JsonDocument prediction = JsonDocument::parse(result.out, "stdout");
  double end_us = 0;
  for (const JsonNode& event : document.root_of_kind("timeline", 1).at("traceEvents").elements()) {
    if (event.at("ph").string() != "X") continue;
    end_us = std::max(end_us, event.at("ts").number() + event.at("dur").number());
  }
  EXPECT_GT(end_us, 0);
  EXPECT_LE(end_us, prediction.root().at("iteration_s").number() * 1e6 * (1 + 1e-9));
  EXPECT_EQ(run_sextant(simulate).exit_code, 0);
  EXPECT_EQ(read_file(trace), text);
}

TEST(SimulateCommand, JudgesTwoPlansByTheirIntervals) {
  const TemporaryFolder folder;
  const std::string plan = folder.path() / "plan.json";
  ASSERT_EQ(run_sextant({"plan", "--cluster", kCluster, "--job", kJob, "-o", plan}).exit_code, 0);
  const std::vector<std::string> simulate = {"simulate", "--cluster", kCluster,    "--job", kJob,
                                             "--plan",   plan,        "--against", plan};
  const ProgramResult text = run_sextant(simulate);
  ASSERT_EQ(text.exit_code, 0) << text.err;
  // Roofline estimates have no spread, so that nothing can be told apart.
  EXPECT_THAT(text.out, HasSubstr("beside " + plan));
  EXPECT_THAT(text.out,
              HasSubstr("the inputs have no spread by which to tell plans apart): AMBIGUOUS"));
  std::vector<std::string> with_json = simulate;
  with_json.push_back("--json");
  const ProgramResult json = run_sextant(with_json);
  const JsonDocument document = JsonDocument::parse(json.out, "stdout");
  EXPECT_EQ(document.root().at("against").at("iteration_s").number(),
            document.root().at("iteration_s").number());
}

TEST(SimulateCommand, RefusesATraceOfAnEstimatorWithoutTimeline) {
  const TemporaryFolder folder;
  const std::string plan = folder.path() / "plan.json";
  const std::string trace = folder.path() / "trace.json";
  ASSERT_EQ(run_sextant({"plan", "--cluster", kCluster, "--job", kJob, "-o", plan}).exit_code, 0);
  const ProgramResult result =
      run_sextant({"simulate", "--cluster", kCluster, "--job", kJob, "--plan", plan, "--estimator",
                   "sailor", "--trace", trace});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("estimator sailor knows no times of single microbatches; with "
                                    "a timeline there are: sextant\n"));
  EXPECT_THAT(result.out, IsEmpty());
  EXPECT_FALSE(std::filesystem::exists(trace));
}

TEST(PlanCommand, GivesTheSameBytesForTheSameInputs) {
  const std::vector<std::string> arguments = {
      "plan", "--cluster", kCluster, "--job", kJob, "--planner", "all", "--json", "--no-timing"};
  const ProgramResult first = run_sextant(arguments);
  EXPECT_EQ(first.exit_code, 0);
  EXPECT_EQ(first.out, run_sextant(arguments).out);
  EXPECT_EQ(first.out.find("search_s"), std::string::npos);
}

TEST(PlanCommand, HonoursObjectiveAndBounds) {
  const auto plan = [](std::vector<std::string> more) {
    // Its separable view is exact, so that what is found is the best there is.
    std::vector<std::string> arguments = {"plan", "--cluster",   kCluster, "--job",
                                          kJob,   "--estimator", "sailor", "--json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const ProgramResult result = run_sextant(arguments);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    const JsonDocument document = JsonDocument::parse(result.out, "stdout");
    const JsonNode row = document.root().at("plans").at(0UL);
    return std::make_pair(row.at("throughput_iters_per_s").number(),
                          row.at("usd_per_iter").number());
  };
  const auto fastest = plan({});
  const auto cheapest = plan({"--objective", "cost"});
  EXPECT_LT(cheapest.second, fastest.second);
  EXPECT_LT(cheapest.first, fastest.first);
  const std::string budget = std::to_string((cheapest.second + fastest.second) / 2);
  const auto between = plan({"--max-cost", budget});
  EXPECT_LE(between.second, std::stod(budget));
  EXPECT_GE(between.first, cheapest.first);
  const auto enough =
      plan({"--objective", "cost", "--min-throughput", std::to_string(between.first)});
  EXPECT_GE(enough.first, between.first * (1 - 1e-5));
  EXPECT_LE(enough.second, between.second * (1 + 1e-5));
}

TEST(PlanCommand, PlansWithWhatCanBeUsed) {
  const TemporaryFolder folder;
  // No V100 computes in bf16; a single GPU needs no network.
  const ProgramResult bf16 = run_sextant(
      {"plan", "--cluster", kCluster, "--job",
       folder.write("bf16.json", changed(kJob, "\"fp32\"", "\"bf16\"")), "--planner", "all"});
  EXPECT_EQ(bf16.exit_code, 0) << bf16.err;
  EXPECT_THAT(bf16.err, HasSubstr("V100-16 left out"));
  const std::string one = folder.write("one.json", R"({"schema": "sextant/cluster/1.0",
    "name": "one", "pools": [{"gpu": "A100", "zone": "here", "nodes": 1, "gpus_per_node": 1}]})");
  const ProgramResult alone = run_sextant({"plan", "--cluster", one, "--job", kJob});
  EXPECT_EQ(alone.exit_code, 0) << alone.err;
  EXPECT_THAT(alone.out, HasSubstr("1 stage, 1 replica\n"));
  EXPECT_THAT(alone.out, HasSubstr("on 1 GPU of 1\n"));
}

TEST(PlanCommand, RefusesBoundsThatAreNoNumbers) {
  for (const char* option : {"--max-cost", "--min-throughput", "--time-limit"}) {
    for (const char* value : {"nan", "inf", "0", "-1", "1,5", ""}) {
      const ProgramResult result =
          run_sextant({"plan", "--cluster", kCluster, "--job", kJob, option, value});
      EXPECT_EQ(result.exit_code, 2) << option << value;
      EXPECT_THAT(result.err, HasSubstr(option));
    }
  }
}

TEST(PlanCommand, HasAPlanWhateverTheTimeLimit) {
  const ProgramResult result =
      run_sextant({"plan", "--cluster", kCluster, "--job", kJob, "--time-limit", "1e-9"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("search stopped early"));
}

TEST(PlanCommand, RefusesBadInputByNameAndPlace) {
  const TemporaryFolder folder;
  const auto refused = [&](const std::string& cluster, const std::string& job, int code,
                           const char* message) {
    const ProgramResult result = run_sextant({"plan", "--cluster", cluster, "--job", job});
    EXPECT_EQ(result.exit_code, code) << message << "\n" << result.err;
    EXPECT_THAT(result.out, IsEmpty());
    EXPECT_THAT(result.err, HasSubstr(message));
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
  };
  refused("nowhere.json", kJob, 3, "nowhere.json: cannot be read");
  refused(kCluster, "nowhere.json", 3, "nowhere.json: cannot be read");
  refused(kJob, kCluster, 3, "sextant/job/1.x");  // the two mixed up
  refused(folder.write("half.json", read_file(kCluster).substr(0, 300)), kJob, 3,
          "half.json: is not valid JSON at byte 30");
  refused(folder.write("gpu.json", changed(kCluster, "A100-40", "A100-41")), kJob, 3, "A100-4");
  refused(
      folder.write("none.json", R"({"schema": "sextant/cluster/1.0", "name": "x", "pools": []})"),
      kJob, 3, "pools");
  refused(kCluster,
          folder.write("model.json",
                       changed(kJob, "\"model\": \"OPT-350M\"", "\"model\": \"OPT-351M\"")),
          3, "OPT-35");
  refused(kCluster, folder.write("batch.json", changed(kJob, "1024,", "0,")), 3, "batch.json at");
}

TEST(SimulateCommand, RefusesPlansThatCannotBe) {
  const TemporaryFolder folder;
  const std::string plan = folder.path() / "plan.json";
  ASSERT_EQ(run_sextant(
                {"plan", "--cluster", kCluster, "--job", kJob, "--estimator", "sailor", "-o", plan})
                .exit_code,
            0);
  const auto simulate = [&](const std::string& file, const std::string& cluster) {
    return run_sextant(
        {"simulate", "--cluster", cluster, "--job", kJob, "--plan", file, "--estimator", "sailor"});
  };
  EXPECT_EQ(simulate(plan, kCluster).exit_code, 0);
  ProgramResult result =
      simulate(folder.write("major.json", changed(plan, "plan/1.1", "plan/2.0")), kCluster);
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err, HasSubstr("major version 1"));
  result = simulate(folder.write("zone.json", changed(plan, "\"hall\"", "\"cellar\"")), kCluster);
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err, HasSubstr("cellar"));
  result = simulate(folder.write("tp.json", changed(plan, "\"tp\": 2", "\"tp\": 3")), kCluster);
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err, HasSubstr("tensor degree 3 on 2 GPUs"));
}

}  // namespace
}  // namespace sextant
