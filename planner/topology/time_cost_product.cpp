#include "planner/topology/time_cost_product.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "analyzer/topology/network_cost.h"
#include "planner/topology/constraints.h"

namespace sextant {

namespace {

/// Weights and products that differ by less are the same.
constexpr double kSameWeight = 1e-11;
constexpr double kGap = 1e-9;
constexpr int kMostSolves = 400;

struct FrontPoint {
  double weight = 0;  ///< s / USD: time falls by it where cost rises
  WeightedDivision division;
  double support =
      0;  ///< what its multipliers prove of the whole front: time >= this - weight * cost

  double time() const { return division.time_s; }
  double cost() const { return division.cost_usd; }
  double product() const { return time() * cost(); }
};

FrontPoint front_point(const PresolvedProblem& presolved, double weight,
                       WeightedDivision division) {
  const BandwidthProblem& problem = presolved.problem;
  const double support = dual_bound(problem, 1, weight, division.multipliers,
                                    beyond_any_bandwidth(problem.constraints));
  return {weight, std::move(division), support};
}

FrontPoint point_at(const PresolvedProblem& presolved, double weight) {
  return front_point(presolved, weight, weighted_division(presolved, weight));
}

/// log(time / cost / weight), which is zero at a stationary product.
double imbalance(const FrontPoint& point) {
  return std::log(point.time() / point.cost() / point.weight);
}

/// Secants for the zero of the imbalance from `point` on, which has the sign of the distance on
/// either side. Where kinks of the front mislead them, strides that double until the zero is
/// enclosed, and halving.
FrontPoint stationary_from(const PresolvedProblem& problem, FrontPoint point) {
  constexpr int kMostSteps = 200;
  constexpr int kSecantsPerHalving = 3;
  FrontPoint last = point;
  double low = 0;
  double high = INFINITY;
  double stride = 1;
  for (int i = 0; i < kMostSteps; ++i) {
    const double off = imbalance(point);
    if (std::abs(off) <= kSameWeight) break;
    (off > 0 ? low : high) = point.weight;
    const bool enclosed = low > 0 && high < INFINITY;
    const double before = imbalance(last);
    double weight = 0;
    if (before != off && i > 0) {
      weight =
          point.weight * std::exp(-off * std::log(point.weight / last.weight) / (off - before));
    }
    if (!(weight > low && weight < high) || (enclosed && i % (kSecantsPerHalving + 1) == 0)) {
      weight = enclosed ? std::sqrt(low * high) : point.weight * std::exp(off * stride);
      if (!enclosed) stride *= 2;
    }
    if (std::abs(weight / point.weight - 1) <= kSameWeight) break;
    last = std::move(point);
    point = point_at(problem, weight);
  }
  return point;
}

/// The least product on the supporting lines of two neighbours, between their costs: at an end or
/// where the lines meet, since a product is concave along a line that falls.
double bound_between(const FrontPoint& cheap, const FrontPoint& fast) {
  const auto product = [&](double cost) {
    return cost * std::max(cheap.support - cheap.weight * cost, fast.support - fast.weight * cost);
  };
  const double slopes = cheap.weight - fast.weight;
  double bound = std::min(product(cheap.cost()), product(fast.cost()));
  if (slopes > 0 && fast.cost() > cheap.cost()) {
    const double meeting = (cheap.support - fast.support) / slopes;
    bound = std::min(bound, product(std::clamp(meeting, cheap.cost(), fast.cost())));
  }
  return bound;
}

/// Encloses the front. Points are kept from the cheapest to the fastest.
class Enclosure {
 public:
  explicit Enclosure(const PresolvedProblem& problem) : problem_(problem) {
    insert(point_at(problem, 0));
    best_ = points_.front();
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
        // The same point may be the weighted division of many weights; those multipliers are its
        // proof that belong to its own.
        const double weight = best_.time() / best_.cost();
        if (auto own = try_weighted_division(problem_, weight)) {
          if (own->time_s * own->cost_usd < best_.product()) best_.division = *own;
          best_.division.multipliers = std::move(own->multipliers);
        }
        return {best_.division, best_.time() / best_.cost(), std::min(bound, best_.product())};
      }
      refine(worst);
    }
  }

 private:
  /// Adds the front's point of that weight. Nothing happens where doubles do not reach it: the
  /// bound is then what the other points prove.
  bool add(double weight) {
    ++solves_;
    std::optional<WeightedDivision> division = try_weighted_division(problem_, weight);
    if (!division) {
      solves_ = kMostSolves;
      return false;
    }
    FrontPoint point = front_point(problem_, weight, std::move(*division));
    if (point.product() < best_.product() * (1 - kSameWeight)) best_ = point;
    insert(std::move(point));
    return true;
  }

  /// Of the cheapest division that satisfies the constraints, whatever its time.
  double least_cost() const {
    PresolvedProblem cost_only = problem_;
    cost_only.problem.time = StepTime{};
    return point_at(cost_only, 1).cost();
  }

  /// What no part of the front beyond its first and last point undercuts.
  double bound_of_ends() const {
    const FrontPoint& cheap = points_.front();
    const double beyond = least_cost_ * (cheap.support - cheap.weight * least_cost_);
    const double fastest = points_.back().support * fastest_cost_;
    return std::min({beyond, fastest, best_.product()});
  }

  void add_cheaper_points() {
    fastest_cost_ = best_.cost();
    double weight = points_.front().time() / fastest_cost_;
    for (int i = 0; i < 60; ++i, weight *= 8) {
      if (!add(weight) || bound_of_ends() >= best_.product() * (1 - kGap)) return;
    }
  }

  /// Next to the best point there is a stationary one, found faster than by halving.
  void polish() {
    FrontPoint stationary = stationary_from(problem_, best_.weight > 0 ? best_ : points_.front());
    insert(stationary);
    if (stationary.product() <= best_.product() * (1 + kSameWeight)) best_ = std::move(stationary);
    // Tangents close by on either side close the gap around it: it grows with the distance squared.
    for (const double factor : {1 - 2e-5, 1 + 2e-5}) add(best_.weight * factor);
  }

  void refine(std::size_t i) {
    const FrontPoint& cheap = points_[i - 1];
    const FrontPoint& fast = points_[i];
    const double chord = fast.cost() - cheap.cost();
    double weight = chord > 0 ? (cheap.time() - fast.time()) / chord : 0;
    if (!(weight > fast.weight * (1 + 1e-9) && weight < cheap.weight * (1 - 1e-9))) {
      weight = fast.weight > 0 ? std::sqrt(cheap.weight * fast.weight) : cheap.weight / 8;
    }
    add(weight);
  }

  void insert(FrontPoint point) {
    const auto place = std::find_if(points_.begin(), points_.end(), [&](const FrontPoint& other) {
      return other.weight < point.weight;
    });
    points_.insert(place, std::move(point));
  }

  const PresolvedProblem& problem_;
  std::vector<FrontPoint> points_;
  FrontPoint best_;
  double least_cost_ = 0;
  double fastest_cost_ = 0;
  int solves_ = 0;
};

}  // namespace

LeastProduct least_product(const PresolvedProblem& presolved) {
  if (!is_total_only(presolved.problem.constraints)) return Enclosure(presolved).run();
  const std::vector<double>& equal = presolved.interior_bytes_per_s;
  const double weight = presolved.problem.time.seconds(equal) /
                        network_usd(presolved.problem.usd_per_byte_per_s, equal);
  FrontPoint best = stationary_from(presolved, point_at(presolved, weight));
  const double product = best.product();
  return {std::move(best.division), best.weight, product};
}

}  // namespace sextant
