#pragma once

#include <optional>

#include "profiler/sweep/sweep_options.h"

namespace sextant::profiler {

/// How long a point of training takes to measure on a GPU with a shipped data sheet: its roofline
/// iteration (analyzer/profile/roofline.h) of the distinct layers, as often as the stopping rule is
/// thought to ask for. Nothing where the GPU has no data sheet or does not compute in the data
/// type. A guide for people; what it leaves out is the noise of the machine.
std::optional<double> estimated_point_s(const ModelDescription& model, const std::string& gpu,
                                        const LayerOptions& options, const SweepOptions& sweep);

/// The same for one degree of a serving sweep.
std::optional<double> estimated_serving_s(const ModelDescription& model, const std::string& gpu,
                                          DataType dtype, int tp, const SweepOptions& sweep);

/// Of one start of ranks, seconds: libraries are loaded and a context is made.
double estimated_start_s(DeviceKind device);

}  // namespace sextant::profiler
