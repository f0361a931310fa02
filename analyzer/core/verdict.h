#pragma once

#include <string_view>

namespace sextant {

/// What two measurements of one thing say, B judged against A.
enum class Verdict {
  kSame,       ///< each median lies within the other's 10th to 90th percentile
  kFaster,     ///< B's interval ends before A's begins
  kSlower,     ///< B's begins after A's ends
  kAmbiguous,  ///< the intervals overlap without agreeing, or one has no spread
};
/// "SAME", "FASTER", "SLOWER", "AMBIGUOUS".
std::string_view to_string(Verdict verdict);

/// A measured time and where most of its samples lay.
struct TimeInterval {
  double median_s = 0;
  double low_s = 0;   ///< 10th percentile
  double high_s = 0;  ///< 90th
  bool has_spread = false;
};

/// The verdict, as the enumerators state it.
Verdict judge(const TimeInterval& a, const TimeInterval& b);

}  // namespace sextant
