#include "analyzer/network/fit/link_fit.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/network/fit/candidate.h"
#include "analyzer/network/fit/robust.h"

namespace sextant {

namespace {

/// The artifact's curve. Its standard errors are those of ordinary least squares.
class Quadratic : public Candidate {
 public:
  std::string name() const override { return "quadratic_log2_mb"; }
  LinkModel::Kind kind() const override { return LinkModel::Kind::kQuadraticLog2Mb; }
  std::size_t parameters() const override { return 3; }
  std::size_t least_points() const override { return 4; }
  LinkModel model(std::span<const FitPoint> points) const override { return fit_quadratic(points); }
  Fit fit(std::span<const FitPoint> points) const override;
};

struct Polynomial {
  Eigen::MatrixXd powers;
  Eigen::VectorXd gb_per_s;
  Eigen::VectorXd coefficients;  ///< a, b, c
  double largest_bytes_per_s = 0;
};

Polynomial polynomial_of(std::span<const FitPoint> points) {
  const auto count = static_cast<Eigen::Index>(points.size());
  Polynomial out{Eigen::MatrixXd(count, 3), Eigen::VectorXd(count), {}, 0};
  for (Eigen::Index i = 0; i < count; ++i) {
    const FitPoint& point = points[static_cast<std::size_t>(i)];
    const double x = std::log2(point.bytes / 1e6);
    out.powers.row(i) << x * x, x, 1;
    const double bytes_per_s = point.bytes / point.time_s;
    out.gb_per_s(i) = bytes_per_s / 1e9;
    out.largest_bytes_per_s = std::max(out.largest_bytes_per_s, bytes_per_s);
  }
  out.coefficients = out.powers.colPivHouseholderQr().solve(out.gb_per_s);
  return out;
}

Candidate::Fit Quadratic::fit(std::span<const FitPoint> points) const {
  const Polynomial polynomial = polynomial_of(points);
  const Eigen::VectorXd residuals =
      polynomial.powers * polynomial.coefficients - polynomial.gb_per_s;
  const double variance =
      residuals.squaredNorm() / std::max<double>(1, static_cast<double>(points.size()) - 3);
  const Eigen::MatrixXd covariance =
      variance * (polynomial.powers.transpose() * polynomial.powers).inverse();
  Fit out{fit_quadratic(points), {}};
  constexpr const char* kNames[] = {"a", "b", "c"};
  for (Eigen::Index i = 0; i < 3; ++i) {
    out.coefficients.push_back(
        {kNames[i], polynomial.coefficients(i), std::sqrt(covariance(i, i))});
  }
  return out;
}

/// A candidate that was tried: its errors on points that it had not seen.
struct Trial {
  const Candidate* candidate = nullptr;
  std::optional<Candidate::Fit> fit = {};
  std::vector<double> errors = {};
  double median = 0;
  double p90 = 0;
  std::string reason = {};
};

Trial try_out(const Candidate& candidate, std::span<const FitPoint> points) {
  Trial trial{.candidate = &candidate};
  if (points.size() < candidate.least_points()) {
    trial.reason = fmt::format("needs {} sizes", candidate.least_points());
    return trial;
  }
  try {
    trial.fit = candidate.fit(points);
    // One size at a time; of very many sizes every fiftieth at a time, which tells as much.
    constexpr std::size_t kMostFits = 50;
    const std::size_t fits = std::min(points.size(), kMostFits);
    for (std::size_t fold = 0; fold < fits; ++fold) {
      std::vector<FitPoint> seen;
      std::vector<FitPoint> unseen;
      for (std::size_t i = 0; i < points.size(); ++i) {
        (i % fits == fold ? unseen : seen).push_back(points[i]);
      }
      const LinkModel model = candidate.model(seen);
      for (const FitPoint& point : unseen) {
        trial.errors.push_back(std::abs(model.transfer_s(point.bytes) / point.time_s - 1));
      }
    }
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kInternal) throw;
    return {.candidate = &candidate, .reason = error.message()};
  }
  trial.median = quantile_of(trial.errors, 0.5);
  trial.p90 = quantile_of(trial.errors, 0.9);
  return trial;
}

/// Of a median of errors that scatter as these do: 1.2533 times that of their mean.
double standard_error_of_median(const std::vector<double>& errors, double median) {
  std::vector<double> distances;
  for (const double error : errors) distances.push_back(std::abs(error - median));
  return 1.2533 * 1.4826 * quantile_of(distances, 0.5) /
         std::sqrt(static_cast<double>(errors.size()));
}

const Trial& chosen(const std::vector<Trial>& trials, std::optional<LinkModel::Kind> kind) {
  const auto eligible = [&](const Trial& trial) {
    if (!trial.fit) return false;
    return kind ? trial.candidate->kind() == *kind
                : trial.candidate->kind() != LinkModel::Kind::kQuadraticLog2Mb;
  };
  const Trial* best = nullptr;
  for (const Trial& trial : trials) {
    if (eligible(trial) && (best == nullptr || trial.median < best->median)) best = &trial;
  }
  if (best == nullptr) {
    std::string reasons;
    for (const Trial& trial : trials) {
      if (!kind || trial.candidate->kind() == *kind) {
        reasons += fmt::format("{}{}: {}", reasons.empty() ? "" : "; ", trial.candidate->name(),
                               trial.reason);
      }
    }
    throw_bad_input("no model can be fitted to these points (" + reasons + ")");
  }
  // Errors of a part in 10 000 are less than any clock tells.
  constexpr double kNoError = 1e-4;
  const double bound =
      std::max(kNoError, best->median + standard_error_of_median(best->errors, best->median));
  constexpr double kMuchWorse = 2;
  for (const Trial& trial : trials) {  // simplest first
    if (eligible(trial) && trial.median <= bound &&
        trial.p90 <= std::max(kNoError, kMuchWorse * best->p90)) {
      return trial;
    }
  }
  return *best;
}

void check(std::span<const FitPoint> points) {
  for (std::size_t i = 0; i < points.size(); ++i) {
    const FitPoint& point = points[i];
    if (!(point.bytes > 0) || !std::isfinite(point.bytes) || !(point.time_s > 0) ||
        !std::isfinite(point.time_s)) {
      throw_bad_input(fmt::format("expected positive sizes and times, found {} bytes in {} s",
                                  point.bytes, point.time_s));
    }
    if (i > 0 && !(point.bytes > points[i - 1].bytes)) {
      throw_bad_input(fmt::format("expected ascending sizes, each once; found {} after {} bytes",
                                  point.bytes, points[i - 1].bytes));
    }
  }
  constexpr std::size_t kFewest = 3;
  if (points.size() < kFewest) {
    throw_bad_input(
        fmt::format("a latency and a bandwidth need {} sizes to be fitted and judged; found {}",
                    kFewest, points.size()));
  }
}

}  // namespace

std::vector<double> log_residuals(const LinkModel& model, std::span<const FitPoint> points) {
  std::vector<double> out;
  for (const FitPoint& point : points) {
    out.push_back(std::log(model.transfer_s(point.bytes) / point.time_s));
  }
  return out;
}

std::unique_ptr<Candidate> quadratic_candidate() {
  return std::make_unique<Quadratic>();
}

std::vector<std::unique_ptr<Candidate>> fit_candidates() {
  std::vector<std::unique_ptr<Candidate>> out;
  out.push_back(latency_bandwidth_candidate());
  out.push_back(quadratic_candidate());
  out.push_back(saturating_candidate());
  out.push_back(segments_candidate(2));
  out.push_back(segments_candidate(3));
  return out;
}

LinkModel fit_quadratic(std::span<const FitPoint> points) {
  const Polynomial polynomial = polynomial_of(points);
  return LinkModel::quadratic_log2_mb(polynomial.coefficients(0), polynomial.coefficients(1),
                                      polynomial.coefficients(2), polynomial.largest_bytes_per_s);
}

LinkFit fit_link(std::span<const FitPoint> points, std::optional<LinkModel::Kind> kind) {
  check(points);
  const std::vector<std::unique_ptr<Candidate>> candidates = fit_candidates();
  std::vector<Trial> trials;
  for (const auto& candidate : candidates) trials.push_back(try_out(*candidate, points));
  const Trial& best = chosen(trials, kind);

  FitRecord record;
  record.method = best.candidate->kind() == LinkModel::Kind::kQuadraticLog2Mb
                      ? "least squares of GB/s"
                      : "Huber's loss of ln(model / measured)";
  record.method += kind ? ", model as asked for" : ", model chosen by sizes left out";
  record.points = static_cast<int>(points.size());
  record.coefficients = best.fit->coefficients;
  std::vector<double> errors;
  for (const FitPoint& point : points) {
    errors.push_back(std::abs(best.fit->model.transfer_s(point.bytes) / point.time_s - 1));
  }
  record.median_residual = quantile_of(errors, 0.5);
  record.largest_residual = *std::max_element(errors.begin(), errors.end());
  std::vector<double> logs;  // a quadratic that is negative somewhere has no logarithm there
  for (const double residual : log_residuals(best.fit->model, points)) {
    if (std::isfinite(residual)) logs.push_back(residual);
  }
  record.residual_scale = robust_scale(logs, best.candidate->parameters());
  for (const Trial& trial : trials) {
    FitRecord::Candidate row{.model = trial.candidate->name(), .reason = trial.reason};
    if (trial.fit) {
      row.left_out_median = trial.median;
      row.left_out_p90 = trial.p90;
    }
    record.candidates.push_back(std::move(row));
  }
  return {best.fit->model.valid_between(points.front().bytes, points.back().bytes),
          std::move(record)};
}

}  // namespace sextant
