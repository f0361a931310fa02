#include "profiler/run/stage_model.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

namespace sextant::profiler {

namespace {

/// Layers' streams of random values lie far apart.
std::uint64_t seed_of(int layer) {
  constexpr std::uint64_t kStride = 0xd1342543de82ef95;  // odd, without a pattern
  return 1 + kStride * static_cast<std::uint64_t>(layer + 1);
}

}  // namespace

StageModel::StageModel(const Stage& stage, const LayerSetup& setup, Optimizer optimizer)
    : setup_(setup) {
  setup_.buffers = std::make_shared<SharedBuffers>();
  build(stage);
  if (setup_.model.tied_embeddings && head_ != nullptr) tie();
  std::vector<at::Tensor> parameters;
  for (std::vector<TrainedLayer>& chunk : chunks_) {
    for (TrainedLayer& trained : chunk) {
      trained.trained = trained.layer->parameters();
      // The embedding trains the table that both have.
      if (trained.layer.get() == head_ && embedding_ != nullptr && setup_.model.tied_embeddings) {
        trained.trained.pop_back();
      }
      trained.optimizer =
          std::make_unique<LayerOptimizer>(trained.trained, optimizer, setup_.options.dtype);
      for (const Parameter& parameter : trained.trained) parameters.push_back(parameter.tensor);
    }
  }
  gradients_ = std::make_unique<GradientBuckets>(parameters);
}

std::unique_ptr<Layer> StageModel::make(int layer) const {
  const std::vector<LayerKind> kinds = layer_sequence(setup_.model);
  LayerSetup setup = setup_;
  setup.seed = seed_of(layer);
  // The embedding is layer 0, blocks follow.
  return make_layer(kinds[static_cast<std::size_t>(layer)], setup, layer - 1);
}

void StageModel::build(const Stage& stage) {
  for (const LayerRange& range : stage.chunks) {
    std::vector<TrainedLayer>& chunk = chunks_.emplace_back();
    for (int layer = range.first; layer < range.end; ++layer) {
      chunk.push_back({make(layer), {}, nullptr});
      Layer* const made = chunk.back().layer.get();
      if (made->kind() == LayerKind::kEmbedding) embedding_ = made;
      if (made->kind() == LayerKind::kHead) head_ = made;
    }
  }
}

void StageModel::tie() {
  if (embedding_ != nullptr) {
    tie_head(*head_, *embedding_);
    return;
  }
  // The embedding stands on another stage; both begin with the same table.
  const at::NoGradGuard guard;
  const std::unique_ptr<Layer> embedding = make(0);
  head_->parameters().back().tensor.copy_(embedding->parameters().front().tensor);
}

at::Tensor StageModel::forward(std::size_t chunk, const at::Tensor& input) {
  at::Tensor activation = input;
  for (const TrainedLayer& trained : chunks_[chunk]) {
    activation = trained.layer->forward(activation);
  }
  return activation;
}

void StageModel::set_labels(const at::Tensor& labels) {
  profiler::set_labels(*head_, labels);
}

at::Tensor StageModel::table_gradient() const {
  if (embedding_ != nullptr) return embedding_->parameters().front().tensor.grad();
  return head_ != nullptr ? head_->parameters().back().tensor.grad() : at::Tensor();
}

void StageModel::update() {
  for (const std::vector<TrainedLayer>& chunk : chunks_) {
    for (const TrainedLayer& trained : chunk) {
      sum_shared_gradients(*trained.layer, setup_);
      trained.optimizer->step();
    }
  }
}

}  // namespace sextant::profiler
