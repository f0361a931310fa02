// Of doctor_parts.h: the machine itself, the tools that build, and the cluster it belongs to.
#include <chrono>
#include <sys/sysinfo.h>
#include <thread>

#include <fmt/format.h>

#include "analyzer/core/data_directory.h"
#include "analyzer/core/error.h"
#include "analyzer/core/table.h"
#include "cli/command_output.h"
#include "cli/doctor_parts.h"
#include "cli/doctor_search.h"

namespace sextant::cli {

namespace {

Check check_machine() {
  struct sysinfo info {};
  const std::string memory =
      ::sysinfo(&info) == 0
          ? format_bytes(static_cast<double>(info.totalram) * static_cast<double>(info.mem_unit))
          : "unknown size";
  const unsigned threads = std::thread::hardware_concurrency();
  return present("machine", fmt::format("{} hardware threads, {} of memory",
                                        threads > 0 ? std::to_string(threads) : "unknown", memory));
}

Check check_data() {
  try {
    return present("data", data_directory().string());
  } catch (const Error& error) {
    return missing("data", error.message(),
                   "set SEXTANT_PROFILES to the profiles/ of the repository");
  }
}

/// Whether the controller answers. `scontrol ping` alone knows all ways in which a site may tell
/// where it is.
Check check_controller() {
  const std::string remedy =
      "run where the cluster is configured (/etc/slurm/slurm.conf, or SLURM_CONF names another)";
  constexpr std::chrono::seconds kPatience(3);
  try {
    const CommandOutput ping = output_of({"scontrol", "ping"}, kPatience);
    if (!ping.started) return missing("slurm", "no scontrol in PATH", remedy);
    constexpr int kKilled = 137;
    if (ping.exit_code == kKilled) {
      return unknown("slurm", "scontrol ping did not answer within 3 s", remedy);
    }
    // "Slurmctld(primary) at login1 is UP", a line each
    const std::size_t up = ping.out.find(" is UP");
    if (up != std::string::npos) {
      const std::size_t line = ping.out.rfind('\n', up);
      const std::size_t begin = line == std::string::npos ? 0 : line + 1;
      return present("slurm", ping.out.substr(begin, up + 6 - begin));
    }
    // Of several errors the last is what came of them.
    std::string words = ping.out.empty() ? ping.err : ping.out;
    while (!words.empty() && words.back() == '\n') words.pop_back();
    words = words.substr(words.rfind('\n') + 1);
    return missing("slurm", words.empty() ? "no controller answers" : words, remedy);
  } catch (const Error& error) {
    return unknown("slurm", error.message(), remedy);
  }
}

}  // namespace

std::vector<Check> machine_checks() {
  std::vector<Check> checks = {check_machine(), check_data()};
  for (const char* tool : {"c++", "cmake", "ninja"}) {
    checks.push_back(check_program(tool, "./setup"));
  }
  checks.push_back(check_program("rsvg-convert", "./setup"));
  return checks;
}

std::vector<Check> cluster_checks() {
  return {check_program("sbatch", "run on a Slurm cluster's login node"), check_controller()};
}

}  // namespace sextant::cli
