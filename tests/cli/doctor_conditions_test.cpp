// What the kernel's files say of a machine, with trees of files that stand in for /proc and /sys.
#include "cli/doctor_conditions.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/doctor_parts.h"
#include "tests/support/temporary_folder.h"

namespace sextant::cli {
namespace {

using ::testing::HasSubstr;
using State = Condition::State;

std::vector<Condition> host_conditions(const std::filesystem::path& root) {
  std::vector<Condition> all = load_conditions(root);
  for (Condition& one : processor_conditions(root)) all.push_back(std::move(one));
  return all;
}

/// A quiet machine of four hardware threads; a test writes over what is to disturb.
class Host : public ::testing::Test {
 protected:
  Host() {
    write("proc/loadavg", "0.30 2.00 3.00 1/200 4711\n");
    write("proc/stat", stat(0));
    write("proc/meminfo", meminfo(1000));
    write("proc/self/status",
          "Name:\tsextant\nCapEff:\t0000000000000000\nCpus_allowed_list:\t0-3\n");
    write("proc/self/cgroup", "0::/user.slice/session.scope\n");
    write("sys/devices/system/cpu/cpufreq/policy0/scaling_governor", "performance\n");
    write("sys/devices/system/cpu/cpufreq/policy1/scaling_governor", "performance\n");
    write("sys/devices/system/cpu/intel_pstate/no_turbo", "1\n");
    write("proc/17/comm", "sextant\n");
  }

  void write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories((root_.path() / name).parent_path());
    root_.write(name, text);
  }
  void remove(const std::string& name) const { std::filesystem::remove_all(root_.path() / name); }
  /// 10000 ticks on four hardware threads.
  static std::string stat(int stolen) {
    std::string text = "cpu  1000 0 1000 " + std::to_string(8000 - stolen) + " 0 0 0 " +
                       std::to_string(stolen) + " 0 0\n";
    for (int i = 0; i < 4; ++i) text += "cpu" + std::to_string(i) + " 1 0 1 1 0 0 0 0 0 0\n";
    return text + "intr 12\n";
  }
  static std::string meminfo(int free_swap_mib) {
    return "MemTotal:       10240000 kB\nSwapTotal:      1024000 kB\nSwapFree:       " +
           std::to_string(free_swap_mib * 1024) + " kB\n";
  }
  Condition condition(const std::string& name) const {
    const std::vector<Condition> all = host_conditions(root_.path());
    const auto found = std::find_if(all.begin(), all.end(),
                                    [&](const Condition& one) { return one.name == name; });
    return found == all.end() ? Condition{"absent: " + name, "", State::kUnknown, "", "", ""}
                              : *found;
  }
  /// It must disturb, and say why and what helps.
  std::string disturbing(const std::string& name) const {
    const Condition one = condition(name);
    EXPECT_EQ(one.state, State::kDisturbing) << name << ": " << one.found;
    EXPECT_NE(one.reason, "") << name;
    EXPECT_NE(one.remedy, "") << name;
    return one.found;
  }

  TemporaryFolder root_;
};

TEST_F(Host, NothingDisturbsAQuietMachine) {
  const std::vector<Condition> all = host_conditions(root_.path());
  EXPECT_EQ(all.size(), 7U);
  for (const Condition& one : all) {
    EXPECT_EQ(one.state, State::kQuiet) << one.name << ": " << one.found;
    EXPECT_EQ(one.reason + one.remedy, "") << one.name;
  }
}

TEST_F(Host, WhatAMachineDoesNotTellIsUnknown) {
  const TemporaryFolder empty;
  for (const Condition& one : host_conditions(empty.path())) {
    EXPECT_EQ(one.state, State::kUnknown) << one.name << ": " << one.found;
    EXPECT_NE(one.found, "") << one.name;
  }
  for (const char* file : {"proc/loadavg", "proc/stat", "proc/meminfo"})
    write(file, "\xff\xfe ?\n");
  EXPECT_EQ(condition("load").state, State::kUnknown);
  EXPECT_EQ(condition("steal").state, State::kUnknown);
  EXPECT_EQ(condition("swap").state, State::kUnknown);
}

TEST_F(Host, ClocksThatFollowTheLoadDisturb) {
  write("sys/devices/system/cpu/cpufreq/policy1/scaling_governor", "schedutil\n");
  EXPECT_EQ(disturbing("governor"), "performance, schedutil");
  write("sys/devices/system/cpu/intel_pstate/no_turbo", "0\n");
  EXPECT_EQ(disturbing("turbo"), "on");
  EXPECT_THAT(condition("turbo").remedy,
              HasSubstr("echo 1 | sudo tee /sys/devices/system/cpu/intel_pstate/no_turbo"));
  // AMD and Arm have another file, with the opposite sense.
  remove("sys/devices/system/cpu/intel_pstate");
  write("sys/devices/system/cpu/cpufreq/boost", "1\n");
  EXPECT_EQ(disturbing("turbo"), "on");
  EXPECT_THAT(condition("turbo").remedy, HasSubstr("echo 0 | sudo tee"));
  write("sys/devices/system/cpu/cpufreq/boost", "0\n");
  EXPECT_EQ(condition("turbo").state, State::kQuiet);
}

TEST_F(Host, OtherWorkDisturbs) {
  write("proc/loadavg", "0.50 0 0 1/1 1\n");
  EXPECT_EQ(disturbing("load"),
            "0.5 running or waiting over the last minute, on 4 hardware threads");
  write("proc/stat", stat(50));  // of 10000
  EXPECT_EQ(disturbing("steal"), "0.5 % of the time since the start");
  write("proc/stat", stat(49));
  EXPECT_EQ(condition("steal").state, State::kQuiet);
  write("proc/meminfo", meminfo(900));  // 100 MiB of 10000 MiB
  EXPECT_EQ(condition("swap").state, State::kQuiet);
  write("proc/meminfo", meminfo(899));
  EXPECT_EQ(disturbing("swap"), "106 MB in use");
}

TEST_F(Host, FewerProcessorsThanTheMachineHasDisturb) {
  write("proc/self/status", "Cpus_allowed_list:\t0,2-3\n");
  EXPECT_EQ(disturbing("cpus"), "3 of 4 hardware threads");
  EXPECT_THAT(condition("cpus").remedy, HasSubstr("OMP_NUM_THREADS=3"));
  // The least of a group's quota and those of the groups above it.
  write("sys/fs/cgroup/user.slice/cpu.max", "250000 100000\n");
  write("sys/fs/cgroup/user.slice/session.scope/cpu.max", "max 100000\n");
  EXPECT_EQ(disturbing("cpus"), "a quota of 2.5 of 4 hardware threads");
  write("sys/fs/cgroup/user.slice/cpu.max", "400000 100000\n");
  EXPECT_EQ(condition("cpus").found, "3 of 4 hardware threads");
}

TEST_F(Host, QuotasOfTheFirstControlGroupsCount) {
  write("proc/self/cgroup", "4:memory:/box\n3:cpu,cpuacct:/box\n0::/\n");
  write("sys/fs/cgroup/cpu/box/cpu.cfs_quota_us", "150000\n");
  write("sys/fs/cgroup/cpu/box/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(disturbing("cpus"), "a quota of 1.5 of 4 hardware threads");
  write("sys/fs/cgroup/cpu/box/cpu.cfs_quota_us", "-1\n");  // none
  EXPECT_EQ(condition("cpus").state, State::kQuiet);
}

TEST_F(Host, AgentsThatHoldCuptiAreNamed) {
  write("proc/101/comm", "nv-hostengine\n");
  write("proc/102/comm", "nsys-launcher\n");
  write("proc/103/comm", "ncurses-demo\n");  // not ncu
  write("proc/104/comm", "nvidia-cuda-mps\n");
  EXPECT_EQ(disturbing("monitoring"), "nv-hostengine (101), nsys (102), nvidia-cuda-mps (104)");
  EXPECT_THAT(condition("monitoring").remedy, HasSubstr("dcgmi profile --pause"));
  EXPECT_THAT(condition("monitoring").remedy, HasSubstr("kill 102"));
}

TEST_F(Host, CountersAreOfAdministratorsOrOfAll) {
  profiler::NvidiaDriver driver;
  const auto counters = [&] { return check_counters(driver, root_.path()); };
  EXPECT_EQ(counters().found, "no driver to ask");
  driver.state = profiler::Nvml::State::kWorking;
  EXPECT_EQ(counters().presence, Presence::kUnknown);
  write("proc/driver/nvidia/params", "ResmanDebugLevel: 4294967295\nRmProfilingAdminOnly: 1\n");
  EXPECT_EQ(counters().presence, Presence::kMissing);
  EXPECT_THAT(counters().remedy, HasSubstr("NVreg_RestrictProfilingToAdminUsers=0"));
  write("proc/self/status", "CapEff:\t0000000000200000\n");  // CAP_SYS_ADMIN alone
  EXPECT_EQ(counters().presence, Presence::kPresent);
  write("proc/self/status", "CapEff:\t000001ffffdfffff\n");  // all but that
  EXPECT_EQ(counters().presence, Presence::kMissing);
  write("proc/driver/nvidia/params", "RmProfilingAdminOnly: 0\n");
  EXPECT_EQ(counters().presence, Presence::kPresent);
}

}  // namespace
}  // namespace sextant::cli
