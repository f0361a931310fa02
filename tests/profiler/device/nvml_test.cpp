#include "profiler/device/nvml.h"

#include <cstdlib>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "tests/cli/run_program.h"
#include "tests/support/project_paths.h"

namespace sextant::profiler {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::string kFolder = sextant::build_path("fake_nvml");
const std::string kLibrary = kFolder + "/libnvidia-ml.so.1";

/// Describes the GPUs of the fake driver for one test.
class NvmlTest : public ::testing::Test {
 protected:
  void TearDown() override {
    for (const auto& variable : set_) ::unsetenv(variable.c_str());
  }
  void set(const std::string& variable, const std::string& value) {
    ::setenv(variable.c_str(), value.c_str(), 1);
    set_.push_back(variable);
  }

 private:
  std::vector<std::string> set_;
};

template <typename Work>
std::string failure_of(const Work& work) {
  try {
    work();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadInput);
    return error.what();
  }
  return "nothing failed";
}

TEST_F(NvmlTest, AMachineWithoutTheLibraryHasNoGpu) {
  const Nvml nvml("libno-such-nvml.so.1");
  EXPECT_NE(nvml.state(), Nvml::State::kWorking);
  EXPECT_EQ(nvml.gpu_count(), 0);
  EXPECT_THAT(failure_of([&] { nvml.gpu(0); }), HasSubstr("no GPU 0"));
  EXPECT_THAT(failure_of([&] { nvml.find("GPU-0"); }), HasSubstr("looking for the GPU"));
}

TEST_F(NvmlTest, ALibraryOfAnotherKindIsAFailingDriver) {
  const Nvml nvml("libc.so.6");
  EXPECT_EQ(nvml.state(), Nvml::State::kFailing);
  EXPECT_THAT(nvml.problem(), HasSubstr("libc.so.6 lacks functions"));
}

TEST_F(NvmlTest, AFailingDriverIsQuoted) {
  set("FAKE_NVML_INIT", "9");
  const Nvml nvml(kLibrary);
  EXPECT_EQ(nvml.state(), Nvml::State::kFailing);
  EXPECT_EQ(nvml.problem(), "Driver Not Loaded");
  EXPECT_EQ(nvml.gpu_count(), 0);
}

TEST_F(NvmlTest, NamesGpusAndReadsTheirStateInSiUnits) {
  set("FAKE_NVML_GPUS", "2");
  set("FAKE_NVML_EVENTS", "0x24");
  const Nvml nvml(kLibrary);
  ASSERT_EQ(nvml.state(), Nvml::State::kWorking) << nvml.problem();
  EXPECT_EQ(nvml.driver_version(), "580.65.06");
  EXPECT_EQ(nvml.cuda_version(), "13.1");
  ASSERT_EQ(nvml.gpu_count(), 2);
  const GpuIdentity identity = nvml.gpu(1).identity();
  EXPECT_EQ(identity.name, "NVIDIA H200");
  EXPECT_EQ(identity.uuid, "GPU-1");
  EXPECT_EQ(identity.memory_bytes, 141.0 * 1024 * 1024 * 1024);
  EXPECT_EQ(identity.used_memory_bytes, 1024.0 * 1024 * 1024);
  const GpuReadings readings = nvml.gpu(0).readings();
  EXPECT_EQ(readings.sm_clock_mhz, 1980);
  EXPECT_EQ(readings.memory_clock_mhz, 3201);
  EXPECT_EQ(readings.temperature_c, 45);
  EXPECT_DOUBLE_EQ(readings.power_w.value_or(0), 350.5);
  EXPECT_DOUBLE_EQ(readings.power_cap_w.value_or(0), 700);
  EXPECT_EQ(readings.clock_events, 0x24U);
  EXPECT_EQ(nvml.gpu(1).readings().power_cap_w, std::nullopt) << "it is not supported there";
}

TEST_F(NvmlTest, FindsAGpuByBusIdAndUuid) {
  set("FAKE_NVML_GPUS", "3");
  const Nvml nvml(kLibrary);
  EXPECT_EQ(nvml.find("0000:02:00.0").identity().uuid, "GPU-2");
  EXPECT_EQ(nvml.find("GPU-1").identity().uuid, "GPU-1");
  EXPECT_THAT(failure_of([&] { nvml.find("GPU-7"); }),
              AllOf(HasSubstr("GPU-7"), HasSubstr("NVML says \"Not Found\"")));
  EXPECT_THAT(failure_of([&] { nvml.gpu(3); }), HasSubstr("there is no GPU 3: the driver sees 3"));
}

TEST_F(NvmlTest, AGpuOutlivesTheNvmlItCameFrom) {
  const NvmlGpu gpu = Nvml(kLibrary).gpu(0);
  EXPECT_EQ(gpu.identity().name, "NVIDIA H200");
}

TEST_F(NvmlTest, AnOlderDriverHasThrottleReasons) {
  set("FAKE_NVML_OLD", "1");
  set("FAKE_NVML_EVENTS", "0x8");
  EXPECT_EQ(Nvml(kLibrary).gpu(0).clock_events(), 0x8U);
}

TEST_F(NvmlTest, ListsEveryProcessOnceByPid) {
  set("FAKE_NVML_PROCESSES", "4711:3221225472,12:-1");
  const Nvml nvml(kLibrary);
  std::vector<std::string> texts;
  for (const GpuProcess& process : nvml.gpu(0).processes()) texts.push_back(process.text());
  EXPECT_THAT(texts, ElementsAre("process 1 holds 1.00 GiB", "process 12",
                                 "process 4711 (\"python3\") holds 3.00 GiB"));
}

TEST_F(NvmlTest, ListsMoreProcessesThanTheFirstGuess) {
  std::string many;
  for (int pid = 1000; pid < 1200; ++pid) many += std::to_string(pid) + ":10,";
  set("FAKE_NVML_PROCESSES", many);
  EXPECT_EQ(Nvml(kLibrary).gpu(0).processes().size(), 201U);
}

TEST_F(NvmlTest, TellsHowAGpuIsSetUp) {
  const auto settings = [] { return Nvml(kLibrary).gpu(0).settings(); };
  EXPECT_EQ(settings().persistence, true);
  EXPECT_EQ(settings().ecc, true);
  EXPECT_EQ(settings().mig, false);
  EXPECT_EQ(settings().power_cap_default_w, 700);
  EXPECT_EQ(settings().max_sm_clock_mhz, 1980);
  EXPECT_EQ(settings().default_sm_clock_mhz, std::nullopt);
  set("FAKE_NVML_MODES", "4");
  EXPECT_EQ(settings().persistence, false);
  EXPECT_EQ(settings().ecc, false);
  EXPECT_EQ(settings().mig, true);
}

TEST_F(NvmlTest, TellsTheWayBetweenTwoGpus) {
  set("FAKE_NVML_GPUS", "3");
  const auto path = [](int a, int b) {
    const Nvml nvml(kLibrary);
    return nvml.gpu(a).path_to(nvml.gpu(b));
  };
  EXPECT_EQ(path(0, 1), "SYS");
  EXPECT_EQ(Nvml(kLibrary).gpu(2).bus_id(), "0000:02:00.0");
  set("FAKE_NVML_LEVEL", "20");
  EXPECT_EQ(path(0, 1), "PXB");
  // Two links lead to GPU 1, one to GPU 2, one is down.
  set("FAKE_NVML_LINKS", "112-");
  EXPECT_EQ(path(0, 1), "NV2");
  EXPECT_EQ(path(0, 2), "NV1");
  EXPECT_EQ(path(1, 0), "PXB");
  // Through a switch all of them lead to each.
  set("FAKE_NVML_LINKS", "ssssssssssssssssss");
  EXPECT_EQ(path(2, 0), "NV18");
}

TEST(ClockEvents, ThrottlingIsPowerHeatOrHardware) {
  EXPECT_THAT(clock_event_names(0), IsEmpty());
  EXPECT_THAT(clock_event_names(0x1 | 0x4 | 0x80 | 0x800),
              ElementsAre("GpuIdle", "SwPowerCap", "HwPowerBrakeSlowdown", "0x800"));
  // Idle, application clocks, sync boost and display clocks are what somebody asked for.
  const std::map<std::uint64_t, bool> expected = {{0x1, false}, {0x2, false},  {0x4, true},
                                                  {0x8, true},  {0x10, false}, {0x20, true},
                                                  {0x40, true}, {0x80, true},  {0x100, false}};
  for (const auto& [bit, throttled] : expected) EXPECT_EQ(says_throttled(bit), throttled) << bit;
  EXPECT_TRUE(says_idle(0x5));
  EXPECT_FALSE(says_idle(0x4));
}

TEST(Doctor, NamesTheGpusThatTheDriverSees) {
  const testing::ProgramResult result = testing::run_sextant(
      {"doctor"}, {.environment = {{"LD_LIBRARY_PATH", kFolder}, {"FAKE_NVML_GPUS", "2"}}});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, AllOf(HasSubstr("580.65.06"),
                                HasSubstr("NVIDIA H200, 141 GiB; NVIDIA H200, 141 GiB")));
}

}  // namespace
}  // namespace sextant::profiler
