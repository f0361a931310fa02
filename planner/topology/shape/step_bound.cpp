#include "planner/topology/shape/step_bound.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace sextant::shapes {

namespace {

double square(double x) {
  return x * x;
}

double value(const StepTime::Term& term, std::span<const double> seconds_per_byte) {
  return std::inner_product(seconds_per_byte.begin(), seconds_per_byte.end(),
                            term.weights_bytes.begin(), term.constant_s);
}

/// Of a total in the cheapest dimensions that have room for it.
double least_usd(std::span<const double> usd_per_byte_per_s,
                 std::span<const double> most_bytes_per_s, double total) {
  std::vector<std::size_t> order(usd_per_byte_per_s.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return usd_per_byte_per_s[a] < usd_per_byte_per_s[b];
  });
  double usd = 0;
  for (const std::size_t d : order) {
    const double taken = std::min(total, most_bytes_per_s[d]);
    usd += usd_per_byte_per_s[d] * taken;
    total -= taken;
  }
  return usd;
}

}  // namespace

StepBound::StepBound(const StepTime& step, double total_bytes_per_s)
    : total_(total_bytes_per_s),
      constant_s_(step.always.constant_s),
      weights_(step.always.weights_bytes) {
  // What each communicator would take if the network were divided for it alone.
  std::vector<double> alone;
  for (const std::vector<double>& shares : step.shares) {
    alone.push_back(std::accumulate(shares.begin(), shares.end(), 0.0) / total_);
  }
  for (const StepTime::Maximum& maximum : step.maxima) {
    const auto largest = std::max_element(
        maximum.terms.begin(), maximum.terms.end(),
        [&](const auto& a, const auto& b) { return value(a, alone) < value(b, alone); });
    constant_s_ += maximum.count * largest->constant_s;
    for (std::size_t k = 0; k < weights_.size(); ++k) {
      weights_[k] += maximum.count * largest->weights_bytes[k];
    }
  }
  // The best of disjoint communicators has tau_k proportional to sqrt(V_k / w_k).
  const std::size_t dimensions = step.shares.empty() ? 0 : step.shares.front().size();
  held_.assign(dimensions, 0);
  held_share_.assign(dimensions, 0);
  std::vector<double> sums(step.shares.size(), 0);
  for (std::size_t d = 0; d < dimensions; ++d) {
    double most = 0;
    for (std::size_t k = 0; k < step.shares.size(); ++k) {
      const double need = step.shares[k][d] * std::sqrt(weights_[k] / alone[k]);
      if (need <= most) continue;
      most = need;
      held_[d] = k;
      held_share_[d] = step.shares[k][d];
    }
    sums[held_[d]] += held_share_[d];
  }
  double roots = 0;
  for (std::size_t k = 0; k < sums.size(); ++k) roots += std::sqrt(weights_[k] * sums[k]);
  seconds_ = constant_s_ + square(roots) / total_;
}

double StepBound::seconds_times_usd(std::span<const double> usd_per_byte_per_s,
                                    std::span<const double> most_bytes_per_s) const {
  const double least = *std::min_element(usd_per_byte_per_s.begin(), usd_per_byte_per_s.end());
  std::vector<double> sums(weights_.size(), 0);
  for (std::size_t d = 0; d < held_.size(); ++d) {
    sums[held_[d]] += (usd_per_byte_per_s[d] - least) * held_share_[d];
  }
  double roots = std::sqrt(constant_s_ * least * total_);
  for (std::size_t k = 0; k < sums.size(); ++k) roots += std::sqrt(weights_[k] * sums[k]);
  return std::max(square(roots),
                  seconds_ * least_usd(usd_per_byte_per_s, most_bytes_per_s, total_));
}

}  // namespace sextant::shapes
