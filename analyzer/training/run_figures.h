#pragma once

#include <optional>

#include "analyzer/training/training_input.h"

namespace sextant {

/// What a predicted plan means for the whole training run.
struct RunFigures {
  std::optional<double> tokens_per_s;  ///< absent where the sequence length is not known
  /// Model FLOPs of the tokens over the data-sheet peak, in the job's data type, of the GPUs in
  /// use; absent where the model or a peak is not known.
  std::optional<double> model_flops_utilization;
  std::optional<double> seconds_for_tokens;  ///< to train on the asked number of tokens
  std::optional<double> usd_for_tokens;
};

/// `tokens` 0 = not asked.
RunFigures run_figures(const TrainingInput& input, const Plan& plan, const Prediction& prediction,
                       double tokens);

}  // namespace sextant
