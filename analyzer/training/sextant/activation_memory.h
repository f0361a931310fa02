#pragma once

// What activations need in one virtual chunk; private to analyzer/training/sextant.

#include <string>
#include <vector>

#include "analyzer/training/sextant/memory.h"

namespace sextant::sextant_model {

/// The fullest moment within a forward or a backward of a chunk, bytes.
struct Transient {
  /// Of this microbatch and chunk, by layers that are done (forward) or still to come (backward).
  double saved = 0;
  double recomputed = 0;  ///< a block's activations, made again
  double workspace = 0;
};

struct ChunkActivations {
  double saved = 0;     ///< kept from forward to backward by the layers
  double boundary = 0;  ///< kept likewise of what comes from, or goes to, the neighbouring stage
  double messages = 0;  ///< buffers of messages under way
  Transient forward;
  Transient backward;
};

struct ActivationMemory {
  std::vector<ChunkActivations> chunks;
  std::string saved_source;
  std::string boundary_source;
  std::string workspace_source;
};

ActivationMemory activation_memory(const StageMemoryInput& input);

}  // namespace sextant::sextant_model
