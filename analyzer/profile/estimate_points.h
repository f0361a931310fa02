#pragma once

#include <string>
#include <vector>

#include "analyzer/profile/gpu.h"
#include "analyzer/profile/profile_point.h"
#include "analyzer/profile/roofline.h"

namespace sextant {

/// The roofline estimate of `model` on `gpu` (see estimate_profile) as point documents, each marked
/// estimated, with the command line and the GPU's data sheet figures as provenance. Throws as
/// estimate_profile does.
std::vector<PointDocument> estimate_points(const ModelDescription& model, const GpuSpec& gpu,
                                           const RooflineOptions& options);

/// The canonical name of a shipped GPU type or alias; any other name as it is.
std::string shipped_gpu_name(const std::string& name);

/// Above which FLOP/s of one GPU a profile's times cannot be in seconds: 1 PFLOP/s, or the largest
/// peak of a shipped type that is faster.
double largest_plausible_flops(const std::string& gpu);

}  // namespace sextant
