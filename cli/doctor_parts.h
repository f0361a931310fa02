#pragma once

#include <filesystem>
#include <vector>

#include "cli/doctor_checks.h"
#include "profiler/device/nvidia_driver.h"

namespace sextant::cli {

/// What `sextant doctor` looks for, by subject.

/// The machine, the data of this project, and what builds it.
std::vector<Check> machine_checks();
/// Solvers, and whether this program was built with them.
std::vector<Check> solver_checks();
/// GPUs, the libraries of programs for them, and these programs.
std::vector<Check> device_checks(const profiler::NvidiaDriver& driver);
/// Slurm. Starts `scontrol ping`, and waits for it no longer than 3 s.
std::vector<Check> cluster_checks();

/// Whether this process may read the counters of GPUs, as CUPTI does for kernels; by the files of
/// /proc under `root`.
Check check_counters(const profiler::NvidiaDriver& driver, const std::filesystem::path& root = "/");

}  // namespace sextant::cli
