#pragma once

#include <string>
#include <vector>

namespace sextant::cli {

/// What the NVIDIA driver says about itself and its GPUs.
struct NvidiaDriver {
  enum class State {
    kAbsent,   ///< no driver library on this machine
    kWorking,  ///< the driver answered
    kFailing,  ///< the library is there but gives an error
  };
  State state = State::kAbsent;
  std::string version;            ///< "580.65.06"
  std::string problem;            ///< of a failing driver, in its own words
  std::vector<std::string> gpus;  ///< "NVIDIA H200, 140.4 GiB" by index
};

/// Asks NVML through dlopen, so that the program runs where there is no driver.
NvidiaDriver ask_nvidia_driver();

}  // namespace sextant::cli
