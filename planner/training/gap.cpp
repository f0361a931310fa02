#include "planner/training/gap.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace sextant {

namespace {

/// Sums in another order differ by less; a plan that is better by this much is not worth a search.
constexpr double kRounding = 1e-6;

/// value / bound - 1, at least 0.
double excess(double value, double bound) {
  if (value <= bound) return 0;
  return bound > 0 ? value / bound - 1 : std::numeric_limits<double>::infinity();
}

}  // namespace

std::optional<double> gap(const PlannedJob& answer, Objective objective) {
  const SearchResult& search = answer.search;
  switch (objective) {
    case Objective::kThroughput:
      if (!search.bound_iters_per_s) return std::nullopt;
      return excess(*search.bound_iters_per_s, answer.prediction.iters_per_s());
    case Objective::kCost:
      if (!search.bound_usd_per_iter) return std::nullopt;
      return excess(answer.prediction.usd_per_iter(), *search.bound_usd_per_iter);
    case Objective::kGpus:
      if (!search.bound_gpus) return std::nullopt;
      return excess(gpu_count(answer.plan), std::ceil(*search.bound_gpus - kRounding));
  }
  return std::nullopt;
}

bool proved_best(const PlannedJob& answer, Objective objective) {
  const std::optional<double> left = gap(answer, objective);
  return left && *left <= kRounding;
}

}  // namespace sextant
