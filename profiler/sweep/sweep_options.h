#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "profiler/protocol/profile_request.h"

namespace sextant::profiler {

/// Whether collectives among tensor-parallel ranks run, or are recorded by a lone shard.
enum class CollectivesChoice {
  kAuto,  ///< real where there are as many devices as the degree, else recorded
  kReal,
  kRecorded,
};
/// "auto", "real" or "recorded"; throws Error(kUsage) on another name.
CollectivesChoice collectives_choice_from(std::string_view name);

/// Every count-th point, beginning with the index-th; 0/1 is all of them.
struct Shard {
  int index = 0;
  int count = 1;
};
/// "3/8" with 0 <= index < count; throws Error(kUsage).
Shard shard_from(const std::string& text);

/// What the command line of profile_model says. Empty lists and zeros mean the default that
/// depends on the model or the machine.
struct SweepOptions {
  Mode mode = Mode::kTrain;
  std::string model;  ///< of the zoo, or the path of a model document
  std::vector<int> tensor_degrees;
  std::vector<int> microbatches;
  std::vector<std::string> dtypes;
  int seq_len = 0;  ///< tokens
  Optimizer optimizer = Optimizer::kAdamW;
  bool recompute = false;
  bool sequence_parallel = false;
  DeviceKind device = DeviceKind::kCuda;
  std::string gpu_type;
  CollectivesChoice collectives = CollectivesChoice::kAuto;
  std::vector<int> prefill_tokens;
  std::vector<int> decode_batches;
  std::vector<int> decode_contexts;
  StoppingRule stopping;
  bool operators = true;
  bool kernels = false;
  double memory_limit_bytes = 0;
  double point_timeout_s = 0;
  Shard shard;
  std::filesystem::path out;
  bool flat = false;    ///< files in `out` itself instead of a folder for each variant
  bool resume = false;  ///< keep points that are there and have an answer
  bool force = false;   ///< measure points that are there again
  bool plan_only = false;
  std::filesystem::path rank_program;  ///< "": beside the running program
  std::string command;                 ///< the command line, for provenance
};

}  // namespace sextant::profiler
