// What the driver says of GPUs, from its answers and through a library that stands in for it.
#include <algorithm>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/json_document.h"
#include "cli/doctor_conditions.h"
#include "tests/cli/run_program.h"
#include "tests/support/project_paths.h"

namespace sextant::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using State = Condition::State;

/// A GPU on which nothing disturbs.
profiler::NvidiaGpu quiet_gpu() {
  profiler::NvidiaGpu gpu;
  gpu.name = "NVIDIA A100-SXM4-40GB";
  gpu.readings.sm_clock_mhz = 1095;
  gpu.readings.power_cap_w = 400;
  gpu.readings.clock_events = 0x1;
  gpu.settings = {true, true, false, 400, 1410, 1095};
  return gpu;
}

std::vector<Condition> conditions_of(std::vector<profiler::NvidiaGpu> gpus) {
  profiler::NvidiaDriver driver;
  driver.state = profiler::Nvml::State::kWorking;
  driver.gpus = std::move(gpus);
  constexpr unsigned kOwnProcess = 99;
  return gpu_conditions(driver, kOwnProcess);
}

/// Those that disturb, "NAME of SUBJECT: FOUND | REMEDY" each.
std::vector<std::string> disturbances(const std::vector<Condition>& conditions) {
  std::vector<std::string> texts;
  for (const Condition& one : conditions) {
    EXPECT_EQ(one.reason.empty(), one.state != State::kDisturbing) << one.name;
    if (one.state != State::kDisturbing) continue;
    texts.push_back(one.name + " of " + one.subject + ": " + one.found + " | " + one.remedy);
  }
  return texts;
}

TEST(DoctorGpus, NothingDisturbsOnAQuietGpu) {
  const std::vector<Condition> all = conditions_of({quiet_gpu()});
  EXPECT_EQ(all.size(), 7U);
  for (const Condition& one : all) EXPECT_EQ(one.state, State::kQuiet) << one.name;
  EXPECT_TRUE(conditions_of({}).empty());
}

TEST(DoctorGpus, WhatDisturbsIsNamedWithItsRemedy) {
  profiler::NvidiaGpu gpu = quiet_gpu();
  gpu.readings.sm_clock_mhz = 210;
  gpu.readings.power_cap_w = 300;
  gpu.readings.clock_events = 0x1 | 0x20;
  gpu.settings.persistence = false;
  gpu.settings.ecc = false;
  gpu.settings.mig = true;
  gpu.processes = {{99, "sextant", 1e9}, {4711, "/usr/bin/{}", 2147483648.0}};
  EXPECT_THAT(
      disturbances(conditions_of({gpu})),
      ::testing::ElementsAre(
          "clocks of GPU 0: not locked: idle they fall, the highest is 1410 MHz | sudo nvidia-smi "
          "-i 0 --lock-gpu-clocks=1095,1095 (afterwards: --reset-gpu-clocks)",
          "throttling of GPU 0: SwThermalSlowdown | let it cool, lock a lower clock, or "
          "see nvidia-smi -i 0 -q -d PERFORMANCE,POWER",
          "power cap of GPU 0: 300 W, by default 400 W | sudo nvidia-smi -i 0 --power-limit=400",
          "persistence of GPU 0: off | sudo nvidia-smi -i 0 --persistence-mode=1",
          "MIG of GPU 0: on | sudo nvidia-smi -i 0 --multi-instance-gpu=0",
          "ECC of GPU 0: off | sudo nvidia-smi -i 0 --ecc-config=1, and restart",
          "processes of GPU 0: process 4711 (\"{}\") holds 2.00 GiB | end them, or measure on "
          "another GPU (CUDA_VISIBLE_DEVICES)"));
}

TEST(DoctorGpus, GpusThatAreAlikeAreOneEntry) {
  std::vector<profiler::NvidiaGpu> gpus(4, quiet_gpu());
  gpus[1].settings.persistence = false;
  gpus[3].settings.persistence = false;
  const std::vector<Condition> all = conditions_of(gpus);
  EXPECT_THAT(disturbances(all),
              ::testing::ElementsAre(
                  "persistence of GPU 1,3: off | sudo nvidia-smi -i 1,3 --persistence-mode=1"));
  EXPECT_EQ(all.size(), 8U);
}

TEST(DoctorGpus, WhatADriverDoesNotSayIsUnknownOrNotThere) {
  for (const Condition& one : conditions_of({profiler::NvidiaGpu{}})) {
    EXPECT_NE(one.state, State::kDisturbing) << one.name;
  }
  // Under load clocks say nothing about locks.
  profiler::NvidiaGpu busy = quiet_gpu();
  busy.readings.clock_events = 0;
  busy.readings.sm_clock_mhz = 210;
  EXPECT_EQ(conditions_of({busy}).front().state, State::kUnknown);
}

/// The document of a run with this driver.
nlohmann::json doctor_with(std::vector<std::pair<std::string, std::string>> environment) {
  environment.emplace_back("LD_LIBRARY_PATH", sextant::build_path("fake_nvml"));
  const testing::ProgramResult result =
      testing::run_sextant({"doctor", "--json"}, {.environment = std::move(environment)});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  return nlohmann::json::parse(result.out);
}

TEST(DoctorGpus, TheProgramAsksTheDriver) {
  const auto states = [](const nlohmann::json& document) {
    std::map<std::string, std::string> found;
    for (const auto& one : document.at("conditions")) {
      if (one.at("subject") != "CPU") found[one.at("name")] = one.at("state");
    }
    return found;
  };
  const auto quiet = states(doctor_with({{"FAKE_NVML_EVENTS", "1"}}));
  EXPECT_EQ(quiet.size(), 7U);
  for (const auto& [name, state] : quiet) EXPECT_EQ(state, "quiet") << name;
  const auto loud = states(doctor_with({{"FAKE_NVML_EVENTS", "5"},
                                        {"FAKE_NVML_CLOCK", "345"},
                                        {"FAKE_NVML_CAP", "500000"},
                                        {"FAKE_NVML_MODES", "4"},
                                        {"FAKE_NVML_PROCESSES", "4711:1000"}}));
  for (const auto& [name, state] : loud) EXPECT_EQ(state, "disturbing") << name;
}

TEST(DoctorGpus, TheTextSaysWhyAndWhatHelps) {
  const testing::ProgramResult result = testing::run_sextant(
      {"doctor"}, {.environment = {{"LD_LIBRARY_PATH", sextant::build_path("fake_nvml")},
                                   {"FAKE_NVML_CAP", "500000"}}});
  EXPECT_THAT(result.out,
              HasSubstr("  power cap (GPU 0): 500 W, by default 700 W\n"
                        "    why:    the GPU is slower than others of its type under load\n"
                        "    remedy: sudo nvidia-smi -i 0 --power-limit=700\n"));
  EXPECT_THAT(result.out, AllOf(HasSubstr("As it should be: "), HasSubstr("ECC (GPU 0)")));
}

}  // namespace
}  // namespace sextant::cli
