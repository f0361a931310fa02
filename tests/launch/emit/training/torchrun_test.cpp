// Target torchrun: whole files, and what its scripts start, with programs that stand in for ssh,
// torchrun and nvidia-smi.
#include <cstdlib>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "analyzer/core/files.h"
#include "tests/cli/run_program.h"
#include "tests/launch/emit/training/golden_folder.h"
#include "tests/launch/emit/training/launch_jobs.h"
#include "tests/support/temporary_folder.h"

namespace sextant {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using namespace testing;

const LaunchTarget& target() {
  return launch_target_named("torchrun");
}

JobFolder folder_of(const LaunchJob& job, const LaunchOptions& options = {}) {
  EXPECT_THAT(target().obstacles(job), IsEmpty());
  JobFolder folder;
  target().put(job, options, folder);
  return folder;
}

TEST(Torchrun, FoldersOfAllShapesOfPlans) {
  const std::vector<std::string> of_plan = {"hosts.txt", "node.sh", "README.md"};
  expect_golden(folder_of(launch_job(uniform_plan())),
                {"hosts.txt", "node.sh", "start.sh", "check.sh", "check_node.sh", "compare.sh",
                 "environment.sh", "README.md"},
                "torchrun-uniform");
  expect_golden(folder_of(launch_job(uneven_plan())), of_plan, "torchrun-uneven");
  expect_golden(folder_of(launch_job(mixed_plan())), of_plan, "torchrun-mixed");
  expect_golden(folder_of(launch_job(far_plan())), of_plan, "torchrun-far");
  expect_golden(folder_of(launch_job(scattered_plan())), of_plan, "torchrun-scattered");
}

TEST(Torchrun, ScriptsAreSound) {
  for (const Plan& plan :
       {uniform_plan(), uneven_plan(), mixed_plan(), far_plan(), scattered_plan()}) {
    expect_sound_scripts(folder_of(launch_job(plan)));
  }
  LaunchOptions options;
  options.container = "it's an image.sif";
  options.hosts = {{"A100-40@hall/0", "10.0.0.1"}};
  expect_sound_scripts(folder_of(launch_job(uniform_plan()), options));
}

TEST(Torchrun, NamesAreDataWhateverIsInThem) {
  LaunchJob job = launch_job(uniform_plan());
  const std::string hostile = "x'y\" $(touch gone) `id` <script> a=b;";
  for (LaunchNode& node : job.nodes) node.gpu = node.zone = hostile;
  job.plan.model = job.model.name = job.job.model = hostile;
  const JobFolder folder = folder_of(job);
  expect_sound_scripts(folder);
  EXPECT_THAT(folder.files.at("check.sh"),
              HasSubstr(R"(types=('x'\''y" $(touch gone) `id` <script> a=b;')"));
}

TEST(Torchrun, RefusesWhatRunPlanCannotRun) {
  Plan plan = uniform_plan();
  plan.zero_stage = 1;
  plan.pipelines[0].stages[1].replicas.pop_back();
  EXPECT_THAT(target().obstacles(launch_job(plan)),
              AllOf(Contains(HasSubstr("zero_stage 1")),
                    Contains(HasSubstr("pipeline 0 stage 0: has 2 replicas, the next stage 1"))));
  LaunchOptions options;
  options.container = "docker://x";
  JobFolder folder;
  EXPECT_THROW(target().put(launch_job(uniform_plan()), options, folder), Error);
}

/// A folder of the scattered plan, with programs that write down how they were called.
class TorchrunScripts : public ::testing::Test {
 protected:
  TorchrunScripts() {
    LaunchOptions options;
    options.hosts = {{"A100-40@hall/0", "n0"},
                     {"A100-40@hall/1", "n1"},
                     {"V100-16@hall/0", "n2"},
                     {"A100-40@hall/2", "n3"}};
    write(options);
    // The command of ssh runs here; what ssh got goes to a file.
    program("ssh",
            "while [ \"$1\" != -- ]; do shift; done\n"
            "echo \"$2: $3\" >> \"$RECORD/ssh\"\nHOSTNAME=$2 exec sh -c \"$3\"\n");
    program("torchrun",
            "[ \"$1\" != --version ] || exit 0\n"
            "printf '<%s>' \"gpus ${CUDA_VISIBLE_DEVICES-all}\" \"$@\" > \"$RECORD/node$4\"\n");
    program("run_plan", "");
    program("nvidia-smi", "for i in 1 2 3; do echo \"NVIDIA Some GPU, ${MIB:-40960}\"; done\n");
  }
  void write(const LaunchOptions& options) {
    JobFolder folder = folder_of(launch_job(scattered_plan()), options);
    folder.files["plan.json"] = folder.files["job.json"] = "{}";
    write_job_folder(folder, job_, "plan.json", true);
  }
  void program(const std::string& name, const std::string& text) {
    const std::filesystem::path file =
        folder_.write("programs/" + name, "#!/usr/bin/env bash\n" + text);
    std::filesystem::permissions(file, std::filesystem::perms::owner_all);
  }
  ProgramResult run(std::vector<std::string> words,
                    std::vector<std::pair<std::string, std::string>> environment = {}) {
    words[0] = (job_ / words[0]).string();
    environment.emplace_back("PATH",
                             (folder_.path() / "programs").string() + ":" + std::getenv("PATH"));
    environment.emplace_back("RECORD", folder_.path().string());
    return run_program(words, {environment, std::chrono::seconds(60)});
  }
  std::string record(const std::string& name) const { return read_file(folder_.path() / name); }

  TemporaryFolder folder_;
  std::filesystem::path job_ = folder_.path() / "the job's folder";
};

TEST_F(TorchrunScripts, EveryNodeHasItsRanksAndGpus) {
  const ProgramResult result = run({"start.sh", "--warm-up", "2", "it's $HOME"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(record("node0"),
              HasSubstr("<gpus all><--nnodes><5><--node-rank><0><--nproc-per-node><2>"
                        "<--rdzv-backend><static><--master-addr><n0><--master-port><29500>"
                        "<--no-python><run_plan><--plan><plan.json><--job><job.json>"
                        "<--output><measured/><--device><cuda><--iterations><20>"
                        "<--warm-up><2><it's $HOME>"));
  EXPECT_THAT(record("node1"),
              HasSubstr("<gpus 0><--nnodes><5><--node-rank><1><--nproc-per-node><1>"));
  EXPECT_THAT(record("node2"),
              HasSubstr("<gpus all><--nnodes><5><--node-rank><2><--nproc-per-node><3>"));
  EXPECT_THAT(record("node3"),
              HasSubstr("<gpus 1><--nnodes><5><--node-rank><3><--nproc-per-node><1>"));
  EXPECT_THAT(record("ssh"), HasSubstr("n1: bash '"));
}

TEST_F(TorchrunScripts, AHostThatIsNotKnownIsAskedFor) {
  write({});
  const ProgramResult result = run({"node.sh", "0"});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_EQ(result.err, "hosts.txt: no host name of A100-40@hall/0\n");
  EXPECT_EQ(run({"node.sh", "5"}).exit_code, 2);
  EXPECT_EQ(run({"node.sh"}).exit_code, 2);
  EXPECT_EQ(run({"node.sh", "a[$(touch x)]"}).exit_code, 2);
}

TEST_F(TorchrunScripts, ANodeThatFailsIsNamed) {
  program("torchrun", "if [ \"$4\" = 3 ]; then echo out of memory; exit 7; fi\n");
  const ProgramResult result = run({"start.sh"});
  EXPECT_EQ(result.exit_code, 7);
  EXPECT_THAT(result.err, HasSubstr("node 3 ended with exit code 7 (logs/node_3.log)"));
  EXPECT_EQ(read_file(job_ / "logs" / "node_3.log"), "out of memory\n");
}

TEST_F(TorchrunScripts, MachinesAreChecked) {
  ProgramResult result = run({"check.sh"});
  // The V100 have another memory than the driver says.
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.out, HasSubstr("n1: ready for 2 ranks on A100-40"));
  EXPECT_THAT(result.err,
              AllOf(HasSubstr("n2: expected a V100-16 with about 16384 MiB, found NVIDIA Some GPU"),
                    HasSubstr("check.sh: n2 cannot be reached or cannot run its part")));
  program("nvidia-smi", "echo \"NVIDIA Some GPU, 40960\"\n");
  EXPECT_THAT(run({"check.sh"}).err, HasSubstr("n0: expected 2 GPUs of type A100-40, found 1"));
  result = run({"check.sh"}, {{"SEXTANT_DEVICE", "cpu"}});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  std::filesystem::remove(job_ / "job.json");
  EXPECT_THAT(run({"check.sh"}, {{"SEXTANT_DEVICE", "cpu"}}).err,
              HasSubstr("n3: job.json is not in"));
  result = run({"check.sh"}, {{"SEXTANT_DEVICE", "cpu"}, {"SEXTANT_BIN", "/nowhere"}});
  EXPECT_THAT(result.err, HasSubstr("/nowhere/run_plan does not start"));
}

}  // namespace
}  // namespace sextant
