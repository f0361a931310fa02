#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/network/fit/term_sum.h"
#include "analyzer/network/fit_record.h"
#include "analyzer/network/link_model.h"

namespace sextant {

/// A model with the record of how it was fitted.
struct LinkFit {
  LinkModel model;
  FitRecord record;
};

/// Fits a link to times of ascending sizes, each once. The candidates are latency and bandwidth, a
/// saturating link, segments of 2 and of 3 pieces, and, to compare with, the Sailor artifact's
/// quadratic, which is never chosen by itself. Residuals are logarithms of model over measured,
/// with Huber's loss. A candidate is judged by leaving out one size at a time and predicting it: by
/// the median of the relative errors. Of those within one standard error of the best median, and
/// with a 90th percentile no more than twice the best's, the one with fewest parameters is taken.
///
/// `kind` asks for one model instead (of segments: the better number of pieces). Throws
/// Error(kBadInput) where a time or size is not positive, or there are too few sizes: 3, and 7 for
/// a saturating link or 2 segments, 10 for 3 segments, 4 for a quadratic.
LinkFit fit_link(std::span<const FitPoint> points,
                 std::optional<LinkModel::Kind> kind = std::nullopt);

/// The artifact's fit: degree 2 of GB/s over log2 of MB in plain least squares, as numpy.polyfit
/// does, and the largest bandwidth of the points.
LinkModel fit_quadratic(std::span<const FitPoint> points);

}  // namespace sextant
