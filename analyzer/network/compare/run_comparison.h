#pragma once

#include <optional>
#include <string>
#include <vector>

#include "analyzer/core/verdict.h"
#include "analyzer/network/bandwidth_document.h"

namespace sextant {

/// One size that both runs measured.
struct SizeComparison {
  double bytes = 0;
  double a_s = 0;
  double b_s = 0;
  double change = 0;  ///< b / a - 1
  Verdict verdict = Verdict::kAmbiguous;
};

struct SweepComparison {
  std::string what;  ///< B's text
  std::vector<SizeComparison> sizes;
  std::vector<double> only_in_a;  ///< bytes
  std::vector<double> only_in_b;
  double change = 0;  ///< median of the sizes' changes
  /// Where that median lies with 95 %; nothing with fewer than 6 common sizes.
  std::optional<double> change_low;
  std::optional<double> change_high;
  Verdict verdict = Verdict::kAmbiguous;
};

struct RunComparison {
  std::vector<SweepComparison> sweeps;
  std::vector<std::string> only_in_a;
  std::vector<std::string> only_in_b;
};

/// Judges run B against A, size by size and in total. Sweeps of the same operation, pattern, number
/// of ranks, level, place (in or out) and data type are paired; where either run has several of
/// these, those of the same ranks.
/// A size's verdict is judge()'s of its percentiles: AMBIGUOUS where one has no spread. A sweep's
/// rests on the changes of all sizes: SAME where the interval in which their median lies with 95 %
/// is within 2 %, FASTER or SLOWER where it excludes no change at all and the median is more than 2
/// %, else AMBIGUOUS. With fewer than 6 common sizes there is no such interval, and the sweep's
/// verdict is what all sizes agree on. Throws Error(kBadInput) where no sweep has a common size.
RunComparison compare_runs(const BandwidthDocument& a, const BandwidthDocument& b);

}  // namespace sextant
