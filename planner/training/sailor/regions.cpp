#include "planner/training/sailor/regions.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace sextant::sailor_search {

namespace {

/// Orders are enumerated as long as there are at most so many: all of them up to eight regions.
constexpr double kMostOrders = 110'000;

using BandwidthTable = std::vector<std::vector<double>>;

double bandwidth(const Resources& resources, const Network& network, int from, int to) {
  const auto& sender = resources.regions[static_cast<std::size_t>(from)];
  const auto& receiver = resources.regions[static_cast<std::size_t>(to)];
  const int from_zone = sender.zones.front();
  const int to_zone = receiver.zones.front();
  double best = 0;
  for (int a = 0; a < resources.type_count(); ++a) {
    if (resources.gpus(from_zone, a) == 0) continue;
    for (int b = 0; b < resources.type_count(); ++b) {
      if (resources.gpus(to_zone, b) == 0) continue;
      const LinkModel link =
          network.between({resources.zones[static_cast<std::size_t>(from_zone)],
                           resources.types[static_cast<std::size_t>(a)].name, 1},
                          {resources.zones[static_cast<std::size_t>(to_zone)],
                           resources.types[static_cast<std::size_t>(b)].name, 1});
      best = std::max(best, link.peak_bytes_per_s());
    }
  }
  return best;
}

BandwidthTable bandwidths(const Resources& resources, const Network& network) {
  const int count = static_cast<int>(resources.regions.size());
  BandwidthTable table(resources.regions.size(), std::vector<double>(resources.regions.size(), 0));
  for (int from = 0; from < count; ++from) {
    for (int to = 0; to < count; ++to) {
      if (from == to) continue;
      table[static_cast<std::size_t>(from)][static_cast<std::size_t>(to)] =
          bandwidth(resources, network, from, to);
    }
  }
  return table;
}

RegionOrder best_order(const Resources& resources, const BandwidthTable& table,
                       std::vector<int> subset) {
  RegionOrder best;
  for (int type = 0; type < resources.type_count(); ++type) {
    best.gpus.push_back(std::accumulate(subset.begin(), subset.end(), 0, [&](int sum, int region) {
      return sum + resources.gpus_in(resources.regions[static_cast<std::size_t>(region)], type);
    }));
  }
  // Of equally fast orders the first by the regions' names.
  const auto by_name = [&](int a, int b) {
    return resources.regions[static_cast<std::size_t>(a)].name <
           resources.regions[static_cast<std::size_t>(b)].name;
  };
  std::sort(subset.begin(), subset.end(), by_name);
  best.bottleneck_bytes_per_s = -1;
  do {
    double slowest = std::numeric_limits<double>::infinity();
    for (std::size_t i = 1; i < subset.size(); ++i) {
      slowest = std::min(
          slowest,
          table[static_cast<std::size_t>(subset[i - 1])][static_cast<std::size_t>(subset[i])]);
    }
    if (slowest > best.bottleneck_bytes_per_s) {
      best.bottleneck_bytes_per_s = slowest;
      best.regions = subset;
    }
  } while (std::next_permutation(subset.begin(), subset.end(), by_name));
  return best;
}

/// The next subset of the same size in lexicographic order.
bool next_subset(std::vector<int>& subset, int count) {
  const int size = static_cast<int>(subset.size());
  int i = size - 1;
  while (i >= 0 && subset[static_cast<std::size_t>(i)] == count - size + i) --i;
  if (i < 0) return false;
  const auto first = subset.begin() + i;
  std::iota(first, subset.end(), *first + 1);
  return true;
}

}  // namespace

std::vector<RegionOrder> region_orders(const Resources& resources, const Network& network) {
  const BandwidthTable table = bandwidths(resources, network);
  const int count = static_cast<int>(resources.regions.size());
  std::vector<RegionOrder> orders;
  double permutations = 1;
  double enumerated = 0;
  for (int size = 1; size <= count; ++size) {
    permutations *= count - size + 1;
    enumerated += permutations;
    if (size > 1 && enumerated > kMostOrders) break;
    std::vector<int> subset(static_cast<std::size_t>(size));
    std::iota(subset.begin(), subset.end(), 0);
    do {
      orders.push_back(best_order(resources, table, subset));
    } while (next_subset(subset, count));
  }
  std::stable_sort(orders.begin(), orders.end(), [](const RegionOrder& a, const RegionOrder& b) {
    return a.bottleneck_bytes_per_s > b.bottleneck_bytes_per_s;
  });
  return orders;
}

bool can_hold_pipeline(const RegionOrder& order, const std::vector<std::vector<int>>& degrees) {
  for (std::size_t type = 0; type < degrees.size(); ++type) {
    if (order.gpus[type] >= std::accumulate(degrees[type].begin(), degrees[type].end(), 0)) {
      return true;
    }
  }
  return false;
}

}  // namespace sextant::sailor_search
