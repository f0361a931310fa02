#pragma once

#include "analyzer/training/aceso/cost_model.h"

namespace sextant::aceso {

/// What Sailor's evaluation makes of a plan of operators. It judges Aceso by a simulator of its
/// own, which gives a plan less memory for its state than the one that judges all others.
struct SimulatedPlan {
  double iteration_s = 0;
  double peak_memory_bytes = 0;
  bool fits = true;
};

/// The published simulator of operators for GPUs of `pool`: the formulas of estimator `sailor` but
/// that gradients count with the size of the stage's own output, messages take the link of whole
/// nodes whatever the tensor degree, and the optimizer's step takes no time. Its figures of one
/// microbatch of one sequence are scaled, so without such a table those of each stage's own count.
SimulatedPlan simulate(const TrainingProblem& problem, const GpuPool& pool, const Tables& tables,
                       const OperatorPlan& plan);

}  // namespace sextant::aceso
