#include "profiler/device/device_watch.h"

#include <deque>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"

namespace sextant::profiler {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::uint64_t kIdle = 0x1;
constexpr std::uint64_t kApplicationClocks = 0x2;
constexpr std::uint64_t kPowerCap = 0x4;
constexpr std::uint64_t kHardwareThermal = 0x40;

/// A GPU whose readings are written down beforehand.
struct Script {
  GpuIdentity identity{"NVIDIA H200", "GPU-0", 1e9, 1e6};
  std::vector<GpuProcess> processes;
  bool processes_fail = false;
  std::uint64_t events_at_begin = 0;
  GpuReadings readings;
};

class ScriptedGpu : public GpuReadingSource {
 public:
  explicit ScriptedGpu(std::shared_ptr<Script> script) : script_(std::move(script)) {}
  GpuIdentity identity() override { return script_->identity; }
  std::vector<GpuProcess> processes() override {
    if (script_->processes_fail) throw_bad_input("NVML says \"Insufficient Permissions\"");
    return script_->processes;
  }
  std::string driver_version() override { return "580.65.06"; }
  GpuReadings readings() override { return script_->readings; }
  std::optional<std::uint64_t> clock_events() override { return script_->events_at_begin; }

 private:
  std::shared_ptr<Script> script_;
};

class DeviceWatchTest : public ::testing::Test {
 protected:
  DeviceWatch watch() const { return DeviceWatch(std::make_unique<ScriptedGpu>(script_)); }
  /// One batch of samples with these clock events at its begin and end.
  bool sample(DeviceWatch& watch, std::uint64_t begin, std::uint64_t end, double mhz = 1980,
              int samples = 1) const {
    script_->events_at_begin = begin;
    script_->readings.clock_events = end;
    script_->readings.sm_clock_mhz = mhz;
    watch.begin_sample();
    return watch.end_sample(samples);
  }

  std::shared_ptr<Script> script_ = std::make_shared<Script>();
};

TEST(DeviceWatchOfNothing, TaintsNothingAndKnowsNothing) {
  DeviceWatch watch;
  watch.begin_sample();
  EXPECT_FALSE(watch.end_sample());
  EXPECT_FALSE(watch.conditions().has_value());
  EXPECT_THAT(watch.provenance(), IsEmpty());
  EXPECT_EQ(watch.problem(), "");
}

TEST_F(DeviceWatchTest, ASampleIsTaintedByThrottlingAtItsBeginOrItsEnd) {
  DeviceWatch gpu = watch();
  EXPECT_FALSE(sample(gpu, 0, 0));
  EXPECT_FALSE(sample(gpu, kIdle, kIdle | kApplicationClocks));
  EXPECT_TRUE(sample(gpu, kHardwareThermal, 0, 1980, 5));
  EXPECT_TRUE(sample(gpu, kIdle, kPowerCap, 1980, 3));
  EXPECT_FALSE(sample(gpu, 0, 0));
  const DeviceConditions conditions = gpu.conditions().value();
  EXPECT_EQ(conditions.tainted_samples, 8);
  EXPECT_THAT(conditions.throttle_reasons, ElementsAre("SwPowerCap", "HwThermalSlowdown"));
}

TEST_F(DeviceWatchTest, KeepsTheExtremes) {
  DeviceWatch gpu = watch();
  script_->readings.temperature_c = 60;
  script_->readings.power_w = 650;
  sample(gpu, 0, 0, 1900);
  script_->readings.temperature_c = 71;
  script_->readings.power_w = 300;
  sample(gpu, 0, 0, 1755);
  sample(gpu, 0, 0, 1980);
  const DeviceConditions conditions = gpu.conditions().value();
  EXPECT_EQ(conditions.sm_clock_mhz_min, 1755);
  EXPECT_EQ(conditions.sm_clock_mhz_max, 1980);
  EXPECT_EQ(conditions.temperature_c_max, 71);
  EXPECT_EQ(conditions.power_w_max, 650);
}

TEST_F(DeviceWatchTest, TheClockOfAnIdleGpuIsNotTheSamples) {
  DeviceWatch gpu = watch();
  sample(gpu, 0, kIdle, 345);
  EXPECT_EQ(gpu.conditions()->sm_clock_mhz_min, 345) << "better than none";
  sample(gpu, 0, 0, 1980);
  sample(gpu, 0, kIdle, 1200);
  EXPECT_EQ(gpu.conditions()->sm_clock_mhz_min, 1980);
  EXPECT_EQ(gpu.conditions()->sm_clock_mhz_max, 1980);
}

TEST_F(DeviceWatchTest, EveryPointHasItsOwnConditions) {
  DeviceWatch gpu = watch();
  sample(gpu, kPowerCap, 0, 1500);
  gpu.reset();
  EXPECT_FALSE(gpu.conditions().has_value());
  sample(gpu, 0, 0, 1980);
  EXPECT_EQ(gpu.conditions()->sm_clock_mhz_min, 1980);
  EXPECT_EQ(gpu.conditions()->tainted_samples, 0);
  EXPECT_THAT(gpu.conditions()->throttle_reasons, IsEmpty());
}

TEST_F(DeviceWatchTest, AGpuThatTellsNothingHasNoConditions) {
  class Silent : public ScriptedGpu {
   public:
    using ScriptedGpu::ScriptedGpu;
    std::optional<std::uint64_t> clock_events() override { return std::nullopt; }
  };
  DeviceWatch gpu(std::make_unique<Silent>(script_));
  gpu.begin_sample();
  EXPECT_FALSE(gpu.end_sample());
  EXPECT_FALSE(gpu.conditions().has_value());
}

TEST_F(DeviceWatchTest, ProvenanceNamesTheGpuItsStateAndWhoElseIsOnIt) {
  const auto own = static_cast<unsigned>(::getpid());
  script_->processes = {
      {own, "me", 1e9}, {own + 1, "/opt/python3", 3221225472.0}, {own + 2, "", {}}};
  const DeviceWatch gpu = watch();
  script_->readings = {1979.6, 3201, 64, 512.4, 700, 0};
  const std::map<std::string, std::string> expected = {
      {"gpu_name", "NVIDIA H200"},
      {"gpu_uuid", "GPU-0"},
      {"driver", "580.65.06"},
      {"sm_clock_mhz", "1980"},
      {"memory_clock_mhz", "3201"},
      {"temperature_c", "64"},
      {"power_w", "512"},
      {"power_cap_w", "700"},
      {"other_processes", "process " + std::to_string(own + 1) +
                              " (\"python3\") holds 3.00 GiB; process " + std::to_string(own + 2)}};
  EXPECT_EQ(gpu.provenance(), expected);
  EXPECT_EQ(gpu.other_processes().size(), 2U);
  EXPECT_EQ(gpu.problem(), "");
}

TEST_F(DeviceWatchTest, WhatCannotBeReadIsSaidAndTheRestIsWatched) {
  script_->processes_fail = true;
  DeviceWatch gpu = watch();
  EXPECT_THAT(gpu.problem(), HasSubstr("Insufficient Permissions"));
  EXPECT_EQ(gpu.provenance().at("gpu_name"), "NVIDIA H200");
  EXPECT_TRUE(sample(gpu, kPowerCap, 0));
}

TEST(DeviceWatchOnGpu, AnUnknownGpuIsAProblemNotAnError) {
  const DeviceWatch watch = DeviceWatch::on_gpu("GPU-9-of-no-machine");
  EXPECT_THAT(watch.problem(), HasSubstr("not watched"));
  EXPECT_FALSE(watch.conditions().has_value());
}

}  // namespace
}  // namespace sextant::profiler
