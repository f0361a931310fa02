#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "analyzer/network/fit/term_sum.h"
#include "analyzer/network/fit_record.h"
#include "analyzer/network/link_model.h"

namespace sextant {

/// A form of curve that can be fitted.
class Candidate {
 public:
  virtual ~Candidate() = default;
  /// "latency_bandwidth", "segments of 2", …
  virtual std::string name() const = 0;
  virtual LinkModel::Kind kind() const = 0;
  virtual std::size_t parameters() const = 0;
  /// Fewer points cannot tell how good the fit is.
  virtual std::size_t least_points() const = 0;

  struct Fit {
    LinkModel model;  ///< without a valid range
    std::vector<FitRecord::Coefficient> coefficients;
  };
  /// Throws Error(kInfeasible) where these points have no such form.
  virtual Fit fit(std::span<const FitPoint> points) const = 0;
  /// The same without coefficients, for leaving points out by the hundred.
  virtual LinkModel model(std::span<const FitPoint> points) const = 0;
};

/// Simplest first.
std::vector<std::unique_ptr<Candidate>> fit_candidates();

// Each in a file of its own.
std::unique_ptr<Candidate> latency_bandwidth_candidate();
std::unique_ptr<Candidate> saturating_candidate();
std::unique_ptr<Candidate> segments_candidate(std::size_t pieces);
std::unique_ptr<Candidate> quadratic_candidate();

/// ln(model / measured) of each point.
std::vector<double> log_residuals(const LinkModel& model, std::span<const FitPoint> points);

}  // namespace sextant
