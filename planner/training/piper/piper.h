#pragma once

#include "planner/training/planner.h"

namespace sextant {

/// The search of Piper (Tarnawski et al., NeurIPS 2021) in the version that Sailor (SOSP'25) was
/// compared with: by dynamic programming the one chain of stages, each with a data-parallel degree
/// of its own, whose slowest stage is fastest under Piper's cost model (analyzer/training/piper)
/// and memory. Tensor degree 1, microbatch 1, the first GPU type in its zone; it may leave GPUs
/// unused. It proposes one plan and knows no costs.
const Planner& piper_planner();

}  // namespace sextant
