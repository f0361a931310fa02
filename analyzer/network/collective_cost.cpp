#include "analyzer/network/collective_cost.h"

#include <algorithm>
#include <cmath>

#include "analyzer/core/error.h"

namespace sextant {

CollectiveSteps ring_steps(CommunicationOp op, int world_size) {
  const double n = world_size;
  switch (op) {
    case CommunicationOp::kAllReduce:
      return {2 * (n - 1), 2 * (n - 1) / n};
    case CommunicationOp::kAllGather:
    case CommunicationOp::kReduceScatter:
    case CommunicationOp::kAllToAll:
      return {n - 1, (n - 1) / n};
    case CommunicationOp::kBroadcast:
      return {n - 1, n > 1 ? 1.0 : 0.0};
    default:
      throw Error(ErrorCode::kInternal, "ring cost of what is no collective");
  }
}

std::optional<CollectiveSteps> tree_steps(CommunicationOp op, int world_size) {
  if (world_size < 2) return std::nullopt;
  const double depth = std::log2(world_size);
  if (op == CommunicationOp::kAllReduce) return CollectiveSteps{2 * depth, 2};
  if (op == CommunicationOp::kBroadcast) return CollectiveSteps{depth, 1};
  return std::nullopt;
}

double CollectiveTerms::seconds(CommunicationOp op, int world_size, double bytes) const {
  const double size = std::clamp(bytes, low_bytes, high_bytes);
  const auto cost = [&](const CollectiveSteps& steps) {
    return steps.steps * step_s + steps.passes * size / bandwidth_bytes_per_s;
  };
  double time_s = cost(ring_steps(op, world_size));
  if (const auto tree = tree_steps(op, world_size)) time_s = std::min(time_s, cost(*tree));
  return (launch_s + time_s) * std::max(1.0, bytes / size);
}

double CollectiveTime::seconds(double bytes) const {
  return measured_ ? measured_->transfer_s(bytes) : terms_.seconds(op_, world_size_, bytes);
}

bool CollectiveTime::extrapolates(double bytes) const {
  if (measured_) return measured_->extrapolates(bytes);
  const auto& worlds = terms_.world_sizes;
  const auto [least, most] = std::minmax_element(worlds.begin(), worlds.end());
  const bool beyond = worlds.empty() || world_size_ < *least || world_size_ > *most;
  return beyond || bytes < terms_.low_bytes || bytes > terms_.high_bytes;
}

}  // namespace sextant
