#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/network/bandwidth_document.h"
#include "analyzer/network/compare/link_matrix.h"
#include "analyzer/network/compare/link_peak.h"
#include "analyzer/network/compare/plateau.h"

namespace sextant {

/// What a bandwidth is worth beside its peak.
enum class PeakVerdict {
  kAsExpected,  ///< at least 0.7 of it
  kLow,         ///< less
  kHalved,      ///< less than 0.5 of it
  kAbovePeak,   ///< over 1.02 of it
  kNotReached,  ///< less than 0.7, and still rising at the largest size
  kUnknownPeak,
};
/// "as expected", "low", "half or less", "above peak", "not reached", "peak unknown".
std::string_view to_string(PeakVerdict verdict);

struct PeakComparison {
  std::string what;  ///< the sweep's text, or that of a class of pairs
  LinkLevel level = LinkLevel::kBetweenNodes;
  std::size_t links = 1;  ///< of a class: their number; the plateau is their median
  Plateau plateau;
  std::optional<LinkPeak> peak;
  double fraction = 0;  ///< of the peak; 0 without one
  PeakVerdict verdict = PeakVerdict::kUnknownPeak;
  std::string reason;
};

/// The verdict and its reason for a plateau beside a peak.
void judge_against_peak(PeakComparison& row, const PeakLookup& lookup, CommunicationOp op);

/// Every sweep of the document that has points beside its peak (peak_of()); sweeps that belong to a
/// class of `matrices` count together.
std::vector<PeakComparison> compare_with_peaks(const BandwidthDocument& document,
                                               const std::vector<LinkMatrix>& matrices,
                                               const std::string& named);

}  // namespace sextant
