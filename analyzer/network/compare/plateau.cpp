#include "analyzer/network/compare/plateau.h"

#include <algorithm>
#include <vector>

#include "analyzer/core/error.h"
#include "analyzer/network/compare/robust_statistics.h"

namespace sextant {

std::string_view to_string(Plateau::Shape shape) {
  switch (shape) {
    case Plateau::Shape::kFlat:
      return "flat";
    case Plateau::Shape::kRising:
      return "rising";
    case Plateau::Shape::kFalling:
      return "falling";
  }
  throw Error(ErrorCode::kInternal, "a plateau's shape without a name");
}

Plateau plateau_of(const Sweep& sweep) {
  // Four doublings: enough for a median, and short of where latency still shows on any link that
  // is measured up to sizes for which its bandwidth matters.
  constexpr double kFactor = 16;
  constexpr double kWithin = 0.9;
  if (sweep.points.empty()) throw Error(ErrorCode::kInternal, "a plateau of no points");
  const double largest = sweep.points.back().bytes;
  double best = 0;
  for (const BandwidthPoint& point : sweep.points) {
    if (point.bytes * kFactor >= largest) best = std::max(best, sweep.bus_bandwidth(point));
  }
  Plateau out;
  std::vector<double> values;
  for (const BandwidthPoint& point : sweep.points) {
    const double value = sweep.bus_bandwidth(point);
    if (point.bytes * kFactor < largest || value < kWithin * best) continue;
    if (values.empty()) out.from_bytes = point.bytes;
    out.to_bytes = point.bytes;
    values.push_back(value);
  }
  out.points = values.size();
  out.bytes_per_s = median_of(values);
  if (out.to_bytes < largest) {
    out.shape = Plateau::Shape::kFalling;
  } else if (values.size() == 1 && sweep.points.size() > 1) {
    out.shape = Plateau::Shape::kRising;
  }
  return out;
}

}  // namespace sextant
