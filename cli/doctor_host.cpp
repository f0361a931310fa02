// Of doctor_conditions.h: what the kernel says of processors, memory and processes.
#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <sstream>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/table.h"
#include "cli/doctor_conditions.h"
#include "cli/doctor_search.h"

namespace sextant::cli {

namespace {

namespace fs = std::filesystem;

/// The first line of a file, or nothing where it cannot be read.
std::optional<std::string> first_line(const fs::path& file) {
  std::ifstream in(file);
  std::string line;
  if (!std::getline(in, line)) return std::nullopt;
  return line;
}

/// The number that a text begins with.
std::optional<double> leading_number(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return std::nullopt;
  double value = 0;
  const auto parsed = std::from_chars(text.data() + begin, text.data() + text.size(), value);
  if (parsed.ec != std::errc()) return std::nullopt;
  return value;
}

/// Folders directly in a folder, by name.
std::vector<fs::path> folders_in(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code failure;
  for (fs::directory_iterator entry(folder, failure), end; !failure && entry != end;
       entry.increment(failure)) {
    found.push_back(entry->path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

Condition quiet(std::string name, std::string found) {
  return {std::move(name), "CPU", Condition::State::kQuiet, std::move(found), "", ""};
}
Condition disturbing(std::string name, std::string found, std::string reason, std::string remedy) {
  return {
      std::move(name),  "CPU", Condition::State::kDisturbing, std::move(found), std::move(reason),
      std::move(remedy)};
}
Condition untold(std::string name, std::string tried) {
  return {std::move(name), "CPU", Condition::State::kUnknown, std::move(tried), "", ""};
}

/// Hardware threads that are on; 0 where the kernel does not say.
int hardware_threads(const fs::path& root) {
  std::ifstream in(root / "proc/stat");
  int count = 0;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("cpu") && line.size() > 3 && line[3] != ' ') ++count;
  }
  return count;
}

Condition check_governor(const fs::path& root) {
  std::set<std::string> governors;
  for (const fs::path& policy : folders_in(root / "sys/devices/system/cpu/cpufreq")) {
    if (const auto governor = first_line(policy / "scaling_governor")) governors.insert(*governor);
  }
  if (governors.empty()) {
    return untold("governor", "the kernel sets no clock here (a virtual machine?)");
  }
  std::string found = fmt::format("{}", fmt::join(governors, ", "));
  if (found == "performance") return quiet("governor", std::move(found));
  return disturbing("governor", std::move(found),
                    "a core's clock follows its load: short work runs at another clock than long",
                    "sudo cpupower frequency-set --governor performance");
}

Condition check_turbo(const fs::path& root) {
  const fs::path intel = "sys/devices/system/cpu/intel_pstate/no_turbo";
  const fs::path others = "sys/devices/system/cpu/cpufreq/boost";
  const std::string reason = "the clock depends on how many cores are busy, and on heat";
  if (const auto off = first_line(root / intel)) {
    if (*off == "1") return quiet("turbo", "off");
    return disturbing("turbo", "on", reason, fmt::format("echo 1 | sudo tee /{}", intel.string()));
  }
  if (const auto on = first_line(root / others)) {
    if (*on == "0") return quiet("turbo", "off");
    return disturbing("turbo", "on", reason, fmt::format("echo 0 | sudo tee /{}", others.string()));
  }
  return untold("turbo", "the kernel does not say");
}

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

/// CPUs in a list as in "0-3,8"; 0 where it is none.
int count_list(const std::string& list) {
  int count = 0;
  for (std::size_t begin = 0; begin < list.size();) {
    const std::size_t end = std::min(list.find(',', begin), list.size());
    const std::string range = list.substr(begin, end - begin);
    const std::size_t dash = range.find('-');
    const auto first = leading_number(range);
    const auto last = dash == std::string::npos ? first : leading_number(range.substr(dash + 1));
    if (!first || !last || *last < *first) return 0;
    count += static_cast<int>(*last - *first) + 1;
    begin = end + 1;
  }
  return count;
}

/// CPUs that a control group of this process may use at a time, by its quota; the least of it and
/// those above it. Version 2 has "QUOTA PERIOD" or "max PERIOD" in cpu.max, version 1 a file each.
std::optional<double> quota_cpus(const fs::path& root) {
  std::optional<double> least;
  const auto take = [&](std::optional<double> quota, std::optional<double> period) {
    if (quota && period && *quota > 0 && *period > 0) {
      least = std::min(least.value_or(*quota / *period), *quota / *period);
    }
  };
  std::ifstream in(root / "proc/self/cgroup");
  for (std::string line; std::getline(in, line);) {  // ID:CONTROLLERS:PATH
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    const bool is_second_version = controllers == ",,";
    if (!is_second_version && controllers.find(",cpu,") == std::string::npos) continue;
    const fs::path mount = root / (is_second_version ? "sys/fs/cgroup" : "sys/fs/cgroup/cpu");
    for (fs::path path = fs::path(line.substr(second + 1)).relative_path();;
         path = path.parent_path()) {
      const fs::path group = mount / path;
      if (is_second_version) {
        const std::string text = first_line(group / "cpu.max").value_or("");
        const std::size_t blank = text.find(' ');
        if (blank != std::string::npos) {
          take(leading_number(text), leading_number(text.substr(blank)));
        }
      } else {
        take(leading_number(first_line(group / "cpu.cfs_quota_us").value_or("")),
             leading_number(first_line(group / "cpu.cfs_period_us").value_or("")));
      }
      if (path.empty()) break;
    }
  }
  return least;
}

Condition check_cpus(const fs::path& root) {
  const int threads = hardware_threads(root);
  const int allowed = count_list(proc_entry(root / "proc/self/status", "Cpus_allowed_list"));
  if (threads == 0 || allowed == 0) return untold("cpus", "the kernel does not say");
  if (const auto quota = quota_cpus(root); quota && *quota < std::min(allowed, threads)) {
    return disturbing(
        "cpus", fmt::format("a quota of {:.3g} of {} hardware threads", *quota, threads),
        "threads that have used the quota up stand still till the next period",
        "raise the container's limit (docker: --cpus; Kubernetes: the pod's limits.cpu)");
  }
  if (allowed < threads) {
    return disturbing("cpus", fmt::format("{} of {} hardware threads", allowed, threads),
                      "as many threads as the machine has would share them",
                      fmt::format("export OMP_NUM_THREADS={}, or ask for more (Slurm: "
                                  "--cpus-per-task; docker: --cpuset-cpus)",
                                  allowed));
  }
  return quiet("cpus", fmt::format("all {} hardware threads", threads));
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
  for (const fs::path& process : folders_in(root / "proc")) {
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

std::string_view to_string(Condition::State state) {
  switch (state) {
    case Condition::State::kQuiet:
      return "quiet";
    case Condition::State::kDisturbing:
      return "disturbing";
    case Condition::State::kUnknown:
      return "unknown";
  }
  return "unknown";
}

std::vector<Condition> host_conditions(const fs::path& root) {
  return {check_load(root), check_cpus(root),  check_governor(root), check_turbo(root),
          check_swap(root), check_steal(root), check_agents(root)};
}

}  // namespace sextant::cli
