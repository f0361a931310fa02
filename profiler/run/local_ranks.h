#pragma once

#include <string>
#include <vector>

#include "profiler/run/run_request.h"

namespace sextant::profiler {

/// Starts every rank of the request as a process of this machine (the running program with
/// `arguments`), which meet here, and waits for them: a rank that dies ends the others, with its
/// name, and so does an interrupt. Rank 0 says what there is to say. The exit code. Throws
/// Error(kBadInput) where the system gives no process or port.
int run_as_processes(const RunRequest& request, const std::vector<std::string>& arguments);

}  // namespace sextant::profiler
