// Target slurm: whole files. tests/launch/emit/training/slurm_launch_test.sh holds them against a
// real Slurm.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "tests/launch/emit/training/golden_folder.h"
#include "tests/launch/emit/training/launch_jobs.h"

namespace sextant {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using namespace testing;

const LaunchTarget& target() {
  return launch_target_named("slurm");
}

JobFolder folder_of(const LaunchJob& job, const LaunchOptions& options = {}) {
  EXPECT_THAT(target().obstacles(job), IsEmpty());
  JobFolder folder;
  target().put(job, options, folder);
  return folder;
}

LaunchOptions site() {
  LaunchOptions options;
  options.account = "g33";
  options.partition = "normal";
  options.time_limit = "30:00";
  options.constraints = {{"A100-40", "a100"}, {"A100-40@far away", "a100&far"}};
  options.gres = {{"V100-16", "gpu:v100"}};
  return options;
}

TEST(SlurmTarget, FoldersOfAllShapesOfPlans) {
  const std::vector<std::string> of_plan = {"job.sbatch", "README.md"};
  expect_golden(folder_of(launch_job(uniform_plan())),
                {"job.sbatch", "rank.sh", "start.sh", "check.sh", "check_node.sh", "compare.sh",
                 "environment.sh", "README.md"},
                "slurm-uniform");
  expect_golden(folder_of(launch_job(uneven_plan()), site()), of_plan, "slurm-uneven");
  expect_golden(folder_of(launch_job(mixed_plan()), site()), of_plan, "slurm-mixed");
  expect_golden(folder_of(launch_job(far_plan()), site()), of_plan, "slurm-far");
  expect_golden(folder_of(launch_job(scattered_plan())), of_plan, "slurm-scattered");
}

TEST(SlurmTarget, ScriptsAreSound) {
  for (const Plan& plan :
       {uniform_plan(), uneven_plan(), mixed_plan(), far_plan(), scattered_plan()}) {
    expect_sound_scripts(folder_of(launch_job(plan), site()));
  }
  LaunchOptions options;
  options.container = "registry#image:$(id) it's";
  expect_sound_scripts(folder_of(launch_job(uniform_plan()), options));
}

TEST(SlurmTarget, SaysWhatSlurmIsNotTold) {
  EXPECT_THAT(folder_of(launch_job(uniform_plan())).notes, IsEmpty());
  EXPECT_THAT(folder_of(launch_job(mixed_plan())).notes,
              Contains(HasSubstr("nothing tells Slurm which nodes have which")));
  EXPECT_THAT(folder_of(launch_job(mixed_plan()), site()).notes, IsEmpty());
  EXPECT_THAT(folder_of(launch_job(scattered_plan()), site()).notes,
              Contains(HasSubstr("need not put on the machine")));
}

TEST(SlurmTarget, AComponentIsTheNodesThatAreAlike) {
  const std::string job = folder_of(launch_job(scattered_plan())).files.at("job.sbatch");
  EXPECT_THAT(job, AllOf(HasSubstr("first=(0 2 3 6 7) nodes=(1 1 1 1 1) ranks=(2 1 3 1 2) "),
                         HasSubstr("world=9\n")));
  EXPECT_THAT(folder_of(launch_job(uniform_plan())).files.at("job.sbatch"),
              AllOf(HasSubstr("#SBATCH --nodes=2\n#SBATCH --ntasks-per-node=2\n"),
                    Not(HasSubstr("#SBATCH hetjob"))));
}

TEST(SlurmTarget, ChoosesNoHosts) {
  LaunchOptions options;
  options.hosts = {{"A100-40@hall/0", "n0"}};
  JobFolder folder;
  EXPECT_THROW(target().put(launch_job(uniform_plan()), options, folder), Error);
}

}  // namespace
}  // namespace sextant
