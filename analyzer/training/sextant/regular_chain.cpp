#include <algorithm>
#include <cmath>

#include "analyzer/training/sextant/chain.h"

namespace sextant {

namespace {

/// What a stage carries from one pass to the next, seconds.
struct StageState {
  double free_s = 0;
  double send_free_s = 0;
  double activation_there_s = 0;  ///< of the next microbatch to compute forward
  double gradient_there_s = 0;    ///< of the one that its backward waits for in this pass
};

/// Passes of 1f1b: in pass r stage s computes forward microbatch r + (stages - 1 - s), then
/// backward microbatch r, so that a forward's input is of the pass before and a backward's of the
/// same pass, when stages are visited from the last to the first.
class RegularChain {
 public:
  explicit RegularChain(const Chain& chain)
      : chain_(chain),
        blocking_(chain.sends == Framework::Sends::kBlocking),
        stages_(static_cast<std::size_t>(chain.stages)) {
    times_.last_backward_start_s.assign(stages_.size(), 0);
  }

  ChainTimes one_f_one_b();
  ChainTimes gpipe();

 private:
  double send(StageState& stage, double from_s, double takes_s) const {
    const double end_s = std::max(from_s, stage.send_free_s) + takes_s;
    stage.send_free_s = end_s;
    if (blocking_) stage.free_s = std::max(stage.free_s, end_s);
    return end_s;
  }
  void forward(std::size_t s) {
    StageState& stage = stages_[s];
    stage.free_s = std::max(stage.free_s, stage.activation_there_s) + chain_.forward_s[s];
  }
  void send_activation(std::size_t s, double from_s) {
    if (s + 1 == stages_.size()) return;
    stages_[s + 1].activation_there_s = send(stages_[s], from_s, chain_.activation_s[s]);
  }
  /// Returns when the gradient is at the stage before; for the first stage nobody asks.
  double backward(std::size_t s, int microbatch, double gradient_there_s) {
    StageState& stage = stages_[s];
    const double start_s = std::max(stage.free_s, gradient_there_s);
    const double factor = microbatch == chain_.last_backward() ? chain_.last_backward_factor : 1;
    times_.last_backward_start_s[s] = start_s;
    stage.free_s = start_s + chain_.backward_s[s] * factor;
    return s > 0 ? send(stage, stage.free_s, chain_.gradient_s[s - 1]) : 0;
  }
  void pass(int r);
  bool repeats(double& period_s);
  ChainTimes finish();

  const Chain& chain_;
  const bool blocking_;
  std::vector<StageState> stages_;
  std::vector<StageState> before_;
  ChainTimes times_;
};

void RegularChain::pass(int r) {
  const int last = chain_.stages - 1;
  for (int s = last; s >= 0; --s) {
    const auto i = static_cast<std::size_t>(s);
    const int ahead = r + last - s;
    const bool computes_forward = ahead >= 0 && ahead < chain_.microbatches;
    const bool computes_backward = r >= 0 && r < chain_.microbatches;
    if (computes_forward) {
      forward(i);
      const bool holds = computes_backward && chain_.gradient_before_activation;
      send_activation(
          i, holds ? std::max(stages_[i].free_s, stages_[i].gradient_there_s) : stages_[i].free_s);
    }
    if (!computes_backward) continue;
    const double there_s = backward(i, r, stages_[i].gradient_there_s);
    if (s > 0) stages_[i - 1].gradient_there_s = there_s;
  }
}

/// Whether every part of the state moved by the same time since the last call.
bool RegularChain::repeats(double& period_s) {
  bool same = !before_.empty();
  if (same) {
    period_s = stages_[0].free_s - before_[0].free_s;
    const double tolerance = 1e-13 * stages_[0].free_s;
    for (std::size_t s = 0; s < stages_.size() && same; ++s) {
      const StageState& now = stages_[s];
      const StageState& then = before_[s];
      const auto moved = [&](double StageState::*part) {
        return std::abs(now.*part - then.*part - period_s) <= tolerance;
      };
      const bool sends = s + 1 < stages_.size() || s > 0;
      same = moved(&StageState::free_s) && (!sends || moved(&StageState::send_free_s)) &&
             (s == 0 || moved(&StageState::activation_there_s)) &&
             (s + 1 == stages_.size() || moved(&StageState::gradient_there_s));
    }
  }
  before_ = stages_;
  return same;
}

ChainTimes RegularChain::one_f_one_b() {
  const int last = chain_.stages - 1;
  // The last pass that is like those before: all compute both, and no backward is the last one.
  const int last_full = chain_.microbatches - 1 - std::max(last, 1);
  for (int r = -last; r < chain_.microbatches; ++r) {
    pass(r);
    double period_s = 0;
    if (r < 1 || r >= last_full || !repeats(period_s)) continue;
    const double skipped_s = (last_full - r) * period_s;
    for (StageState& stage : stages_) {
      stage.free_s += skipped_s;
      stage.send_free_s += skipped_s;
      stage.activation_there_s += skipped_s;
      stage.gradient_there_s += skipped_s;
    }
    // The ends have no messages from outside.
    stages_.front().activation_there_s = 0;
    stages_.back().gradient_there_s = 0;
    for (double& start_s : times_.last_backward_start_s) start_s += skipped_s;
    r = last_full;
  }
  return finish();
}

ChainTimes RegularChain::gpipe() {
  const int last = chain_.stages - 1;
  std::vector<double> there_s(static_cast<std::size_t>(chain_.microbatches), 0);
  for (std::size_t s = 0; s < stages_.size(); ++s) {
    for (int m = 0; m < chain_.microbatches; ++m) {
      StageState& stage = stages_[s];
      double& arrives_s = there_s[static_cast<std::size_t>(m)];
      stage.activation_there_s = arrives_s;
      forward(s);
      if (static_cast<int>(s) < last) {
        arrives_s = send(stage, stage.free_s, chain_.activation_s[s]);
      }
    }
  }
  std::fill(there_s.begin(), there_s.end(), 0);
  for (std::size_t s = stages_.size(); s-- > 0;) {
    for (int m = chain_.microbatches - 1; m >= 0; --m) {
      double& arrives_s = there_s[static_cast<std::size_t>(m)];
      arrives_s = backward(s, m, arrives_s);
    }
  }
  return finish();
}

ChainTimes RegularChain::finish() {
  for (const StageState& stage : stages_) times_.stage_end_s.push_back(stage.free_s);
  return std::move(times_);
}

}  // namespace

bool is_regular(const Chain& chain) {
  return chain.chunks == 1 &&
         (chain.schedule == ScheduleKind::kGPipe || chain.schedule == ScheduleKind::kOneFOneB);
}

ChainTimes regular_times(const Chain& chain) {
  RegularChain regular(chain);
  return chain.schedule == ScheduleKind::kGPipe ? regular.gpipe() : regular.one_f_one_b();
}

}  // namespace sextant
