#pragma once

// What a rank holds of parameters; private to analyzer/training/sextant.

#include <string>

#include "analyzer/training/sextant/memory.h"

namespace sextant::sextant_model {

struct StatePart {
  double bytes = 0;
  std::string source;
};

struct StateMemory {
  // There all the time.
  StatePart weights;
  StatePart gradients;
  StatePart optimizer;
  StatePart copies;  ///< Framework::extra_state_per_weight: its flat copies and buckets
  // Of the largest layer, for as long as it is computed.
  StatePart gathered_weights;    ///< forward and backward, ZeRO 3
  StatePart gathered_gradients;  ///< backward, ZeRO 2 and 3
  StatePart update_workspace;
};

StateMemory state_memory(const StageMemoryInput& input);

}  // namespace sextant::sextant_model
