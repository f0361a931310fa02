#include "analyzer/network/fit/collective_fit.h"

#include <Eigen/Dense>
#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include <ceres/ceres.h>
#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/network/fit/robust.h"

namespace sextant {

namespace {

struct Sample {
  int world_size = 2;
  double bytes = 0;
  double time_s = 0;
  CollectiveSteps ring;
  std::optional<CollectiveSteps> tree;
};
using Samples = std::vector<Sample>;

/// Launch and step in microseconds and the time of a byte in nanoseconds: numbers around one.
constexpr double kTimeUnit = 1e-6;
constexpr double kByteUnit = 1e-9;
/// 10 TB/s, which documents take, so that bandwidths stay finite.
constexpr double kLeastPerByte = 1e-13 / kByteUnit;

struct LogResidual {
  const Sample& sample;

  template <class T>
  bool operator()(const T* launch, const T* step, const T* per_byte, T* residual) const {
    const auto cost = [&](const CollectiveSteps& steps) -> T {
      return step[0] * (steps.steps * kTimeUnit) +
             per_byte[0] * (steps.passes * sample.bytes * kByteUnit);
    };
    T time_s = cost(sample.ring);
    if (sample.tree) {
      const T tree = cost(*sample.tree);
      if (tree < time_s) time_s = tree;
    }
    time_s += launch[0] * kTimeUnit;
    if (!(time_s > T(0))) return false;
    using std::log;
    residual[0] = log(time_s / sample.time_s);
    return true;
  }
};

using Parameters = std::array<double, 3>;

CollectiveTerms terms_of(const Parameters& x) {
  CollectiveTerms terms;
  terms.launch_s = x[0] * kTimeUnit;
  terms.step_s = x[1] * kTimeUnit;
  terms.bandwidth_bytes_per_s = 1 / (x[2] * kByteUnit);
  return terms;
}

std::vector<double> residuals_of(CommunicationOp op, const CollectiveTerms& terms,
                                 const Samples& samples) {
  std::vector<double> out;
  for (const Sample& sample : samples) {
    out.push_back(std::log(terms.seconds(op, sample.world_size, sample.bytes) / sample.time_s));
  }
  return out;
}

/// Returns the cost.
double solve(const Samples& samples, bool one_world, double huber, Parameters& x) {
  ceres::Problem problem;
  for (const Sample& sample : samples) {
    ceres::LossFunction* loss = huber > 0 ? new ceres::HuberLoss(huber) : nullptr;
    problem.AddResidualBlock(
        new ceres::AutoDiffCostFunction<LogResidual, 1, 1, 1, 1>(new LogResidual{sample}), loss,
        &x[0], &x[1], &x[2]);
  }
  problem.SetParameterLowerBound(&x[0], 0, 0);
  problem.SetParameterLowerBound(&x[1], 0, 0);
  problem.SetParameterLowerBound(&x[2], 0, kLeastPerByte);
  if (one_world) problem.SetParameterBlockConstant(&x[0]);
  ceres::Solver::Options options;
  options.linear_solver_type = ceres::DENSE_QR;
  options.logging_type = ceres::SILENT;
  options.num_threads = 1;
  options.max_num_iterations = 100;
  options.function_tolerance = 1e-12;
  ceres::Solver::Summary summary;
  ceres::Solve(options, &problem, &summary);
  return summary.IsSolutionUsable() ? summary.final_cost : std::numeric_limits<double>::infinity();
}

bool is_one_world(const Samples& samples) {
  return std::all_of(samples.begin(), samples.end(), [&](const Sample& sample) {
    return sample.world_size == samples.front().world_size;
  });
}

/// From several starts: between ring and tree the cost has valleys of its own.
Parameters fit(CommunicationOp op, const Samples& samples) {
  const bool one_world = is_one_world(samples);
  const auto by_time = [](const Sample& a, const Sample& b) { return a.time_s < b.time_s; };
  const auto by_bytes = [](const Sample& a, const Sample& b) { return a.bytes < b.bytes; };
  const Sample& fastest = *std::min_element(samples.begin(), samples.end(), by_time);
  const Sample& largest = *std::max_element(samples.begin(), samples.end(), by_bytes);
  const double per_byte =
      std::max(kLeastPerByte, largest.time_s / (largest.ring.passes * largest.bytes) / kByteUnit);
  Parameters best{};
  double best_cost = std::numeric_limits<double>::infinity();
  for (const double launch_part : {0.05, 0.5, 0.95}) {
    const double part = one_world ? 0 : launch_part;
    Parameters x = {part * fastest.time_s / kTimeUnit,
                    (1 - part) * fastest.time_s / fastest.ring.steps / kTimeUnit, per_byte};
    const double cost = solve(samples, one_world, 0, x);
    if (cost < best_cost) {
      best_cost = cost;
      best = x;
    }
    if (one_world) break;
  }
  if (!std::isfinite(best_cost)) throw_bad_input("ring and tree costs cannot be fitted");
  const double scale = robust_scale(residuals_of(op, terms_of(best), samples), 3);
  solve(samples, one_world, kHuberBound * scale, best);
  return best;
}

FitRecord::HeldOut held_out_row(std::string what, const std::vector<double>& errors) {
  return {std::move(what), quantile_of(errors, 0.5),
          *std::max_element(errors.begin(), errors.end())};
}

/// Adds to `errors` those of predicting the samples that `is_out` chooses from the others.
template <class Choose>
void predict(CommunicationOp op, const Samples& samples, const Choose& is_out,
             std::vector<double>& errors) {
  Samples seen;
  Samples unseen;
  for (const Sample& sample : samples) (is_out(sample) ? unseen : seen).push_back(sample);
  if (seen.size() < 3 || unseen.empty()) return;
  const CollectiveTerms terms = terms_of(fit(op, seen));
  for (const Sample& sample : unseen) {
    errors.push_back(
        std::abs(terms.seconds(op, sample.world_size, sample.bytes) / sample.time_s - 1));
  }
}

std::vector<FitRecord::HeldOut> held_out(CommunicationOp op, const Samples& samples) {
  std::vector<FitRecord::HeldOut> out;
  std::set<int> worlds;
  std::set<double> sizes;
  for (const Sample& sample : samples) {
    worlds.insert(sample.world_size);
    sizes.insert(sample.bytes);
  }
  for (const int world : worlds) {
    std::vector<double> errors;
    predict(
        op, samples, [&](const Sample& one) { return one.world_size == world; }, errors);
    if (!errors.empty()) out.push_back(held_out_row(fmt::format("world size {}", world), errors));
  }
  std::vector<double> errors;
  for (const double size : sizes) {
    predict(
        op, samples, [&](const Sample& one) { return one.bytes == size; }, errors);
  }
  if (!errors.empty()) out.push_back(held_out_row("message sizes one by one", errors));
  return out;
}

/// Those at a bound, or that make no difference, have none.
std::vector<std::optional<double>> standard_errors(const Samples& samples, const Parameters& x,
                                                   std::span<const double> residuals,
                                                   double scale) {
  const CollectiveTerms terms = terms_of(x);
  const auto rows = static_cast<Eigen::Index>(samples.size());
  Eigen::MatrixXd jacobian(rows, 3);
  for (Eigen::Index i = 0; i < rows; ++i) {
    const Sample& sample = samples[static_cast<std::size_t>(i)];
    const auto cost = [&](const CollectiveSteps& steps) {
      return steps.steps * terms.step_s + steps.passes * sample.bytes / terms.bandwidth_bytes_per_s;
    };
    const bool tree = sample.tree && cost(*sample.tree) < cost(sample.ring);
    const CollectiveSteps& steps = tree ? *sample.tree : sample.ring;
    const double time_s = terms.launch_s + cost(steps);
    jacobian.row(i) << kTimeUnit / time_s, steps.steps * kTimeUnit / time_s,
        steps.passes * sample.bytes * kByteUnit / time_s;
  }
  const bool one_world = is_one_world(samples);
  std::vector<Eigen::Index> free;
  for (Eigen::Index k = one_world ? 1 : 0; k < 3; ++k) {
    const double value = x[static_cast<std::size_t>(k)];
    if (value * jacobian.col(k).maxCoeff() > 1e-3) free.push_back(k);
  }
  std::vector<std::optional<double>> out(3);
  const auto count = static_cast<Eigen::Index>(free.size());
  Eigen::MatrixXd part(rows, count);
  for (Eigen::Index k = 0; k < count; ++k) {
    part.col(k) = jacobian.col(free[static_cast<std::size_t>(k)]);
  }
  if (count == 0 || part.colPivHouseholderQr().rank() < count) return out;
  const Eigen::MatrixXd inverse = (part.transpose() * part).inverse();
  const double variance = residual_variance(residuals, scale, free.size());
  for (Eigen::Index k = 0; k < count; ++k) {
    out[static_cast<std::size_t>(free[static_cast<std::size_t>(k)])] =
        std::sqrt(variance * inverse(k, k));
  }
  return out;
}

}  // namespace

CollectiveClass::Terms fit_collective_terms(CommunicationOp op,
                                            std::span<const WorldPoints> worlds) {
  Samples samples;
  CollectiveClass::Terms out;
  for (const WorldPoints& world : worlds) {
    if (world.world_size < 2 || world.points.empty()) continue;
    out.terms.world_sizes.push_back(world.world_size);
    for (const FitPoint& point : world.points) {
      samples.push_back({world.world_size, point.bytes, point.time_s,
                         ring_steps(op, world.world_size), tree_steps(op, world.world_size)});
    }
  }
  if (samples.size() < 3) {
    throw_bad_input(fmt::format(
        "ring and tree costs of {} need 3 points of worlds of 2 and more ranks; found {}",
        to_string(op), samples.size()));
  }
  const Parameters x = fit(op, samples);
  const std::vector<int> world_sizes = out.terms.world_sizes;
  out.terms = terms_of(x);
  out.terms.world_sizes = world_sizes;
  const std::vector<double> residuals = residuals_of(op, out.terms, samples);
  const auto [low, high] =
      std::minmax_element(samples.begin(), samples.end(),
                          [](const Sample& a, const Sample& b) { return a.bytes < b.bytes; });
  out.terms.low_bytes = low->bytes;
  out.terms.high_bytes = high->bytes;

  FitRecord& record = out.fit;
  const double scale = robust_scale(residuals, 3);
  record.method =
      "Huber's loss of ln(model / measured) over all worlds; the faster of ring and tree";
  if (is_one_world(samples)) record.method += "; one world does not tell launch from steps";
  record.points = static_cast<int>(samples.size());
  record.sweeps = static_cast<int>(out.terms.world_sizes.size());
  const std::vector<std::optional<double>> errors = standard_errors(samples, x, residuals, scale);
  const auto scaled = [&](std::size_t k, double factor) {
    return errors[k] ? std::optional(*errors[k] * factor) : std::nullopt;
  };
  record.coefficients = {
      {"launch_s", out.terms.launch_s, scaled(0, kTimeUnit)},
      {"step_s", out.terms.step_s, scaled(1, kTimeUnit)},
      {"bandwidth_bytes_per_s", out.terms.bandwidth_bytes_per_s,
       scaled(2, out.terms.bandwidth_bytes_per_s / x[2])},
  };
  std::vector<double> relative;
  for (const double residual : residuals) relative.push_back(std::abs(std::expm1(residual)));
  record.median_residual = quantile_of(relative, 0.5);
  record.largest_residual = *std::max_element(relative.begin(), relative.end());
  record.residual_scale = scale;
  record.held_out = held_out(op, samples);
  return out;
}

}  // namespace sextant
