#pragma once

#include <vector>

#include "analyzer/training/flashflex/model.h"
#include "planner/training/flashflex/groups.h"

namespace sextant::flashflex {

/// The microbatch size of every plan.
inline constexpr int kMicrobatch = 1;

/// The stages of a pipeline that passes these groups, without layers: in each group machine by
/// machine, whose GPUs it splits into the tensor-parallel stages that its model finds fastest, as
/// if they were a pipeline of their own that trains the whole batch.
StageList stages_of(const Model& model, const std::vector<Gpu>& fleet,
                    const std::vector<GpuSet>& groups, int global_batch);

enum class Deal { kDealt, kStageWithoutLayers, kOutOfMemory };

/// Deals the model's transformer layers one at a time in turns, past stages that have their share
/// of the pipeline's memory; what is left goes to the stages with the most memory, of equal ones to
/// the last first.
Deal deal_layers(const Model& model, StageList& stages);

}  // namespace sextant::flashflex
