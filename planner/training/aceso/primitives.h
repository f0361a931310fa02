#pragma once

#include <vector>

#include "analyzer/core/random.h"
#include "planner/training/aceso/configuration.h"

namespace sextant::aceso_search {

/// The published moves that relieve a stage.
enum class Primitive {
  kDecOp,     ///< gives operators to another stage
  kIncDp,     ///< takes as many GPUs as it has from others, for replicas
  kIncTp,     ///< the same, for tensor parallel ranks
  kDecDp,     ///< gives half of its GPUs to others, from its replicas
  kDecTp,     ///< the same, from its tensor parallel ranks
  kIncBatch,  ///< doubles the batch that stages work on at a time; all stages divide GPUs anew
  kDecBatch,  ///< halves it
};

/// What a move is to relieve.
enum class Relief { kTime, kMemory };

/// The balanced start with `stages` stages: GPUs doubled in turn while there are some, all of them
/// tensor parallel; as many operators each, the last takes the rest; a batch of one sequence, or
/// the smallest for which there are tables. Nothing where there are none.
std::optional<Configuration> start_configuration(const Judge& judge, int stages);

/// The plans to which the move on stage `stage` leads; none where it is not possible. Equally good
/// partners are chosen at random.
std::vector<aceso::OperatorPlan> apply(Primitive primitive, const Judge& judge,
                                       const Configuration& from, int stage, Relief relief,
                                       Random& random);

}  // namespace sextant::aceso_search
