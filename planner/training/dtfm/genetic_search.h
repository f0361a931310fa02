#pragma once

#include <cstdint>
#include <functional>

#include "planner/training/dtfm/placement_score.h"

namespace sextant::dtfm {

struct Individual {
  Placement placement;
  Score score;
};

/// The best of a population that begins with random placements of all devices on `partitions`
/// partitions of one size, and of children that take the devices' partitions from two parents in
/// turns and are then improved. `stopped` is asked before every score but the first.
Individual genetic_search(const Devices& devices, const Volumes& volumes, int partitions,
                          std::uint64_t seed, const std::function<bool()>& stopped,
                          std::uint64_t& evaluations);

}  // namespace sextant::dtfm
