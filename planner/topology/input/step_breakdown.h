#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "analyzer/topology/step_time.h"
#include "planner/topology/input/problem_input.h"

namespace sextant {

/// Where the time of a training step goes, in closed form.
struct StepBreakdown {
  struct Group {
    std::size_t group = 0;  ///< of Workload::groups
    /// What its communication adds to a step in which it and the groups after it are free.
    double exposed_s = 0;
    std::vector<double> sent_bytes;  ///< of one NPU, by dimension
    std::vector<bool> bottleneck;    ///< by dimension: it is the slowest for one of its collectives
  };

  double step_s = 0;
  double compute_s = 0;            ///< of a step in which nothing communicates
  std::vector<Group> groups;       ///< those that communicate
  std::vector<double> sent_bytes;  ///< of one NPU in all groups, by dimension
  /// By dimension: sent_bytes over what its links could have sent while a collective was under way.
  std::vector<double> utilisation;
};

StepBreakdown step_breakdown(const PlacedWorkload& placed, TrainingLoop loop, double compute_scale,
                             std::span<const double> bandwidth_bytes_per_s);

}  // namespace sextant
