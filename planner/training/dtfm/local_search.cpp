#include "planner/training/dtfm/local_search.h"

#include <algorithm>
#include <limits>
#include <optional>

namespace sextant::dtfm {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct Move {
  int device = 0;
  std::size_t from = 0;
  std::size_t to = 0;
  double gain = 0;
};

/// One pass over all devices.
class Pass {
 public:
  Pass(const Devices& devices, const Placement& placement)
      : devices_(devices), waiting_(placement) {
    for (std::vector<int>& members : waiting_) {
      std::sort(members.begin(), members.end());  // node by node
      census_.emplace_back(devices, members);
    }
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
    for (std::size_t p = 0; p < waiting_.size(); ++p) {
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
    int last_node = -1;
    for (const int index : waiting_[from]) {
      const Device& device = devices_.devices[static_cast<std::size_t>(index)];
      if (device.node == last_node) continue;  // the same again
      last_node = device.node;
      const auto pool = static_cast<std::size_t>(device.pool);
      const double loss = least_cost(device, census_[from], least[pool]);
      const double beside = devices_.inside_s[pool] - devices_.between(device.pool, device.pool);
      for (std::size_t to = 0; to < waiting_.size(); ++to) {
        if (to == from) continue;
        const Census& there = census_[to];
        const double gain =
            means[to][pool] - loss +
            (there.total > 0 ? beside * there.of_node(device.node) / there.total : 0);
        if (!best || gain > best->gain) best = Move{index, from, to, gain};
      }
    }
    return best;
  }

  void apply(const Move& move) {
    const Device& device = devices_.devices[static_cast<std::size_t>(move.device)];
    census_[move.from].add(device, -1);
    census_[move.to].add(device, 1);
    std::vector<int>& waiting = waiting_[move.from];
    waiting.erase(std::find(waiting.begin(), waiting.end(), move.device));
  }

  const Devices& devices_;
  std::vector<std::vector<int>> waiting_;  ///< by partition, those that have not moved
  std::vector<Census> census_;
};

}  // namespace

void improve(const Devices& devices, Placement& placement) {
  for (std::size_t pass = 0; pass < placement.size(); ++pass) {
    const std::vector<Move> moves = Pass(devices, placement).run();
    if (moves.empty()) return;
    for (const Move& move : moves) {
      std::vector<int>& from = placement[move.from];
      from.erase(std::find(from.begin(), from.end(), move.device));
      placement[move.to].push_back(move.device);
    }
  }
}

}  // namespace sextant::dtfm
