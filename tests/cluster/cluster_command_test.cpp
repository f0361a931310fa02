#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/cluster/cluster_document.h"
#include "analyzer/core/files.h"
#include "tests/cli/run_program.h"
#include "tests/support/project_paths.h"
#include "tests/support/reference_data.h"
#include "tests/support/temporary_folder.h"

namespace sextant::testing {
namespace {

using ::testing::HasSubstr;

constexpr const char* kTrace = ",Timestamp,A100_z,V100-16_z\n0,1,32,96\n1,2,0,0\n";

// 64 * 3.673385 + 64 * 2.859998 = 418.136512 USD an hour.
TEST(ClusterShow, SumsUpAShippedCluster) {
  const std::string file = sextant::source_path("profiles/clusters/two-types.json");
  const ProgramResult text = run_sextant({"cluster", "show", file});
  EXPECT_EQ(text.exit_code, 0) << text.err;
  EXPECT_THAT(text.out, HasSubstr("two-types: 128 GPUs, 418.14 USD an hour of 2025-10-13"));
  EXPECT_THAT(text.out, HasSubstr("40.0 GiB"));
  EXPECT_THAT(text.out, HasSubstr("note: An invented site"));
  const ProgramResult json = run_sextant({"cluster", "show", file, "--json"});
  const auto document = nlohmann::json::parse(json.out);
  EXPECT_EQ(document.at("cluster"), "64xA100-40@hall+64xV100-16@hall");
  EXPECT_NEAR(document.at("usd_per_hour").get<double>(), 418.136512, 1e-9);
  EXPECT_EQ(document.at("links")[1].at("peak_bytes_per_s"), 12.5e9);
}

TEST(ClusterFromTrace, WritesADocumentThatReadsBack) {
  const TemporaryFolder folder;
  const std::string trace = folder.write("trace.csv", kTrace);
  const std::string output = folder.path() / "out" / "cluster.json";
  const ProgramResult result = run_sextant(
      {"cluster", "from-trace", trace, "--row", "0", "--gpus-per-node", "4", "-o", output});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("32xA100-40@z+96xV100-16@z, 128 GPUs"));
  EXPECT_EQ(read_cluster(output).pools[1].node_count(), 24);
}

TEST(ClusterFromTrace, NamesTheArtifactsNetworkFromWhereItStands) {
  const auto data = reference_data("sailor");
  SEXTANT_NEEDS(data);
  const TemporaryFolder folder;
  const std::string output = folder.path() / "deep" / "cluster.json";
  const ProgramResult result =
      run_sextant({"cluster", "from-trace",
                   data / "sailor/Planner/simulations/configs/gpu_trace_2zones_2gpus.csv", "--row",
                   "0", "--artifact", data, "-o", output});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const Cluster cluster = read_cluster(output);
  EXPECT_EQ(cluster.gpu_count(), 512);
  EXPECT_DOUBLE_EQ(cluster.egress("us-central1-a", "us-central1-b"), 1e-11);
  EXPECT_GT(
      cluster.network->between({"us-central1-a", "A100-40", 4}, {"us-central1-b", "V100-16", 4})
          .peak_bytes_per_s(),
      0);
}

TEST(ClusterFromTrace, RefusesWithTheRightCodeAndWritesNothing) {
  const TemporaryFolder folder;
  const std::string trace = folder.write("trace.csv", kTrace);
  const std::string json = folder.write("trace.json", R"([{"Time": 0, "GPUs": 16}])");
  const std::string broken = folder.write("broken.csv", ",Timestamp,A100_z\n0,1\n");
  const std::string unknown = folder.write("unknown.csv", ",Timestamp,TPU_z\n0,1,8\n");
  const std::string twice = folder.write("twice.csv", ",Timestamp,A100_z,A100-40_z\n0,1,8,8\n");
  const std::string output = folder.path() / "cluster.json";
  const auto code = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"cluster", "from-trace"});
    arguments.insert(arguments.end(), {"-o", output});
    const ProgramResult result = run_sextant(arguments);
    EXPECT_EQ(result.out, "");
    EXPECT_FALSE(std::filesystem::exists(output));
    return result.exit_code;
  };
  EXPECT_EQ(code({trace, "--row", "1"}), 4);  // no GPUs at all
  EXPECT_EQ(code({trace, "--row", "2"}), 2);
  EXPECT_EQ(code({trace, "--row", "-1"}), 2);
  EXPECT_EQ(code({trace}), 2);
  EXPECT_EQ(code({json, "--row", "0"}), 2);
  EXPECT_EQ(code({broken, "--row", "0"}), 3);
  EXPECT_EQ(code({unknown, "--row", "0"}), 3);
  EXPECT_EQ(code({twice, "--row", "0"}), 3);
  EXPECT_EQ(code({trace, "--row", "0", "--network", trace}), 3);
  EXPECT_EQ(
      run_sextant({"cluster", "from-trace", json, "--row", "0", "--gpu", "A100-40", "--zone", "z"})
          .exit_code,
      0);
}

}  // namespace
}  // namespace sextant::testing
