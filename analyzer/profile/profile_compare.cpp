#include "analyzer/profile/profile_compare.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"

namespace sextant {

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

TimeInterval interval_of(const PointDocument& point) {
  return {point.total_s(), point.total_s(&TimeSummary::p10_s), point.total_s(&TimeSummary::p90_s),
          point.has_spread()};
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
    row.verdict = judge(interval_of(*point), interval_of(*other->second));
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
