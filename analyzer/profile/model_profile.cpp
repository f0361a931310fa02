#include "analyzer/profile/model_profile.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"

namespace sextant {

const ProfilePoint* ModelProfile::find(std::string_view gpu, int tp, int microbatch) const {
  const auto found = points.find(PointKey{std::string(gpu), tp, microbatch});
  return found == points.end() ? nullptr : &found->second;
}

const ProfilePoint& ModelProfile::at(std::string_view gpu, int tp, int microbatch) const {
  if (const ProfilePoint* point = find(gpu, tp, microbatch)) return *point;
  const std::vector<std::string> known = gpus();
  if (std::find(known.begin(), known.end(), gpu) == known.end()) {
    const std::string near = nearest_name(gpu, known);
    throw_bad_input(
        fmt::format("no profile of {} ({}) on GPU type {}; there are {}{}", quote(model), variant,
                    quote(gpu), known.empty() ? "none" : fmt::format("{}", fmt::join(known, ", ")),
                    near.empty() ? "" : fmt::format("; did you mean {}?", quote(near))));
  }
  std::vector<std::string> there;
  for (const auto& [key, point] : points) {
    if (key.gpu == gpu) there.push_back(fmt::format("({}, {})", key.tp, key.microbatch));
  }
  throw_bad_input(fmt::format(
      "the profile of {} ({}) on {} has no point at tensor degree {}, microbatch {}; measured "
      "(tp, microbatch): {}",
      quote(model), variant, gpu, tp, microbatch, fmt::join(there, ", ")));
}

const std::vector<LayerMemory>& ModelProfile::memory_at(int tp) const {
  if (const auto found = memory.find(tp); found != memory.end()) return found->second;
  std::vector<int> there;
  for (const auto& [degree, layers] : memory) there.push_back(degree);
  throw_bad_input(
      fmt::format("the profile of {} ({}) has no memory table for tensor degree {}; there are {}",
                  quote(model), variant, tp,
                  there.empty() ? std::string("none") : fmt::format("{}", fmt::join(there, ", "))));
}

std::vector<std::string> ModelProfile::gpus() const {
  std::vector<std::string> out;
  for (const auto& [key, point] : points) {
    if (out.empty() || out.back() != key.gpu) out.push_back(key.gpu);
  }
  return out;
}

std::vector<int> ModelProfile::microbatches(std::string_view gpu) const {
  std::set<int> found;
  for (const auto& [key, point] : points) {
    if (key.gpu == gpu) found.insert(key.microbatch);
  }
  return {found.begin(), found.end()};
}

std::vector<int> ModelProfile::tensor_degrees(std::string_view gpu, int microbatch) const {
  std::vector<int> out;
  for (const auto& [key, point] : points) {
    if (key.gpu == gpu && key.microbatch == microbatch) out.push_back(key.tp);
  }
  return out;
}

Evidence ModelProfile::evidence(const std::vector<std::string>& gpus) const {
  bool any = false;
  Evidence weakest = Evidence::kMeasuredGpu;
  for (const auto& [key, point] : points) {
    if (std::find(gpus.begin(), gpus.end(), key.gpu) == gpus.end()) continue;
    any = true;
    weakest = weaker(weakest, point.evidence);
  }
  // No point at all supports nothing better than an estimate.
  return any ? weakest : Evidence::kEstimated;
}

}  // namespace sextant
