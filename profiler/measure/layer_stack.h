#pragma once

#include <memory>
#include <string>
#include <vector>

#include "analyzer/profile/profile_point.h"
#include "profiler/measure/layer_optimizer.h"
#include "profiler/model/layer.h"

namespace sextant::profiler {

/// A kind of layer as documents name it: equal layers of a model are one kind.
struct DistinctLayer {
  std::string name;  ///< "embedding", "block", "block_window", "final_norm", "head"
  LayerKind kind = LayerKind::kBlock;
  int block = 0;  ///< the first block of this kind
};

/// The kinds of layer that a model has, in the order of their first occurrence, and where each
/// stands: LayerRun::kind is an index into `layers`.
struct DistinctLayers {
  std::vector<DistinctLayer> layers;
  std::vector<LayerRun> sequence;
};
DistinctLayers distinct_layers(const ModelDescription& model);

/// A layer that is trained.
struct TrainedLayer {
  TrainedLayer(std::string layer_name, std::unique_ptr<Layer> built, Optimizer optimizer,
               DataType dtype);

  std::string name;
  std::unique_ptr<Layer> layer;
  LayerOptimizer optimizer;

  double parameter_bytes() const;
  double gradient_bytes() const;
};

/// Layers of a model from token ids to the loss, each with gradients to accumulate into and its own
/// optimizer: a model of the given layers.
std::vector<TrainedLayer> make_stack(const std::vector<DistinctLayer>& layers,
                                     const LayerSetup& setup, Optimizer optimizer);

}  // namespace sextant::profiler
