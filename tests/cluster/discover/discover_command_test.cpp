#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/cluster/cluster_document.h"
#include "tests/cli/run_program.h"
#include "tests/cluster/discover/samples.h"
#include "tests/support/project_paths.h"
#include "tests/support/schema_check.h"
#include "tests/support/temporary_folder.h"

namespace sextant::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

ProgramResult discover(std::vector<std::string> arguments, const ProgramOptions& options = {}) {
  arguments.insert(arguments.begin(), {"cluster", "discover"});
  return run_sextant(std::move(arguments), options);
}

constexpr const char* kNetwork = R"({
  "schema": "sextant/network/1.0", "name": "measured", "levels": [{"level": "between_nodes", "links": [
    {"gpu": "A100-80", "model": {"kind": "latency_bandwidth", "latency_s": 1e-5,
     "bandwidth_bytes_per_s": 2e10}, "evidence": "measured-gpu", "source": "nccl_bench"}]}]})";

TEST(ClusterDiscover, WritesWhatShowAndPlanTake) {
  const TemporaryFolder folder;
  const std::string output = folder.path() / "cluster.json";
  const std::string network = folder.write("measured/network.json", kNetwork);
  const ProgramResult result =
      discover({"--scontrol", sample_path("scontrol-homogeneous.txt"), "--topo",
                sample_path("topo-nvswitch.txt"), "--gpus", sample_path("gpus-a100-80.csv"),
                "--zone", "hall", "--price", "A100-80=2.5", "--network", network, "-o", output});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, output + ": 24xA100-80@hall, 24 GPUs\n");
  EXPECT_THAT(result.err, HasSubstr("note: left out, since they run no jobs: a04 (IDLE+DRAIN)\n"));
  const Cluster cluster = read_cluster(output);
  EXPECT_EQ(cluster.pools[0].nics_per_node, 4);
  EXPECT_EQ(cluster.network->between({"hall", "A100-80", 8}, {"hall", "A100-80", 8}).latency_s(),
            1e-5);
  EXPECT_THAT(SchemaCheck("cluster").problems(read_file(output)), IsEmpty());

  const ProgramResult shown = run_sextant({"cluster", "show", output});
  EXPECT_EQ(shown.exit_code, 0) << shown.err;
  EXPECT_THAT(shown.out, HasSubstr("NV12 between all pairs"));
  const ProgramResult planned =
      run_sextant({"plan", "--cluster", output, "--job",
                   sextant::source_path("profiles/jobs/opt-350m.json"), "--planner", "sextant"});
  EXPECT_EQ(planned.exit_code, 0) << planned.err;
}

TEST(ClusterDiscover, PrintsOneDocumentAndTheSameOne) {
  const std::vector<std::string> arguments = {"--sinfo", sample_path("sinfo-mig.txt"),
                                              "--gpus-per-node", "H100=8", "--json"};
  const ProgramResult result = discover(arguments);
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(SchemaCheck("cluster").problems(result.out), IsEmpty());
  EXPECT_EQ(discover(arguments).out, result.out);
}

TEST(ClusterDiscover, NotesLinksThatTheNetworkLacks) {
  const TemporaryFolder folder;
  const std::string network = folder.write("network.json", kNetwork);
  const ProgramResult result = discover({"--scontrol", sample_path("scontrol-mixed.txt"), "--gpu",
                                         "a100=A100-40", "--network", network});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err,
              HasSubstr("the network knows no link from A100-40 in site to V100-16 in site"));
}

TEST(ClusterDiscover, RefusesWithTheRightCodeAndWritesNothing) {
  const TemporaryFolder folder;
  const std::string output = folder.path() / "cluster.json";
  const auto refuses = [&](int code, std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"-o", output});
    const ProgramResult result = discover(std::move(arguments));
    EXPECT_EQ(result.exit_code, code) << result.err;
    EXPECT_EQ(result.out, "");
    EXPECT_FALSE(std::filesystem::exists(output));
    return result.err;
  };
  const std::string mixed = sample_path("scontrol-mixed.txt");
  EXPECT_THAT(refuses(3, {"--scontrol", mixed}), HasSubstr("--gpu 'a100=A100-80'"));
  EXPECT_THAT(refuses(3, {"--scontrol", folder.path() / "no.txt"}), HasSubstr("no.txt"));
  EXPECT_THAT(refuses(3, {"--scontrol", sample_path("topo-pairs.txt")}),
              HasSubstr("expected NodeName="));
  EXPECT_THAT(refuses(3, {"--gpus", folder.write("none.txt", "No devices were found\n")}),
              AllOf(HasSubstr("no GPU that could be planned for"), HasSubstr("none.txt: 0 GPUs")));
  refuses(3, {"--scontrol", mixed, "--gpu", "a100=A100-40", "--network", mixed});
  refuses(2, {"--scontrol", mixed, "--sinfo", mixed});
  refuses(2, {"--scontrol", mixed, "--gpu", "a100"});
  refuses(2, {"--scontrol", mixed, "--gpu", "a100=MyGpu"});
  refuses(2, {"--scontrol", mixed, "--gpu", "a100=MyGpu:80"});
  refuses(2, {"--scontrol", mixed, "--price", "A100-40=free"});
  refuses(2, {"--scontrol", mixed, "--gpus-per-node", "A100-40=0"});
  refuses(2, {"--scontrol", mixed, "--zone", "a,b"});
  refuses(2, {"--scontrol", mixed, "--zone-by", "rack"});
}

/// A machine whose commands are scripts in a folder.
class RunningSystem : public ::testing::Test {
 protected:
  void command(const std::string& name, const std::string& script) {
    std::filesystem::permissions(folder_.write("bin/" + name, "#!/bin/sh\n" + script + "\n"),
                                 std::filesystem::perms::owner_all);
  }
  ProgramResult run(std::vector<std::string> arguments) {
    ProgramOptions options;
    // A driver of its own: what this machine has is no matter.
    options.environment = {{"PATH", (folder_.path() / "bin").string() + ":/usr/bin:/bin"},
                           {"LD_LIBRARY_PATH", SEXTANT_FAKE_NVML},
                           {"FAKE_GPUS", gpus_}};
    return discover(std::move(arguments), options);
  }
  TemporaryFolder folder_;
  std::string gpus_;  ///< "NAME|MiB|USED MiB|PID;…"
};

TEST_F(RunningSystem, AsksScontrol) {
  command("scontrol", "[ \"$*\" = 'show node -o' ] && exec cat '" +
                          sample_path("scontrol-homogeneous.txt") + "'");
  const ProgramResult result = run({"--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("\"count\": 24"));
}

TEST_F(RunningSystem, AsksSinfoWhereScontrolFails) {
  command("scontrol", "echo 'slurm_load_node error: no permission' >&2; exit 1");
  command("sinfo", "exec cat '" + sample_path("sinfo-mig.txt") + "'");
  EXPECT_EQ(run({"--gpus-per-node", "H100-80=8"}).exit_code, 0);
}

TEST_F(RunningSystem, AsksTheDriverOfAMachineWithoutSlurm) {
  command("scontrol", "exit 1");
  command("sinfo", "exit 1");
  command("nvidia-smi",
          "printf '\\tGPU0\\tGPU1\\tNIC0\\nGPU0\\t X\\tNV18\\tPIX\\nGPU1\\tNV18\\t X\\tSYS\\n"
          "NIC0\\tPIX\\tSYS\\t X\\n'");
  gpus_ = "NVIDIA H200|143771|0|0;NVIDIA H200|143771|0|0";
  const ProgramResult result = run({});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("2xH200-141@site"));
  EXPECT_THAT(result.out, HasSubstr("NV18 between all pairs, says nvidia-smi topo -m"));
}

TEST_F(RunningSystem, SaysWhereItLookedInVain) {
  command("scontrol", "echo 'Unable to contact slurm controller' >&2; exit 1");
  command("sinfo", "kill -9 $$");
  const ProgramResult result = run({});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err,
              AllOf(HasSubstr("scontrol show node (\"Unable to contact slurm controller\")"),
                    HasSubstr("sinfo (exit code 137)"), HasSubstr("the NVIDIA driver: 0 GPUs")));
}

}  // namespace
}  // namespace sextant::testing
