#include "analyzer/report/views/measured_sizes.h"

#include <algorithm>
#include <map>
#include <tuple>

#include <fmt/format.h>

#include "analyzer/core/quantile.h"

namespace sextant {

namespace {

SweepClass class_of(const Sweep& sweep) {
  SweepClass out;
  out.op = sweep.op;
  out.level = sweep.level;
  out.gpu = sweep.gpu;
  out.from_zone = sweep.from_zone;
  out.to_zone = sweep.to_zone;
  out.count = is_collective(sweep.op) ? sweep.world_size : sweep.senders();
  out.pattern = sweep.pattern;
  out.dtype = sweep.dtype;
  out.in_place = sweep.in_place;
  return out;
}

auto tied(const SweepClass& one) {
  return std::tie(one.op, one.level, one.gpu, one.from_zone, one.to_zone, one.count, one.pattern,
                  one.dtype, one.in_place);
}

}  // namespace

std::string SweepClass::text() const {
  const std::string type = gpu.empty() ? "mixed types" : gpu;
  std::string out;
  if (is_collective(op) || pattern == SweepPattern::kRing) {
    out = fmt::format("{} ranks of {}", sweeps.empty() ? count : sweeps.front()->world_size, type);
    if (pattern == SweepPattern::kRing) out = "ring of " + out;
  } else if (pattern == SweepPattern::kHalves) {
    out = fmt::format("{} senders of {}", count, type);
  } else {
    out = sweeps.size() > 1 ? fmt::format("{} pairs of {}", sweeps.size(), type)
                            : fmt::format("{}", type);
  }
  if (!from_zone.empty()) out += fmt::format(", {} to {}", from_zone, to_zone);
  if (!dtype.empty()) out += ", " + dtype;
  return in_place ? out + ", in place" : out;
}

std::vector<SweepClass> sweep_classes(const BandwidthDocument& document) {
  std::vector<SweepClass> classes;
  for (const Sweep& sweep : document.sweeps) {
    if (sweep.points.empty()) continue;
    SweepClass own = class_of(sweep);
    auto found = std::find_if(classes.begin(), classes.end(),
                              [&](const SweepClass& one) { return tied(one) == tied(own); });
    if (found == classes.end()) found = classes.insert(classes.end(), std::move(own));
    found->sweeps.push_back(&sweep);
  }
  return classes;
}

std::vector<MeasuredSize> measured_sizes(const SweepClass& of) {
  struct Samples {
    std::vector<double> times_s;
    const Sweep* sweep = nullptr;
    const BandwidthPoint* point = nullptr;
  };
  std::map<double, Samples> by_bytes;
  for (const Sweep* sweep : of.sweeps) {
    for (const BandwidthPoint& point : sweep->points) {
      if (!(point.time.median_s > 0)) continue;
      Samples& samples = by_bytes[point.bytes];
      samples.times_s.push_back(point.time.median_s);
      samples.sweep = sweep;
      samples.point = &point;
    }
  }
  std::vector<MeasuredSize> out;
  for (const auto& [bytes, samples] : by_bytes) {
    MeasuredSize size{.bytes = bytes, .time_s = median_of(samples.times_s)};
    const auto [least, most] = std::minmax_element(samples.times_s.begin(), samples.times_s.end());
    const TimeSummary& one = samples.point->time;
    size.low_s = samples.times_s.size() > 1 ? *least : one.p10_s;
    size.high_s = samples.times_s.size() > 1 ? *most : one.p90_s;
    // Bandwidths of one class differ from each other only by their times.
    size.bus_bytes_per_s =
        samples.sweep->bus_bandwidth(*samples.point) * one.median_s / size.time_s;
    out.push_back(size);
  }
  return out;
}

}  // namespace sextant
