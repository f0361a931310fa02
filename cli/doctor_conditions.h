#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "profiler/device/nvidia_driver.h"

namespace sextant::cli {

/// Something of a machine that can make times differ from what they would be by themselves.
struct Condition {
  enum class State {
    kQuiet,       ///< as a measurement wants it
    kDisturbing,  ///< not so
    kUnknown,     ///< the machine does not tell
  };
  std::string name;     ///< "governor", "power cap", …
  std::string subject;  ///< "CPU", "GPU 0,1"
  State state = State::kUnknown;
  std::string found;
  std::string reason;  ///< what it does to a measurement; "" unless disturbing
  std::string remedy;  ///< the command that ends it; "" unless disturbing
};
std::string_view to_string(Condition::State state);

/// Of the CPU.
Condition quiet(std::string name, std::string found);
Condition untold(std::string name, std::string tried);
Condition disturbing(std::string name, std::string found, std::string reason, std::string remedy);

/// What bears on measurements with and without a GPU: how clocks are set and how many processors
/// there are; who else works on the machine. Read in /proc and /sys under `root`; what is not there
/// is unknown.
std::vector<Condition> processor_conditions(const std::filesystem::path& root = "/");
std::vector<Condition> load_conditions(const std::filesystem::path& root = "/");
/// Hardware threads that are on, by /proc/stat; 0 where the kernel does not say.
int hardware_threads(const std::filesystem::path& root);

/// Of all GPUs that the driver sees: GPUs that are alike in one are one entry. `own_process` is on
/// no GPU's account.
std::vector<Condition> gpu_conditions(const profiler::NvidiaDriver& driver, unsigned own_process);

}  // namespace sextant::cli
