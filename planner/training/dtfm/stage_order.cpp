#include "planner/training/dtfm/stage_order.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace sextant::dtfm {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

class Lengths {
 public:
  Lengths(const std::vector<double>& lengths, int count) : lengths_(lengths), count_(count) {}
  double operator()(int from, int to) const {
    return lengths_[static_cast<std::size_t>(from) * static_cast<std::size_t>(count_) +
                    static_cast<std::size_t>(to)];
  }
  int count() const { return count_; }

 private:
  const std::vector<double>& lengths_;
  int count_;
};

StageOrder nearest_from(const Lengths& length, int first) {
  StageOrder out;
  out.order = {first};
  std::vector<bool> visited(static_cast<std::size_t>(length.count()), false);
  visited[static_cast<std::size_t>(first)] = true;
  while (static_cast<int>(out.order.size()) < length.count()) {
    int nearest = -1;
    for (int to = 0; to < length.count(); ++to) {
      if (visited[static_cast<std::size_t>(to)]) continue;
      if (nearest < 0 || length(out.order.back(), to) < length(out.order.back(), nearest)) {
        nearest = to;
      }
    }
    out.length += length(out.order.back(), nearest);
    out.order.push_back(nearest);
    visited[static_cast<std::size_t>(nearest)] = true;
  }
  return out;
}

StageOrder held_karp(const Lengths& length) {
  const auto count = static_cast<std::size_t>(length.count());
  const std::size_t sets = std::size_t{1} << count;
  // Of the shortest way through a set that ends at a member of it.
  std::vector<double> best(sets * count, kInfinity);
  std::vector<std::int16_t> before(sets * count, -1);
  for (std::size_t v = 0; v < count; ++v) best[(std::size_t{1} << v) * count + v] = 0;
  for (std::size_t set = 1; set < sets; ++set) {
    for (std::size_t end = 0; end < count; ++end) {
      const double so_far = best[set * count + end];
      if (so_far == kInfinity) continue;
      for (std::size_t to = 0; to < count; ++to) {
        if ((set >> to & 1U) != 0) continue;
        const std::size_t there = (set | std::size_t{1} << to) * count + to;
        const double with = so_far + length(static_cast<int>(end), static_cast<int>(to));
        if (with < best[there]) {
          best[there] = with;
          before[there] = static_cast<std::int16_t>(end);
        }
      }
    }
  }
  std::size_t set = sets - 1;
  const auto ends = best.begin() + static_cast<std::ptrdiff_t>(set * count);
  auto end =
      static_cast<int>(std::min_element(ends, ends + static_cast<std::ptrdiff_t>(count)) - ends);
  StageOrder out;
  out.length = ends[end];
  while (end >= 0) {
    out.order.push_back(end);
    const int previous = before[set * count + static_cast<std::size_t>(end)];
    set &= ~(std::size_t{1} << static_cast<std::size_t>(end));
    end = previous;
  }
  std::reverse(out.order.begin(), out.order.end());
  return out;
}

}  // namespace

StageOrder shortest_order(const std::vector<double>& lengths, int count) {
  const Lengths length(lengths, count);
  double shortest = kInfinity;
  for (int a = 0; a < count; ++a) {
    for (int b = 0; b < count; ++b) {
      if (a != b) shortest = std::min(shortest, length(a, b));
    }
  }
  StageOrder best;
  best.length = kInfinity;
  for (int first = 0; first < count; ++first) {
    StageOrder order = nearest_from(length, first);
    if (order.length < best.length) best = std::move(order);
    if (count < 2 || best.length <= shortest * (count - 1)) return best;
  }
  return count <= kMostExact ? held_karp(length) : best;
}

}  // namespace sextant::dtfm
