#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "launch/emit/training/launch_target.h"

namespace sextant {

// What the folders of run_plan's targets share, whoever starts its ranks.

/// Why run_plan cannot run the plan (analyzer/plan/runnable.h).
std::vector<std::string> run_plan_obstacles(const LaunchJob& job);

/// Adds environment.sh (what is edited for the site), check_node.sh (whether a machine can run its
/// part: files, programs, GPUs) and compare.sh (predicted beside measured).
void put_run_plan_files(const LaunchJob& job, const LaunchOptions& options, JobFolder& folder);

/// Markdown of the README that holds for all of them.
std::string run_plan_start_notes();
std::string run_plan_compare_notes(const LaunchJob& job);

/// Memory of a GPU of that type as nvidia-smi counts it, MiB; 0 where no data sheet says.
long expected_memory_mib(const std::string& gpu);

/// "(4 4 2)" and "('A100' 'V100')": arrays of bash.
std::string bash_array(const std::vector<int>& values);
std::string bash_array(const std::vector<std::string>& words);

}  // namespace sextant
