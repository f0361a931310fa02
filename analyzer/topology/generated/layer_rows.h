#pragma once

// What one layer adds to a generated workload; private to analyzer/topology/generated.

#include <cstddef>
#include <vector>

#include "analyzer/profile/roofline.h"
#include "analyzer/topology/generated/generated_workload.h"

namespace sextant::generated {

constexpr std::size_t group_of(ParallelAxis axis) {
  return static_cast<std::size_t>(axis);
}
/// Behind the axes' groups.
inline constexpr std::size_t kExpertDataGroup = kParallelAxisNames.size();

LayerOptions layer_options(const Parallelism& parallelism);

/// The rows of one layer for one microbatch, weight gradients included; `block` (0-based) where it
/// is one. A table that is `tied` to the embedding of the same stage has no gradient of its own.
std::vector<WorkloadLayer> layer_rows(const ModelDescription& model, LayerKind kind, int block,
                                      bool tied, const Parallelism& parallelism,
                                      const OperatorClock& clock);

}  // namespace sextant::generated
