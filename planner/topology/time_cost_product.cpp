#include "planner/topology/time_cost_product.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "analyzer/core/error.h"
#include "planner/topology/constraints.h"

namespace sextant {

namespace {

constexpr double kSameWeight = 1e-13;
constexpr double kGap = 1e-9;
constexpr int kMostSolves = 400;

struct FrontPoint {
  double weight = 0;  ///< s / USD: time falls by it where cost rises
  WeightedDivision division;

  double time() const { return division.time_s; }
  double cost() const { return division.cost_usd; }
  double product() const { return time() * cost(); }
};

FrontPoint point_at(const BandwidthProblem& problem, double weight) {
  std::optional<WeightedDivision> division = weighted_division(problem, weight);
  if (!division) {
    throw Error(ErrorCode::kInternal, "a feasible division of bandwidth was not found");
  }
  return {weight, std::move(*division)};
}

/// log(time / cost / weight), which is zero at a stationary product.
double imbalance(const FrontPoint& point) {
  return std::log(point.time() / point.cost() / point.weight);
}

/// Safeguarded secants for the zero of the imbalance from `point` on: on either side of it, the
/// imbalance has the sign of the distance.
FrontPoint stationary_from(const BandwidthProblem& problem, FrontPoint point) {
  constexpr int kMostSteps = 60;
  FrontPoint last = point;
  double low = 0;
  double high = INFINITY;
  for (int i = 0; i < kMostSteps; ++i) {
    const double off = imbalance(point);
    if (std::abs(off) <= kSameWeight) break;
    (off > 0 ? low : high) = point.weight;
    double step = off;
    const double before = imbalance(last);
    const double moved = std::log(point.weight / last.weight);
    if (i > 0 && before != off) step = -off * moved / (off - before);
    double weight = point.weight * std::exp(step);
    if (!(weight > low && weight < high)) {
      weight = high < INFINITY && low > 0 ? std::sqrt(low * high) : point.weight * std::exp(off);
    }
    if (std::abs(weight / point.weight - 1) <= kSameWeight) break;
    last = std::move(point);
    point = point_at(problem, weight);
  }
  return point;
}

/// The least product on the tangents of two neighbours, between them: where the tangents meet,
/// since a product is concave along a line that falls.
double bound_between(const FrontPoint& cheap, const FrontPoint& fast) {
  const double slopes = cheap.weight - fast.weight;
  const double chord = fast.cost() - cheap.cost();
  if (slopes <= 0 || chord <= 0) return std::min(cheap.product(), fast.product());
  double cost =
      (cheap.time() + cheap.weight * cheap.cost() - fast.time() - fast.weight * fast.cost()) /
      slopes;
  cost = std::clamp(cost, cheap.cost(), fast.cost());
  const double time = std::max(cheap.time() - cheap.weight * (cost - cheap.cost()),
                               fast.time() + fast.weight * (fast.cost() - cost));
  return std::min({cheap.product(), fast.product(), cost * time});
}

/// Encloses the front. Points are kept from the cheapest to the fastest.
class Enclosure {
 public:
  explicit Enclosure(const BandwidthProblem& problem) : problem_(problem) {
    points_.push_back(point_at(problem, 0));
    best_ = points_.front();
    best_.division = cheapest_of_equals(problem, best_.division);
    least_cost_ = least_cost();
    add_cheaper_points();
  }

  LeastProduct run() {
    polish();
    while (true) {
      std::size_t worst = 0;
      double bound = bound_of_ends();
      for (std::size_t i = 0; i + 1 < points_.size(); ++i) {
        const double between = bound_between(points_[i], points_[i + 1]);
        if (between < bound) {
          bound = between;
          worst = i + 1;
        }
      }
      if (worst == 0 || bound >= best_.product() * (1 - kGap) || solves_ >= kMostSolves) {
        return {best_.division, best_.time() / best_.cost(), std::min(bound, best_.product())};
      }
      refine(worst);
    }
  }

 private:
  FrontPoint solved(double weight) {
    ++solves_;
    FrontPoint point = point_at(problem_, weight);
    if (point.product() < best_.product()) best_ = point;
    return point;
  }

  /// Of the cheapest division that satisfies the constraints, whatever its time.
  double least_cost() const {
    BandwidthProblem cost_only = problem_;
    cost_only.time = StepTime{};
    return point_at(cost_only, 1).cost();
  }

  /// What no part of the front beyond its first and last point undercuts.
  double bound_of_ends() const {
    const FrontPoint& cheap = points_.front();
    const double beyond =
        least_cost_ * (cheap.time() + cheap.weight * (cheap.cost() - least_cost_));
    const double fastest = points_.back().time() * best_of_fastest_cost();
    return std::min({beyond, fastest, best_.product()});
  }
  double best_of_fastest_cost() const { return fastest_cost_; }

  void add_cheaper_points() {
    fastest_cost_ = best_.cost();
    double weight = points_.front().time() / fastest_cost_;
    for (int i = 0; i < 60; ++i, weight *= 8) {
      points_.insert(points_.begin(), solved(weight));
      if (bound_of_ends() >= best_.product() * (1 - kGap)) return;
    }
  }

  /// Next to the best point there is a stationary one, found faster than by halving.
  void polish() {
    FrontPoint stationary = stationary_from(problem_, best_.weight > 0 ? best_ : points_.front());
    insert(stationary);
    if (stationary.product() < best_.product()) best_ = std::move(stationary);
    // Tangents close by on either side close the gap around it: it grows with the distance squared.
    for (const double factor : {1 - 2e-5, 1 + 2e-5}) insert(solved(best_.weight * factor));
  }

  void refine(std::size_t i) {
    const FrontPoint& cheap = points_[i - 1];
    const FrontPoint& fast = points_[i];
    const double chord = fast.cost() - cheap.cost();
    double weight = chord > 0 ? (cheap.time() - fast.time()) / chord : 0;
    if (!(weight > fast.weight * (1 + 1e-9) && weight < cheap.weight * (1 - 1e-9))) {
      weight = fast.weight > 0 ? std::sqrt(cheap.weight * fast.weight) : cheap.weight / 8;
    }
    insert(solved(weight));
  }

  void insert(FrontPoint point) {
    const auto place = std::find_if(points_.begin(), points_.end(), [&](const FrontPoint& other) {
      return other.weight < point.weight;
    });
    points_.insert(place, std::move(point));
  }

  const BandwidthProblem& problem_;
  std::vector<FrontPoint> points_;
  FrontPoint best_;
  double least_cost_ = 0;
  double fastest_cost_ = 0;
  int solves_ = 0;
};

FrontPoint at_equal_split(const BandwidthProblem& problem) {
  const double total = problem.constraints.front().bound_bytes_per_s;
  const std::size_t dimensions = problem.usd_per_byte_per_s.size();
  const std::vector<double> equal(dimensions, total / static_cast<double>(dimensions));
  double usd = 0;
  for (const double price : problem.usd_per_byte_per_s) usd += price * equal.front();
  return point_at(problem, problem.time.seconds(equal) / usd);
}

}  // namespace

LeastProduct least_product(const BandwidthProblem& problem) {
  if (!is_total_only(problem.constraints)) return Enclosure(problem).run();
  FrontPoint best = stationary_from(problem, at_equal_split(problem));
  const double product = best.product();
  return {std::move(best.division), best.weight, product};
}

}  // namespace sextant
