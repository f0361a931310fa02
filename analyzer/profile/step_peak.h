#pragma once

#include "analyzer/profile/profile_point.h"

namespace sextant {

/// Largest sum of tensors, bytes, while one rank trains the whole model of a point for one step of
/// one microbatch, all layers in one process: parameters, gradients and optimizer state of every
/// layer; of activations what layers before keep when a layer's forward or backward is under way;
/// the gradient of its output; its workspace. The tokens of the batch are not in it. Throws
/// Error(kBadInput) where a layer kind has no training_memory: nobody trained it.
double step_peak_bytes(const PointDocument& point);

}  // namespace sextant
