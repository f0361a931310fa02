#pragma once

#include <string>
#include <vector>

#include "analyzer/model/model.h"

namespace sextant {

/// Layers of a model that cost the same.
struct LayerGroup {
  LayerKind kind = LayerKind::kBlock;
  bool windowed = false;  ///< blocks whose attention has the model's window
  int count = 0;
  LayerCost cost;  ///< of one of them
};

/// The layers by kind, in the order in which each first stands in the pipeline; blocks with and
/// without a window apart. Throws as layer_cost() does.
std::vector<LayerGroup> layer_groups(const ModelDescription& model, const LayerOptions& options);

}  // namespace sextant
