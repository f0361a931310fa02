#include "planner/training/dtfm/local_search.h"

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <vector>

namespace sextant::dtfm {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct Move {
  int device = 0;
  std::size_t from = 0;
  std::size_t to = 0;
  double gain = 0;
};

/// The devices that have not moved, by partition. Those of nodes of one pool that have as many
/// devices in each partition gain alike, so they stand together.
class Waiting {
 public:
  Waiting(const Devices& devices, const Placement& placement)
      : devices_(devices), partitions_(placement.size()), groups_(placement.size()) {
    nodes_.resize(static_cast<std::size_t>(devices.node_count));
    for (Node& node : nodes_) {
      node.key.assign(placement.size() + 1, 0);
      node.waiting.resize(placement.size());
    }
    for (std::size_t p = 0; p < placement.size(); ++p) {
      for (const int index : placement[p]) {
        const Device& device = devices.devices[static_cast<std::size_t>(index)];
        Node& node = nodes_[static_cast<std::size_t>(device.node)];
        node.key[0] = device.pool;
        ++node.key[p + 1];
        node.waiting[p].push_back(index);
      }
    }
    for (std::size_t n = 0; n < nodes_.size(); ++n) {
      for (std::vector<int>& waiting : nodes_[n].waiting) {
        std::sort(waiting.rbegin(), waiting.rend());
      }
      enter(n);
    }
  }

  /// Calls visit(device, members of its node by partition) for the first device of each group of
  /// the partition.
  template <typename Visit>
  void each_group(std::size_t partition, const Visit& visit) const {
    for (const auto& [key, nodes] : groups_[partition]) {
      const Node& node = nodes_[static_cast<std::size_t>(*nodes.begin())];
      visit(node.waiting[partition].back(), key.data() + 1);
    }
  }

  void move(const Move& move) {
    const Device& device = devices_.devices[static_cast<std::size_t>(move.device)];
    const auto n = static_cast<std::size_t>(device.node);
    leave(n);
    nodes_[n].waiting[move.from].pop_back();
    --nodes_[n].key[move.from + 1];
    ++nodes_[n].key[move.to + 1];
    enter(n);
  }

 private:
  using Key = std::vector<int>;  ///< pool, then the members in each partition
  struct Node {
    Key key;
    std::vector<std::vector<int>> waiting;  ///< by partition, the first device last
  };

  void enter(std::size_t n) {
    for (std::size_t p = 0; p < partitions_; ++p) {
      if (!nodes_[n].waiting[p].empty()) groups_[p][nodes_[n].key].insert(static_cast<int>(n));
    }
  }
  void leave(std::size_t n) {
    for (std::size_t p = 0; p < partitions_; ++p) {
      if (nodes_[n].waiting[p].empty()) continue;
      const auto group = groups_[p].find(nodes_[n].key);
      group->second.erase(static_cast<int>(n));
      if (group->second.empty()) groups_[p].erase(group);
    }
  }

  const Devices& devices_;
  std::size_t partitions_;
  std::vector<Node> nodes_;
  std::vector<std::map<Key, std::set<int>>> groups_;  ///< by partition, nodes
};

/// One pass over all devices.
class Pass {
 public:
  Pass(const Devices& devices, const Placement& placement)
      : devices_(devices), waiting_(devices, placement) {
    for (const std::vector<int>& members : placement) census_.emplace_back(devices, members);
  }

  /// Moves up to the best balanced point; none where no such point gains.
  std::vector<Move> run() {
    std::size_t at = most_promising_partition();
    const std::size_t home = at;
    std::vector<Move> moves;
    std::size_t kept = 0;
    double gain = 0;
    double best = 0;
    while (const std::optional<Move> move = best_move(at)) {
      apply(*move);
      moves.push_back(*move);
      gain += move->gain;
      at = move->to;
      // A gain within rounding is none.
      if (at == home && gain > best + kRounding * (best + 1e-30)) {
        best = gain;
        kept = moves.size();
      }
    }
    moves.resize(kept);
    return moves;
  }

 private:
  static constexpr double kRounding = 1e-9;

  std::size_t most_promising_partition() const {
    std::size_t best = 0;
    double most = -kInfinity;
    for (std::size_t p = 0; p < census_.size(); ++p) {
      const std::optional<Move> move = best_move(p);
      if (move && move->gain > most) {
        most = move->gain;
        best = p;
      }
    }
    return best;
  }

  /// By pool, the mean cost of the links of a device of it, in a node of its own, to all of
  /// `there`.
  std::vector<double> mean_costs(const Census& there) const {
    std::vector<double> out;
    for (int p = 0; p < devices_.pool_count(); ++p) {
      double sum = 0;
      for (int q = 0; q < devices_.pool_count(); ++q) {
        sum += there.of_pool(q) * devices_.between(p, q);
      }
      out.push_back(there.total > 0 ? sum / there.total : 0);
    }
    return out;
  }

  /// By pool, of the links of a device of it to all of `here` in other pools.
  std::vector<double> least_costs(const Census& here) const {
    std::vector<double> out(devices_.pools.size(), kInfinity);
    for (int p = 0; p < devices_.pool_count(); ++p) {
      double& least = out[static_cast<std::size_t>(p)];
      for (int q = 0; q < devices_.pool_count(); ++q) {
        if (q != p && here.of_pool(q) > 0) least = std::min(least, devices_.between(p, q));
      }
    }
    return out;
  }

  /// Of the links of `device` to all others of `here`; 0 where there are none.
  double least_cost(const Device& device, const Census& here, double to_other_pools) const {
    double least = to_other_pools;
    if (here.of_pool(device.pool) > here.of_node(device.node)) {
      least = std::min(least, devices_.between(device.pool, device.pool));
    }
    if (here.of_node(device.node) > 1) {
      least = std::min(least, devices_.inside_s[static_cast<std::size_t>(device.pool)]);
    }
    return least == kInfinity ? 0 : least;
  }

  std::optional<Move> best_move(std::size_t from) const {
    const std::vector<double> least = least_costs(census_[from]);
    std::vector<std::vector<double>> means;
    for (const Census& there : census_) means.push_back(mean_costs(there));
    std::optional<Move> best;
    waiting_.each_group(from, [&](int index, const int* in_node) {
      const Device& device = devices_.devices[static_cast<std::size_t>(index)];
      const auto pool = static_cast<std::size_t>(device.pool);
      const double loss = least_cost(device, census_[from], least[pool]);
      const double beside = devices_.inside_s[pool] - devices_.between(device.pool, device.pool);
      for (std::size_t to = 0; to < census_.size(); ++to) {
        if (to == from) continue;
        const int total = census_[to].total;
        const double gain = means[to][pool] - loss + (total > 0 ? beside * in_node[to] / total : 0);
        if (!best || gain > best->gain || (gain == best->gain && index < best->device)) {
          best = Move{index, from, to, gain};
        }
      }
    });
    return best;
  }

  void apply(const Move& move) {
    const Device& device = devices_.devices[static_cast<std::size_t>(move.device)];
    census_[move.from].add(device, -1);
    census_[move.to].add(device, 1);
    waiting_.move(move);
  }

  const Devices& devices_;
  Waiting waiting_;
  std::vector<Census> census_;
};

}  // namespace

void improve(const Devices& devices, Placement& placement) {
  std::vector<std::size_t> partition_of(devices.devices.size());
  for (std::size_t p = 0; p < placement.size(); ++p) {
    for (const int member : placement[p]) partition_of[static_cast<std::size_t>(member)] = p;
  }
  for (std::size_t pass = 0; pass < placement.size(); ++pass) {
    const std::vector<Move> moves = Pass(devices, placement).run();
    if (moves.empty()) return;
    for (const Move& move : moves) partition_of[static_cast<std::size_t>(move.device)] = move.to;
    for (std::vector<int>& members : placement) members.clear();
    for (std::size_t d = 0; d < partition_of.size(); ++d) {
      placement[partition_of[d]].push_back(static_cast<int>(d));
    }
  }
}

}  // namespace sextant::dtfm
