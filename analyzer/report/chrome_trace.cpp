#include "analyzer/report/chrome_trace.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <set>
#include <tuple>
#include <vector>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/json_document.h"

namespace sextant {

namespace {

/// Process 0 means "idle" to Perfetto, so that ours count from 1; threads alike.
int process_id(int track) {
  return track + 1;
}
int thread_id(Stream stream) {
  return static_cast<int>(stream) + 1;
}

[[noreturn]] void refuse(const std::string& what) {
  throw Error(ErrorCode::kInternal, "the timeline contradicts itself: " + what);
}

std::string track_name(const TimelineTrack& track) {
  return fmt::format("pipeline {} stage {} replica {}", track.pipeline, track.stage, track.replica);
}

std::int64_t nanoseconds(double seconds) {
  return std::llround(seconds * 1e9);
}

double microseconds(std::int64_t nanoseconds) {
  return static_cast<double>(nanoseconds) / 1e3;
}

struct Event {
  int track;
  Stream stream;
  std::int64_t start_ns;
  std::int64_t end_ns;
  const TimelineSpan* span;
};

std::string name_of(const TimelineSpan& span) {
  return span.microbatch < 0 ? std::string(to_string(span.activity))
                             : fmt::format("{} {}", to_string(span.activity), span.microbatch);
}

std::string place_of(const Timeline& timeline, const Event& event) {
  return fmt::format("{} on stream {} of {}", name_of(*event.span), to_string(event.stream),
                     track_name(timeline.tracks[static_cast<std::size_t>(event.track)]));
}

/// By track, stream and time. What is checked is what is written: rounding keeps the order of
/// times, so that it makes no overlap where there is none.
std::vector<Event> checked_events(const Timeline& timeline) {
  const int tracks = static_cast<int>(timeline.tracks.size());
  std::vector<Event> events;
  events.reserve(timeline.spans.size());
  for (const TimelineSpan& span : timeline.spans) {
    if (span.track < 0 || span.track >= tracks) {
      refuse(fmt::format("a span of track {}, of {}", span.track, tracks));
    }
    const Event event{span.track, span.stream, 0, 0, &span};
    // Negated, so that a NaN is refused too.
    if (!(span.start_s >= 0 && span.end_s >= span.start_s && std::isfinite(span.end_s))) {
      refuse(fmt::format("{} goes from {} s to {} s", place_of(timeline, event), span.start_s,
                         span.end_s));
    }
    events.push_back(event);
    events.back().start_ns = nanoseconds(span.start_s);
    events.back().end_ns = nanoseconds(span.end_s);
  }
  std::stable_sort(events.begin(), events.end(), [](const Event& a, const Event& b) {
    return std::tie(a.track, a.stream, a.start_ns, a.end_ns) <
           std::tie(b.track, b.stream, b.start_ns, b.end_ns);
  });
  for (std::size_t i = 1; i < events.size(); ++i) {
    const Event& before = events[i - 1];
    const Event& event = events[i];
    if (event.track != before.track || event.stream != before.stream) continue;
    if (event.start_ns < before.end_ns) {
      refuse(fmt::format("{} starts at {} s, before {} ends at {} s", place_of(timeline, event),
                         event.span->start_s, name_of(*before.span), before.span->end_s));
    }
  }
  return events;
}

void check_memory(const Timeline& timeline) {
  const MemoryStep* before = nullptr;
  for (const MemoryStep& step : timeline.memory) {
    if (step.track < 0 || step.track >= static_cast<int>(timeline.tracks.size())) {
      refuse(fmt::format("memory of track {}, of {}", step.track, timeline.tracks.size()));
    }
    if (!(step.time_s >= 0 && step.bytes >= 0 && std::isfinite(step.time_s + step.bytes))) {
      refuse(fmt::format("{} bytes at {} s", step.bytes, step.time_s));
    }
    if (before != nullptr &&
        std::tie(step.track, step.time_s) < std::tie(before->track, before->time_s)) {
      refuse(fmt::format("memory of track {} at {} s after that of track {} at {} s", step.track,
                         step.time_s, before->track, before->time_s));
    }
    before = &step;
  }
}

OrderedJson metadata(const char* name, int process, OrderedJson arguments) {
  return {{"ph", "M"}, {"name", name}, {"pid", process}, {"args", std::move(arguments)}};
}

/// Names of processes and threads, and the order in which they are shown.
std::vector<OrderedJson> metadata_of(const Timeline& timeline, const std::vector<Event>& events) {
  std::set<std::pair<int, Stream>> streams;
  for (const Event& event : events) streams.emplace(event.track, event.stream);
  std::vector<OrderedJson> out;
  for (std::size_t t = 0; t < timeline.tracks.size(); ++t) {
    const int process = process_id(static_cast<int>(t));
    out.push_back(metadata("process_name", process, {{"name", track_name(timeline.tracks[t])}}));
    out.push_back(metadata("process_sort_index", process, {{"sort_index", t}}));
  }
  for (const auto& [track, stream] : streams) {
    for (OrderedJson event :
         {metadata("thread_name", process_id(track), {{"name", to_string(stream)}}),
          metadata("thread_sort_index", process_id(track), {{"sort_index", thread_id(stream)}})}) {
      event["tid"] = thread_id(stream);
      out.push_back(std::move(event));
    }
  }
  return out;
}

OrderedJson to_json(const Event& event) {
  OrderedJson out = {{"ph", "X"},
                     {"name", name_of(*event.span)},
                     {"cat", to_string(event.span->activity)},
                     {"pid", process_id(event.track)},
                     {"tid", thread_id(event.stream)},
                     {"ts", microseconds(event.start_ns)},
                     {"dur", microseconds(event.end_ns - event.start_ns)}};
  if (event.span->microbatch >= 0) {
    out["args"] = {{"microbatch", event.span->microbatch}, {"chunk", event.span->chunk}};
  }
  return out;
}

OrderedJson to_json(const MemoryStep& step) {
  return {{"ph", "C"},
          {"name", "memory"},
          {"pid", process_id(step.track)},
          {"ts", microseconds(nanoseconds(step.time_s))},
          {"args", {{"bytes", bytes_json(step.bytes)}}}};
}

}  // namespace

std::string chrome_trace(const Timeline& timeline,
                         const std::map<std::string, std::string>& about) {
  const std::vector<Event> events = checked_events(timeline);
  check_memory(timeline);
  // One event a line: a file of a hundred thousand of them stays half as long, and compares well.
  std::string text =
      fmt::format("{{\n\"schema\": \"{}\",\n\"displayTimeUnit\": \"ms\",\n", schema_id("timeline"));
  text += fmt::format("\"otherData\": {},\n\"traceEvents\": [", OrderedJson(about).dump());
  const char* separator = "\n";
  const auto append = [&](const OrderedJson& event) {
    text += separator + event.dump();
    separator = ",\n";
  };
  for (const OrderedJson& event : metadata_of(timeline, events)) append(event);
  for (const Event& event : events) append(to_json(event));
  for (const MemoryStep& step : timeline.memory) append(to_json(step));
  return text + "\n]\n}\n";
}

}  // namespace sextant
