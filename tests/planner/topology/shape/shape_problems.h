#pragma once

#include "planner/topology/shape/shape_search.h"

namespace sextant {

inline NetworkPrices libra_prices() {
  return {
      {"Tile", {2.0}}, {"Package", {4.0, 13.0}}, {"Node", {4.0, 13.0}}, {"Pod", {7.8, 18.0, 31.6}}};
}

/// The sums of LIBRA's workload of 175B parameters: 0.684 s of computation, 14.5 GB of all-reduces
/// in the model group, 0.9 GB in the data group, each counted twice.
inline Workload gpt3(int model, int data) {
  Workload workload;
  workload.name = "175B";
  workload.groups = {{"model", model}, {"data", data}};
  WorkloadLayer& layer = workload.layers.emplace_back();
  layer.phases[0] = {0.2, CommunicationOp::kAllReduce, 6442450944 / 2.0, kModelGroup};
  layer.phases[1] = {0.2, CommunicationOp::kAllReduce, 8053063680 / 2.0, kModelGroup};
  layer.phases[2] = {0.284, CommunicationOp::kAllReduce, 905969664 / 2.0, kDataGroup};
  return workload;
}

inline ShapeProblem shape_problem(const Workload& workload, BandwidthTarget target,
                                  TrainingLoop loop = TrainingLoop::kNoOverlap) {
  ShapeProblem problem;
  problem.groups = workload.groups;
  problem.time = [workload, loop](const std::vector<GroupShape>& shapes) {
    return step_time(workload, shapes, loop);
  };
  problem.total_bytes_per_s = 325e9;
  problem.target = target;
  problem.prices = libra_prices();
  problem.tiers = {{"Tile", 8}, {"Package", 8}, {"Node", 16}, {"Pod"}};
  return problem;
}

}  // namespace sextant
