#include "planner/topology/closed_form.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "planner/topology/constraints.h"

namespace sextant {

namespace {

/// Shares and weights of two communicators.
struct Pair {
  const std::vector<double>& v;
  const std::vector<double>& w;
  double m;
  double d;

  double height(double rho) const {
    double sum = 0;
    for (std::size_t i = 0; i < v.size(); ++i) sum += std::max(v[i], w[i] * rho);
    return sum;
  }
  double time(double rho) const { return (m + d / rho) * height(rho); }

  double best_rho() const {
    std::vector<double> breaks = {0, std::numeric_limits<double>::infinity()};
    for (std::size_t i = 0; i < v.size(); ++i) {
      if (v[i] > 0 && w[i] > 0) breaks.push_back(v[i] / w[i]);
    }
    std::sort(breaks.begin(), breaks.end());
    double best = 0;
    double least = std::numeric_limits<double>::infinity();
    for (std::size_t piece = 0; piece + 1 < breaks.size(); ++piece) {
      const double low = breaks[piece];
      const double high = breaks[piece + 1];
      double fixed = 0;
      double rising = 0;
      for (std::size_t i = 0; i < v.size(); ++i) {
        // In the piece's middle, which the last one has not, w_i rho exceeds v_i or does not.
        const bool second = w[i] > 0 && v[i] <= w[i] * low;
        (second ? rising : fixed) += second ? w[i] : v[i];
      }
      const double rho = std::clamp(std::sqrt(d * fixed / (m * rising)), low, high);
      if (rho > 0 && std::isfinite(rho) && time(rho) < least) {
        least = time(rho);
        best = rho;
      }
    }
    return best;
  }
};

}  // namespace

std::optional<ClosedForm> closed_form(const BandwidthProblem& problem) {
  const StepTime& time = problem.time;
  const std::size_t communicators = time.shares.size();
  const bool fits = problem.target == BandwidthTarget::kTime && time.maxima.empty() &&
                    (communicators == 1 || communicators == 2) &&
                    is_total_only(problem.constraints) &&
                    std::all_of(time.always.weights_bytes.begin(), time.always.weights_bytes.end(),
                                [](double weight) { return weight > 0; });
  if (!fits) return std::nullopt;

  const double total = problem.constraints.front().bound_bytes_per_s;
  const std::vector<double>& v = time.shares[0];
  const double m = time.always.weights_bytes[0];
  std::vector<double> height = v;
  double rho = 1;
  if (communicators == 2) {
    rho = Pair{v, time.shares[1], m, time.always.weights_bytes[1]}.best_rho();
    for (std::size_t i = 0; i < v.size(); ++i) height[i] = std::max(v[i], time.shares[1][i] * rho);
  }
  double sum = 0;
  for (const double h : height) sum += h;

  ClosedForm form;
  for (const double h : height) form.bandwidth_bytes_per_s.push_back(total * h / sum);
  // By stationarity a dimension decides price * B^2 / share of its communicator's weight; one that
  // both share decides what the others of each leave.
  const double per_byte = sum / total;
  const double second = communicators == 2 ? time.always.weights_bytes[1] / rho : 0;
  const double price = (m + second) * per_byte / total;
  form.multipliers.constraint = {price};
  form.multipliers.need.assign(communicators, std::vector<double>(v.size(), 0));
  std::optional<std::size_t> shared;
  for (std::size_t i = 0; i < v.size(); ++i) {
    const double bandwidth = form.bandwidth_bytes_per_s[i];
    const bool first_decides = v[i] == height[i];
    const bool second_decides = communicators == 2 && time.shares[1][i] * rho == height[i];
    if (bandwidth <= 0) continue;
    if (first_decides && second_decides) {
      shared = i;
    } else {
      const std::size_t k = first_decides ? 0 : 1;
      form.multipliers.need[k][i] = price * bandwidth * bandwidth / time.shares[k][i];
    }
  }
  for (std::size_t k = 0; shared && k < communicators; ++k) {
    double rest = time.always.weights_bytes[k];
    for (const double decided : form.multipliers.need[k]) rest -= decided;
    form.multipliers.need[k][*shared] = std::max(0.0, rest);
  }
  return form;
}

}  // namespace sextant
