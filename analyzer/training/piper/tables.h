#pragma once

#include <string>
#include <vector>

#include "analyzer/training/estimator.h"

namespace sextant::piper {

/// What the model knows of a layer, of one microbatch on one GPU of a tensor group.
struct Layer {
  double compute_s = 0;  ///< forward and backward
  double parameter_bytes = 0;
  double activation_bytes = 0;  ///< kept until the backward
  double state_bytes = 0;       ///< parameters, gradients, optimizer, communication buffer
  /// To the next layer. Of one sequence whatever the microbatch, as in the published tables.
  double sent_bytes = 0;
};

struct LayerTables {
  std::vector<Layer> layers;
  /// False: sizes only, as our profile has no such point; every compute_s is 0.
  bool timed = true;
};

/// The layers at that microbatch and tensor degree: from Piper's own profile
/// (Piper/profiles/MODEL/GPU/profile.json) where it has them all, else from ours. Throws
/// Error(kBadInput) where the published profile is malformed, or ours lacks the degree.
LayerTables layer_tables(const TrainingProblem& problem, const std::string& gpu, int tp,
                         int microbatch);

}  // namespace sextant::piper
