// Of doctor_conditions.h: who else works on the machine.
#include <algorithm>
#include <array>
#include <map>
#include <sstream>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/table.h"
#include "cli/doctor_conditions.h"
#include "cli/doctor_search.h"

namespace sextant::cli {

namespace {

namespace fs = std::filesystem;

Condition check_load(const fs::path& root) {
  const auto line = first_line(root / "proc/loadavg");
  const auto load = leading_number(line.value_or(""));
  if (!load) return untold("load", "no /proc/loadavg");
  const int threads = hardware_threads(root);
  std::string found = fmt::format("{:.1f} running or waiting over the last minute", *load);
  if (threads > 0) found += fmt::format(", on {} hardware threads", threads);
  // Half a thread is what a shell and its daemons take; a tenth of a large machine is nobody's
  // work.
  if (*load < std::max(0.5, 0.1 * threads)) return quiet("load", std::move(found));
  return disturbing("load", std::move(found), "other work takes cores, caches, memory and power",
                    "end what `top` shows, or wait for it");
}

Condition check_steal(const fs::path& root) {
  // cpu user nice system idle iowait irq softirq steal …, ticks since the start (proc(5))
  std::istringstream words(first_line(root / "proc/stat").value_or(""));
  std::string name;
  words >> name;
  constexpr std::size_t kSteal = 7;
  std::array<double, kSteal + 1> ticks{};
  double all = 0;
  for (double& tick : ticks) {
    words >> tick;
    all += tick;
  }
  if (!words || name != "cpu" || all <= 0) return untold("steal", "no /proc/stat");
  const double share = ticks[kSteal] / all;
  std::string found = fmt::format("{:.1f} % of the time since the start", 100 * share);
  constexpr double kNoise = 0.005;  // below what a measurement is asked for by default
  if (share < kNoise) return quiet("steal", std::move(found));
  return disturbing("steal", std::move(found),
                    "the hypervisor gives these processors to other virtual machines",
                    "measure on a machine or instance of your own");
}

Condition check_swap(const fs::path& root) {
  const fs::path file = root / "proc/meminfo";
  const auto total = leading_number(proc_entry(file, "SwapTotal"));
  const auto free = leading_number(proc_entry(file, "SwapFree"));
  const auto memory = leading_number(proc_entry(file, "MemTotal"));
  if (!total || !free || !memory) return untold("swap", "no /proc/meminfo");
  constexpr double kKib = 1024;
  const double used = (*total - *free) * kKib;
  std::string found = *total == 0 ? "none" : fmt::format("{} in use", format_bytes(used));
  constexpr double kLeftBehind = 0.01;  // of the memory: what was swapped out once and never missed
  if (used <= kLeftBehind * *memory * kKib) return quiet("swap", std::move(found));
  return disturbing("swap", std::move(found),
                    "memory is or was short: pages come back from the disk when they are needed",
                    "free memory, then: sudo swapoff -a && sudo swapon -a");
}

/// Programs that sit on GPUs to watch or to share them, by the beginning of their name; the kernel
/// keeps 15 letters of that.
struct Agent {
  std::string_view name;
  std::string_view reason;
  std::string_view remedy;
};
constexpr std::string_view kHoldsCounters =
    "DCGM's profiling metrics hold the counters that CUPTI needs, and reading them takes time";
constexpr std::string_view kPauseDcgm =
    "dcgmi profile --pause (afterwards: dcgmi profile --resume)";
constexpr std::string_view kHoldsCupti = "one tool at a time can hold CUPTI";
constexpr std::array kAgents = {
    Agent{"nv-hostengine", kHoldsCounters, kPauseDcgm},
    Agent{"dcgm-exporter", kHoldsCounters, kPauseDcgm},
    Agent{"dcgmproftester", "it loads the GPU", "kill"},
    Agent{"nsys", kHoldsCupti, "kill"},
    Agent{"ncu", kHoldsCupti, "kill"},
    Agent{"nvidia-cuda-mps", "programs share a GPU through it",
          "echo quit | nvidia-cuda-mps-control"},
};

Condition check_agents(const fs::path& root) {
  std::map<const Agent*, std::vector<std::string>> running;
  int seen = 0;
  for (const fs::path& process : entries_of(root / "proc")) {
    const std::string id = process.filename().string();
    if (id.find_first_not_of("0123456789") != std::string::npos) continue;
    const auto command = first_line(process / "comm");
    if (!command) continue;
    ++seen;
    for (const Agent& agent : kAgents) {
      // "ncu" is a word, "nsys-launcher" begins with one.
      const std::string_view rest =
          std::string_view(*command).substr(std::min(command->size(), agent.name.size()));
      if (command->starts_with(agent.name) && (rest.empty() || rest.front() == '-')) {
        running[&agent].push_back(id);
      }
    }
  }
  if (seen == 0) return untold("monitoring", "no processes in /proc");
  if (running.empty()) return quiet("monitoring", "no agent that holds CUPTI or shares GPUs");
  std::vector<std::string> found;
  std::vector<std::string> reasons;
  std::vector<std::string> remedies;
  const auto once = [](std::vector<std::string>& list, std::string text) {
    if (std::find(list.begin(), list.end(), text) == list.end()) list.push_back(std::move(text));
  };
  for (const Agent& agent : kAgents) {
    const auto entry = running.find(&agent);
    if (entry == running.end()) continue;
    found.push_back(fmt::format("{} ({})", agent.name, fmt::join(entry->second, ", ")));
    once(reasons, std::string(agent.reason));
    once(remedies, agent.remedy == "kill" ? fmt::format("kill {}", fmt::join(entry->second, " "))
                                          : std::string(agent.remedy));
  }
  return disturbing("monitoring", fmt::format("{}", fmt::join(found, ", ")),
                    fmt::format("{}", fmt::join(reasons, "; ")),
                    fmt::format("{}", fmt::join(remedies, "; ")));
}

}  // namespace

std::vector<Condition> load_conditions(const fs::path& root) {
  return {check_load(root), check_steal(root), check_swap(root), check_agents(root)};
}

}  // namespace sextant::cli
