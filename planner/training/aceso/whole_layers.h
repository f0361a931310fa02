#pragma once

#include "analyzer/plan/plan.h"
#include "analyzer/training/aceso/cost_model.h"

namespace sextant::aceso_search {

/// The plan in whole layers: every cut between operators moves to the nearest cut between layers,
/// and a stage that holds no layer then is left out with its GPUs. The microbatch is that of the
/// first stage's replicas.
Plan in_whole_layers(const TrainingProblem& problem, const GpuPool& pool,
                     const aceso::OperatorSequence& operators, const aceso::OperatorPlan& plan);

}  // namespace sextant::aceso_search
