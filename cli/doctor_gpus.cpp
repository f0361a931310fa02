// Of doctor_conditions.h: what the driver says of GPUs.
#include <algorithm>
#include <functional>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/doctor_conditions.h"

namespace sextant::cli {

namespace {

using profiler::NvidiaGpu;

/// Of one GPU; the remedy has "{}" where the GPUs' indices go. Neither text has other braces.
using Finding = Condition;

Finding check_clocks(const NvidiaGpu& gpu) {
  // NVML does not tell locked clocks. But those of a GPU that is idle fall unless they are locked.
  const auto now = gpu.readings.sm_clock_mhz;
  const auto most = gpu.settings.max_sm_clock_mhz;
  const auto events = gpu.readings.clock_events;
  if (!now || !most || !events) return untold("clocks", "the driver does not say");
  if (!profiler::says_idle(*events)) {
    return untold("clocks", "only those of an idle GPU tell whether they are locked");
  }
  constexpr double kFallen = 0.5;
  if (*now > kFallen * *most) {
    return quiet("clocks", fmt::format("{:.0f} MHz, and the GPU is idle", *now));
  }
  const std::string clock = gpu.settings.default_sm_clock_mhz
                                ? fmt::format("{:.0f}", *gpu.settings.default_sm_clock_mhz)
                                : "MHZ";
  std::string remedy = fmt::format(
      "sudo nvidia-smi -i {{}} --lock-gpu-clocks={0},{0} (afterwards: "
      "--reset-gpu-clocks)",
      clock);
  if (clock == "MHZ") remedy += "; nvidia-smi -q -d SUPPORTED_CLOCKS lists what it may be";
  return disturbing(
      "clocks", fmt::format("not locked: idle they fall, the highest is {:.0f} MHz", *most),
      "the clock follows load, heat and power: samples differ from each other and from day to "
      "day",
      std::move(remedy));
}

Finding check_throttling(const NvidiaGpu& gpu) {
  const auto events = gpu.readings.clock_events;
  if (!events) return untold("throttling", "the driver does not say");
  if (!profiler::says_throttled(*events)) return quiet("throttling", "none now");
  std::uint64_t throttling = 0;  // without what somebody asked for
  for (std::uint64_t bit = 1; bit != 0; bit <<= 1) {
    if ((*events & bit) != 0 && profiler::says_throttled(bit)) throttling |= bit;
  }
  return disturbing(
      "throttling", fmt::format("{}", fmt::join(profiler::clock_event_names(throttling), ", ")),
      "power, heat or hardware keeps the clocks below what was asked for",
      "let it cool, lock a lower clock, or see nvidia-smi -i {} -q -d PERFORMANCE,POWER");
}

Finding check_power_cap(const NvidiaGpu& gpu) {
  const auto cap = gpu.readings.power_cap_w;
  const auto usual = gpu.settings.power_cap_default_w;
  if (!cap || !usual) return untold("power cap", "the driver does not say");
  if (*cap >= *usual) return quiet("power cap", fmt::format("{:.0f} W", *cap));
  return disturbing("power cap", fmt::format("{:.0f} W, by default {:.0f} W", *cap, *usual),
                    "the GPU is slower than others of its type under load",
                    fmt::format("sudo nvidia-smi -i {{}} --power-limit={:.0f}", *usual));
}

Finding check_persistence(const NvidiaGpu& gpu) {
  const auto on = gpu.settings.persistence;
  if (!on) return untold("persistence", "the driver does not say");
  if (*on) return quiet("persistence", "on");
  return disturbing(
      "persistence", "off",
      "the driver leaves when nobody uses the GPU: each start takes seconds, and clocks that "
      "were locked are forgotten",
      "sudo nvidia-smi -i {} --persistence-mode=1");
}

Finding check_mig(const NvidiaGpu& gpu) {
  const auto on = gpu.settings.mig;
  if (!on || !*on) return quiet("MIG", on ? "off" : "not of this GPU");
  return disturbing("MIG", "on", "a slice is measured, not the GPU that plans are made of",
                    "sudo nvidia-smi -i {} --multi-instance-gpu=0");
}

Finding check_ecc(const NvidiaGpu& gpu) {
  const auto on = gpu.settings.ecc;
  if (!on || *on) return quiet("ECC", on ? "on" : "not of this GPU");
  return disturbing(
      "ECC", "off",
      "memory may be larger and faster than that of GPUs of its type elsewhere, where it is on",
      "sudo nvidia-smi -i {} --ecc-config=1, and restart");
}

Finding check_processes(const NvidiaGpu& gpu, unsigned own_process) {
  std::vector<std::string> others;
  for (const profiler::GpuProcess& process : gpu.processes) {
    if (process.pid != own_process) others.push_back(process.text());
  }
  if (others.empty()) return quiet("processes", "nobody else");
  return disturbing("processes", fmt::format("{}", fmt::join(others, "; ")),
                    "they take time, memory and power of the GPU",
                    "end them, or measure on another GPU (CUDA_VISIBLE_DEVICES)");
}

}  // namespace

std::vector<Condition> gpu_conditions(const profiler::NvidiaDriver& driver, unsigned own_process) {
  const std::vector<std::function<Finding(const NvidiaGpu&)>> checks = {
      check_clocks,
      check_throttling,
      check_power_cap,
      check_persistence,
      check_mig,
      check_ecc,
      [own_process](const NvidiaGpu& gpu) { return check_processes(gpu, own_process); }};
  std::vector<Condition> conditions;
  for (const auto& check : checks) {
    // GPUs that are alike are one entry, in the order of the first of each.
    std::vector<std::pair<Finding, std::vector<std::size_t>>> groups;
    for (std::size_t i = 0; i < driver.gpus.size(); ++i) {
      Finding finding = check(driver.gpus[i]);
      const auto alike = std::find_if(groups.begin(), groups.end(), [&](const auto& group) {
        return group.first.found == finding.found && group.first.remedy == finding.remedy;
      });
      if (alike == groups.end()) {
        groups.emplace_back(std::move(finding), std::vector{i});
      } else {
        alike->second.push_back(i);
      }
    }
    for (auto& [finding, gpus] : groups) {
      const std::string indices = fmt::format("{}", fmt::join(gpus, ","));
      finding.subject = "GPU " + indices;
      if (const std::size_t place = finding.remedy.find("{}"); place != std::string::npos) {
        finding.remedy.replace(place, 2, indices);
      }
      conditions.push_back(std::move(finding));
    }
  }
  return conditions;
}

}  // namespace sextant::cli
