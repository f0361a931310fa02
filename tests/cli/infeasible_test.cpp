// What `sextant plan` says of jobs that no plan can do: which constraint binds, by how much, and
// with which exit code.
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/files.h"
#include "tests/cli/run_program.h"
#include "tests/support/project_paths.h"
#include "tests/support/temporary_folder.h"

namespace sextant {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::ProgramResult;
using testing::run_sextant;

const std::string kCluster = sextant::source_path("profiles/clusters/two-types.json");
const std::string kJob = sextant::source_path("profiles/jobs/opt-350m.json");

class InfeasibleJob : public ::testing::Test {
 protected:
  /// A cluster of these pools, without a network where `network` is "".
  std::string cluster(const std::string& pools, const std::string& network = "") {
    return folder_.write("cluster.json", R"({"schema": "sextant/cluster/1.0", "name": "some",
        "pools": [)" + pools + "]" + (network.empty() ? "" : R"(, "network": )" + network) +
                                             "}");
  }
  /// One link of 10 GB/s between any two nodes of a zone.
  static std::string links() {
    return R"({"name": "some", "source": "invented", "levels": [{"level": "between_nodes", "links":
        [{"interconnect": "Ethernet", "evidence": "estimated", "source": "invented", "model":
          {"kind": "latency_bandwidth", "latency_s": 1e-5, "bandwidth_bytes_per_s": 1e10}}]}]})";
  }
  std::string job(const std::string& changed) {
    return folder_.write("job.json", R"({"schema": "sextant/job/1.0", "name": "j",
        "model": "OPT-350M", "optimizer": "adam", "dtype": "fp32", "objective": "throughput",)" +
                                         changed + "}");
  }
  /// What the program says with that exit code and no output.
  static std::string refused(int exit_code, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "plan");
    const ProgramResult result = run_sextant(arguments);
    EXPECT_EQ(result.exit_code, exit_code) << result.err;
    EXPECT_THAT(result.out, IsEmpty());
    return result.err;
  }

  TemporaryFolder folder_;
};

TEST_F(InfeasibleJob, NamesQuotasOfZero) {
  const std::string none = cluster(
      R"({"gpu": "A100-40", "zone": "here", "nodes": 2, "gpus_per_node": 4, "quota": 0},
         {"gpu": "V100-16", "zone": "here", "nodes": 0, "gpus_per_node": 4})");
  EXPECT_THAT(refused(4, {"--cluster", none, "--job", kJob}),
              HasSubstr("cluster \"some\" has no GPUs that a job may use: the quota of "
                        "A100-40@here is 0, and of V100-16@here there are none"));
}

TEST_F(InfeasibleJob, SaysHowMuchMemoryASingleGpuLacks) {
  const std::string one = cluster(
      R"({"gpu": "V100-16", "zone": "here", "nodes": 1, "gpus_per_node": 1,
          "memory_bytes": 8589934592})");
  // 26 layers of 331 million parameters at 24 bytes, 2e9 bytes for the rest, and activations.
  EXPECT_THAT(refused(4, {"--cluster", one, "--job", kJob, "--estimator", "sailor"}),
              AllOf(HasSubstr("no plan fits in memory: of the nearest, of 1 stage on 1 GPU, stage "
                              "0 (layers 0-25 on V100-16 TP1, microbatch 1) needs 12.5 GiB of "
                              "8.00 GiB; a plan is found with 56.2 % more than the memory there is "
                              "(12.5 GiB on V100-16)"),
                    HasSubstr("more GPUs need a link between nodes of V100-16@here, which the "
                              "network lacks")));
}

TEST_F(InfeasibleJob, SaysHowManyMoreGpusWouldDo) {
  const std::string one = cluster(
      R"({"gpu": "V100-16", "zone": "here", "nodes": 1, "gpus_per_node": 1,
          "memory_bytes": 8589934592})",
      links());
  EXPECT_THAT(refused(4, {"--cluster", one, "--job", kJob, "--estimator", "sailor"}),
              HasSubstr("; one is found with 1 more V100-16@here\n"));
}

TEST_F(InfeasibleJob, SaysWhichLayerFitsNowhere) {
  std::string text = read_file(kCluster);
  text.replace(text.find("42949672960"), 11, "1073741824");
  text.replace(text.find("17179869184"), 11, "1073741824");
  const std::string small = folder_.write("small.json", text);
  EXPECT_THAT(refused(4, {"--cluster", small, "--job", kJob}),
              AllOf(HasSubstr("of 1.00 GiB; a plan is found with"),
                    HasSubstr("with up to 1024 more nodes none is found")));
}

TEST_F(InfeasibleJob, NamesTheLinkThatAllPlansNeed) {
  const std::string two = cluster(
      R"({"gpu": "V100-16", "zone": "east", "count": 1, "gpus_per_node": 1,
          "memory_bytes": 8589934592},
         {"gpu": "V100-16", "zone": "west", "count": 1, "gpus_per_node": 1,
          "memory_bytes": 8589934592})");
  EXPECT_THAT(refused(3, {"--cluster", two, "--job", kJob, "--estimator", "sailor"}),
              HasSubstr("it has no link from V100-16@east to V100-16@west. With such links a plan "
                        "of 2 GPUs is found"));
}

TEST_F(InfeasibleJob, ComparesTheBatchWithTheSmallestMicrobatch) {
  const std::string db = folder_.path() / "db";
  ASSERT_EQ(run_sextant({"profile", "estimate", "--gpu", "V100-16", "--model", "OPT-350M",
                         "--dtype", "fp32", "--tp", "1", "--mbs", "4,8", "-o", db})
                .exit_code,
            0);
  const std::string one =
      cluster(R"({"gpu": "V100-16", "zone": "here", "nodes": 1, "gpus_per_node": 1})");
  EXPECT_THAT(
      refused(4, {"--cluster", one, "--job", job(R"("global_batch": 3)"), "--profiles", db}),
      HasSubstr("no plan can use any GPU: the smallest microbatch profiled on V100-16 is 4, the "
                "global batch 3"));
}

TEST_F(InfeasibleJob, ComparesTheSmallestDegreeWithTheNode) {
  const std::string db = folder_.path() / "db";
  ASSERT_EQ(run_sextant({"profile", "estimate", "--gpu", "V100-16", "--model", "OPT-350M",
                         "--dtype", "fp32", "--tp", "4", "--mbs", "1", "-o", db})
                .exit_code,
            0);
  const std::string two =
      cluster(R"({"gpu": "V100-16", "zone": "here", "nodes": 4, "gpus_per_node": 2})", links());
  EXPECT_THAT(
      refused(4, {"--cluster", two, "--job", kJob, "--profiles", db, "--estimator", "sextant"}),
      HasSubstr("the smallest tensor degree profiled on V100-16 is 4, a node has 2"));
}

TEST_F(InfeasibleJob, NamesGpusWithoutAProfile) {
  const std::string pool = R"({"gpu": "X1", "zone": "here", "nodes": 1, "gpus_per_node": 1,
      "memory_bytes": 17179869184, "usd_per_gpu_hour": 1})";
  EXPECT_THAT(refused(3, {"--cluster", cluster(pool), "--job", kJob}),
              HasSubstr("no profile of \"OPT-350M\" on \"X1\", and no data sheet to estimate one "
                        "from"));
}

TEST_F(InfeasibleJob, AsksForPricesWhereCostCounts) {
  const std::string free = cluster(
      R"({"gpu": "A100-40", "zone": "here", "nodes": 1, "gpus_per_node": 1,
          "usd_per_gpu_hour": 0})");
  EXPECT_EQ(run_sextant({"plan", "--cluster", free, "--job", kJob}).exit_code, 0);
  for (const char* planner : {"sextant", "sailor"}) {
    EXPECT_THAT(
        refused(3, {"--cluster", free, "--job", kJob, "--objective", "cost", "--planner", planner}),
        HasSubstr(
            "cluster \"some\": prices missing: objective cost needs what an hour of every GPU "
            "costs, and there is no price of A100-40@here"));
  }
  EXPECT_THAT(refused(3, {"--cluster", free, "--job", kJob, "--max-cost", "0.5"}),
              HasSubstr("prices missing: a bound on USD per iteration needs"));
}

TEST_F(InfeasibleJob, SaysHowFarTheFastestAndTheCheapestAreFromABound) {
  const std::string two_types = cluster(
      R"({"gpu": "A100-40", "zone": "here", "count": 4, "gpus_per_node": 4,
          "usd_per_gpu_hour": 4},
         {"gpu": "V100-16", "zone": "here", "count": 4, "gpus_per_node": 4,
          "usd_per_gpu_hour": 2})",
      links());
  const auto with = [&](std::vector<std::string> bounds) {
    bounds.insert(bounds.begin(), {"--cluster", two_types, "--job", kJob, "--estimator", "sailor"});
    return refused(4, bounds);
  };
  // An A100 takes about 430 s alone and a V100 460 s: 0.26 USD at 2 USD an hour, and with all
  // eight about 55 s at 24 USD an hour.
  const std::string figures = "[0-9.]+ iterations/s at 0\\.[23][0-9]+ USD per iteration, ";
  EXPECT_THAT(with({"--min-throughput", "5"}),
              ContainsRegex("no plan does 5 iterations/s: the fastest( found)? does " + figures +
                            "99\\.[0-9] % less than asked"));
  EXPECT_THAT(
      with({"--max-cost", "0.001"}),
      ContainsRegex("no plan costs at most 0\\.001 USD per iteration: the cheapest( found)? does " +
                    figures + "2[0-9][0-9] times what is allowed"));
  // Each can be met alone; the search need not prove that both cannot.
  const std::string contradicting =
      with({"--min-throughput", "0.015", "--max-cost", "0.26", "--max-evaluations", "200000"});
  EXPECT_THAT(
      contradicting,
      ContainsRegex("does 0\\.015 iterations/s for at most 0\\.26 USD per iteration; within "
                    "that cost the fastest( found)? does " +
                    figures +
                    "[0-9.]+ % too slow; at that throughput the cheapest( "
                    "found)? does " +
                    figures + "[0-9.]+ % more than what is allowed"));
}

}  // namespace
}  // namespace sextant
