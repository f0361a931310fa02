#include "analyzer/network/compare/link_matrix.h"

#include <algorithm>
#include <map>
#include <tuple>

#include <fmt/format.h>

#include "analyzer/network/compare/robust_statistics.h"

namespace sextant {

namespace {

bool is_pair(const Sweep& sweep) {
  return sweep.op == CommunicationOp::kSendRecv && sweep.ranks.size() == 2 &&
         sweep.ranks[0] != sweep.ranks[1] && sweep.world_size == 2;
}

std::string gpu_of(const BandwidthDocument& document, const Sweep& sweep, std::size_t end) {
  const auto rank = static_cast<std::size_t>(sweep.ranks[end]);
  return rank < document.ranks.size() ? document.ranks[rank].gpu : sweep.gpu;
}

std::string path_of(const BandwidthDocument& document, const Sweep& sweep) {
  for (const PairTopology& pair : document.topology) {
    const bool there = pair.a == sweep.ranks[0] && pair.b == sweep.ranks[1];
    const bool back = pair.b == sweep.ranks[0] && pair.a == sweep.ranks[1];
    if (there || back) return pair.path;
  }
  return "";
}

using ClassKey = std::tuple<LinkLevel, bool, std::string, std::string, std::string, std::string,
                            std::string, std::string, bool>;

ClassKey key_of(const BandwidthDocument& document, const Sweep& sweep) {
  std::string a = gpu_of(document, sweep, 0);
  std::string b = gpu_of(document, sweep, 1);
  if (b < a) std::swap(a, b);
  return {sweep.level,
          sweep.pattern == SweepPattern::kPair,
          a,
          b,
          path_of(document, sweep),
          sweep.from_zone,
          sweep.to_zone,
          sweep.dtype,
          sweep.in_place};
}

std::string name_of(const ClassKey& key) {
  const auto& [level, directed, a, b, path, from, to, dtype, in_place] = key;
  std::string name{to_string(level)};
  if (!path.empty()) name += " over " + path;
  if (!from.empty()) name += fmt::format(" {} to {}", from, to);
  if (!a.empty()) name += ", " + (a == b ? a : a + " and " + b);
  if (!dtype.empty()) name += ", " + dtype;
  if (in_place) name += ", in place";
  return directed ? name : name + ", both ways at once";
}

/// The size that most sweeps of the class end with; the larger of two that are as frequent.
double usual_largest(const BandwidthDocument& document, const std::vector<std::size_t>& sweeps) {
  std::map<double, int> counts;
  for (const std::size_t index : sweeps) {
    const Sweep& sweep = document.sweeps[index];
    if (!sweep.points.empty()) ++counts[sweep.points.back().bytes];
  }
  double best = 0;
  int most = 0;
  for (const auto& [bytes, count] : counts) {
    if (count >= most) {
      best = bytes;
      most = count;
    }
  }
  return best;
}

LinkMatrix matrix_of(const BandwidthDocument& document, const ClassKey& key,
                     const std::vector<std::size_t>& sweeps) {
  constexpr double kFactor = 16;
  LinkMatrix matrix;
  matrix.name = name_of(key);
  matrix.both_ways = !std::get<1>(key);
  matrix.level = std::get<0>(key);
  const double largest = usual_largest(document, sweeps);
  for (const std::size_t index : sweeps) {
    const Sweep& sweep = document.sweeps[index];
    std::vector<double> values;
    bool reaches = false;
    for (const BandwidthPoint& point : sweep.points) {
      if (point.bytes > largest || point.bytes * kFactor < largest) continue;
      values.push_back(sweep.bus_bandwidth(point));
      reaches = reaches || point.bytes == largest;
    }
    if (!reaches) {
      std::string why = sweep.failures.empty()
                            ? fmt::format("not measured at {:.0f} bytes", largest)
                            : sweep.failures.front().reason;
      matrix.left_out.push_back(
          fmt::format("{} to {}: {}", sweep.ranks[0], sweep.ranks[1], std::move(why)));
      continue;
    }
    matrix.links.push_back({sweep.ranks[0], sweep.ranks[1], median_of(std::move(values))});
    matrix.sweeps.push_back(index);
  }
  return matrix;
}

}  // namespace

std::vector<LinkMatrix> link_matrices(const BandwidthDocument& document) {
  std::map<ClassKey, std::vector<std::size_t>> classes;
  for (std::size_t i = 0; i < document.sweeps.size(); ++i) {
    const Sweep& sweep = document.sweeps[i];
    if (is_pair(sweep)) classes[key_of(document, sweep)].push_back(i);
  }
  std::vector<LinkMatrix> out;
  for (const auto& [key, sweeps] : classes) {
    if (sweeps.size() > 1) out.push_back(matrix_of(document, key, sweeps));
  }
  return out;
}

}  // namespace sextant
