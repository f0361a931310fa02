#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "analyzer/profile/model_profile.h"

namespace sextant {

/// The points that the grid (measured tensor degrees) x (measured microbatch sizes) of one GPU type
/// lacks, sorted.
std::vector<PointKey> grid_holes(const ModelProfile& profile, std::string_view gpu);

/// "tp 1 at microbatch 8, 16; tp 2 at microbatch 16": holes for people, "" where there are none.
std::string describe_holes(const std::vector<PointKey>& holes);

/// A point and how it was come by.
struct LookedUpPoint {
  ProfilePoint point;
  bool interpolated = false;
  std::string note;  ///< from which points it was interpolated, "" where it was measured
};

/// The point at (gpu, tp, microbatch): the measured one, or else the straight line in the
/// microbatch size between the nearest measured neighbours at the same tensor degree. A line,
/// because a layer's time is a fixed part (launches, weight traffic) plus a part proportional to
/// its tokens; at a power-of-two grid the error that remains is wave quantisation, a few percent.
/// Tensor degrees are never interpolated: sharding and collectives are not linear in them.
///
/// Throws Error(kBadInput) that lists what is measured where `microbatch` lies outside the
/// measured range or the tensor degree was not measured: nothing is extrapolated.
LookedUpPoint look_up(const ModelProfile& profile, std::string_view gpu, int tp, int microbatch);

}  // namespace sextant
