#pragma once

#include <memory>
#include <vector>

#include "analyzer/plan/plan.h"
#include "profiler/measure/layer_optimizer.h"
#include "profiler/model/layer.h"
#include "profiler/run/gradient_buckets.h"

namespace sextant::profiler {

/// The layers of one stage on one rank, with their gradients and optimizers. Values depend on the
/// layer's place in the model alone, whatever the plan, so that plans of a model begin alike.
class StageModel {
 public:
  /// `stage` of a pipeline of `setup.model`; `setup.seed` and `setup.buffers` are not heeded. Its
  /// members must outlive this.
  StageModel(const Stage& stage, const LayerSetup& setup, Optimizer optimizer);

  /// Chunk `chunk` from its input (token ids where it has the embedding) to its output (the loss
  /// where it has the head).
  at::Tensor forward(std::size_t chunk, const at::Tensor& input);
  /// What the next loss is taken against.
  void set_labels(const at::Tensor& labels);

  GradientBuckets& gradients() { return *gradients_; }
  /// The gradient of the embedding's or the head's table, of which another stage may have the
  /// other. Undefined where this stage has neither.
  at::Tensor table_gradient() const;

  /// One step of each layer from its gradient, which is then zero.
  void update();

 private:
  struct TrainedLayer {
    std::unique_ptr<Layer> layer;
    std::vector<Parameter> trained;  ///< a tied table is the embedding's
    std::unique_ptr<LayerOptimizer> optimizer;
  };

  void build(const Stage& stage);
  void tie();
  std::unique_ptr<Layer> make(int layer) const;

  LayerSetup setup_;
  std::vector<std::vector<TrainedLayer>> chunks_;
  Layer* embedding_ = nullptr;
  Layer* head_ = nullptr;
  std::unique_ptr<GradientBuckets> gradients_;
};

}  // namespace sextant::profiler
