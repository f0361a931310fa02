#include "analyzer/training/sextant/chain.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "analyzer/core/error.h"

namespace sextant {

namespace {

constexpr double kNotYet = std::numeric_limits<double>::infinity();

bool is_backward(Work work) {
  return work == Work::kBackward || work == Work::kBackwardInput;
}

Activity activity_of(Work work) {
  switch (work) {
    case Work::kForward:
      return Activity::kForward;
    case Work::kBackward:
      return Activity::kBackward;
    case Work::kBackwardInput:
      return Activity::kBackwardInput;
    case Work::kBackwardWeight:
      return Activity::kBackwardWeight;
  }
  throw Error(ErrorCode::kInternal, "a work without an activity");
}

/// Stages run their programs as far as their inputs allow; a message that arrives wakes the stage
/// that waits for it.
class ChainSimulation {
 public:
  ChainSimulation(const Chain& chain, ComputationNoise* noise, std::vector<TimelineSpan>* spans);
  ChainTimes run();

 private:
  struct Stage {
    std::vector<Task> program;
    std::size_t next = 0;
    double free_s = 0;       ///< its computing stream
    double send_free_s = 0;  ///< its sending stream
    int held = -1;           ///< microbatch whose activation waits for the next gradient
  };

  std::size_t index(int virtual_stage, int microbatch) const {
    return static_cast<std::size_t>(virtual_stage) * static_cast<std::size_t>(chain_.microbatches) +
           static_cast<std::size_t>(microbatch);
  }
  int virtual_stage(int stage, const Task& task) const {
    return task.chunk * chain_.stages + stage;
  }
  double input_s(int v, const Task& task) const;
  bool must_send_first(int stage, int activation, int gradient) const;
  bool advance(int s);
  void compute(int s, const Task& task, double ready_s);
  void send(int s, int v, bool activation, int microbatch, double from_s);
  void wake(int s);

  const Chain& chain_;
  ComputationNoise* noise_;
  std::vector<TimelineSpan>* spans_;
  std::vector<Stage> stages_;
  std::vector<double> activation_there_s_;  ///< by index(virtual stage that receives, microbatch)
  std::vector<double> gradient_there_s_;
  /// By index: where virtual stage v computes the microbatch in its stage's program; only where
  /// activations are held back.
  std::vector<int> forward_place_;
  std::vector<int> backward_place_;
  std::vector<int> awake_;
  std::vector<char> is_awake_;
  ChainTimes times_;
};

ChainSimulation::ChainSimulation(const Chain& chain, ComputationNoise* noise,
                                 std::vector<TimelineSpan>* spans)
    : chain_(chain), noise_(noise), spans_(spans) {
  const auto cells = static_cast<std::size_t>(chain.stages * chain.chunks) *
                     static_cast<std::size_t>(chain.microbatches);
  activation_there_s_.assign(cells, kNotYet);
  gradient_there_s_.assign(cells, kNotYet);
  const bool holds = chain.gradient_before_activation && chain.chunks == 1;
  if (holds) {
    forward_place_.assign(cells, 0);
    backward_place_.assign(cells, 0);
  }
  const int last = chain.stages * chain.chunks - 1;
  for (int m = 0; m < chain.microbatches; ++m) {
    activation_there_s_[index(0, m)] = 0;
    gradient_there_s_[index(last, m)] = 0;
  }
  for (int s = 0; s < chain.stages; ++s) {
    Stage& stage = stages_.emplace_back();
    stage.program =
        stage_program(chain.schedule, s, chain.stages, chain.microbatches, chain.chunks);
    for (int place = 0; holds && place < static_cast<int>(stage.program.size()); ++place) {
      const Task& task = stage.program[static_cast<std::size_t>(place)];
      if (task.work == Work::kForward) forward_place_[index(s, task.microbatch)] = place;
      if (is_backward(task.work)) backward_place_[index(s, task.microbatch)] = place;
    }
  }
  times_.stage_end_s.assign(stages_.size(), 0);
  times_.last_backward_start_s.assign(stages_.size(), 0);
  is_awake_.assign(stages_.size(), 0);
}

double ChainSimulation::input_s(int v, const Task& task) const {
  if (task.work == Work::kForward) return activation_there_s_[index(v, task.microbatch)];
  if (is_backward(task.work)) return gradient_there_s_[index(v, task.microbatch)];
  return 0;  // the weights' gradient needs what the stage itself has
}

/// Whether the gradient cannot come before the activation has left, since the next stage needs it
/// for a forward that stands before that backward.
bool ChainSimulation::must_send_first(int stage, int activation, int gradient) const {
  return forward_place_[index(stage + 1, activation)] < backward_place_[index(stage + 1, gradient)];
}

void ChainSimulation::wake(int s) {
  char& awake = is_awake_[static_cast<std::size_t>(s)];
  if (awake != 0) return;
  awake = 1;
  awake_.push_back(s);
}

void ChainSimulation::send(int s, int v, bool activation, int microbatch, double from_s) {
  Stage& stage = stages_[static_cast<std::size_t>(s)];
  const auto edge = static_cast<std::size_t>(activation ? v : v - 1);
  const double takes_s = activation ? chain_.activation_s[edge] : chain_.gradient_s[edge];
  const double start_s = std::max(from_s, stage.send_free_s);
  const double end_s = start_s + takes_s;
  stage.send_free_s = end_s;
  if (chain_.sends == Framework::Sends::kBlocking) stage.free_s = std::max(stage.free_s, end_s);
  const int to = activation ? v + 1 : v - 1;
  (activation ? activation_there_s_ : gradient_there_s_)[index(to, microbatch)] = end_s;
  wake(to % chain_.stages);
  if (spans_ != nullptr && takes_s > 0) {
    spans_->push_back({s, Stream::kSend,
                       activation ? Activity::kSendActivation : Activity::kSendGradient, microbatch,
                       v / chain_.stages, start_s, end_s});
  }
}

void ChainSimulation::compute(int s, const Task& task, double ready_s) {
  Stage& stage = stages_[static_cast<std::size_t>(s)];
  const int v = virtual_stage(s, task);
  const auto i = static_cast<std::size_t>(v);
  double takes_s = 0;
  switch (task.work) {
    case Work::kForward:
      takes_s = chain_.forward_s[i];
      break;
    case Work::kBackward:
      takes_s = chain_.backward_s[i];
      break;
    case Work::kBackwardInput:
      takes_s = chain_.backward_s[i] - chain_.weight_gradient_s[i];
      break;
    case Work::kBackwardWeight:
      takes_s = chain_.weight_gradient_s[i];
      break;
  }
  if (task.work != Work::kForward && task.microbatch == chain_.last_backward()) {
    takes_s *= chain_.last_backward_factor;
  }
  if (noise_ != nullptr) takes_s *= noise_->factor();
  const double start_s = std::max(stage.free_s, ready_s);
  stage.free_s = start_s + takes_s;
  if (task.work != Work::kForward) {
    times_.last_backward_start_s[static_cast<std::size_t>(s)] = start_s;
  }
  if (spans_ != nullptr) {
    spans_->push_back({s, Stream::kCompute, activity_of(task.work), task.microbatch, task.chunk,
                       start_s, stage.free_s});
  }
  const int last = chain_.stages * chain_.chunks - 1;
  if (task.work == Work::kForward && v < last) {
    const bool backward_follows =
        stage.next + 1 < stage.program.size() && is_backward(stage.program[stage.next + 1].work);
    const bool holds =
        chain_.gradient_before_activation && chain_.chunks == 1 && backward_follows &&
        !must_send_first(s, task.microbatch, stage.program[stage.next + 1].microbatch);
    if (holds) {
      stage.held = task.microbatch;
    } else {
      send(s, v, true, task.microbatch, stage.free_s);
    }
  }
  if (is_backward(task.work) && v > 0) send(s, v, false, task.microbatch, stage.free_s);
}

/// One step of a stage; false where it waits.
bool ChainSimulation::advance(int s) {
  Stage& stage = stages_[static_cast<std::size_t>(s)];
  if (stage.next == stage.program.size()) return false;
  const Task& task = stage.program[stage.next];
  const double ready_s = input_s(virtual_stage(s, task), task);
  if (ready_s == kNotYet) return false;
  if (stage.held >= 0) {
    const int microbatch = stage.held;
    stage.held = -1;
    send(s, s, true, microbatch, std::max(stage.free_s, ready_s));
  }
  compute(s, task, ready_s);
  ++stage.next;
  return true;
}

ChainTimes ChainSimulation::run() {
  for (int s = chain_.stages - 1; s >= 0; --s) wake(s);
  while (!awake_.empty()) {
    const int s = awake_.back();
    awake_.pop_back();
    is_awake_[static_cast<std::size_t>(s)] = 0;
    while (advance(s)) {
    }
  }
  for (std::size_t s = 0; s < stages_.size(); ++s) {
    if (stages_[s].next != stages_[s].program.size()) {
      throw Error(ErrorCode::kInternal, "a schedule waits for itself");
    }
    times_.stage_end_s[s] = stages_[s].free_s;
  }
  return std::move(times_);
}

}  // namespace

double ChainTimes::end_s() const {
  return *std::max_element(stage_end_s.begin(), stage_end_s.end());
}

double ComputationNoise::factor() {
  const double radius = std::sqrt(-2 * std::log(1 - random_.uniform()));
  return std::exp(share_ * radius * std::cos(2 * std::numbers::pi * random_.uniform()));
}

ChainTimes simulate(const Chain& chain, ComputationNoise* noise, std::vector<TimelineSpan>* spans) {
  return ChainSimulation(chain, noise, spans).run();
}

ChainTimes times_of(const Chain& chain) {
  return is_regular(chain) ? regular_times(chain) : simulate(chain);
}

}  // namespace sextant
