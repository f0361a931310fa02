#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "analyzer/model/model.h"
#include "analyzer/plan/job.h"
#include "analyzer/plan/plan.h"
#include "profiler/protocol/profile_request.h"

namespace sextant::profiler {

/// What the command line of run_plan says.
struct RunOptions {
  std::vector<std::filesystem::path> plans;
  std::filesystem::path job;
  int iterations = 10;  ///< measured, in each round
  int warm_up = 3;      ///< before them
  int rounds = 1;
  std::vector<std::string> names;  ///< as many as plans; empty: the files' names
  DeviceKind device = DeviceKind::kCuda;
  std::string gpu_type;  ///< "" = what the driver's name means
  int threads = 0;       ///< of a CPU rank; 0 = OMP_NUM_THREADS, or 1
  double timeout_s = 300;
  std::filesystem::path output;  ///< a file (.json, one plan only) or a directory
  std::string command;
};

/// A plan that is to run, and where its document goes.
struct PlanToRun {
  std::string name;
  Plan plan;
  std::filesystem::path document;
  int ranks() const { return gpu_count(plan); }
};

/// What all ranks of a run have in common.
struct RunRequest {
  RunOptions options;
  Job job;  ///< seq_len is not 0
  ModelDescription model;
  std::vector<PlanToRun> plans;
  int ranks() const;  ///< that the largest plan has
};

/// Reads plans, job and model. Throws Error(kUsage) where options contradict each other,
/// Error(kBadInput) naming the plan and the place where it cannot be run
/// (analyzer/plan/runnable.h).
RunRequest load_request(const RunOptions& options);

}  // namespace sextant::profiler
