#include "planner/training/dtfm/local_search.h"

#include <algorithm>
#include <limits>
#include <optional>

namespace sextant::dtfm {

namespace {

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
    double most = -std::numeric_limits<double>::infinity();
    for (std::size_t p = 0; p < waiting_.size(); ++p) {
      const std::optional<Move> move = best_move(p);
      if (move && move->gain > most) {
        most = move->gain;
        best = p;
      }
    }
    return best;
  }

  double mean_cost(const Device& device, const Census& there) const {
    double sum = 0;
    for (int q = 0; q < devices_.pool_count(); ++q) {
      sum += there.of_pool(q) * devices_.between(device.pool, q);
    }
    const auto pool = static_cast<std::size_t>(device.pool);
    sum += there.of_node(device.node) *
           (devices_.inside_s[pool] - devices_.between(device.pool, device.pool));
    return there.total > 0 ? sum / there.total : 0;
  }

  double least_cost(const Device& device, const Census& here) const {
    double least = std::numeric_limits<double>::infinity();
    if (here.of_node(device.node) > 1) {
      least = devices_.inside_s[static_cast<std::size_t>(device.pool)];
    }
    for (int q = 0; q < devices_.pool_count(); ++q) {
      const int others = here.of_pool(q) - (q == device.pool ? here.of_node(device.node) : 0);
      if (others > 0) least = std::min(least, devices_.between(device.pool, q));
    }
    return least == std::numeric_limits<double>::infinity() ? 0 : least;
  }

  std::optional<Move> best_move(std::size_t from) const {
    std::optional<Move> best;
    int last_node = -1;
    for (const int index : waiting_[from]) {
      const Device& device = devices_.devices[static_cast<std::size_t>(index)];
      if (device.node == last_node) continue;  // the same again
      last_node = device.node;
      const double loss = least_cost(device, census_[from]);
      for (std::size_t to = 0; to < waiting_.size(); ++to) {
        if (to == from) continue;
        const double gain = mean_cost(device, census_[to]) - loss;
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
