#include "profiler/measure/step_kernels.h"

namespace sextant::profiler {

StepKernels::StepKernels(KernelTrace& trace, const std::vector<TrainedLayer>& stack)
    : trace_(trace), stack_(stack) {}

void StepKernels::enter(const std::string& layer, const char* phase) {
  const std::uint64_t id = places_.size() + 1;
  places_[id] = {{layer, phase}, iteration_};
  trace_.enter(id);
}

void StepKernels::backward_began(std::string_view place) {
  if (in_backward_) trace_.leave();
  in_backward_ = true;
  enter(std::string(place), "backward");
}

void StepKernels::update_ends(std::size_t layer) {
  trace_.leave();
  if (layer + 1 < stack_.size()) enter(stack_[layer + 1].name, "update");
}

}  // namespace sextant::profiler
