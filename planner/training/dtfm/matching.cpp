#include "planner/training/dtfm/matching.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <limits>
#include <utility>

namespace sextant::dtfm {

namespace {

constexpr double kRounding = 1e-9;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Two pools, or one whose pairs lie inside nodes.
struct Edge {
  int from = 0;
  int to = 0;
  bool inside = false;
  double seconds = 0;  ///< a byte
  int capacity = 0;    ///< pairs
  int flow = 0;
};

/// Pairs of pools, and of a pool's own nodes, with how many pairs there can be.
std::vector<Edge> edges_of(const Devices& devices, const Census& from, const Census& to) {
  std::vector<int> inside(devices.pools.size(), 0);
  std::vector<bool> seen(static_cast<std::size_t>(devices.node_count), false);
  for (const Device& device : devices.devices) {
    if (seen[static_cast<std::size_t>(device.node)]) continue;
    seen[static_cast<std::size_t>(device.node)] = true;
    inside[static_cast<std::size_t>(device.pool)] +=
        std::min(from.of_node(device.node), to.of_node(device.node));
  }
  std::vector<Edge> edges;
  for (int p = 0; p < devices.pool_count(); ++p) {
    for (int q = 0; q < devices.pool_count(); ++q) {
      const int most = std::min(from.of_pool(p), to.of_pool(q));
      if (most > 0) edges.push_back({p, q, false, devices.between(p, q), most, 0});
    }
    const int most = inside[static_cast<std::size_t>(p)];
    if (most > 0) {
      edges.push_back({p, p, true, devices.inside_s[static_cast<std::size_t>(p)], most, 0});
    }
  }
  return edges;
}

/// Flow of least cost from the pools of one side to those of the other, along the cheapest
/// augmenting path each time.
class PoolFlow {
 public:
  PoolFlow(const Devices& devices, const Census& from, const Census& to, std::vector<Edge> edges)
      : pools_(devices.pool_count()),
        supply_(from.in_pool),
        demand_(to.in_pool),
        left_(from.total),
        edges_(std::move(edges)) {}

  /// Whether every member finds a partner along edges of at most `slowest` seconds a byte.
  bool fill(double slowest) {
    while (left_ > 0 && augment(slowest)) continue;
    return left_ == 0;
  }
  const std::vector<Edge>& edges() const { return edges_; }

 private:
  std::size_t source(int pool) const { return static_cast<std::size_t>(pool); }
  std::size_t target(int pool) const { return supply_.size() + static_cast<std::size_t>(pool); }

  bool relax(std::size_t a, std::size_t b, double cost, int edge) {
    const double with = distance_[a] + cost;
    // A gain within rounding is none, or a path might turn round and round.
    if (!(with < distance_[b]) || distance_[b] - with <= kRounding * std::abs(cost)) return false;
    distance_[b] = with;
    via_[b] = edge;
    return true;
  }

  bool augment(double slowest) {
    distance_.assign(2 * supply_.size(), kInfinity);
    via_.assign(2 * supply_.size(), -1);
    for (int p = 0; p < pools_; ++p) {
      if (supply_[static_cast<std::size_t>(p)] > 0) distance_[source(p)] = 0;
    }
    for (int round = 0; round < 2 * pools_; ++round) {  // Bellman and Ford
      bool changed = false;
      for (std::size_t e = 0; e < edges_.size(); ++e) {
        const Edge& edge = edges_[e];
        if (edge.seconds > slowest) continue;
        const auto index = static_cast<int>(e);
        if (edge.flow < edge.capacity) {
          changed |= relax(source(edge.from), target(edge.to), edge.seconds, index);
        }
        if (edge.flow > 0) {
          changed |= relax(target(edge.to), source(edge.from), -edge.seconds, index);
        }
      }
      if (!changed) break;
    }
    int end = -1;
    for (int q = 0; q < pools_; ++q) {
      if (demand_[static_cast<std::size_t>(q)] > 0 && distance_[target(q)] < kInfinity &&
          (end < 0 || distance_[target(q)] < distance_[target(end)])) {
        end = q;
      }
    }
    if (end < 0) return false;
    push(end);
    return true;
  }

  /// Along the path to target pool `end`, as much as it takes.
  void push(int end) {
    int amount = demand_[static_cast<std::size_t>(end)];
    std::vector<int> path;  // edges, forward and backward in turns, from the end
    std::size_t at = target(end);
    while (via_[at] >= 0) {
      const Edge& edge = edges_[static_cast<std::size_t>(via_[at])];
      const bool forward = path.size() % 2 == 0;
      amount = std::min(amount, forward ? edge.capacity - edge.flow : edge.flow);
      path.push_back(via_[at]);
      at = forward ? source(edge.from) : target(edge.to);
    }
    amount = std::min(amount, supply_[at]);
    for (std::size_t i = 0; i < path.size(); ++i) {
      edges_[static_cast<std::size_t>(path[i])].flow += i % 2 == 0 ? amount : -amount;
    }
    supply_[at] -= amount;
    demand_[static_cast<std::size_t>(end)] -= amount;
    left_ -= amount;
  }

  int pools_;
  std::vector<int> supply_;
  std::vector<int> demand_;
  int left_;
  std::vector<Edge> edges_;
  std::vector<double> distance_;
  std::vector<int> via_;
};

double bottleneck_of(const Devices& devices, const Census& from, const Census& to,
                     const std::vector<Edge>& edges) {
  std::vector<double> limits;
  for (const Edge& edge : edges) limits.push_back(edge.seconds);
  std::sort(limits.begin(), limits.end());
  limits.erase(std::unique(limits.begin(), limits.end()), limits.end());
  const auto fits = [&](double limit) { return PoolFlow(devices, from, to, edges).fill(limit); };
  // With all edges there is a matching; partitions are of one size.
  return *std::partition_point(limits.begin(), limits.end() - 1,
                               [&](double limit) { return !fits(limit); });
}

}  // namespace

double bottleneck(const Devices& devices, const Census& from, const Census& to) {
  return bottleneck_of(devices, from, to, edges_of(devices, from, to));
}

std::vector<int> matched(const Devices& devices, const std::vector<int>& from,
                         const std::vector<int>& to) {
  const Census here(devices, from);
  const Census there(devices, to);
  PoolFlow flow(devices, here, there, edges_of(devices, here, there));
  flow.fill(bottleneck_of(devices, here, there, flow.edges()));

  std::vector<int> out(from.size(), -1);
  std::vector<bool> taken(to.size(), false);
  const auto device = [&](int index) { return devices.devices[static_cast<std::size_t>(index)]; };
  const auto take = [&](const Edge& edge) {
    // Partners in the order of the lists; pairs of one node by node.
    std::vector<std::deque<std::size_t>> waiting(edge.inside ? here.in_node.size() : 1);
    const auto queue = [&](int index) -> std::deque<std::size_t>& {
      return waiting[edge.inside ? static_cast<std::size_t>(device(index).node) : 0];
    };
    for (std::size_t j = 0; j < to.size(); ++j) {
      if (!taken[j] && device(to[j]).pool == edge.to) queue(to[j]).push_back(j);
    }
    int pairs = edge.flow;
    for (std::size_t i = 0; i < from.size() && pairs > 0; ++i) {
      if (out[i] >= 0 || device(from[i]).pool != edge.from || queue(from[i]).empty()) continue;
      const std::size_t j = queue(from[i]).front();
      queue(from[i]).pop_front();
      out[i] = to[j];
      taken[j] = true;
      --pairs;
    }
  };
  for (const bool inside : {true, false}) {
    for (const Edge& edge : flow.edges()) {
      if (edge.inside == inside && edge.flow > 0) take(edge);
    }
  }
  return out;
}

}  // namespace sextant::dtfm
