#include "analyzer/training/varuna/pipeline_simulation.h"

#include <algorithm>
#include <deque>
#include <map>

#include "analyzer/training/varuna/jitter.h"

namespace sextant::varuna {

namespace {

constexpr std::int64_t kNsPerUs = 1000;
constexpr int kMostSendsInFlight = 4;  // of a stage

struct Task {
  bool forward = true;
  std::int64_t microbatch = 0;
};

struct Event {
  enum class Kind { kComputed, kReceived };
  Kind kind = Kind::kComputed;
  std::size_t stage = 0;  ///< that computed or sent
  Task task;
};

/// Events by their time in nanoseconds. No two have the same: the later one waits for a random part
/// of a microsecond.
class EventQueue {
 public:
  bool empty() const { return events_.empty(); }
  void push(std::int64_t time_ns, const Event& event) {
    while (!events_.try_emplace(time_ns, event).second) {
      time_ns += random_.next() % kNsPerUs;
    }
  }
  std::pair<std::int64_t, Event> pop() {
    const auto first = events_.begin();
    const std::pair<std::int64_t, Event> out = *first;
    events_.erase(first);
    return out;
  }

 private:
  std::map<std::int64_t, Event> events_;
  GlibcRandom random_;
};

struct StageState {
  std::int64_t warm_up = 0;  ///< forwards before the first backward is due
  std::int64_t forwards = 0;
  std::int64_t backwards = 0;
  bool busy = false;
  int sends_in_flight = 0;
  std::deque<Task> to_send;
  std::vector<bool> has_activation;  ///< by microbatch
  std::vector<bool> has_gradient;

  /// Forwards of the warm-up, then forward and backward in turns, then the backwards that are left.
  Task next(std::int64_t microbatches) const {
    const bool forward = forwards < microbatches && forwards <= warm_up + backwards;
    return {forward, forward ? forwards : backwards};
  }
};

class Simulation {
 public:
  explicit Simulation(const SimulatedPipeline& pipeline)
      : pipeline_(pipeline), stages_(pipeline.forward_us.size()) {
    const auto microbatches = static_cast<std::size_t>(pipeline.microbatches);
    for (std::size_t s = 0; s < stages_.size(); ++s) {
      stages_[s].warm_up = static_cast<std::int64_t>(stages_.size() - 1 - s);
      stages_[s].has_activation.assign(microbatches, s == 0);
      stages_[s].has_gradient.assign(microbatches, false);
    }
  }

  std::int64_t run() {
    start(0, 0);
    std::int64_t first_stage_done_ns = 0;
    while (!events_.empty()) {
      const auto [now_ns, event] = events_.pop();
      if (event.kind == Event::Kind::kReceived) {
        received(now_ns, event);
        continue;
      }
      if (event.stage == 0) first_stage_done_ns = now_ns;
      computed(now_ns, event);
    }
    return first_stage_done_ns / kNsPerUs;
  }

 private:
  /// Begins the stage's next task if it can.
  void start(std::size_t s, std::int64_t now_ns) {
    StageState& stage = stages_[s];
    if (stage.busy || stage.backwards == pipeline_.microbatches) return;
    const Task task = stage.next(pipeline_.microbatches);
    const auto microbatch = static_cast<std::size_t>(task.microbatch);
    if (!(task.forward ? stage.has_activation : stage.has_gradient)[microbatch]) return;
    ++(task.forward ? stage.forwards : stage.backwards);
    stage.busy = true;
    const std::int64_t work_us = (task.forward ? pipeline_.forward_us : pipeline_.backward_us)[s];
    // The published code lets a short computation end before it begins.
    const std::int64_t took_us = std::max<std::int64_t>(0, work_us + jitter_.compute_us());
    events_.push(now_ns + took_us * kNsPerUs, {Event::Kind::kComputed, s, task});
  }

  /// The next task begins, and draws its jitter, before the result of this one is sent.
  void computed(std::int64_t now_ns, const Event& event) {
    const std::size_t s = event.stage;
    StageState& stage = stages_[s];
    stage.busy = false;
    const bool last = s + 1 == stages_.size();
    if (event.task.forward && last) {
      stage.has_gradient[static_cast<std::size_t>(event.task.microbatch)] = true;
    }
    start(s, now_ns);
    if (event.task.forward ? !last : s > 0) {
      stage.to_send.push_back(event.task);
      send(s, now_ns);
    }
  }

  void send(std::size_t s, std::int64_t now_ns) {
    StageState& stage = stages_[s];
    while (!stage.to_send.empty() && stage.sends_in_flight < kMostSendsInFlight) {
      const Task task = stage.to_send.front();
      stage.to_send.pop_front();
      ++stage.sends_in_flight;
      const std::int64_t took_us =
          pipeline_.send_us[task.forward ? s : s - 1] + jitter_.network_us();
      events_.push(now_ns + took_us * kNsPerUs, {Event::Kind::kReceived, s, task});
    }
  }

  void received(std::int64_t now_ns, const Event& event) {
    --stages_[event.stage].sends_in_flight;
    send(event.stage, now_ns);
    const std::size_t to = event.task.forward ? event.stage + 1 : event.stage - 1;
    (event.task.forward
         ? stages_[to].has_activation
         : stages_[to].has_gradient)[static_cast<std::size_t>(event.task.microbatch)] = true;
    start(to, now_ns);
  }

  const SimulatedPipeline& pipeline_;
  std::vector<StageState> stages_;
  EventQueue events_;
  Jitter jitter_;
};

}  // namespace

std::int64_t simulate(const SimulatedPipeline& pipeline) {
  return Simulation(pipeline).run();
}

}  // namespace sextant::varuna
