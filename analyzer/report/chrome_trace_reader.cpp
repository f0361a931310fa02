#include "analyzer/report/chrome_trace_reader.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <tuple>

namespace sextant {

namespace {

constexpr std::array kActivities = {Activity::kForward,        Activity::kBackward,
                                    Activity::kBackwardInput,  Activity::kBackwardWeight,
                                    Activity::kSendActivation, Activity::kSendGradient,
                                    Activity::kSync,           Activity::kUpdate};
constexpr std::array kStreams = {Stream::kCompute, Stream::kSend, Stream::kSync};

constexpr std::int64_t kMostTracks = 1'000'000;

/// "pipeline 0 stage 1 replica 2".
TimelineTrack track_of(const JsonNode& name) {
  const std::string& text = name.string();
  TimelineTrack track;
  const char* at = text.data();
  const char* end = at + text.size();
  const auto read = [&](std::string_view word, int& value) {
    if (!std::string_view(at, end).starts_with(word)) return false;
    const auto parsed = std::from_chars(at + word.size(), end, value);
    at = parsed.ptr;
    return parsed.ec == std::errc() && value >= 0;
  };
  if (!read("pipeline ", track.pipeline) || !read(" stage ", track.stage) ||
      !read(" replica ", track.replica) || at != end) {
    name.fail("\"pipeline N stage N replica N\"");
  }
  return track;
}

class Reader {
 public:
  RecordedTimeline read(const JsonNode& root) {
    for (const auto& [key, node] : root.at("otherData").members()) {
      recorded_.about[key] = node.string();
    }
    const std::vector<JsonNode> events = root.at("traceEvents").elements();
    for (const JsonNode& event : events) {
      if (event.at("ph").string() == "M") metadata(event);
    }
    for (const JsonNode& event : events) {
      if (event.at("ph").string() == "X") span(event);
      if (event.at("ph").string() == "C") memory(event);
    }
    Timeline& timeline = recorded_.timeline;
    if (timeline.spans.empty()) root.at("traceEvents").fail("events of an iteration", "none");
    std::stable_sort(timeline.memory.begin(), timeline.memory.end(),
                     [](const MemoryStep& a, const MemoryStep& b) {
                       return std::tie(a.track, a.time_s) < std::tie(b.track, b.time_s);
                     });
    if (!(timeline.end_s > 0)) root.at("traceEvents").fail("events that take time");
    return std::move(recorded_);
  }

 private:
  void metadata(const JsonNode& event) {
    if (event.at("name").string() != "process_name") return;
    const std::int64_t process = event.at("pid").integer(1, kMostTracks);
    const TimelineTrack track = track_of(event.at("args").at("name"));
    const int index = static_cast<int>(recorded_.timeline.tracks.size());
    if (!tracks_.emplace(process, index).second) event.at("pid").fail("a process named once");
    recorded_.timeline.tracks.push_back(track);
  }

  int track(const JsonNode& event) const {
    const JsonNode process = event.at("pid");
    const auto found = tracks_.find(process.integer(1, kMostTracks));
    if (found == tracks_.end()) process.fail("a process with a process_name");
    return found->second;
  }

  void span(const JsonNode& event) {
    TimelineSpan span;
    span.track = track(event);
    span.stream = kStreams[static_cast<std::size_t>(
        event.at("tid").integer(1, static_cast<std::int64_t>(kStreams.size())) - 1)];
    std::array<std::string_view, kActivities.size()> names;
    for (std::size_t a = 0; a < names.size(); ++a) names[a] = to_string(kActivities[a]);
    span.activity = kActivities[event.at("cat").one_of(names)];
    span.start_s = event.at("ts").non_negative() / 1e6;
    span.end_s = span.start_s + event.at("dur").non_negative() / 1e6;
    if (const auto arguments = event.find("args")) {
      if (const auto microbatch = arguments->find("microbatch")) {
        span.microbatch = static_cast<int>(microbatch->integer(0, 1 << 30));
      }
      if (const auto chunk = arguments->find("chunk")) {
        span.chunk = static_cast<int>(chunk->integer(0, 1 << 20));
      }
    }
    recorded_.timeline.end_s = std::max(recorded_.timeline.end_s, span.end_s);
    recorded_.timeline.spans.push_back(span);
  }

  void memory(const JsonNode& event) {
    recorded_.timeline.memory.push_back({track(event), event.at("ts").non_negative() / 1e6,
                                         event.at("args").at("bytes").non_negative()});
  }

  RecordedTimeline recorded_;
  std::map<std::int64_t, int> tracks_;  ///< by process
};

}  // namespace

RecordedTimeline read_chrome_trace(const JsonNode& root) {
  return Reader().read(root);
}

}  // namespace sextant
