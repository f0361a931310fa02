// The part of SweepRun that searches the largest microbatch that fits.

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/files.h"
#include "analyzer/core/interrupt.h"
#include "analyzer/core/table.h"
#include "profiler/sweep/sweep_run.h"

namespace sextant::profiler {

namespace {

using Kind = RankWorld::Report::Kind;

/// What bisection tries from here on as long as all of it fits.
std::vector<int> path_if_all_fit(int low, int high) {
  std::vector<int> out;
  while (high - low > 1) {
    low += (high - low) / 2;
    out.push_back(low);
  }
  return out;
}

}  // namespace

std::vector<PointDocument> SweepRun::known_at(const ProfileKey& key) const {
  std::vector<PointDocument> out;
  std::set<std::filesystem::path> seen;
  for (std::size_t i = 0; i < sweep_.points.size(); ++i) {
    const ProfileKey& other = sweep_.points[i].key;
    seen.insert(sweep_.points[i].file);
    if (other.variant == key.variant && other.tp == key.tp && outcomes_[i].document) {
      out.push_back(*outcomes_[i].document);
    }
  }
  // Other shards write beside this one.
  for (const int microbatch : sweep_.options.microbatches) {
    SweepPoint point;
    point.key = key;
    point.key.microbatch = microbatch;
    std::filesystem::path name = point_file_name(point.key);
    point.file = sweep_.options.out / (sweep_.options.flat ? name.filename() : name);
    if (!seen.insert(point.file).second) continue;
    if (PointOutcome found = find_outcome(sweep_, point); found.document) {
      out.push_back(std::move(*found.document));
    }
  }
  return out;
}

void SweepRun::find_largest_microbatches(const SweepGroup& group) {
  std::set<int> degrees;
  for (const std::size_t index : group.points) {
    const PointOutcome& outcome = outcomes_[index];
    if (outcome.status == PointStatus::kOutOfMemory && !outcome.document->largest_microbatch) {
      degrees.insert(sweep_.points[index].key.tp);
    }
  }
  for (const int tp : degrees) {
    Indices without;
    for (const std::size_t index : group.points) {
      const bool here = sweep_.points[index].key.tp == tp;
      if (here && outcomes_[index].status == PointStatus::kOutOfMemory) without.push_back(index);
    }
    const SweepPoint& like = sweep_.points[without.front()];
    int low = 0;
    int high = like.key.microbatch;
    for (const PointDocument& known : known_at(like.key)) {
      const int microbatch = known.key.microbatch;
      if (known.status == PointStatus::kOk) low = std::max(low, microbatch);
      if (known.status == PointStatus::kOutOfMemory) high = std::min(high, microbatch);
    }
    const std::optional<int> largest = largest_between(like, low, high);
    if (interrupted()) return;
    if (!largest) continue;
    for (const std::size_t index : without) {
      PointDocument& document = *outcomes_[index].document;
      document.largest_microbatch = largest;
      write_file_atomically(sweep_.points[index].file, point_document_text(document));
    }
    show(fmt::format("{}, tp {}: the largest microbatch that fits is {}", like.key.variant, tp,
                     *largest));
  }
}

std::optional<int> SweepRun::largest_between(const SweepPoint& like, int low, int high) {
  if (low >= high) {
    say(fmt::format(
        "{}, tp {}: microbatch {} fits although {} did not; --force measures them again",
        like.key.variant, like.key.tp, low, high));
    return std::nullopt;
  }
  while (high - low > 1) {
    if (interrupted()) return std::nullopt;
    show(fmt::format("{}, tp {}: looking for the largest microbatch from {} to {}",
                     like.key.variant, like.key.tp, low, high - 1));
    if (!try_in_turn(like, path_if_all_fit(low, high), low, high)) return std::nullopt;
  }
  return low;
}

bool SweepRun::try_in_turn(const SweepPoint& like, const std::vector<int>& microbatches, int& low,
                           int& high) {
  const auto own = static_cast<std::size_t>(&like - sweep_.points.data());
  ProfileRequest request = sweep_.request({own});
  request.points.clear();
  for (const int microbatch : microbatches) request.points.push_back({like.key.tp, microbatch});
  // Whether it fits is all that is asked.
  request.stopping.min_samples = 1;
  request.stopping.time_limit_s = 1e-3;
  request.operators = false;
  request.kernels = false;

  RankWorld world(rank_program_, request, like.world_size());
  const auto give_up = [&](const std::string& reason) {
    say(fmt::format("{}, tp {}: the largest microbatch that fits was not found: {}",
                    like.key.variant, like.key.tp, reason));
    return false;
  };
  for (std::size_t tried = 0; tried < microbatches.size();) {
    const RankWorld::Report report = world.next(
        RankWorld::Clock::now() +
        std::chrono::milliseconds(static_cast<std::int64_t>(1e3 * sweep_.options.point_timeout_s)));
    if (report.kind == Kind::kInterrupted) return false;
    if (report.kind == Kind::kTimeout) return give_up("a trial took too long (--point-timeout)");
    if (report.kind == Kind::kEnded) return give_up("the ranks ended without a result");
    if (report.kind == Kind::kDied) return give_up(report.reason);
    if (report.event.kind != RankEvent::Kind::kResult) continue;
    SweepPoint point = like;
    point.key.microbatch = microbatches[tried];
    PointOutcome outcome;
    try {
      outcome = outcome_of(sweep_, point, report.event.document);
    } catch (const Error& error) {
      return give_up(error.what());
    }
    if (outcome.status == PointStatus::kOutOfMemory) {
      high = microbatches[tried];
      return true;
    }
    if (outcome.status != PointStatus::kOk) return give_up(outcome.reason);
    low = microbatches[tried++];
  }
  return true;
}

}  // namespace sextant::profiler
