#include "ranks/world.h"

#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"

namespace sextant::ranks {
namespace {

using ::testing::HasSubstr;

using Variables = std::map<std::string, std::string>;

World world_of(const Variables& variables, const MeetingOptions& options = {}) {
  return find_world(
      options,
      [&](const char* name) -> std::optional<std::string> {
        const auto found = variables.find(name);
        return found == variables.end() ? std::nullopt : std::optional(found->second);
      },
      2);
}

std::string refusal(const Variables& variables, const MeetingOptions& options = {}) {
  try {
    world_of(variables, options);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUsage);
    return error.what();
  }
  return "none";
}

const Variables kTorchrun = {{"RANK", "5"},
                             {"WORLD_SIZE", "8"},
                             {"LOCAL_RANK", "1"},
                             {"MASTER_ADDR", "node-a"},
                             {"MASTER_PORT", "29400"}};
const Variables kSlurm = {{"SLURM_PROCID", "3"},
                          {"SLURM_NTASKS", "4"},
                          {"SLURM_LOCALID", "1"},
                          {"SLURM_JOB_NODELIST", "gpu[07-08,11]"},
                          {"SLURM_JOB_ID", "30123"}};

TEST(World, IsAloneWithoutALauncher) {
  const World world = world_of({});
  EXPECT_EQ(world.size, 2);
  EXPECT_EQ(world.first_rank, 0);
  EXPECT_EQ(world.local_ranks, 2);
  EXPECT_EQ(world.host, "127.0.0.1");
  EXPECT_EQ(world.port, 0);
}

TEST(World, IsTorchruns) {
  const World world = world_of(kTorchrun);
  EXPECT_EQ(world.size, 8);
  EXPECT_EQ(world.first_rank, 5);
  EXPECT_EQ(world.local_ranks, 1);
  EXPECT_EQ(world.first_device, 1);
  EXPECT_EQ(world.host, "node-a");
  EXPECT_EQ(world.port, 29400);
  EXPECT_FALSE(world.agent_listens);
}

TEST(World, TorchrunsAgentMayListen) {
  Variables variables = kTorchrun;
  variables["TORCHELASTIC_USE_AGENT_STORE"] = "True";
  variables["TORCHELASTIC_RESTART_COUNT"] = "2";
  const World world = world_of(variables);
  EXPECT_TRUE(world.agent_listens);
  EXPECT_EQ(world.prefix, "sextant/2/");
}

TEST(World, IsSlurms) {
  const World world = world_of(kSlurm);
  EXPECT_EQ(world.size, 4);
  EXPECT_EQ(world.first_rank, 3);
  EXPECT_EQ(world.first_device, 1);
  EXPECT_EQ(world.host, "gpu07");
  EXPECT_EQ(world.port, 15000 + 30123 % 15000);
  Variables step = kSlurm;
  step["SLURM_STEP_ID"] = "1";
  step["SLURM_STEP_NUM_TASKS"] = "5";
  step["SLURM_STEP_NODELIST"] = "gpu11";
  EXPECT_EQ(world_of(step).port, 15000 + (30123 + 101) % 15000);
  EXPECT_EQ(world_of(step).host, "gpu11");
  EXPECT_EQ(world_of(step).size, 5);
}

TEST(World, HasSeveralRanksInEachProcess) {
  MeetingOptions options;
  options.local_ranks = 4;
  const World world = world_of(kSlurm, options);
  EXPECT_EQ(world.size, 16);
  EXPECT_EQ(world.first_rank, 12);
  EXPECT_EQ(world.first_device, 4);
}

TEST(World, FlagsOverrideTheEnvironment) {
  MeetingOptions options;
  options.world_size = 12;
  options.first_rank = 9;
  options.local_ranks = 3;
  options.rendezvous = "[::1]:4000";
  const World world = world_of(kTorchrun, options);
  EXPECT_EQ(world.size, 12);
  EXPECT_EQ(world.first_rank, 9);
  EXPECT_EQ(world.host, "::1");
  EXPECT_EQ(world.port, 4000);
}

TEST(World, RefusesWhatIsMissingOrWrong) {
  MeetingOptions options;
  options.world_size = 4;
  EXPECT_THAT(refusal({}, options), HasSubstr("2 of 4 ranks"));
  options.first_rank = 3;
  EXPECT_THAT(refusal({}, options), HasSubstr("ranks 3 to 4"));
  EXPECT_THAT(refusal({{"RANK", "0"}}), HasSubstr("RANK is set, but WORLD_SIZE is not"));
  EXPECT_THAT(refusal({{"RANK", "x"}}), HasSubstr("RANK is \"x\""));
  EXPECT_THAT(refusal({{"RANK", "0"}, {"WORLD_SIZE", "2"}}), HasSubstr("MASTER_ADDR"));
  EXPECT_THAT(refusal({{"RANK", "2"}, {"WORLD_SIZE", "2"}}), HasSubstr("a world of 2"));
  Variables variables = kTorchrun;
  variables["MASTER_PORT"] = "70000";
  EXPECT_THAT(refusal(variables), HasSubstr("MASTER_PORT is \"70000\""));
  MeetingOptions odd;
  odd.rendezvous = "node-a";
  EXPECT_THAT(refusal({}, odd), HasSubstr("expected HOST:PORT"));
  odd.rendezvous = "node-a:port";
  EXPECT_THAT(refusal({}, odd), HasSubstr("the port of --rendezvous"));
}

TEST(World, FindsTheFirstHostOfSlurmsLists) {
  EXPECT_EQ(first_host("a"), "a");
  EXPECT_EQ(first_host("a,b"), "a");
  EXPECT_EQ(first_host("a[07-09,11],b"), "a07");
  EXPECT_EQ(first_host("a[3,5-9]"), "a3");
  EXPECT_EQ(first_host("rack[1-2]-a,b"), "rack1-a");
}

}  // namespace
}  // namespace sextant::ranks
