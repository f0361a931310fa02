#include "planner/training/sailor/layer_tables.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "planner/training/sailor/quirks.h"

namespace sextant::sailor_search {

namespace {

std::size_t index_of_degree(int tp) {
  return static_cast<std::size_t>(std::find(kTensorDegrees.begin(), kTensorDegrees.end(), tp) -
                                  kTensorDegrees.begin());
}

PointTimes point_times(const ProfilePoint& point) {
  PointTimes times;
  for (const LayerTime& layer : point.layers) {
    times.layer_s.push_back(layer.forward_s + layer.backward_s);
    times.update_s = std::max(times.update_s, layer.update_s);
  }
  return times;
}

double range_of(const std::vector<double>& prefix, LayerRange layers) {
  return prefix[static_cast<std::size_t>(layers.end)] -
         prefix[static_cast<std::size_t>(layers.first)];
}

}  // namespace

std::vector<LayerRange> uniform_split(int layers, int stages) {
  std::vector<LayerRange> split;
  const int small_stages = stages - layers % stages;
  int first = 0;
  for (int stage = 0; stage < stages; ++stage) {
    const int size = layers / stages + (stage < small_stages ? 0 : 1);
    split.push_back({first, first + size});
    first += size;
  }
  return split;
}

LayerTables::LayerTables(const ModelProfile& profile, const Job& job, const Resources& resources)
    : layer_count_(profile.layer_count) {
  std::set<int> microbatches;
  for (const GpuType& type : resources.types) {
    capacity_bytes_.push_back(type.memory_bytes);
    largest_degree_.push_back(type.largest_degree);
    const std::vector<int> measured = profile.microbatches(type.name);
    if (measured.empty()) {
      throw_bad_input(fmt::format("the profile of {} has no point of GPU type {}; it has {}",
                                  quote(profile.model), quote(type.name),
                                  fmt::join(profile.gpus(), ", ")));
    }
    microbatches.insert(measured.begin(), measured.end());
  }
  microbatches_.assign(microbatches.begin(), microbatches.end());

  points_.resize(resources.types.size() * microbatches_.size() * kTensorDegrees.size());
  for (int type = 0; type < resources.type_count(); ++type) {
    for (std::size_t b = 0; b < microbatches_.size(); ++b) {
      for (std::size_t degree = 0; degree < kTensorDegrees.size(); ++degree) {
        const ProfilePoint* found =
            profile.find(resources.types[static_cast<std::size_t>(type)].name,
                         kTensorDegrees[degree], microbatches_[b]);
        if (found != nullptr) points_[point(type, b, degree)] = point_times(*found);
      }
    }
  }

  const double state_factor = kStateBytesPerParameter / element_bytes(job.dtype);
  for (const int tp : kTensorDegrees) {
    DegreeMemory& degree = memory_.emplace_back();
    if (!profile.memory.contains(tp)) continue;
    degree.state_bytes.push_back(0);
    degree.activation_bytes.push_back(0);
    for (const LayerMemory& layer : profile.memory_at(tp)) {
      degree.state_bytes.push_back(degree.state_bytes.back() +
                                   state_factor * layer.parameter_bytes);
      degree.activation_bytes.push_back(degree.activation_bytes.back() +
                                        layer.saved_activation_bytes);
    }
  }
  gradient_bytes_.push_back(0);
  for (const LayerMemory& layer : profile.memory_at(1)) {
    gradient_bytes_.push_back(gradient_bytes_.back() + layer.parameter_bytes);
    const auto known = std::find(sizes_.begin(), sizes_.end(), layer.output_bytes);
    size_index_.push_back(static_cast<int>(known - sizes_.begin()));
    if (known == sizes_.end()) sizes_.push_back(layer.output_bytes);
  }
}

std::size_t LayerTables::point(int type, std::size_t microbatch, std::size_t degree) const {
  return (static_cast<std::size_t>(type) * microbatches_.size() + microbatch) *
             kTensorDegrees.size() +
         degree;
}

const PointTimes* LayerTables::times(int type, int microbatch, int tp) const {
  const auto b = std::lower_bound(microbatches_.begin(), microbatches_.end(), microbatch);
  const PointTimes& times = points_[point(type, static_cast<std::size_t>(b - microbatches_.begin()),
                                          index_of_degree(tp))];
  return times.layer_s.empty() ? nullptr : &times;
}

bool LayerTables::fits(int type, int microbatch, int tp, LayerRange layers,
                       int stages_behind) const {
  const auto i = static_cast<std::size_t>(type);
  return tp <= largest_degree_[i] && has_memory(tp) &&
         memory_bytes(microbatch, tp, layers, stages_behind) <= capacity_bytes_[i];
}

bool LayerTables::has_memory(int tp) const {
  return !memory_[index_of_degree(tp)].state_bytes.empty();
}

double LayerTables::memory_bytes(int microbatch, int tp, LayerRange layers,
                                 int stages_behind) const {
  const DegreeMemory& degree = memory_[index_of_degree(tp)];
  return range_of(degree.state_bytes, layers) +
         microbatch * range_of(degree.activation_bytes, layers) * (stages_behind + 1) +
         (tp == 1 ? kFixedBytesOneGpu : kFixedBytesTensorParallel);
}

double LayerTables::gradient_bytes(LayerRange layers) const {
  return range_of(gradient_bytes_, layers);
}

}  // namespace sextant::sailor_search
