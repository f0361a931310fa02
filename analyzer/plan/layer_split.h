#pragma once

#include <vector>

#include "analyzer/plan/plan.h"

namespace sextant {

/// Who takes the layers that are left when each stage has layers / stages of them.
enum class Remainder {
  kFirstStages,  ///< one each, from the first stage (DeepSpeed's rule)
  kLastStages,   ///< one each, to the last stage (Sailor's)
  kLastStage,    ///< the last stage takes all
};

/// Layers [0, layers) for 1 <= stages <= layers stages.
std::vector<LayerRange> split_evenly(int layers, int stages, Remainder remainder);

}  // namespace sextant
