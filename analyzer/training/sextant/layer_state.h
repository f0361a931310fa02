#pragma once

#include "analyzer/plan/job.h"
#include "analyzer/profile/model_profile.h"

namespace sextant {

/// What one tensor-parallel rank keeps of a layer from iteration to iteration, bytes, before ZeRO
/// divides it.
struct LayerState {
  double weights = 0;
  double gradients = 0;
  double optimizer = 0;
  double update_workspace = 0;  ///< transient, of the optimizer's step
};

/// Bytes of optimizer state per parameter: moments in fp32, two of Adam and the momentum of SGD,
/// and fp32 weights where the model's are smaller (Rajbhandari et al. 2020, section 3.1).
double optimizer_bytes_per_parameter(const Job& job);

/// As the profile measured it, else by formula: gradients as large as the weights, optimizer state
/// by optimizer_bytes_per_parameter(), fp32 copies of smaller gradients during the step. Profiles
/// are taken with Adam, so what they measured of the optimizer serves no other.
LayerState layer_state(const LayerMemory& layer, const Job& job);

}  // namespace sextant
