#pragma once

#include "analyzer/profile/export/exporters.h"

namespace sextant {

/// Piper (Tarnawski et al., NeurIPS 2021) as the Sailor artifact carries it: profile.json,
/// {microbatch: layer graph} with forward and backward seconds of the microbatch, bytes of
/// parameters, of saved activations (memoryUsageA) and of model states (memoryUsageB) for every
/// tensor degree, and bytes of one sequence's output on every edge. maxDevices, bandwidth and
/// mbsInBatch are 1: its planner sets them.
Exporter piper_exporter();

}  // namespace sextant
