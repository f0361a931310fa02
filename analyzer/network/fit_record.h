#pragma once

#include <optional>
#include <string>
#include <vector>

#include "analyzer/core/json_document.h"

namespace sextant {

/// How a model of a network document was fitted, and how well: its member `fit`.
struct FitRecord {
  struct Coefficient {
    std::string name;  ///< as in the document, "latency_s", "segments[1].bytes_per_s"
    double value = 0;
    /// Nothing where the points do not determine it: it rests on a bound.
    std::optional<double> standard_error;
  };
  /// A model that was tried.
  struct Candidate {
    std::string model;  ///< a kind of LinkModel; "segments of 2" tells the number
    /// Median of |prediction / measured - 1| over sizes that were left out of the fit, one at a
    /// time; nothing where `reason` says why it was not tried.
    std::optional<double> left_out_median = {};
    std::optional<double> left_out_p90 = {};
    std::string reason = {};
  };
  /// What leaving out whole groups of measurements came to; of terms of a collective.
  struct HeldOut {
    std::string what;  ///< "world size 4", "message sizes one by one"
    double median_error = 0;
    double largest_error = 0;
  };

  std::string method;
  int points = 0;  ///< sizes (of a collective's terms: sizes of all worlds)
  int sweeps = 1;  ///< that were pooled: at each size their median counts
  /// Where several were pooled: median over sizes of (90th percentile - 10th) / median.
  std::optional<double> spread_between_sweeps;
  std::vector<Coefficient> coefficients;
  double median_residual = 0;   ///< of |model / measured - 1|
  double largest_residual = 0;  ///< the same
  double residual_scale = 0;    ///< robust standard deviation of ln(model / measured)
  std::vector<Candidate> candidates;
  std::vector<HeldOut> held_out;
  std::vector<std::string> sources;  ///< files
};

OrderedJson fit_record_json(const FitRecord& record);
/// Throws Error(kBadInput) with the place.
FitRecord read_fit_record(const JsonNode& node, bool lenient);

}  // namespace sextant
