#include "planner/topology/front/bandwidth_front.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "planner/topology/constraints.h"

namespace sextant {

namespace {

/// Costs that differ by less, relatively, are the same.
constexpr double kSame = 1e-9;
/// How near to the slowest time or the least cost the front ends.
constexpr double kEnd = 1e-3;

/// A division of least time + seconds_per_usd * cost, and the tangent through it: no division has
/// a smaller sum than `least_s`.
struct Support {
  FrontPoint point;
  double least_s = 0;

  double tangent_s(double usd) const { return least_s - point.seconds_per_usd * usd; }
};

bool is_same_cost(const Support& a, const Support& b) {
  return std::abs(a.point.cost_usd - b.point.cost_usd) <= kSame * a.point.cost_usd;
}

/// Time by dollars along the chord between two supports, the faster first.
double chord_slope(const Support& fast, const Support& cheap) {
  return (cheap.point.time_s - fast.point.time_s) / (fast.point.cost_usd - cheap.point.cost_usd);
}

/// How far the chord is above the tangents, relative to these, where it is furthest: where they
/// meet.
double gap_between(const Support& fast, const Support& cheap) {
  if (is_same_cost(fast, cheap)) return 0;
  const double usd = std::clamp(
      (cheap.least_s - fast.least_s) / (cheap.point.seconds_per_usd - fast.point.seconds_per_usd),
      cheap.point.cost_usd, fast.point.cost_usd);
  const double chord_s = fast.point.time_s + chord_slope(fast, cheap) * (fast.point.cost_usd - usd);
  const double bound_s = std::max(fast.tangent_s(usd), cheap.tangent_s(usd));
  return std::max(0.0, chord_s / bound_s - 1);
}

class FrontSearch {
 public:
  FrontSearch(const BandwidthProblem& problem, const FrontOptions& options)
      : problem_(problem), options_(options) {}

  BandwidthFront run() {
    supports_.push_back(supported(0));
    std::optional<double> best_slope;
    if (!allows_nothing(problem_.constraints)) best_slope = add_best_time_times_cost();
    add_cheap_end();
    refine();
    return collect(best_slope);
  }

 private:
  Support supported(double seconds_per_usd) const {
    const BandwidthDivision found = divide_bandwidth(problem_, seconds_per_usd);
    return {{found.bandwidth_bytes_per_s, found.time_s, found.cost_usd, seconds_per_usd},
            found.lower_bound};
  }

  /// The optimum of T C also minimises T + s C for s = T / C there: T C has that gradient, up to a
  /// factor, and the sum is convex. Returns s.
  double add_best_time_times_cost() {
    BandwidthProblem product = problem_;
    product.target = BandwidthTarget::kTimeTimesCost;
    const BandwidthDivision best = divide_bandwidth(product);
    const double slope = best.time_s / best.cost_usd;
    supports_.push_back(supported(slope));
    return slope;
  }

  double cheapest_usd() const {
    BandwidthProblem cost_only = problem_;
    cost_only.time = {};
    return divide_bandwidth(cost_only, 1).cost_usd;
  }

  /// Doubles the price of time until the step is too slow or the network as cheap as can be, then
  /// halves the last interval as long as it matters.
  void add_cheap_end() {
    const FrontPoint fastest = supports_.front().point;
    const double limit_s = options_.slowest * fastest.time_s;
    const double enough_usd = cheapest_usd() * (1 + kEnd);
    const auto is_end = [&](const Support& support) {
      return support.point.cost_usd <= enough_usd || support.point.time_s >= (1 - kEnd) * limit_s;
    };
    Support end = supports_.back();
    if (is_end(end)) return;
    double low = end.point.seconds_per_usd;
    double high = std::max(2 * low, fastest.time_s / fastest.cost_usd);
    Support next = supported(high);
    while (next.point.time_s <= limit_s && !is_end(next)) {
      low = high;
      end = std::move(next);
      high *= 2;
      next = supported(high);
    }
    if (next.point.time_s <= limit_s) {
      supports_.push_back(std::move(next));
      return;
    }
    while (!is_end(end) && high > low * (1 + kSame)) {
      const double middle = low > 0 ? std::sqrt(low * high) : high / 2;
      next = supported(middle);
      if (next.point.time_s <= limit_s) {
        low = middle;
        end = std::move(next);
      } else {
        high = middle;
      }
    }
    supports_.push_back(std::move(end));
  }

  void refine() {
    // A corner of the front is found by several slopes, so that not every solve is another point.
    const std::size_t most_solves = 4 * options_.points;
    for (std::size_t solves = 0; solves < most_solves && different() < options_.points; ++solves) {
      std::size_t widest = 0;
      double gap = options_.gap;
      for (std::size_t i = 1; i < supports_.size(); ++i) {
        const double here = gap_between(supports_[i - 1], supports_[i]);
        if (here > gap && is_open(supports_[i - 1], supports_[i])) {
          widest = i;
          gap = here;
        }
      }
      if (widest == 0) return;
      Support between = supported(chord_slope(supports_[widest - 1], supports_[widest]));
      supports_.insert(supports_.begin() + static_cast<std::ptrdiff_t>(widest), std::move(between));
    }
  }

  /// Whether the chord's slope lies between the tangents', as it does up to rounding.
  static bool is_open(const Support& fast, const Support& cheap) {
    const double slope = chord_slope(fast, cheap);
    return slope > fast.point.seconds_per_usd && slope < cheap.point.seconds_per_usd;
  }

  std::size_t different() const {
    std::size_t count = 1;
    for (std::size_t i = 1; i < supports_.size(); ++i) {
      if (!is_same_cost(supports_[i - 1], supports_[i])) ++count;
    }
    return count;
  }

  BandwidthFront collect(std::optional<double> best_slope) const {
    BandwidthFront front;
    for (std::size_t i = 0; i < supports_.size(); ++i) {
      const FrontPoint& point = supports_[i].point;
      if (i > 0) front.gap = std::max(front.gap, gap_between(supports_[i - 1], supports_[i]));
      if (i == 0 || !is_same_cost(supports_[i - 1], supports_[i])) front.points.push_back(point);
      if (point.seconds_per_usd == best_slope) front.best_time_times_cost = front.points.size() - 1;
    }
    return front;
  }

  const BandwidthProblem& problem_;
  const FrontOptions& options_;
  std::vector<Support> supports_;  ///< by slope, which is from the fastest to the cheapest
};

}  // namespace

BandwidthFront bandwidth_front(const BandwidthProblem& problem, const FrontOptions& options) {
  if (options.points < 2 || !(options.gap >= 0) || !(options.slowest > 1)) {
    throw_bad_input(
        fmt::format("a front has at least 2 points, a gap of at least 0 and ends at more than 1 "
                    "times the fastest time, not {} points, {} and {}",
                    options.points, options.gap, options.slowest));
  }
  return FrontSearch(problem, options).run();
}

}  // namespace sextant
