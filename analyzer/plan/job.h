#pragma once

#include <optional>
#include <string>

#include "analyzer/core/json_document.h"
#include "analyzer/model/model.h"

namespace sextant {

enum class Optimizer { kAdam, kSgd };

enum class Objective { kThroughput, kCost };

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
  /// Where the artifact's configuration said it: the figures its cost model uses.
  std::optional<ModelDescription> described;
  std::string source;
};

Job read_job(const std::string& path);

}  // namespace sextant
