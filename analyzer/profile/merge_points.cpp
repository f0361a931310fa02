#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"
#include "analyzer/profile/profile_db.h"

namespace sextant {

std::string_view to_string(MergePolicy policy) {
  switch (policy) {
    case MergePolicy::kError:
      return "error";
    case MergePolicy::kNewest:
      return "newest";
    case MergePolicy::kMedian:
      return "median";
  }
  throw Error(ErrorCode::kInternal, "a merge policy without a name");
}

MergePolicy merge_policy_from(std::string_view name) {
  for (const MergePolicy policy :
       {MergePolicy::kError, MergePolicy::kNewest, MergePolicy::kMedian}) {
    if (name == to_string(policy)) return policy;
  }
  throw_usage(fmt::format("expected --merge error, newest or median, found {}", quote(name)));
}

std::string_view to_string(MergeOutcome outcome) {
  switch (outcome) {
    case MergeOutcome::kAdded:
      return "added";
    case MergeOutcome::kUnchanged:
      return "unchanged";
    case MergeOutcome::kReplaced:
      return "replaced";
    case MergeOutcome::kKeptMeasurement:
      return "the measurement stays";
    case MergeOutcome::kMerged:
      return "merged";
  }
  throw Error(ErrorCode::kInternal, "a merge outcome without a name");
}

namespace {

/// Where a point comes from, for a person who has to choose between two.
std::string origin(const PointDocument& point) {
  std::vector<std::string> parts;
  for (const char* name : {"time", "host", "gpu_name", "driver", "git_revision"}) {
    const auto found = point.provenance.find(name);
    if (found != point.provenance.end()) {
      parts.push_back(fmt::format("{} {}", name, quote(found->second)));
    }
  }
  parts.push_back(fmt::format("evidence {}", to_string(point.evidence)));
  if (point.status == PointStatus::kOk) {
    parts.push_back(fmt::format("forward + backward {:.6g} s", point.total_s()));
  }
  return fmt::format("{} ({})", quote(point.source, 200), fmt::join(parts, ", "));
}

/// A total order of measurements that does not depend on when they were read.
bool by_content(const PointDocument& a, const PointDocument& b) {
  return std::tuple(a.time(), json_text(point_json(a))) <
         std::tuple(b.time(), json_text(point_json(b)));
}

/// What a point is worth: only measurements conflict.
enum Rank : int { kFailure, kEstimate, kMeasurement };
int rank(const PointDocument& point) {
  if (point.status != PointStatus::kOk) return kFailure;
  return point.evidence == Evidence::kEstimated ? kEstimate : kMeasurement;
}

std::size_t newest(const std::vector<PointDocument>& candidates) {
  // Sorted by time; the last two must be distinguishable.
  const std::size_t last = candidates.size() - 1;
  const std::string& first_time = candidates.front().time();
  if (first_time.empty() || candidates[last].time() == candidates[last - 1].time()) {
    const std::size_t other = first_time.empty() ? 0 : last - 1;
    throw_bad_input(fmt::format(
        "{}: --merge=newest cannot tell which is newer, {} or {}: expected different provenance "
        "times",
        candidates[last].key.text(), origin(candidates[other]), origin(candidates[last])));
  }
  return last;
}

std::size_t median(const std::vector<PointDocument>& candidates) {
  std::vector<std::size_t> order(candidates.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return candidates[a].total_s() < candidates[b].total_s();
  });
  return order[(order.size() - 1) / 2];
}

}  // namespace

MergeOutcome merge_point(ProfileDatabase& database, PointDocument point, MergePolicy policy) {
  const auto [place, added] = database.points.try_emplace(point.key);
  DatabasePoint& entry = place->second;
  if (added) {
    entry.point = std::move(point);
    return MergeOutcome::kAdded;
  }
  const int known_rank = rank(entry.point);
  const int rank_of_new = rank(point);
  if (rank_of_new < known_rank) return MergeOutcome::kKeptMeasurement;
  if (same_measurement(entry.point, point)) return MergeOutcome::kUnchanged;
  // Of two failures the later stands, of two estimates the one that was asked for last.
  const bool is_older = rank_of_new == kFailure && by_content(point, entry.point);
  if (is_older) return MergeOutcome::kUnchanged;
  if (rank_of_new > known_rank || rank_of_new < kMeasurement) {
    entry = {std::move(point), {}};
    return MergeOutcome::kReplaced;
  }
  std::vector<PointDocument> candidates = entry.superseded;
  candidates.push_back(entry.point);
  for (const PointDocument& known : candidates) {
    if (same_measurement(known, point)) return MergeOutcome::kUnchanged;
  }
  if (policy == MergePolicy::kError) {
    throw_bad_input(
        fmt::format("{}: measured twice: {} and {}; choose with --merge=newest or --merge=median",
                    point.key.text(), origin(entry.point), origin(point)));
  }
  candidates.push_back(std::move(point));
  std::sort(candidates.begin(), candidates.end(), by_content);
  const std::size_t chosen =
      policy == MergePolicy::kNewest ? newest(candidates) : median(candidates);
  entry.point = candidates[chosen];
  candidates.erase(candidates.begin() + static_cast<std::ptrdiff_t>(chosen));
  entry.superseded = std::move(candidates);
  return MergeOutcome::kMerged;
}

}  // namespace sextant
