#include "analyzer/profile/profile_compare.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

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

namespace {

/// What pairs points of two databases.
using Place = std::tuple<std::string, int, int, int>;

std::map<Place, const PointDocument*> places(const ProfileDatabase& database, bool any_variant) {
  std::map<Place, const PointDocument*> out;
  for (const auto& [key, entry] : database.points) {
    if (entry.point.status != PointStatus::kOk) continue;
    out[{any_variant ? "" : key.variant, key.seq_len, key.tp, key.microbatch}] = &entry.point;
  }
  return out;
}

Verdict judge(const PointDocument& a, const PointDocument& b) {
  if (!a.has_spread() || !b.has_spread()) return Verdict::kAmbiguous;
  const double a_low = a.total_s(&TimeSummary::p10_s);
  const double a_high = a.total_s(&TimeSummary::p90_s);
  const double b_low = b.total_s(&TimeSummary::p10_s);
  const double b_high = b.total_s(&TimeSummary::p90_s);
  if (b_high < a_low) return Verdict::kFaster;
  if (b_low > a_high) return Verdict::kSlower;
  const bool b_in_a = a_low <= b.total_s() && b.total_s() <= a_high;
  const bool a_in_b = b_low <= a.total_s() && a.total_s() <= b_high;
  return a_in_b && b_in_a ? Verdict::kSame : Verdict::kAmbiguous;
}

}  // namespace

ProfileComparison compare_profiles(const ProfileDatabase& a, const ProfileDatabase& b) {
  const bool any_variant = a.variants().size() == 1 && b.variants().size() == 1;
  const auto of_a = places(a, any_variant);
  const auto of_b = places(b, any_variant);
  ProfileComparison out;
  for (const auto& [place, point] : of_a) {
    const auto other = of_b.find(place);
    if (other == of_b.end()) {
      out.only_in_a.push_back(point->key.text());
      continue;
    }
    PointComparison row;
    row.key = point->key;
    row.a_s = point->total_s();
    row.b_s = other->second->total_s();
    row.change = row.b_s / row.a_s - 1;
    row.verdict = judge(*point, *other->second);
    out.points.push_back(std::move(row));
  }
  for (const auto& [place, point] : of_b) {
    if (of_a.count(place) == 0) out.only_in_b.push_back(point->key.text());
  }
  if (out.points.empty()) {
    throw_bad_input(fmt::format(
        "no point is in both profiles: the first has variants {} ({} points), the second {} ({})",
        fmt::join(a.variants(), ", "), of_a.size(), fmt::join(b.variants(), ", "), of_b.size()));
  }
  return out;
}

}  // namespace sextant
