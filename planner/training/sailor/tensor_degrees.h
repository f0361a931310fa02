#pragma once

#include <vector>

#include "planner/training/sailor/layer_tables.h"

namespace sextant::sailor_search {

/// degrees[type][stage]; empty for a type that is dropped, since some stage fits it at no degree or
/// was not measured at the degree chosen.
using TensorDegrees = std::vector<std::vector<int>>;

/// H2: the larger of the smallest degree that fits the memory and the largest whose every step up
/// from 1 makes the stage kSpeedupToClimb times faster. See quirks.h for the exceptions.
TensorDegrees tensor_degrees(const LayerTables& tables, int type_count, int microbatch,
                             const std::vector<LayerRange>& stages);

}  // namespace sextant::sailor_search
