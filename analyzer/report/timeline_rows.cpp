#include "analyzer/report/timeline_rows.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>

#include <fmt/format.h>

namespace sextant {

namespace {

constexpr double kSameBytes = 1 << 20;

/// What one track does, sorted.
struct Track {
  std::vector<TimelineSpan> spans;
  std::vector<MemoryStep> memory;
};

std::vector<Track> tracks_of(const Timeline& timeline) {
  std::vector<Track> tracks(timeline.tracks.size());
  for (const TimelineSpan& span : timeline.spans) {
    tracks[static_cast<std::size_t>(span.track)].spans.push_back(span);
  }
  for (const MemoryStep& step : timeline.memory) {
    tracks[static_cast<std::size_t>(step.track)].memory.push_back(step);
  }
  for (Track& track : tracks) {
    std::stable_sort(
        track.spans.begin(), track.spans.end(), [](const TimelineSpan& a, const TimelineSpan& b) {
          return std::tie(a.stream, a.start_s, a.end_s) < std::tie(b.stream, b.start_s, b.end_s);
        });
  }
  return tracks;
}

bool same(const Track& a, const Track& b, double same_s) {
  const auto near = [&](double x, double y) { return std::abs(x - y) < same_s; };
  return std::equal(a.spans.begin(), a.spans.end(), b.spans.begin(), b.spans.end(),
                    [&](const TimelineSpan& x, const TimelineSpan& y) {
                      return x.stream == y.stream && x.activity == y.activity &&
                             x.microbatch == y.microbatch && x.chunk == y.chunk &&
                             near(x.start_s, y.start_s) && near(x.end_s, y.end_s);
                    }) &&
         std::equal(a.memory.begin(), a.memory.end(), b.memory.begin(), b.memory.end(),
                    [&](const MemoryStep& x, const MemoryStep& y) {
                      return near(x.time_s, y.time_s) && std::abs(x.bytes - y.bytes) < kSameBytes;
                    });
}

/// When messages leave a stage replica, by what they are and of which microbatch.
using Messages = std::multimap<std::pair<Activity, int>, const TimelineSpan*>;

/// By (pipeline, stage, replica).
using MessagesByTrack = std::map<std::tuple<int, int, int>, Messages>;

MessagesByTrack messages_of(const Timeline& timeline) {
  MessagesByTrack out;
  for (const TimelineSpan& span : timeline.spans) {
    if (span.activity != Activity::kSendActivation && span.activity != Activity::kSendGradient) {
      continue;
    }
    const TimelineTrack& track = timeline.tracks[static_cast<std::size_t>(span.track)];
    out[{track.pipeline, track.stage, track.replica}].emplace(
        std::pair(span.activity, span.microbatch), &span);
  }
  return out;
}

class Gaps {
 public:
  explicit Gaps(const Timeline& timeline) : timeline_(timeline), messages_(messages_of(timeline)) {
    for (const TimelineTrack& track : timeline.tracks) {
      int& stages = stages_[track.pipeline];
      stages = std::max(stages, track.stage + 1);
    }
  }

  std::vector<ExposedTime> exposed(const TimelineTrack& track, const Track& what) const {
    std::vector<ExposedTime> found;
    double computed_s = 0;
    for (const TimelineSpan& span : what.spans) {
      if (span.stream != Stream::kCompute) continue;
      if (span.start_s > computed_s) {
        add_gap(computed_s, span.start_s, what, found);
        const double sent_s = message_start(track, span, computed_s);
        if (sent_s < span.start_s) found.push_back({std::max(sent_s, computed_s), span.start_s});
      }
      computed_s = std::max(computed_s, span.end_s);
    }
    if (timeline_.end_s > computed_s) add_gap(computed_s, timeline_.end_s, what, found);
    return merged(std::move(found));
  }

 private:
  /// What of a gap the track itself spends with sending and synchronising.
  static void add_gap(double from_s, double to_s, const Track& what,
                      std::vector<ExposedTime>& found) {
    for (const Stream stream : {Stream::kSend, Stream::kSync}) {
      const auto begin =
          std::partition_point(what.spans.begin(), what.spans.end(), [&](const TimelineSpan& span) {
            return std::tie(span.stream, span.end_s) <= std::tie(stream, from_s);
          });
      for (auto at = begin; at != what.spans.end() && at->stream == stream && at->start_s < to_s;
           ++at) {
        found.push_back({std::max(at->start_s, from_s), std::min(at->end_s, to_s)});
      }
    }
  }

  /// When the message that `next` waits for was begun to be sent: the last one of its microbatch
  /// that arrives after the gap began; next.start_s where there is none.
  double message_start(const TimelineTrack& track, const TimelineSpan& next, double from_s) const {
    const bool forward = next.activity == Activity::kForward;
    const bool backward =
        next.activity == Activity::kBackward || next.activity == Activity::kBackwardInput;
    if (!forward && !backward) return next.start_s;
    const Activity message = forward ? Activity::kSendActivation : Activity::kSendGradient;
    const int stages = stages_.at(track.pipeline);
    const int neighbour = (track.stage + (forward ? stages - 1 : 1)) % stages;
    const auto sender = messages_.find({track.pipeline, neighbour, track.replica});
    if (sender == messages_.end()) return next.start_s;
    const TimelineSpan* last = nullptr;
    const auto [begin, end] = sender->second.equal_range({message, next.microbatch});
    // A message may end a rounding error after the computation that it lets begin.
    const double latest_s = next.start_s * (1 + 1e-9);
    for (auto at = begin; at != end; ++at) {
      const TimelineSpan* span = at->second;
      const bool arrives = span->end_s > from_s && span->end_s <= latest_s;
      if (arrives && (last == nullptr || span->end_s > last->end_s)) last = span;
    }
    return last == nullptr ? next.start_s : last->start_s;
  }

  static std::vector<ExposedTime> merged(std::vector<ExposedTime> found) {
    std::sort(found.begin(), found.end(), [](const ExposedTime& a, const ExposedTime& b) {
      return std::tie(a.start_s, a.end_s) < std::tie(b.start_s, b.end_s);
    });
    std::vector<ExposedTime> out;
    for (const ExposedTime& time : found) {
      if (time.end_s <= time.start_s) continue;
      if (!out.empty() && time.start_s <= out.back().end_s) {
        out.back().end_s = std::max(out.back().end_s, time.end_s);
      } else {
        out.push_back(time);
      }
    }
    return out;
  }

  const Timeline& timeline_;
  MessagesByTrack messages_;
  std::map<int, int> stages_;  ///< by pipeline
};

/// "0", "0-31", "0-3, 8".
std::string ranges(const std::set<int>& numbers) {
  std::string text;
  for (auto at = numbers.begin(); at != numbers.end();) {
    const int first = *at;
    int last = first;
    for (++at; at != numbers.end() && *at == last + 1; ++at) last = *at;
    text += (text.empty() ? "" : ", ") +
            (first == last ? std::to_string(first) : fmt::format("{}-{}", first, last));
  }
  return text;
}

std::string named(const char* noun, const std::set<int>& numbers) {
  return fmt::format("{}{} {}", noun, numbers.size() == 1 ? "" : "s", ranges(numbers));
}

}  // namespace

std::vector<TimelineRow> timeline_rows(const Timeline& timeline, double same_s,
                                       const std::vector<std::string>& labels) {
  const std::vector<Track> tracks = tracks_of(timeline);
  const Gaps gaps(timeline);
  std::vector<std::size_t> order(tracks.size());
  for (std::size_t t = 0; t < order.size(); ++t) order[t] = t;
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const TimelineTrack &x = timeline.tracks[a], &y = timeline.tracks[b];
    return std::tie(x.pipeline, x.stage, x.replica) < std::tie(y.pipeline, y.stage, y.replica);
  });
  std::vector<TimelineRow> rows;
  std::vector<std::size_t> firsts;             // by row: its first track
  std::map<int, std::vector<std::size_t>> of;  // rows by stage
  for (const std::size_t t : order) {
    const TimelineTrack& track = timeline.tracks[t];
    std::vector<std::size_t>& candidates = of[track.stage];
    const auto found = std::find_if(candidates.begin(), candidates.end(), [&](std::size_t row) {
      return (labels.empty() || labels[firsts[row]] == labels[t]) &&
             same(tracks[firsts[row]], tracks[t], same_s);
    });
    if (found != candidates.end()) {
      rows[*found].tracks.push_back(track);
      continue;
    }
    candidates.push_back(rows.size());
    firsts.push_back(t);
    rows.push_back({{track}, tracks[t].spans, tracks[t].memory, gaps.exposed(track, tracks[t])});
  }
  return rows;
}

std::string name_of(const TimelineRow& row, const Timeline& timeline) {
  std::set<int> pipelines, replicas;
  for (const TimelineTrack& track : row.tracks) {
    pipelines.insert(track.pipeline);
    replicas.insert(track.replica);
  }
  bool several_pipelines = false, several_replicas = false;
  for (const TimelineTrack& track : timeline.tracks) {
    several_pipelines |= track.pipeline != timeline.tracks.front().pipeline;
    several_replicas |=
        track.stage == row.tracks.front().stage && track.replica != row.tracks.front().replica;
  }
  std::string text;
  if (several_pipelines) text = named("pipeline", pipelines) + ", ";
  text += fmt::format("stage {}", row.tracks.front().stage);
  if (several_replicas) text += ", " + named("replica", replicas);
  return text;
}

}  // namespace sextant
