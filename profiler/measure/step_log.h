#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "profiler/device/device.h"
#include "profiler/measure/training_step.h"

namespace sextant::profiler {

/// Seconds of one phase of a layer, or of one of its operators.
struct StepSpan {
  std::string layer;
  std::string op;     ///< "" = the whole layer
  std::string phase;  ///< "forward", "backward", "update"
  double seconds = 0;
  double output_bytes = 0;  ///< of a forward
};

/// Takes the time at every place that a step passes. Forward of a layer lasts from the end of the
/// one before to its own end; its backward from where the gradient of its output arrives to where
/// that of its input leaves (of the first layer: to the end of backward).
class StepLog : public StepObserver {
 public:
  enum class Detail { kLayers, kOperators };
  StepLog(DeviceClock& clock, Detail detail);

  void step_begins() override;
  Marks* layer_marks() override { return &layers_; }
  Marks* operator_marks() override { return detail_ == Detail::kOperators ? &operators_ : nullptr; }
  void backward_ends() override;
  void update_ends(std::size_t layer) override;

  /// Once the device has finished the step: of layers, or of their operators. `names` are the
  /// stack's.
  std::vector<StepSpan> layer_spans(const std::vector<TrainedLayer>& stack) const;
  std::vector<StepSpan> operator_spans() const;
  /// From the step's begin to its end.
  double whole_s() const;

 private:
  enum class Event { kBegin, kForward, kBackward, kBackwardEnd, kUpdate };
  struct Entry {
    Event event;
    bool of_operator;
    std::string place;
    std::size_t layer;
    double bytes;
    int mark;
  };
  /// Writes what it is told into the log.
  struct Level : Marks {
    Level(StepLog& owner, bool is_operator) : log(owner), of_operator(is_operator) {}
    void forward(std::string_view place, double bytes) override {
      log.add(Event::kForward, of_operator, place, bytes);
    }
    void backward(std::string_view place) override {
      log.add(Event::kBackward, of_operator, place, 0);
    }
    StepLog& log;
    bool of_operator;
  };
  void add(Event event, bool of_operator, std::string_view place, double bytes,
           std::size_t layer = 0);

  DeviceClock& clock_;
  Detail detail_;
  Level layers_{*this, false};
  Level operators_{*this, true};
  std::vector<Entry> entries_;
};

}  // namespace sextant::profiler
