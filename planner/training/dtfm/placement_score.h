#pragma once

#include <vector>

#include "planner/training/dtfm/placement.h"

namespace sextant::dtfm {

/// What moves, bytes.
struct Volumes {
  double gradient_bytes = 0;    ///< of the largest stage
  double activation_bytes = 0;  ///< of one microbatch
};

/// A placement as the published model sees it, seconds of communication: members of a partition
/// exchange their gradients, each with each; along the pipeline every message there and back. No
/// computation, no memory.
struct Score {
  double gradients_s = 0;        ///< of the member with the slowest links
  double pipeline_s = 0;         ///< one microbatch, the slowest pair of each step
  std::vector<int> stage_order;  ///< partitions, first stage first
  double total_s() const { return gradients_s + 2 * pipeline_s; }
};
Score score_of(const Devices& devices, const Volumes& volumes, const Placement& placement);

}  // namespace sextant::dtfm
