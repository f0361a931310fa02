#pragma once

#include "analyzer/training/estimator.h"
#include "planner/training/sextant/label.h"
#include "planner/training/sextant/relaxation.h"

namespace sextant::search {

/// No plan of that microbatch scores below this, whatever its pipelines, replicas and their shares
/// are: every layer of every microbatch is computed on some GPU, and GPUs are paid for while they
/// compute. Infinity where no GPU can.
double work_bound(const TrainingProblem& problem, const Relaxation& relaxation, const Goal& goal,
                  int microbatch);

}  // namespace sextant::search
