#include "analyzer/topology/simulation/step_simulation.h"

#include <algorithm>
#include <cmath>
#include <deque>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/topology/simulation/group_traffic.h"

namespace sextant {

namespace {

/// What ASTRA-sim takes beside computation and messages: to begin a collective, and to go on to the
/// next layer or into a recomputation.
constexpr double kCollectiveDelayNs = 10;
constexpr double kLayerDelayNs = 1;

/// In single precision and whole nanoseconds, as ASTRA-sim scales it.
double scaled_ns(double compute_s, double compute_scale) {
  const auto ns = static_cast<float>(std::round(compute_s * 1e9));
  return std::trunc(ns * static_cast<float>(compute_scale));
}

void check(const Workload& workload) {
  const auto refuse = [&](const std::string& what) {
    throw_bad_input(fmt::format("workload {}: {}", quote(workload.name), what));
  };
  if (workload.checkpoints.size() != workload.checkpoint_initiates.size()) {
    refuse(fmt::format("{} checkpoints and {} layers that initiate recomputation",
                       workload.checkpoints.size(), workload.checkpoint_initiates.size()));
  }
  for (std::size_t i = 0; i < workload.checkpoints.size(); ++i) {
    const int first = workload.checkpoints[i];
    const int initiate = workload.checkpoint_initiates[i];
    if (first < 0 || first > initiate || initiate >= static_cast<int>(workload.layers.size())) {
      refuse(
          fmt::format("expected a checkpoint and, no earlier, the layer that recomputes from "
                      "it, both of {} layers, found {} and {}",
                      workload.layers.size(), first, initiate));
    }
  }
}

/// The time during which any of the groups communicates.
double busy_ns(const std::deque<GroupTraffic>& groups) {
  std::vector<GroupTraffic::Interval> all;
  for (const GroupTraffic& group : groups) {
    all.insert(all.end(), group.busy().begin(), group.busy().end());
  }
  std::sort(all.begin(), all.end(),
            [](const auto& a, const auto& b) { return a.begin_ns < b.begin_ns; });
  double busy = 0;
  double covered = 0;
  for (const GroupTraffic::Interval& interval : all) {
    busy += std::max(0.0, interval.end_ns - std::max(interval.begin_ns, covered));
    covered = std::max(covered, interval.end_ns);
  }
  return busy;
}

class Step {
 public:
  Step(const Workload& workload, const std::vector<GroupShape>& shapes,
       const SimulatedNetwork& network, double compute_scale)
      : workload_(workload), network_(network), compute_scale_(compute_scale) {
    for (const GroupShape& shape : shapes) groups_.emplace_back(shape, network);
  }

  SimulatedStep run() {
    const std::size_t layers = workload_.layers.size();
    forward(0, layers);
    for (std::size_t l = layers; l-- > 0;) {
      recompute_before(l);
      visit(l, TrainingPhase::kInputGradient);
      visit(l, TrainingPhase::kWeightGradient);
    }
    return result();
  }

 private:
  void forward(std::size_t first, std::size_t end) {
    for (std::size_t l = first; l < end; ++l) visit(l, TrainingPhase::kForward);
  }

  void recompute_before(std::size_t layer) {
    for (std::size_t i = 0; i < workload_.checkpoints.size(); ++i) {
      if (static_cast<std::size_t>(workload_.checkpoint_initiates[i]) != layer) continue;
      now_ns_ += kLayerDelayNs;
      forward(static_cast<std::size_t>(workload_.checkpoints[i]), layer);
    }
  }

  void visit(std::size_t layer, TrainingPhase which) {
    const LayerPhase& phase = workload_.layers[layer].at(which);
    const double ns = scaled_ns(phase.compute_s, compute_scale_);
    compute_ns_ += ns;
    now_ns_ += ns;
    if (!(now_ns_ < kMostSimulatedNs)) {
      throw_bad_input(fmt::format("workload {}, layer {}: the step takes longer than 30 years",
                                  quote(workload_.name), quote(workload_.layers[layer].name)));
    }
    if (phase.op) {
      GroupTraffic& group = groups_[phase.group];
      const bool sends = group.start(*phase.op, phase.bytes, now_ns_ + kCollectiveDelayNs);
      if (sends && which != TrainingPhase::kWeightGradient) now_ns_ = group.latest_done_ns();
    }
    now_ns_ += kLayerDelayNs;
  }

  SimulatedStep result() {
    const std::size_t dimensions = network_.dimensions.size();
    SimulatedStep step;
    step.sent_bytes.assign(dimensions, 0);
    double end_ns = now_ns_;
    for (GroupTraffic& group : groups_) {
      end_ns = std::max(end_ns, group.all_done_ns());
      for (std::size_t d = 0; d < dimensions; ++d) step.sent_bytes[d] += group.sent_bytes()[d];
    }
    step.step_s = end_ns / 1e9;
    step.compute_s = compute_ns_ / 1e9;
    step.exposed_s = (end_ns - compute_ns_) / 1e9;
    step.drain_s = (end_ns - now_ns_) / 1e9;
    const double busy_s = busy_ns(groups_) / 1e9;
    for (std::size_t d = 0; d < dimensions; ++d) {
      const double could_send = busy_s * network_.dimensions[d].bytes_per_s();
      step.utilisation.push_back(could_send > 0 ? step.sent_bytes[d] / could_send : 0);
    }
    return step;
  }

  const Workload& workload_;
  const SimulatedNetwork& network_;
  double compute_scale_;
  std::deque<GroupTraffic> groups_;
  double now_ns_ = 0;
  double compute_ns_ = 0;
};

}  // namespace

SimulatedStep simulate_step(const Workload& workload, const std::vector<GroupShape>& shapes,
                            const SimulatedNetwork& network, double compute_scale) {
  check(network);
  check(workload);
  for (const GroupShape& shape : shapes) {
    if (shape.size() != network.dimensions.size()) {
      throw_bad_input(fmt::format("a group in {} dimensions on a simulated network of {}",
                                  shape.size(), network.dimensions.size()));
    }
  }
  return Step(workload, shapes, network, compute_scale).run();
}

}  // namespace sextant
