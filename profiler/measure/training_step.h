#pragma once

#include <ATen/core/Tensor.h>
#include <vector>

#include "profiler/measure/layer_stack.h"

namespace sextant::profiler {

/// Watches a training step from inside. Layers are known by their index in the stack.
class StepObserver {
 public:
  virtual ~StepObserver() = default;
  virtual void step_begins() {}
  virtual void forward_begins(std::size_t) {}
  /// Marks at the ends of layers, under their names; null: none.
  virtual Marks* layer_marks() { return nullptr; }
  /// Marks at the ends of operators; null: none.
  virtual Marks* operator_marks() { return nullptr; }
  virtual void backward_ends() {}
  virtual void update_ends(std::size_t) {}
};

/// A batch of the model's vocabulary.
struct TrainingBatch {
  at::Tensor tokens;  ///< int64 [tokens]
  at::Tensor labels;  ///< int64 [tokens]
};
/// Random tokens; every rank draws the same.
TrainingBatch random_batch(const LayerSetup& setup);

/// One whole training step of the stack: forward from the tokens to the loss, backward with
/// gradients accumulated, the optimizer layer by layer (gradients that ranks share are summed just
/// before). `setup` is what the stack was made from. Work is enqueued; whoever wants it done
/// synchronises. Returns the bytes of each layer's output.
std::vector<double> training_step(std::vector<TrainedLayer>& stack, const TrainingBatch& batch,
                                  const LayerSetup& setup, StepObserver& observer);

}  // namespace sextant::profiler
