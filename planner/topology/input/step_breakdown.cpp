#include "planner/topology/input/step_breakdown.h"

#include <algorithm>

#include "analyzer/topology/collective_traffic.h"

namespace sextant {

namespace {

/// What a group's collectives do in one step.
struct GroupTraffic {
  std::vector<double> sent_bytes;
  std::vector<bool> bottleneck;
  double under_way_s = 0;
};

void add(const LayerPhase& phase, double times, const GroupShape& shape,
         std::span<const double> bandwidth, GroupTraffic& sum) {
  const CollectiveTraffic traffic = collective_traffic(*phase.op, phase.bytes, shape);
  std::vector<double> busy_s(bandwidth.size(), 0);
  for (std::size_t d = 0; d < busy_s.size(); ++d) {
    const double bytes = traffic.weight_bytes * traffic.shares[d];
    sum.sent_bytes[d] += times * bytes;
    if (bytes > 0) busy_s[d] = bytes / bandwidth[d];
  }
  const double slowest_s = *std::max_element(busy_s.begin(), busy_s.end());
  sum.under_way_s += times * slowest_s;
  constexpr double kEqual = 1 - 1e-4;  // at an optimum several are the slowest
  for (std::size_t d = 0; d < busy_s.size(); ++d) {
    if (busy_s[d] > 0 && busy_s[d] >= kEqual * slowest_s) sum.bottleneck[d] = true;
  }
}

GroupTraffic traffic_of(std::size_t group, const PlacedWorkload& placed, TrainingLoop loop,
                        std::span<const double> bandwidth) {
  GroupTraffic sum{std::vector<double>(bandwidth.size(), 0),
                   std::vector<bool>(bandwidth.size(), false)};
  for (const WorkloadLayer& layer : placed.workload.layers) {
    for (std::size_t p = 0; p < kTrainingPhases; ++p) {
      const LayerPhase& phase = layer.phases[p];
      if (!phase.op || phase.bytes <= 0 || phase.group != group) continue;
      const bool forward = p == static_cast<std::size_t>(TrainingPhase::kForward);
      add(phase, forward ? forward_communications(loop) : 1, placed.shapes[group], bandwidth, sum);
    }
  }
  return sum;
}

}  // namespace

StepBreakdown step_breakdown(const PlacedWorkload& placed, TrainingLoop loop, double compute_scale,
                             std::span<const double> bandwidth_bytes_per_s) {
  const std::size_t dimensions = bandwidth_bytes_per_s.size();
  std::vector<GroupShape> communicating(placed.shapes.size(), GroupShape(dimensions, 1));
  const auto seconds = [&] {
    return step_time(placed.workload, communicating, loop, compute_scale)
        .seconds(bandwidth_bytes_per_s);
  };
  StepBreakdown out;
  out.compute_s = out.step_s = seconds();
  out.sent_bytes.assign(dimensions, 0);
  double under_way_s = 0;
  for (std::size_t g = 0; g < placed.shapes.size(); ++g) {
    if (group_npus(placed.shapes[g]) == 1) continue;
    GroupTraffic traffic = traffic_of(g, placed, loop, bandwidth_bytes_per_s);
    if (traffic.under_way_s <= 0) continue;
    communicating[g] = placed.shapes[g];
    const double with_it_s = seconds();
    for (std::size_t d = 0; d < dimensions; ++d) out.sent_bytes[d] += traffic.sent_bytes[d];
    out.groups.push_back(
        {g, with_it_s - out.step_s, std::move(traffic.sent_bytes), std::move(traffic.bottleneck)});
    out.step_s = with_it_s;
    under_way_s += traffic.under_way_s;
  }
  for (std::size_t d = 0; d < dimensions; ++d) {
    const double most_bytes = bandwidth_bytes_per_s[d] * under_way_s;
    out.utilisation.push_back(most_bytes > 0 ? out.sent_bytes[d] / most_bytes : 0);
  }
  return out;
}

}  // namespace sextant
