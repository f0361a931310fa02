#pragma once

#include <string>
#include <vector>

#include "reproduce/helix_artifact.h"

namespace sextant {

/// Machines of these types as one pipeline over the experiment's cluster, each with an equal part
/// of the layers, in the order of the types. A machine that holds more layers than its profile has
/// gets the KV cache that was recorded for as many, or else what the profile extrapolates to.
/// Throws Error(kInfeasible) where that is nothing.
ServedNetwork helix_pipeline(const HelixArtifact& artifact,
                             const std::vector<std::string>& machine_types);

}  // namespace sextant
