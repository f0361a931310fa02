#include "planner/training/metis/gpu_sequence.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <numeric>

#include "planner/training/cluster_view.h"

namespace sextant::metis_search {

namespace {

int floor_to_power_of_two(int n) {
  return static_cast<int>(std::bit_floor(static_cast<unsigned>(n)));
}

/// Orders beyond this many types are as many as nobody tries.
constexpr int kMostTypesPermuted = 6;

}  // namespace

std::vector<TypeStock> stock_of(const Cluster& cluster) {
  std::vector<TypeStock> stock;
  int gpus = 0;
  int least_nodes = std::numeric_limits<int>::max();
  for (const GpuPool& pool : last_pool_of_each_type(cluster)) {
    TypeStock& of = stock.emplace_back();
    of.type = {pool.gpu, pool.zone, pool.gpus_per_node};
    of.memory_bytes = pool.memory_bytes;
    of.gpus_in_node = floor_to_power_of_two(std::min(pool.count, pool.gpus_per_node));
    of.nodes = std::max(1, pool.count / pool.gpus_per_node);
    gpus += of.gpu_count();
    least_nodes = std::min(least_nodes, of.nodes);
  }
  if (!std::has_single_bit(static_cast<unsigned>(gpus))) {
    for (TypeStock& of : stock) of.nodes = floor_to_power_of_two(least_nodes);
  }
  return stock;
}

std::vector<std::vector<int>> type_orders(int types, std::uint64_t seed) {
  std::vector<int> order(static_cast<std::size_t>(types));
  std::iota(order.rbegin(), order.rend(), 0);
  std::vector<std::vector<int>> orders = {order};
  if (types <= kMostTypesPermuted) {
    while (std::prev_permutation(order.begin(), order.end())) orders.push_back(order);
  } else {
    orders.emplace_back(order.rbegin(), order.rend());
  }
  std::rotate(orders.begin(), orders.begin() + static_cast<std::ptrdiff_t>(seed % orders.size()),
              orders.end());
  return orders;
}

std::vector<metis::Rank> ranks_of(const std::vector<TypeStock>& stock,
                                  const std::vector<int>& order) {
  std::vector<metis::Rank> ranks;
  int node = 0;
  for (const int type : order) {
    const TypeStock& of = stock[static_cast<std::size_t>(type)];
    for (int n = 0; n < of.nodes; ++n, ++node) {
      for (int g = 0; g < of.gpus_in_node; ++g) ranks.push_back({type, node});
    }
  }
  return ranks;
}

}  // namespace sextant::metis_search
