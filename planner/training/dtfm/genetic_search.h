#pragma once

#include <cstdint>

#include "planner/training/dtfm/placement_score.h"
#include "planner/training/search_budget.h"

namespace sextant::dtfm {

struct Individual {
  Placement placement;
  Score score;
};

/// The best of a population that begins with random placements of all devices on `partitions`
/// partitions of one size, and of children that take the devices' partitions from two parents in
/// turns and are then improved. The budget counts scores and is asked before each but the first.
Individual genetic_search(const Devices& devices, const Volumes& volumes, int partitions,
                          std::uint64_t seed, SearchBudget& budget);

}  // namespace sextant::dtfm
