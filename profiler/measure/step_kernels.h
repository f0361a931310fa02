#pragma once

#include <map>
#include <string>
#include <vector>

#include "profiler/device/kernel_trace.h"
#include "profiler/measure/training_step.h"

namespace sextant::profiler {

/// Tells a tracer which layer and phase launches the kernels of a step.
class StepKernels : public StepObserver {
 public:
  StepKernels(KernelTrace& trace, const std::vector<TrainedLayer>& stack);

  void step_begins() override { ++iteration_; }
  void forward_begins(std::size_t layer) override { enter(stack_[layer].name, "forward"); }
  Marks* layer_marks() override { return &layers_; }
  void backward_ends() override { enter(stack_.front().name, "update"); }
  void update_ends(std::size_t layer) override;

  const std::map<std::uint64_t, KernelPlace>& places() const { return places_; }

 private:
  struct LayerMarks : Marks {
    explicit LayerMarks(StepKernels& step) : owner(step) {}
    void forward(std::string_view, double) override { owner.trace_.leave(); }
    void backward(std::string_view place) override { owner.backward_began(place); }
    StepKernels& owner;
  };

  void enter(const std::string& layer, const char* phase);
  void backward_began(std::string_view place);

  KernelTrace& trace_;
  const std::vector<TrainedLayer>& stack_;
  LayerMarks layers_{*this};
  std::map<std::uint64_t, KernelPlace> places_;
  int iteration_ = -1;
  /// The last backward of a step is left when the next step's first begins: only then does its
  /// thread, autograd's own, come by here again.
  bool in_backward_ = false;
};

}  // namespace sextant::profiler
