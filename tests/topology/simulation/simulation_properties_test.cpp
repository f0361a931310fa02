#include <cmath>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "analyzer/topology/collective_traffic.h"
#include "tests/topology/simulation/small_network.h"

namespace sextant {
namespace {

/// A network of one to four dimensions and a group on it. Sizes are powers of two wherever halving
/// and doubling runs.
struct Case {
  SimulatedNetwork network;
  GroupShape group;
  CommunicationOp op = CommunicationOp::kAllReduce;
  double bytes = 0;  ///< of which every message is a whole number
};

SimulatedNetwork::Dimension any_dimension() {
  SimulatedNetwork::Dimension dimension;
  dimension.block = static_cast<BuildingBlock>(*rc::gen::inRange(0, 3));
  dimension.algorithm = static_cast<DimensionAlgorithm>(*rc::gen::inRange(0, 3));
  dimension.npus = dimension.algorithm == DimensionAlgorithm::kHalvingDoubling
                       ? 1 << *rc::gen::inRange(1, 5)
                       : *rc::gen::inRange(2, 10);
  dimension.links = *rc::gen::inRange(1, 9);
  dimension.link_bytes_per_s = std::pow(10, 9 + *rc::gen::inRange(0, 300) / 100.0);
  dimension.link_latency_s = *rc::gen::inRange(0, 1000) * 1e-9;
  return dimension;
}

Case any_case() {
  Case any;
  const int dimensions = *rc::gen::inRange(1, 5);
  for (int d = 0; d < dimensions; ++d) {
    const SimulatedNetwork::Dimension& dimension =
        any.network.dimensions.emplace_back(any_dimension());
    const bool half = dimension.npus % 2 == 0 && *rc::gen::arbitrary<bool>();
    any.group.push_back(half ? dimension.npus / 2 : dimension.npus);
  }
  any.network.chunks = *rc::gen::inRange(1, 65);
  any.network.endpoint_delay_s = *rc::gen::inRange(0, 100) * 1e-9;
  any.op = *rc::gen::element(CommunicationOp::kAllReduce, CommunicationOp::kAllGather,
                             CommunicationOp::kReduceScatter, CommunicationOp::kAllToAll,
                             CommunicationOp::kSendRecv);
  any.bytes =
      static_cast<double>(any.network.chunks) * group_npus(any.group) * *rc::gen::inRange(1, 10000);
  return any;
}

SimulatedStep simulate(const Case& any, ChunkRoute route = ChunkRoute::kAscending) {
  SimulatedNetwork network = any.network;
  network.route = route;
  return simulate_one(any.op, any.bytes, any.group, network);
}

RC_GTEST_PROP(SimulationProperties, SendsTheTrafficOfTheCollective, ()) {
  const Case any = any_case();
  const CollectiveTraffic traffic = collective_traffic(any.op, any.bytes, any.group);
  const SimulatedStep step = simulate(any);
  for (std::size_t d = 0; d < any.group.size(); ++d) {
    const double expected = traffic.weight_bytes * traffic.shares[d];
    RC_ASSERT(std::abs(step.sent_bytes[d] - expected) <= 1e-12 * expected);
  }
}

RC_GTEST_PROP(SimulationProperties, IsNoFasterThanTheBusiestDimension, ()) {
  const Case any = any_case();
  const ChunkRoute route = *rc::gen::element(ChunkRoute::kAscending, ChunkRoute::kBalanced);
  const SimulatedStep step = simulate(any, route);
  // Messages take whole nanoseconds, of which each may lose one: 2 n of them in each of 2 visits.
  double messages = 0;
  for (const int extent : any.group) messages += 4.0 * extent * any.network.chunks;
  for (std::size_t d = 0; d < any.group.size(); ++d) {
    const double busy_s = step.sent_bytes[d] / any.network.dimensions[d].bytes_per_s();
    RC_ASSERT(step.step_s >= busy_s - messages * 1e-9);
  }
}

RC_GTEST_PROP(SimulationProperties, MoreBandwidthIsNeverSlower, ()) {
  const Case any = any_case();
  Case wider = any;
  const auto d = *rc::gen::inRange<std::size_t>(0, any.group.size());
  wider.network.dimensions[d].link_bytes_per_s *= 1 + *rc::gen::inRange(1, 200) / 100.0;
  RC_ASSERT(simulate(wider).step_s <= simulate(any).step_s);
}

RC_GTEST_PROP(SimulationProperties, BalancedRoutesAreNeverSlower, ()) {
  const Case any = any_case();
  RC_ASSERT(simulate(any, ChunkRoute::kBalanced).step_s <= simulate(any).step_s);
}

Workload any_workload(std::size_t groups) {
  Workload workload;
  workload.groups.resize(groups);
  const int layers = *rc::gen::inRange(1, 6);
  for (int l = 0; l < layers; ++l) {
    WorkloadLayer& layer = workload.layers.emplace_back();
    for (LayerPhase& phase : layer.phases) {
      phase.compute_s = *rc::gen::inRange(0, 1'000'000) * 1e-9;
      if (*rc::gen::arbitrary<bool>()) phase.op = CommunicationOp::kAllReduce;
      phase.bytes = *rc::gen::element(0.0, 1e6, 2e6, 64e6);
      phase.group = *rc::gen::inRange<std::size_t>(0, groups);
    }
  }
  return workload;
}

RC_GTEST_PROP(SimulationProperties, OneGroupUsesNoMoreThanItsLinks, ()) {
  SimulatedNetwork network = switches({4, 8}, {100, 25}, 16);
  network.order = *rc::gen::element(CollectiveOrder::kFifo, CollectiveOrder::kLifo);
  for (const double used : simulate_step(any_workload(1), {{4, 4}}, network).utilisation) {
    RC_ASSERT(used <= 1);
  }
}

bool same(const SimulatedStep& a, const SimulatedStep& b) {
  return a.step_s == b.step_s && a.compute_s == b.compute_s && a.exposed_s == b.exposed_s &&
         a.drain_s == b.drain_s && a.sent_bytes == b.sent_bytes && a.utilisation == b.utilisation;
}

RC_GTEST_PROP(SimulationProperties, NamesOfGroupsDoNotMatter, ()) {
  SimulatedNetwork network = switches({4, 8}, {100, 25}, 16);
  network.order = *rc::gen::element(CollectiveOrder::kFifo, CollectiveOrder::kLifo);
  const Workload workload = any_workload(2);
  Workload renamed = workload;
  for (WorkloadLayer& layer : renamed.layers) {
    for (LayerPhase& phase : layer.phases) phase.group = 1 - phase.group;
  }
  const SimulatedStep step = simulate_step(workload, {{4, 2}, {1, 4}}, network);
  RC_ASSERT(same(step, simulate_step(renamed, {{1, 4}, {4, 2}}, network)));
}

RC_GTEST_PROP(SimulationProperties, AStepIsBetweenItsPartsAndTheirSum, ()) {
  SimulatedNetwork network = switches({4, 8}, {100, 25}, 16);
  network.order = *rc::gen::element(CollectiveOrder::kFifo, CollectiveOrder::kLifo);
  const std::vector<GroupShape> shapes = {{4, 2}, {1, 4}};
  const Workload workload = any_workload(2);
  const SimulatedStep step = simulate_step(workload, shapes, network);
  double apart_s = step.compute_s;
  double wait_s = step.compute_s;
  for (const WorkloadLayer& layer : workload.layers) {
    for (std::size_t p = 0; p < kTrainingPhases; ++p) {
      const LayerPhase& phase = layer.phases[p];
      apart_s += 1e-9;
      wait_s += 1e-9;
      if (!phase.op) continue;
      const double alone_s =
          simulate_one(*phase.op, phase.bytes, shapes[phase.group], network).step_s - 3e-9;
      apart_s += alone_s;
      if (p != static_cast<std::size_t>(TrainingPhase::kWeightGradient)) wait_s += alone_s;
    }
  }
  RC_ASSERT(step.step_s >= wait_s - 1e-12);
  RC_ASSERT(step.step_s <= apart_s + 1e-12);
  RC_ASSERT(std::abs(step.compute_s + step.exposed_s - step.step_s) <= 1e-12);
  RC_ASSERT(step.drain_s <= step.exposed_s);
}

}  // namespace
}  // namespace sextant
