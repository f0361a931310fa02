#include "profiler/measure/layer_stack.h"

#include <ATen/ATen.h>
#include <algorithm>

namespace sextant::profiler {

DistinctLayers distinct_layers(const ModelDescription& model) {
  bool with = false;
  bool without = false;
  for (int block = 0; block < model.layers; ++block) {
    (has_window(model, block) ? with : without) = true;
  }
  DistinctLayers out;
  int block = 0;
  for (const LayerKind kind : layer_sequence(model)) {
    std::string name(to_string(kind));
    const bool is_block = kind == LayerKind::kBlock;
    if (is_block && with && without && has_window(model, block)) name += "_window";
    const auto found = std::find_if(out.layers.begin(), out.layers.end(),
                                    [&](const DistinctLayer& layer) { return layer.name == name; });
    const int index = static_cast<int>(found - out.layers.begin());
    if (found == out.layers.end()) out.layers.push_back({name, kind, is_block ? block : 0});
    if (!out.sequence.empty() && out.sequence.back().kind == index) {
      ++out.sequence.back().count;
    } else {
      out.sequence.push_back({index, 1});
    }
    if (is_block) ++block;
  }
  return out;
}

TrainedLayer::TrainedLayer(std::string layer_name, std::unique_ptr<Layer> built,
                           Optimizer optimizer_kind, DataType dtype)
    : name(std::move(layer_name)),
      layer(std::move(built)),
      optimizer(layer->parameters(), optimizer_kind, dtype) {
  for (const Parameter& parameter : layer->parameters()) {
    parameter.tensor.mutable_grad() = at::zeros_like(parameter.tensor);
  }
}

double TrainedLayer::parameter_bytes() const {
  double bytes = 0;
  for (const Parameter& parameter : layer->parameters()) {
    bytes += static_cast<double>(parameter.tensor.nbytes());
  }
  return bytes;
}

double TrainedLayer::gradient_bytes() const {
  double bytes = 0;
  for (const Parameter& parameter : layer->parameters()) {
    bytes += static_cast<double>(parameter.tensor.grad().nbytes());
  }
  return bytes;
}

std::vector<TrainedLayer> make_stack(const std::vector<DistinctLayer>& layers,
                                     const LayerSetup& setup, Optimizer optimizer) {
  LayerSetup shared = setup;
  if (!shared.buffers) shared.buffers = std::make_shared<SharedBuffers>();
  std::vector<TrainedLayer> stack;
  for (const DistinctLayer& layer : layers) {
    stack.emplace_back(layer.name, make_layer(layer.kind, shared, layer.block), optimizer,
                       setup.options.dtype);
  }
  return stack;
}

}  // namespace sextant::profiler
