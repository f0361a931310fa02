#include "analyzer/report/html/timeline_data.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <tuple>

#include "analyzer/core/error.h"
#include "analyzer/report/timeline_rows.h"

namespace sextant {

namespace {

constexpr double kMib = 1 << 20;

/// Counts of times: short numbers, finer than any screen zoomed a thousand times.
class Clock {
 public:
  explicit Clock(double end_s) : exponent_(static_cast<int>(std::floor(std::log10(end_s))) - 6) {}
  double unit_s() const { return std::pow(10.0, exponent_); }
  std::int64_t count(double seconds) const { return std::llround(seconds / unit_s()); }

 private:
  int exponent_;
};

/// Spans of one stream that differ in nothing but their microbatch and time.
using GroupKey = std::tuple<Stream, Activity, int>;
using Group = std::vector<const TimelineSpan*>;

/// Their microbatches: "first" where they count up or are of none, else one by one.
void add_microbatches(OrderedJson& out, const Group& group) {
  bool ascend = true, none = true;
  for (std::size_t i = 0; i < group.size(); ++i) {
    ascend &= group[i]->microbatch == group[0]->microbatch + static_cast<int>(i);
    none &= group[i]->microbatch < 0;
  }
  if (none) return;
  if (ascend) {
    out["first"] = group[0]->microbatch;
    return;
  }
  for (const TimelineSpan* span : group) out["microbatches"].push_back(span->microbatch);
}

OrderedJson group_json(const GroupKey& key, const Group& group, const Clock& clock) {
  OrderedJson out = {{"stream", static_cast<int>(std::get<Stream>(key))},
                     {"activity", static_cast<int>(std::get<Activity>(key))}};
  if (std::get<int>(key) != 0) out["chunk"] = std::get<int>(key);
  add_microbatches(out, group);
  std::vector<std::int64_t> lasts;
  std::int64_t before = 0;
  for (const TimelineSpan* span : group) {
    const std::int64_t start = clock.count(span->start_s);
    out["starts"].push_back(start - before);
    lasts.push_back(clock.count(span->end_s) - start);
    before = start;
  }
  const auto [least, most] = std::minmax_element(lasts.begin(), lasts.end());
  // Rounded at both ends, equal spans differ by one.
  if (*most - *least <= 1) {
    out["lasts"] = *least;
  } else {
    out["lasts"] = lasts;
  }
  return out;
}

OrderedJson groups_json(const TimelineRow& row, const Clock& clock) {
  std::map<GroupKey, Group> groups;
  for (const TimelineSpan& span : row.spans) {
    groups[{span.stream, span.activity, span.chunk}].push_back(&span);
  }
  OrderedJson out = OrderedJson::array();
  for (const auto& [key, group] : groups) out.push_back(group_json(key, group, clock));
  return out;
}

OrderedJson exposed_json(const TimelineRow& row, const Clock& clock) {
  OrderedJson out = OrderedJson::array();
  std::int64_t before = 0;
  for (const ExposedTime& time : row.exposed) {
    const std::int64_t start = clock.count(time.start_s), end = clock.count(time.end_s);
    if (end <= start) continue;
    out.push_back(start - before);
    out.push_back(end - start);
    before = start;
  }
  return out;
}

OrderedJson memory_json(const TimelineRow& row, const Clock& clock) {
  OrderedJson out = OrderedJson::array();
  std::int64_t before = 0, held = 0;
  for (const MemoryStep& step : row.memory) {
    const std::int64_t at = clock.count(step.time_s), mib = std::llround(step.bytes / kMib);
    if (!out.empty() && mib == held) continue;
    out.push_back(at - before);
    out.push_back(mib - held);
    before = at;
    held = mib;
  }
  return out;
}

}  // namespace

OrderedJson timeline_data(const TimelineFigure& figure) {
  const Timeline& timeline = figure.timeline;
  if (!(timeline.end_s > 0) || !std::isfinite(timeline.end_s)) {
    throw Error(ErrorCode::kInternal, "a timeline without an end");
  }
  const Clock clock(timeline.end_s);
  OrderedJson out = {{"unit_s", clock.unit_s()},
                     {"end", clock.count(timeline.end_s)},
                     {"evidence", figure.evidence},
                     {"caption", figure.caption}};
  for (const Stream stream : {Stream::kCompute, Stream::kSend, Stream::kSync}) {
    out["streams"].push_back(to_string(stream));
  }
  for (int a = 0; a <= static_cast<int>(Activity::kUpdate); ++a) {
    out["activities"].push_back(to_string(static_cast<Activity>(a)));
  }
  std::map<std::tuple<int, int, int>, std::size_t> index;
  for (std::size_t t = 0; t < timeline.tracks.size(); ++t) {
    const TimelineTrack& track = timeline.tracks[t];
    index[{track.pipeline, track.stage, track.replica}] = t;
  }
  out["rows"] = OrderedJson::array();
  for (const TimelineRow& row : timeline_rows(timeline, clock.unit_s(), figure.notes)) {
    const TimelineTrack& first = row.tracks.front();
    const std::size_t t = index.at({first.pipeline, first.stage, first.replica});
    OrderedJson json = {{"name", name_of(row, timeline)}, {"times", row.tracks.size()}};
    if (!figure.notes.empty()) json["note"] = figure.notes[t];
    if (!figure.capacity_bytes.empty() && figure.capacity_bytes[t] > 0) {
      json["capacity_mib"] = std::llround(figure.capacity_bytes[t] / kMib);
    }
    json["groups"] = groups_json(row, clock);
    json["exposed"] = exposed_json(row, clock);
    json["memory"] = memory_json(row, clock);
    out["rows"].push_back(std::move(json));
  }
  return out;
}

}  // namespace sextant
