#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "planner/topology/bandwidth_problem.h"

namespace sextant {

/// The problem that the artifact's `optimize.sh NETWORK BANDWIDTH WORKLOAD TARGET LOOP` poses, from
/// the published inputs in `data`: network "2d", "3d", "4d"; workload "17B", "175B", "1T" or
/// "Group", the mean of the three.
BandwidthProblem libra_problem(const std::filesystem::path& data, const std::string& network,
                               const std::string& workload, BandwidthTarget target,
                               TrainingLoop loop, double total_bytes_per_s);

}  // namespace sextant
