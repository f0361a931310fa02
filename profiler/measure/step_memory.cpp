#include "profiler/measure/step_memory.h"

#include <algorithm>

namespace sextant::profiler {

StepMemory::StepMemory(DeviceMemory& memory, const std::vector<TrainedLayer>& stack)
    : memory_(memory), stack_(stack), result_(stack.size()) {}

double StepMemory::restart_peak() {
  peak_ = std::max(peak_, memory_.peak_allocated());
  memory_.reset_peak();
  return memory_.allocated();
}

void StepMemory::step_begins() {
  memory_.reset_peak();
  peak_ = 0;
}

void StepMemory::forward_begins(std::size_t layer) {
  layer_ = layer;
  phase_ = kForward;
  restart_peak();
}

void StepMemory::forward_ended() {
  name_saved("");  // what a layer keeps outside of every operator
  result_[layer_].forward_workspace = memory_.peak_allocated() - memory_.allocated();
}

void StepMemory::backward_began(std::string_view place) {
  end_backward();
  layer_ = static_cast<std::size_t>(
      std::find_if(stack_.begin(), stack_.end(),
                   [&](const TrainedLayer& layer) { return layer.name == place; }) -
      stack_.begin());
  phase_ = kBackward;
  began_with_ = restart_peak();
}

void StepMemory::end_backward() {
  if (phase_ != kBackward) return;
  result_[layer_].backward_workspace = memory_.peak_allocated() - began_with_;
}

void StepMemory::backward_ends() {
  end_backward();
  phase_ = kUpdate;
  layer_ = 0;
  began_with_ = restart_peak();
}

void StepMemory::update_ends(std::size_t layer) {
  result_[layer].update_workspace = memory_.peak_allocated() - began_with_;
  began_with_ = restart_peak();
  layer_ = layer + 1;
}

void StepMemory::name_saved(std::string_view op) {
  kept_.name_recent(stack_[layer_].name + kSeparator + std::string(op));
}

void StepMemory::finish(const std::vector<at::Tensor>& inputs) {
  for (const auto& [place, bytes] : kept_.bytes_by_place(inputs)) {
    const std::size_t cut = place.find(kSeparator);
    const std::string layer = place.substr(0, cut);
    saved_[{layer, place.substr(cut + 1)}] += bytes;
    for (std::size_t i = 0; i < stack_.size(); ++i) {
      if (stack_[i].name == layer) result_[i].saved += bytes;
    }
  }
}

}  // namespace sextant::profiler
