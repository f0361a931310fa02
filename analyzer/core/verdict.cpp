#include "analyzer/core/verdict.h"

#include "analyzer/core/error.h"

namespace sextant {

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::kSame:
      return "SAME";
    case Verdict::kFaster:
      return "FASTER";
    case Verdict::kSlower:
      return "SLOWER";
    case Verdict::kAmbiguous:
      return "AMBIGUOUS";
  }
  throw Error(ErrorCode::kInternal, "a verdict without a name");
}

Verdict judge(const TimeInterval& a, const TimeInterval& b) {
  if (!a.has_spread || !b.has_spread) return Verdict::kAmbiguous;
  if (b.high_s < a.low_s) return Verdict::kFaster;
  if (b.low_s > a.high_s) return Verdict::kSlower;
  const bool b_in_a = a.low_s <= b.median_s && b.median_s <= a.high_s;
  const bool a_in_b = b.low_s <= a.median_s && a.median_s <= b.high_s;
  return a_in_b && b_in_a ? Verdict::kSame : Verdict::kAmbiguous;
}

}  // namespace sextant
