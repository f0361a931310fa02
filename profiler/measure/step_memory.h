#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "profiler/device/device.h"
#include "profiler/measure/saved_tensors.h"
#include "profiler/measure/training_step.h"

namespace sextant::profiler {

/// Memory of one layer within a step, bytes.
struct LayerStepMemory {
  double saved = 0;               ///< kept from forward to backward, distinct storages
  double forward_workspace = 0;   ///< peak of forward over what it left behind
  double backward_workspace = 0;  ///< peak of backward over what was there when it began
  double update_workspace = 0;    ///< peak of the optimizer's step over what was there
};

/// What autograd keeps, and how far the allocator rose, layer by layer. Operators' marks are on,
/// so that what is kept has the name of the operator that keeps it.
class StepMemory : public StepObserver {
 public:
  StepMemory(DeviceMemory& memory, const std::vector<TrainedLayer>& stack);

  void step_begins() override;
  void forward_begins(std::size_t layer) override;
  Marks* layer_marks() override { return &layers_; }
  Marks* operator_marks() override { return &operators_; }
  void backward_ends() override;
  void update_ends(std::size_t layer) override;

  /// Once the step is over and its graph gone; `inputs` are what the graph kept of the batch.
  void finish(const std::vector<at::Tensor>& inputs);

  /// Where the step is, for whoever watches something else.
  std::size_t current_layer() const { return layer_; }
  std::string_view phase() const { return phase_; }

  const std::vector<LayerStepMemory>& layers() const { return result_; }
  /// Bytes kept, by (layer, operator).
  const std::map<std::pair<std::string, std::string>, double>& saved_by_operator() const {
    return saved_;
  }
  /// Peak of the whole step.
  double peak_allocated() const { return peak_; }

 private:
  struct LayerMarks : Marks {
    explicit LayerMarks(StepMemory& step) : owner(step) {}
    void forward(std::string_view, double) override { owner.forward_ended(); }
    void backward(std::string_view place) override { owner.backward_began(place); }
    StepMemory& owner;
  };
  struct OperatorMarks : Marks {
    explicit OperatorMarks(StepMemory& step) : owner(step) {}
    void forward(std::string_view place, double) override { owner.name_saved(place); }
    void backward(std::string_view) override {}
    StepMemory& owner;
  };
  static constexpr std::string_view kForward = "forward";
  static constexpr std::string_view kBackward = "backward";
  static constexpr std::string_view kUpdate = "update";
  static constexpr char kSeparator = '\n';  // in no name

  void forward_ended();
  void backward_began(std::string_view place);
  void end_backward();
  void name_saved(std::string_view op);
  /// Starts a new stretch of the peak; returns what is allocated.
  double restart_peak();

  DeviceMemory& memory_;
  const std::vector<TrainedLayer>& stack_;
  LayerMarks layers_{*this};
  OperatorMarks operators_{*this};
  SavedTensors kept_;
  std::vector<LayerStepMemory> result_;
  std::map<std::pair<std::string, std::string>, double> saved_;
  std::size_t layer_ = 0;
  std::string_view phase_ = kForward;
  double began_with_ = 0;
  double peak_ = 0;
};

}  // namespace sextant::profiler
