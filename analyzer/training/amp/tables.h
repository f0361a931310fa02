#pragma once

#include <optional>
#include <string>
#include <vector>

#include "analyzer/training/estimator.h"

namespace sextant::amp {

/// What the model knows of the layers at one tensor degree.
struct LayerTables {
  std::vector<double> forward_s;  ///< of one sequence, the mean over the GPU types
  /// What the model takes to leave the layer, of one sequence.
  std::vector<double> sent_bytes;
  std::vector<double> parameter_bytes;
};

/// The tables for GPUs of those types at that degree: AMP's own times
/// (AMP/profiles/MODEL/GPU/profile_TP.npy) where there are any, else those of the profile. As in
/// the published code a type without times does not count, so that GPT-Neo-2.7 has V100 GPUs for
/// A100 ones. Nothing where no type has times, or the profile has no sizes at that degree. Throws
/// Error(kBadInput) where a published table is malformed.
std::optional<LayerTables> layer_tables(const TrainingProblem& problem,
                                        const std::vector<std::string>& gpus, int tp);

}  // namespace sextant::amp
