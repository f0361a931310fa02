// Which GPU this is, who else uses it, and what is said where there is none.
#include "profiler/sweep/machine.h"

#include <unistd.h>

#include "analyzer/core/error.h"
#include "analyzer/profile/gpu.h"
#include "tests/profiler/sweep/sweep_fixture.h"

namespace sextant::profiler {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr double kGib = 0x1p30;

NvidiaGpu gpu(const std::string& name, const std::string& uuid) {
  NvidiaGpu out;
  out.name = name;
  out.uuid = uuid;
  out.memory_bytes = 80 * kGib;
  return out;
}

TEST(VisibleGpus, FollowCudasRules) {
  const std::vector<NvidiaGpu> all = {gpu("a", "GPU-11"), gpu("b", "GPU-12"), gpu("c", "GPU-2")};
  const auto names = [&](std::string_view visible) {
    std::string out;
    for (const NvidiaGpu& one : visible_gpus(all, visible)) out += one.name;
    return out;
  };
  EXPECT_EQ(names("2,0"), "ca");
  EXPECT_EQ(names("GPU-12,GPU-2"), "bc");
  EXPECT_EQ(names("0,7,1"), "a");
  EXPECT_EQ(names("-1"), "");
  EXPECT_EQ(names(""), "");
  EXPECT_EQ(names("1x"), "");
}

TEST(Machine, DifferentGpusNeedAName) {
  const std::vector<NvidiaGpu> two = {gpu("NVIDIA A100-SXM4-80GB", ""),
                                      gpu("NVIDIA H100 80GB HBM3", "")};
  EXPECT_THROW(machine_with({}, two, ""), Error);
  EXPECT_EQ(machine_with({}, two, "a100-80").gpu, "A100-80");
  EXPECT_EQ(machine_with({}, {two[1]}, "").gpu, "H100-80");
}

TEST(Machine, WarnsOfOtherProcesses) {
  NvidiaGpu busy = gpu("NVIDIA A100-SXM4-80GB", "");
  EXPECT_THAT(machine_with({}, {busy}, "").warnings, IsEmpty());
  busy.used_memory_bytes = 0.5 * kGib;  // a driver's own
  EXPECT_THAT(machine_with({}, {busy}, "").warnings, IsEmpty());
  busy.used_memory_bytes = 12 * kGib;
  EXPECT_THAT(machine_with({}, {busy}, "").warnings,
              ElementsAre(AllOf(HasSubstr("GPU 0: 12.0 GiB of 80.0 GiB"), HasSubstr("by whom"))));
  busy.processes = {{4711, "python", 11 * kGib}, {4712, "", std::nullopt}};
  EXPECT_THAT(machine_with({}, {busy}, "").warnings,
              ElementsAre(AllOf(HasSubstr("process 4711 (\"python\") holds 11.0 GiB"),
                                HasSubstr("process 4712"))));
}

/// profile_model with a driver library of the test's own.
class FakeDriver : public testing::SweepFixture {
 protected:
  testing::ProgramResult plan(const std::string& gpus, const std::vector<std::string>& more,
                              const std::vector<std::pair<std::string, std::string>>& also = {}) {
    std::vector<std::string> words = command({"--plan-only"});
    *(std::find(words.begin(), words.end(), "--device") + 1) = "cuda";
    words.insert(words.end(), more.begin(), more.end());
    std::vector<std::pair<std::string, std::string>> environment = {
        {"LD_LIBRARY_PATH", SEXTANT_FAKE_NVML}, {"FAKE_GPUS", gpus}};
    environment.insert(environment.end(), also.begin(), also.end());
    return testing::run_program(words, {.environment = environment});
  }
  const std::string h200_ = "NVIDIA H200|143771|0|0";
};

TEST_F(FakeDriver, TypeDegreesAndEstimateComeFromTheGpusThatAreVisible) {
  const std::string four = h200_ + ";" + h200_ + ";" + h200_ + ";" + h200_;
  testing::ProgramResult result = plan(four, {"--mbs", "1"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.err, "");
  EXPECT_THAT(result.out, AllOf(HasSubstr("tiny on H200-141, 3 points"), HasSubstr("bf16"),
                                HasSubstr("An estimate:")));
  result = plan(four, {"--mbs", "1"}, {{"CUDA_VISIBLE_DEVICES", "3,GPU-1abc"}});
  EXPECT_THAT(result.out, HasSubstr("2 points"));
  EXPECT_EQ(plan(four, {"--tp", "4", "--collectives", "real"}).exit_code, 0);
  result = plan(four, {"--tp", "4", "--collectives", "real"}, {{"CUDA_VISIBLE_DEVICES", "0"}});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err, HasSubstr("tensor degree 4 needs 4 GPUs, and 1 is visible"));
  result = plan(four, {"--tp", "4,1", "--mbs", "1"}, {{"CUDA_VISIBLE_DEVICES", "0"}});
  EXPECT_THAT(result.out, HasSubstr("recorded"));
}

TEST_F(FakeDriver, SaysWhyThereIsNoGpu) {
  testing::ProgramResult result = plan("", {});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err, HasSubstr("the driver 580.65.06 sees none; --device cpu"));
  result = plan(h200_, {}, {{"FAKE_NVML_ERROR", "18"}});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err, HasSubstr("\"Driver/library version mismatch\"; --device cpu"));
  result = plan(h200_, {}, {{"CUDA_VISIBLE_DEVICES", "-1"}});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err, HasSubstr("CUDA_VISIBLE_DEVICES=\"-1\" lets none be used"));
}

TEST_F(FakeDriver, WarnsWithTheProcessThatHoldsMemory) {
  const std::string self = std::to_string(::getpid());
  const testing::ProgramResult result = plan("NVIDIA H200|143771|40960|" + self, {});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.err, AllOf(HasSubstr("warning: GPU 0: 40.0 GiB of 140 GiB are taken"),
                                HasSubstr("process " + self + " (\"train\") holds 40.0 GiB")));
}

// As on the login node of a cluster.
TEST_F(FakeDriver, APlanForNamedGpusNeedsNone) {
  const testing::ProgramResult result = plan("", {"--gpu-type", "a100", "--mbs", "1"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.err, HasSubstr("there is no GPU here: planned for a node with 8 A100-40"));
  EXPECT_THAT(result.out, HasSubstr("tiny on A100-40, 3 points"));  // tp 1, 2 and 4 of 4 heads
}

TEST_F(FakeDriver, UnknownTypesNeedANameAndHaveNoEstimate) {
  testing::ProgramResult result = plan("NVIDIA X1|10000|0|0", {});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err, AllOf(HasSubstr("--gpu-type NAME"), HasSubstr("H200-141")));
  result = plan("NVIDIA X1|10000|0|0", {"--gpu-type", "X1"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.out, AllOf(HasSubstr("tiny on X1"), HasSubstr("No estimate"),
                                Not(HasSubstr("An estimate"))));
  EXPECT_EQ(plan("Tesla T4|15360|0|0", {"--dtype", "bf16"}).exit_code, 3);
}

}  // namespace
}  // namespace sextant::profiler
