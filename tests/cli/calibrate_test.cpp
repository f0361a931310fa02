// `sextant calibrate` as a user meets it, and --calibration of `simulate`.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/files.h"
#include "analyzer/core/json_document.h"
#include "analyzer/measured/measured_run.h"
#include "tests/cli/run_program.h"
#include "tests/support/project_paths.h"
#include "tests/support/schema_check.h"
#include "tests/support/temporary_folder.h"

namespace sextant {
namespace {

using ::testing::HasSubstr;
using testing::ProgramResult;
using testing::run_sextant;

const std::string kSource = sextant::source_path();
const std::string kCluster = kSource + "/profiles/clusters/two-types.json";
const std::string kJob = kSource + "/profiles/jobs/opt-350m.json";
constexpr double kOverhead = 0.25;  // s
constexpr double kProcessBytes = 3.5e9;

Plan plan_of(int microbatch) {
  Plan plan;
  plan.model = "OPT-350M";
  plan.layer_count = 26;
  plan.global_batch = 64;
  plan.microbatch = microbatch;
  const Replica replica{{{"A100-40", "hall", -1, 2}}, 2, 0};
  plan.pipelines = {{{{{{0, 13}}, {replica, replica}}, {{{13, 26}}, {replica, replica}}}}};
  return plan;
}

/// What the program predicts of the plan.
JsonDocument simulate(const TemporaryFolder& folder, const Plan& plan,
                      const std::vector<std::string>& more = {}) {
  const std::string file = folder.write("plan.json", json_text(to_json(plan)));
  std::vector<std::string> arguments = {"simulate",    "--cluster", kCluster, "--job",
                                        kJob,          "--plan",    file,     "--json",
                                        "--estimator", "sextant"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  const ProgramResult result = run_sextant(arguments);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  return JsonDocument::parse(result.out, "stdout");
}

/// Runs of a world in which an iteration takes kOverhead more than the program predicts by default
/// and a process holds kProcessBytes.
std::string measured_world(const TemporaryFolder& folder) {
  for (const int microbatch : {1, 2, 4}) {
    const Plan plan = plan_of(microbatch);
    const JsonDocument predicted = simulate(folder, plan);
    MeasuredRun run;
    run.name = "M" + std::to_string(microbatch);
    run.model = plan.model;
    run.seq_len = 2048;
    run.framework = "megatron";
    run.evidence = Evidence::kReplayed;
    run.plan = plan;
    run.iteration.median_s = predicted.root().at("iteration_s").number() + kOverhead;
    run.peak_process_bytes =
        predicted.root().at("peak_memory_bytes").number() - 1.5e9 + kProcessBytes;
    folder.write("measured/" + run.name + ".json", json_text(measured_json(run)));
  }
  return folder.path() / "measured";
}

std::vector<std::string> calibrate(const std::string& measured) {
  return {"calibrate", "--cluster", kCluster, "--job", kJob, "--measured", measured};
}

TEST(CalibrateCommand, FindsTheSiteAndSimulatesWithIt) {
  const TemporaryFolder folder;
  const std::string measured = measured_world(folder);
  const std::string site = folder.path() / "site.json";
  std::vector<std::string> arguments = calibrate(measured);
  arguments.insert(arguments.end(), {"-o", site, "--json"});
  const ProgramResult result = run_sextant(arguments);
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, read_file(site));
  EXPECT_EQ(sextant::testing::SchemaCheck("calibration").problems(result.out), "");
  const JsonDocument document = JsonDocument::parse(result.out, "stdout");
  EXPECT_EQ(document.root().at("evidence").string(), "replayed");
  const JsonNode parameters = document.root().at("parameters");
  EXPECT_NEAR(parameters.at("process_bytes").number(), kProcessBytes, 1e3);
  EXPECT_NEAR(parameters.at("iteration_overhead_s").number(), kOverhead, 1e-6);
  EXPECT_EQ(parameters.at("collective_efficiency").number(), 1);
  const JsonNode time = document.root().at("fit").at("left_out_error").at("time");
  EXPECT_EQ(time.at("runs").number(), 3);
  EXPECT_GT(time.at("before").number(), 1e-3);
  EXPECT_LT(time.at("after").number(), 1e-6);

  const JsonDocument plain = simulate(folder, plan_of(2));
  const JsonDocument with = simulate(folder, plan_of(2), {"--calibration", site});
  EXPECT_NEAR(with.root().at("iteration_s").number(),
              plain.root().at("iteration_s").number() + kOverhead, 1e-6);
  EXPECT_NEAR(with.root().at("peak_memory_bytes").number(),
              plain.root().at("peak_memory_bytes").number() + kProcessBytes - 1.5e9, 1e3);
}

TEST(CalibrateCommand, SaysWhatBecameOfEachParameter) {
  const TemporaryFolder folder;
  const ProgramResult result = run_sextant(calibrate(measured_world(folder)));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  for (const char* expected :
       {"process_bytes", "3.50 GB", "iteration_overhead_s", "250 ms", "collective_efficiency",
        "not fitted: no run tells how long its synchronisation took", "no run overlaps",
        "left-out runs", "evidence: replayed", "M4"}) {
    EXPECT_THAT(result.out, HasSubstr(expected));
  }
}

TEST(CalibrateCommand, RefusesRunsOfAnotherModelByName) {
  const TemporaryFolder folder;
  const std::string measured = measured_world(folder);
  MeasuredRun run = read_measured(measured + "/M2.json");
  run.model = run.plan.model = "GPT-Neo-2.7";
  folder.write("measured/M2.json", json_text(measured_json(run)));
  const ProgramResult result = run_sextant(calibrate(measured));
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err, HasSubstr("run \"M2\" has model \"GPT-Neo-2.7\""));
  EXPECT_THAT(result.err, HasSubstr("OPT-350M"));
  EXPECT_EQ(result.out, "");
}

TEST(CalibrateCommand, NamesWhatIsMissing) {
  const TemporaryFolder folder;
  const ProgramResult nothing = run_sextant(calibrate(folder.path()));
  EXPECT_EQ(nothing.exit_code, 3);
  EXPECT_THAT(nothing.err, HasSubstr("expected documents of kind measured"));
  const std::string broken = folder.write(
      "site.json", R"({"schema": "sextant/calibration/1.0", "parameters": {"overhead": 1}})");
  const ProgramResult plan =
      run_sextant({"plan", "--cluster", kCluster, "--job", kJob, "--calibration", broken});
  EXPECT_EQ(plan.exit_code, 3);
  EXPECT_THAT(plan.err, HasSubstr("site.json"));
  EXPECT_THAT(plan.err, HasSubstr("overhead"));
}

}  // namespace
}  // namespace sextant
