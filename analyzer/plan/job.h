#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/core/json_document.h"
#include "analyzer/model/model.h"
#include "analyzer/plan/plan.h"

namespace sextant {

enum class Optimizer { kAdam, kSgd };

/// What a planner minimises: seconds an iteration, USD an iteration (for a given batch that is USD
/// a token too), or the GPUs in use (of plans with as many, the fastest).
enum class Objective { kThroughput, kCost, kGpus };
std::string_view to_string(Objective objective);
/// Throws Error(kUsage) naming those there are.
Objective objective_from(std::string_view name);

/// What a plan may do beside dividing layers and GPUs. Estimators that do not model one of these
/// leave it as it is by default.
struct Freedom {
  std::vector<ScheduleKind> schedules = {ScheduleKind::kOneFOneB};
  std::vector<int> zero_stages = {0};
  std::vector<bool> recompute = {false};
};

/// What is to be trained and what counts; document kind `job`, or the artifact's
/// training_config_*.json.
struct Job {
  std::string model;  ///< of the zoo, of a model document, or of an artifact's profiles
  int global_batch = 0;
  int seq_len = 0;  ///< 0 = the model's own
  Optimizer optimizer = Optimizer::kAdam;
  DataType dtype = DataType::kFp32;
  /// Who will run it (analyzer/training/framework.h); "sextant" is run_plan.
  std::string framework = "megatron";
  Objective objective = Objective::kThroughput;
  std::optional<double> max_usd_per_iter;
  std::optional<double> min_iters_per_s;
  Freedom freedom;
  /// Where the artifact's configuration said it: the figures its cost model uses.
  std::optional<ModelDescription> described;
  std::string source;
};

Job read_job(const std::string& path);

}  // namespace sextant
