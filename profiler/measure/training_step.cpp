#include "profiler/measure/training_step.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <torch/csrc/autograd/autograd.h>

namespace sextant::profiler {

TrainingBatch random_batch(const LayerSetup& setup) {
  const std::int64_t tokens =
      static_cast<std::int64_t>(setup.options.microbatch) * setup.options.seq_len;
  // Drawn on the CPU, so that every device and rank sees the same tokens.
  const auto generator = at::detail::createCPUGenerator(setup.seed);
  const auto draw = [&] {
    return at::randint(setup.model.vocab, {tokens}, generator, at::TensorOptions(at::kLong))
        .to(setup.device);
  };
  return {draw(), draw()};
}

std::vector<double> training_step(std::vector<TrainedLayer>& stack, const TrainingBatch& batch,
                                  const LayerSetup& setup, StepObserver& observer) {
  const double scale = loss_scale(setup.options.dtype);
  set_labels(*stack.back().layer, batch.labels);
  observer.step_begins();
  std::vector<double> output_bytes;
  at::Tensor activation = batch.tokens;
  for (std::size_t i = 0; i < stack.size(); ++i) {
    observer.forward_begins(i);
    activation = stack[i].layer->forward(activation, observer.operator_marks());
    activation = mark(activation, stack[i].name, observer.layer_marks());
    output_bytes.push_back(static_cast<double>(activation.nbytes()));
  }
  if (scale != 1) activation = activation * scale;
  torch::autograd::backward({activation}, {at::ones_like(activation)});
  activation.reset();
  observer.backward_ends();
  for (std::size_t i = 0; i < stack.size(); ++i) {
    sum_shared_gradients(*stack[i].layer, setup);
    stack[i].optimizer.step();
    observer.update_ends(i);
  }
  return output_bytes;
}

}  // namespace sextant::profiler
