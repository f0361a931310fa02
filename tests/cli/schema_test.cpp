// What programs print and what ships with them is as profiles/schema says.
#include <filesystem>
#include <regex>
#include <set>

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

using ::testing::IsEmpty;

const std::string kSource = sextant::source_path();
const std::string kCluster = kSource + "/profiles/clusters/two-types.json";
const std::string kJob = kSource + "/profiles/jobs/opt-350m.json";

/// Holds a document against the schema of its own kind.
void expect_described(const std::string& text) {
  const std::string kind = JsonDocument::parse(text, "document").kind();
  ASSERT_NE(kind, "");
  EXPECT_THAT(SchemaCheck(kind).problems(text), IsEmpty()) << kind;
}

void expect_described(const ProgramResult& result, int exit_code = 0) {
  ASSERT_EQ(result.exit_code, exit_code) << result.err;
  expect_described(result.out);
}

TEST(Schemas, ThereIsOneForEveryKindThatIsWritten) {
  std::set<std::string> kinds;
  const std::regex call("schema_id\\(\"([a-z_]+)\"");
  for (const char* folder : {"analyzer", "planner", "reproduce", "cli", "profiler/sweep"}) {
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(kSource + "/" + folder)) {
      if (entry.path().extension() != ".cpp") continue;
      const std::string text = read_file(entry.path());
      for (std::sregex_iterator found(text.begin(), text.end(), call), end; found != end; ++found) {
        kinds.insert((*found)[1]);
      }
    }
  }
  EXPECT_GE(kinds.size(), 18U);
  for (const std::string& kind : kinds) EXPECT_NO_THROW(SchemaCheck{kind}) << kind;
}

TEST(Schemas, HoldForShippedDocuments) {
  for (const char* folder :
       {"gpus", "interconnects", "models", "clusters", "jobs", "prices", "topologies"}) {
    for (const auto& entry : std::filesystem::directory_iterator(kSource + "/profiles/" + folder)) {
      SCOPED_TRACE(entry.path().string());
      expect_described(read_file(entry.path()));
    }
  }
}

TEST(Schemas, RefuseWhatTheyDoNotName) {
  SchemaCheck check("predictions");
  const auto with = [](const std::string& row) {
    return R"({"schema": "sextant/predictions/1.0", "predictions": [)" + row + "]}";
  };
  EXPECT_EQ(check.problems(with(R"({"bytes": 8, "time_s": 1e-6, "extrapolated": false})")), "");
  EXPECT_EQ(check.problems(with(R"({"bytes": 8, "time_s": 1, "extrapolated": false, "x": 1})")),
            "/predictions/0/x: not described\n");
  EXPECT_NE(check.problems(with(R"({"bytes": 8, "time_s": 1})")), "");
  EXPECT_NE(check.problems(with(R"({"bytes": 8.5, "time_s": 1, "extrapolated": true})")), "");
  EXPECT_NE(check.problems(with(R"({"bytes": 8, "time_s": 0, "extrapolated": true})")), "");
  EXPECT_THAT(check.unseen(), IsEmpty());
}

TEST(Schemas, HoldForPlansAndPredictions) {
  const TemporaryFolder folder;
  const std::string plan = folder.path() / "plan.json";
  expect_described(run_sextant({"plan", "--cluster", kCluster, "--job", kJob, "--planner", "all",
                                "--tokens", "300B", "--json", "-o", plan}));
  expect_described(read_file(plan));
  expect_described(
      run_sextant({"simulate", "--cluster", kCluster, "--job", kJob, "--plan", plan, "--json"}));
  const std::string trace = folder.path() / "trace.json";
  expect_described(run_sextant({"simulate", "--cluster", kCluster, "--job", kJob, "--plan", plan,
                                "--estimator", "sextant", "--trace", trace, "--json"}));
  expect_described(read_file(trace));
  expect_described(run_sextant({"plan", "--cluster", kCluster, "--job", kJob, "--objective", "cost",
                                "--json", "--no-timing"}));
}

TEST(Schemas, HoldForFrontsAndPurchases) {
  const TemporaryFolder folder;
  const std::string cluster = folder.write("few.json", R"({"schema": "sextant/cluster/1.0",
    "name": "few", "pools": [
    {"gpu": "A100", "zone": "here", "nodes": 1, "gpus_per_node": 4, "quota": 2}]})");
  const std::string prices = kSource + "/profiles/prices/google-cloud.json";
  const auto plan = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"plan", "--cluster", cluster, "--job", kJob, "--prices", prices,
                               "--estimator", "sailor", "--json"});
    return run_sextant(more);
  };
  expect_described(plan({}));
  expect_described(plan({"--pareto"}));
  expect_described(plan({"--tokens", "1B", "--deadline", "30d"}));
  expect_described(plan({"--tokens", "1B", "--run-budget", "2000", "--no-timing"}));
}

TEST(Schemas, HoldForWhatIsSaidOfTheMachineAndTheInputs) {
  expect_described(run_sextant({"doctor", "--json"}));
  expect_described(run_sextant({"model", "list", "--json"}));
  expect_described(run_sextant({"model", "show", "Llama-3-8B", "--tp", "2", "--json"}));
  for (const auto& entry : std::filesystem::directory_iterator(kSource + "/tests/data/model")) {
    expect_described(run_sextant({"model", "import", entry.path(), "--json"}));
  }
  for (const auto& entry : std::filesystem::directory_iterator(kSource + "/profiles/clusters")) {
    expect_described(run_sextant({"cluster", "show", entry.path(), "--json"}));
    expect_described(run_sextant({"network", "show", entry.path(), "--json"}));
  }
  expect_described(run_sextant(
      {"network", "show", kCluster, "--from", "4xA100-40@hall", "--bytes", "1000,64e6", "--json"}));
}

TEST(Schemas, HoldForProfiles) {
  const TemporaryFolder folder;
  const std::string db = folder.path() / "db";
  const std::string out = folder.path() / "out";
  expect_described(
      run_sextant({"profile", "estimate", "--gpu", "A100", "--model", "OPT-350M", "--dtype", "fp32",
                   "--tp", "1", "--mbs", "1,4", "-o", db, "--json"}));
  expect_described(run_sextant({"profile", "show", db, "--json"}));
  expect_described(run_sextant({"profile", "show", db, "--mbs", "2", "--json"}));
  expect_described(run_sextant({"profile", "check", db, "--json"}));
  expect_described(run_sextant({"profile", "compare", db, db, "--json"}));
  expect_described(run_sextant({"profile", "export", db, "--to", "sailor", "-o", out, "--json"}));
  expect_described(read_file(out + "/sextant-export/sailor_OPT-350M_A100-40.json"));
  expect_described(
      run_program({built_program("gather_profs"), "--model-name", "OPT-350M", "--gpu-type",
                   "A100-40", "--profile-dir", out + "/points", "--db", out + "/db", "--json"}));
}

TEST(Schemas, HoldForPublishedInputs) {
  const auto data = reference_data("sailor");
  SEXTANT_NEEDS(data);
  for (const char* figure : {"fig8a", "fig11"}) {
    expect_described(run_sextant({"reproduce", "sailor", figure, "--artifact", data,
                                  "--max-evaluations", "5000", "--json"}));
  }
  expect_described(run_sextant({"network", "show", data, "--json"}));
  expect_described(
      run_sextant({"profile", "show", "--artifact", data, "--gpu", "V100-16", "--json"}));
  const TemporaryFolder folder;
  const std::string trace = data / "sailor/Planner/simulations/configs/gpu_trace_scaled.csv";
  expect_described(run_sextant({"cluster", "from-trace", trace, "--row", "0"}));
}

}  // namespace
}  // namespace sextant::testing
