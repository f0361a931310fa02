#include "analyzer/profile/profile_grid.h"

#include <set>

#include <fmt/format.h>

#include "analyzer/core/error.h"

namespace sextant {

std::vector<PointKey> grid_holes(const ModelProfile& profile, std::string_view gpu) {
  std::set<int> degrees;
  for (const auto& [key, point] : profile.points) {
    if (key.gpu == gpu) degrees.insert(key.tp);
  }
  std::vector<PointKey> holes;
  for (const int tp : degrees) {
    for (const int microbatch : profile.microbatches(gpu)) {
      if (profile.find(gpu, tp, microbatch) == nullptr) {
        holes.push_back(PointKey{std::string(gpu), tp, microbatch});
      }
    }
  }
  return holes;
}

std::string describe_holes(const std::vector<PointKey>& holes) {
  std::string out;
  int tp = 0;
  for (const PointKey& hole : holes) {
    if (hole.tp != tp) {
      out += fmt::format("{}tp {} at microbatch ", out.empty() ? "" : "; ", hole.tp);
      tp = hole.tp;
    } else {
      out += ", ";
    }
    out += std::to_string(hole.microbatch);
  }
  return out;
}

LookedUpPoint look_up(const ModelProfile& profile, std::string_view gpu, int tp, int microbatch) {
  if (const ProfilePoint* point = profile.find(gpu, tp, microbatch)) return {*point, false, ""};
  int below = 0;
  int above = 0;
  for (const int measured : profile.microbatches(gpu)) {
    if (profile.find(gpu, tp, measured) == nullptr) continue;
    if (measured < microbatch) below = measured;
    if (measured > microbatch && above == 0) above = measured;
  }
  if (below == 0 || above == 0) {
    try {
      profile.at(gpu, tp, microbatch);
    } catch (Error& error) {
      throw Error(error.code(), error.message() + "; nothing is extrapolated beyond them");
    }
  }
  const ProfilePoint& low = profile.at(gpu, tp, below);
  const ProfilePoint& high = profile.at(gpu, tp, above);
  const double weight = static_cast<double>(microbatch - below) / (above - below);
  LookedUpPoint out;
  out.interpolated = true;
  out.note = fmt::format("interpolated between microbatch {} and {}", below, above);
  out.point.evidence = weaker(low.evidence, high.evidence);
  out.point.source = low.source == high.source ? low.source : low.source + " and " + high.source;
  const auto between = [&](double a, double b) { return a + weight * (b - a); };
  for (std::size_t l = 0; l < low.layers.size(); ++l) {
    const LayerTime& a = low.layers[l];
    const LayerTime& b = high.layers[l];
    out.point.layers.push_back({between(a.forward_s, b.forward_s),
                                between(a.backward_s, b.backward_s),
                                between(a.update_s, b.update_s)});
  }
  return out;
}

}  // namespace sextant
