#include "profiler/sweep/sweep_run.h"

#include <algorithm>
#include <unistd.h>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/files.h"
#include "analyzer/core/interrupt.h"
#include "analyzer/core/table.h"

namespace sextant::profiler {

namespace {

using Clock = RankWorld::Clock;
using Kind = RankWorld::Report::Kind;

Clock::time_point in_seconds(double seconds) {
  return Clock::now() +
         std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

/// The index among `points` that a rank means; sweep.points.size() where it means none of them.
std::size_t index_of(const Sweep& sweep, const std::vector<std::size_t>& points,
                     const GridPoint& meant) {
  for (const std::size_t index : points) {
    if (sweep.points[index].grid_point() == meant) return index;
  }
  return sweep.points.size();
}

}  // namespace

SweepRun::SweepRun(const Sweep& sweep, std::filesystem::path rank_program)
    : sweep_(sweep),
      rank_program_(std::move(rank_program)),
      outcomes_(sweep.points.size()),
      progress_("profile_model", sweep.points.size()) {}

void SweepRun::run() {
  if (sweep_.options.resume) find_existing();
  for (const SweepGroup& group : sweep_.groups()) {
    if (interrupted()) return;
    measure(group);
    if (sweep_.options.mode == Mode::kTrain) find_largest_microbatches(group);
  }
}

void SweepRun::find_existing() {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < outcomes_.size(); ++i) {
    outcomes_[i] = find_outcome(sweep_, sweep_.points[i]);
    if (outcomes_[i].kept) ++kept;
    if (!outcomes_[i].again.empty()) say("measured again: " + outcomes_[i].again);
  }
  if (kept > 0) say(fmt::format("{} of {} points are there already", kept, outcomes_.size()));
}

void SweepRun::measure(const SweepGroup& group) {
  failed_starts_ = 0;
  while (true) {
    enter_ruled_out(group);
    const Indices pending = pending_of(group);
    if (pending.empty() || interrupted()) return;
    measure_in_one_world(pending, group.world_size);
  }
}

SweepRun::Indices SweepRun::pending_of(const SweepGroup& group) const {
  Indices out;
  for (const std::size_t index : group.points) {
    if (!outcomes_[index].status) out.push_back(index);
  }
  return out;
}

void SweepRun::enter_ruled_out(const SweepGroup& group) {
  if (sweep_.options.mode == Mode::kServe) return;
  for (const std::size_t index : pending_of(group)) {
    const ProfileKey& key = sweep_.points[index].key;
    for (const std::size_t other : group.points) {
      const ProfileKey& tried = sweep_.points[other].key;
      if (tried.tp != key.tp || tried.microbatch >= key.microbatch ||
          outcomes_[other].status != PointStatus::kOutOfMemory) {
        continue;
      }
      PointOutcome outcome;
      outcome.status = PointStatus::kOutOfMemory;
      outcome.reason = fmt::format("microbatch {} did not fit already", tried.microbatch);
      outcome.document = failed_document(sweep_, sweep_.points[index], PointStatus::kOutOfMemory,
                                         outcome.reason, &*outcomes_[other].document);
      enter(index, std::move(outcome));
      break;
    }
  }
}

/// Measures points until all are done, or until ranks must be started anew for those that are left.
void SweepRun::measure_in_one_world(const Indices& pending, int world_size) {
  const SweepOptions& options = sweep_.options;
  RankWorld world(rank_program_, sweep_.request(pending), world_size);
  std::optional<std::size_t> under_way;
  bool began = false;
  const auto stop_at = [&](PointStatus status, const std::string& reason) {
    if (began) {
      failed_starts_ = 0;
    } else if (++failed_starts_ > 1) {
      // What befalls ranks before any point will befall the next ones too.
      for (const std::size_t index : pending) fail(index, status, reason);
      return;
    } else {
      say("the ranks are started once more: " + reason);
      return;
    }
    for (const std::size_t index : pending) {
      if (under_way ? index != *under_way : outcomes_[index].status.has_value()) continue;
      fail(index, status, reason);
      return;
    }
  };
  Clock::time_point deadline = in_seconds(options.point_timeout_s);
  while (true) {
    const RankWorld::Report report = world.next(deadline);
    switch (report.kind) {
      case Kind::kInterrupted:
        return;
      case Kind::kTimeout:
        return stop_at(PointStatus::kTimeout,
                       fmt::format("no result within {} (--point-timeout){}",
                                   format_seconds(options.point_timeout_s), report.reason));
      case Kind::kDied:
        return stop_at(PointStatus::kError, report.reason);
      case Kind::kEnded:
        return stop_at(PointStatus::kError, "the ranks ended without a result");
      case Kind::kEvent:
        break;
    }
    const RankEvent& event = report.event;
    if (event.kind == RankEvent::Kind::kNote) {
      say(event.text);
      continue;
    }
    const std::size_t index = index_of(sweep_, pending, event.point);
    if (index == sweep_.points.size()) {
      return stop_at(PointStatus::kError,
                     fmt::format("the ranks measured tp {}, microbatch {}, which nobody asked for",
                                 event.point.tp, event.point.microbatch));
    }
    began = true;
    deadline = in_seconds(options.point_timeout_s);
    if (event.kind == RankEvent::Kind::kBegin) {
      under_way = index;
      show("measuring " + sweep_.points[index].text(options.mode));
      continue;
    }
    under_way.reset();
    if (!take_result(index, event.document)) return;
    const bool all = std::all_of(pending.begin(), pending.end(),
                                 [&](std::size_t i) { return outcomes_[i].status.has_value(); });
    if (all) return;
  }
}

/// False where the ranks should not go on to their next point.
bool SweepRun::take_result(std::size_t index, const std::string& text) {
  const SweepPoint& point = sweep_.points[index];
  PointOutcome outcome;
  try {
    outcome = outcome_of(sweep_, point, text);
  } catch (const Error& error) {
    fail(index, PointStatus::kError, error.what());
    return true;
  }
  const PointStatus status = *outcome.status;
  enter(index, std::move(outcome), text);
  if (status == PointStatus::kOk) return true;
  // After a failed kernel or collective a rank is unfit for more.
  if (status != PointStatus::kOutOfMemory) return false;
  for (std::size_t i = 0; i < sweep_.points.size(); ++i) {
    const ProfileKey& other = sweep_.points[i].key;
    const bool larger = other.variant == point.key.variant && other.tp == point.key.tp &&
                        other.microbatch > point.key.microbatch;
    if (larger && !outcomes_[i].status) return false;
  }
  return true;
}

/// Writes the document and shows it; `text` is its text as a rank gave it, "" where there is none.
void SweepRun::enter(std::size_t index, PointOutcome outcome, const std::string& text) {
  const SweepPoint& point = sweep_.points[index];
  write_file_atomically(point.file, text.empty() ? document_text(outcome) : text);
  outcome.again = outcomes_[index].again;
  outcomes_[index] = std::move(outcome);
  const PointOutcome& entered = outcomes_[index];
  std::string what =
      fmt::format("{}: {}", point.text(sweep_.options.mode), to_string(*entered.status));
  if (entered.document && entered.status == PointStatus::kOk) {
    what += fmt::format(", {} forward and backward", format_seconds(entered.document->total_s()));
  }
  show(what);
}

void SweepRun::fail(std::size_t index, PointStatus status, const std::string& reason) {
  enter(index, failed_outcome(sweep_, sweep_.points[index], status, reason));
}

void SweepRun::say(const std::string& sentence) const {
  // A line that progress drew on a terminal is overwritten.
  fmt::print(stderr, "{}profile_model: {}\n", ::isatty(STDERR_FILENO) == 1 ? "\r\x1b[K" : "",
             sentence);
}

void SweepRun::show(const std::string& what) {
  const auto done = std::count_if(outcomes_.begin(), outcomes_.end(),
                                  [](const PointOutcome& one) { return one.status.has_value(); });
  progress_.update(static_cast<std::size_t>(done), what);
}

}  // namespace sextant::profiler
