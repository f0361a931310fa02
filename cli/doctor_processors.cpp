// Of doctor_conditions.h: how processors are set, and how many of them this process has.
#include <algorithm>
#include <fstream>
#include <optional>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/doctor_conditions.h"
#include "cli/doctor_search.h"

namespace sextant::cli {

namespace fs = std::filesystem;

int hardware_threads(const fs::path& root) {
  std::ifstream in(root / "proc/stat");
  int count = 0;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("cpu") && line.size() > 3 && line[3] != ' ') ++count;
  }
  return count;
}

namespace {

Condition check_governor(const fs::path& root) {
  std::set<std::string> governors;
  for (const fs::path& policy : entries_of(root / "sys/devices/system/cpu/cpufreq")) {
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

}  // namespace

std::vector<Condition> processor_conditions(const fs::path& root) {
  return {check_cpus(root), check_governor(root), check_turbo(root)};
}

}  // namespace sextant::cli
