#pragma once

#include <optional>
#include <string>
#include <vector>

#include "analyzer/training/training_input.h"

namespace sextant {

/// What a predicted plan means for the whole training run.
struct RunFigures {
  std::optional<double> tokens_per_s;  ///< absent where the sequence length is not known
  /// Model FLOPs of the tokens over the data-sheet peak, in the job's data type, of the GPUs in
  /// use; absent where the model or a peak is not known.
  std::optional<double> model_flops_utilization;
  std::optional<double> usd_per_token;       ///< where tokens_per_s is known
  std::optional<double> seconds_for_tokens;  ///< to train on the asked number of tokens
  std::optional<double> usd_for_tokens;
};

/// Tokens of a global batch; nothing where the sequence length is not known.
std::optional<double> tokens_per_iteration(const TrainingProblem& problem);

/// Of the pools whose GPUs within the quota are all in use, in the order of the cluster; those with
/// a quota of zero are among them.
std::vector<GpuCount> quotas_used_up(const Cluster& cluster, const Plan& plan);
/// "16xA100-40@us-west1-b, 8xV100-16@us-west1-b"; "" of none.
std::string text_of(const std::vector<GpuCount>& gpus);

/// `tokens` 0 = not asked.
RunFigures run_figures(const TrainingInput& input, const Plan& plan, const Prediction& prediction,
                       double tokens);

}  // namespace sextant
