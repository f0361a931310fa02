#include "planner/training/sailor/link_times.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "planner/training/sailor/quirks.h"

namespace sextant::sailor_search {

namespace {

constexpr double kUnknown = -std::numeric_limits<double>::infinity();

}  // namespace

double ring_all_reduce_s(const LinkModel& link, double bytes, int replicas) {
  if (replicas == 1) return 0;
  double seconds = 0;
  for (double left = bytes; left > 0; left -= kBucketBytes) {
    const double message = std::max(1.0, std::floor(std::min(left, kBucketBytes) / replicas));
    seconds += 2 * (replicas - 1) * link.transfer_s(message);
  }
  return seconds;
}

LinkTimes::LinkTimes(const Resources& resources, const LayerTables& tables, const Cluster& cluster)
    : resources_(resources),
      tables_(tables),
      network_(*cluster.network),
      zone_count_(resources.zones.size()),
      kind_count_(resources.types.size() * kTensorDegrees.size()),
      egress_(zone_count_ * zone_count_),
      message_s_(zone_count_ * zone_count_) {
  for (std::size_t from = 0; from < zone_count_; ++from) {
    for (std::size_t to = 0; to < zone_count_; ++to) {
      egress_[from * zone_count_ + to] = cluster.egress(resources.zones[from], resources.zones[to]);
    }
  }
}

void LinkTimes::begin_microbatch(int microbatch) {
  microbatch_ = microbatch;
  for (std::vector<double>& block : message_s_) std::fill(block.begin(), block.end(), kUnknown);
}

std::size_t LinkTimes::kind(const Place& place) const {
  static_assert(kTensorDegrees == std::array{1, 2, 4});
  return static_cast<std::size_t>(place.type) * kTensorDegrees.size() +
         static_cast<std::size_t>(place.tp / 2);
}

LinkModel LinkTimes::link(const Place& from, const Place& to) const {
  const auto end = [this](const Place& place) {
    return LinkEnd{resources_.zones[static_cast<std::size_t>(place.zone)],
                   resources_.types[static_cast<std::size_t>(place.type)].name, place.tp};
  };
  return network_.between(end(from), end(to));
}

double LinkTimes::message_s(const Place& from, const Place& to, int size_index) {
  std::vector<double>& block = message_s_[pair(from.zone, to.zone)];
  const std::size_t sizes = tables_.sizes().size();
  if (block.empty()) block.assign(kind_count_ * kind_count_ * sizes, kUnknown);
  const auto size = static_cast<std::size_t>(size_index);
  double& seconds = block[(kind(from) * kind_count_ + kind(to)) * sizes + size];
  if (seconds == kUnknown) {
    seconds = link(from, to).transfer_s(tables_.sizes()[size] * microbatch_);
  }
  return seconds;
}

const LinkModel& LinkTimes::between_zones(const Place& from, int to_zone) {
  const std::size_t key = pair(from.zone, to_zone) * kind_count_ + kind(from);
  const auto known = between_zones_.find(key);
  if (known != between_zones_.end()) return known->second;
  return between_zones_.emplace(key, link(from, {from.type, from.tp, to_zone})).first->second;
}

}  // namespace sextant::sailor_search
