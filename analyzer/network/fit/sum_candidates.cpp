#include <algorithm>
#include <cmath>

#include "analyzer/network/fit/candidate.h"
#include "analyzer/network/fit/robust.h"

namespace sextant {

namespace {

using Term = TermSum::Term;

/// A linear term that is no part of the time to speak of leaves the bandwidth open: it is then put
/// to this part of the time of the largest message, which no measurement tells from nothing.
constexpr double kLeastLinearPart = 1e-3;
constexpr double kLargestBandwidth = 1e13;  // that documents take

/// Sizes count from the geometric middle of those measured: amplitudes are then what the terms take
/// of a message of that size, and depend little on the exponent.
double middle(std::span<const FitPoint> points) {
  double sum = 0;
  for (const FitPoint& point : points) sum += std::log2(point.bytes);
  return std::exp2(std::round(sum / static_cast<double>(points.size())));
}

TermSum::Solution robust_solution(const TermSum& sum, std::span<const FitPoint> points) {
  TermSum::Solution solution = sum.linear_fit(points, {});
  solution = sum.refine(points, {}, solution);
  constexpr int kRounds = 3;
  std::vector<double> last;
  for (int round = 0; round < kRounds; ++round) {
    std::vector<double> residuals;
    for (const FitPoint& point : points) {
      residuals.push_back(std::log(sum.seconds(solution, point.bytes) / point.time_s));
    }
    std::vector<double> weights =
        huber_weights(residuals, robust_scale(residuals, sum.parameters()));
    const bool all = std::all_of(weights.begin(), weights.end(), [](double w) { return w == 1; });
    if (all || weights == last) break;
    solution = sum.refine(points, weights, solution);
    last = std::move(weights);
  }
  return solution;
}

class SumCandidate : public Candidate {
 public:
  explicit SumCandidate(std::vector<Term> terms) : terms_(std::move(terms)) {}

  std::size_t parameters() const override { return TermSum(terms_, 0, 1).parameters(); }
  LinkModel model(std::span<const FitPoint> points) const override {
    const double unit = middle(points);
    const TermSum sum(terms_, 0, unit);
    return model_of(robust_solution(sum, points), unit, points);
  }

  Fit fit(std::span<const FitPoint> points) const override {
    const double unit = middle(points);
    const TermSum sum(terms_, 0, unit);
    const TermSum::Solution solution = robust_solution(sum, points);
    Fit out{model_of(solution, unit, points), {}};
    const std::vector<double> residuals = log_residuals(out.model, points);
    const TermSum::Covariance covariance = sum.covariance(points, solution);
    const auto free = static_cast<std::size_t>(
        std::count(covariance.determined.begin(), covariance.determined.end(), true));
    const double variance = residual_variance(residuals, robust_scale(residuals, free), free);
    const auto error = [&](std::size_t place) -> std::optional<double> {
      if (!covariance.determined[place]) return std::nullopt;
      return std::sqrt(variance * covariance.at(place, place));
    };
    for (std::size_t term = 0; term < terms_.size(); ++term) {
      const double amplitude = solution.amplitudes[term];
      std::optional<double> deviation = error(term);
      switch (terms_[term]) {
        case Term::kConstant:
          out.coefficients.push_back({"latency_s", amplitude, deviation});
          break;
        case Term::kLinear: {
          const double bandwidth = out.model.coefficients()[1];
          // d(unit / amplitude) = unit / amplitude² d(amplitude)
          if (deviation) *deviation *= unit / (amplitude * amplitude);
          out.coefficients.push_back({"bandwidth_bytes_per_s", bandwidth, deviation});
          break;
        }
        case Term::kPower:
          out.coefficients.push_back({"middle_s", amplitude, deviation});
          out.coefficients.push_back({"exponent", solution.exponent, error(terms_.size())});
          break;
        case Term::kDecline:
          out.coefficients.push_back({"decline_s", amplitude, deviation});
          break;
      }
    }
    return out;
  }

 protected:
  virtual LinkModel make(const TermSum::Solution& solution, double bandwidth,
                         double unit) const = 0;

 private:
  LinkModel model_of(const TermSum::Solution& solution, double unit,
                     std::span<const FitPoint> points) const {
    const FitPoint& last = points.back();
    const double slope =
        std::max({solution.amplitudes[1] / unit, kLeastLinearPart * last.time_s / last.bytes,
                  1 / kLargestBandwidth});
    return make(solution, 1 / slope, unit);
  }

  std::vector<Term> terms_;
};

class LatencyBandwidth : public SumCandidate {
 public:
  LatencyBandwidth() : SumCandidate({Term::kConstant, Term::kLinear}) {}
  std::string name() const override { return "latency_bandwidth"; }
  LinkModel::Kind kind() const override { return LinkModel::Kind::kLatencyBandwidth; }
  std::size_t least_points() const override { return 3; }

 protected:
  LinkModel make(const TermSum::Solution& solution, double bandwidth, double) const override {
    return LinkModel::latency_bandwidth(solution.amplitudes[0], bandwidth);
  }
};

class Saturating : public SumCandidate {
 public:
  Saturating() : SumCandidate({Term::kConstant, Term::kLinear, Term::kPower, Term::kDecline}) {}
  std::string name() const override { return "saturating"; }
  LinkModel::Kind kind() const override { return LinkModel::Kind::kSaturating; }
  std::size_t least_points() const override { return 7; }

 protected:
  LinkModel make(const TermSum::Solution& solution, double bandwidth, double unit) const override {
    return LinkModel::saturating({.latency_s = solution.amplitudes[0],
                                  .bandwidth_bytes_per_s = bandwidth,
                                  .middle_bytes = unit,
                                  .middle_s = solution.amplitudes[2],
                                  .exponent = solution.exponent,
                                  .decline_s = solution.amplitudes[3]});
  }
};

}  // namespace

std::unique_ptr<Candidate> latency_bandwidth_candidate() {
  return std::make_unique<LatencyBandwidth>();
}
std::unique_ptr<Candidate> saturating_candidate() {
  return std::make_unique<Saturating>();
}

}  // namespace sextant
