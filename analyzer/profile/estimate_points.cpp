#include "analyzer/profile/estimate_points.h"

#include <algorithm>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/profile/layer_kinds.h"

namespace sextant {

std::vector<PointDocument> estimate_points(const ModelDescription& model, const GpuSpec& gpu,
                                           const RooflineOptions& options) {
  const ModelProfile profile = estimate_profile(model, gpu, options);
  std::vector<std::string> names;
  for (const LayerKind kind : layer_sequence(model)) names.emplace_back(to_string(kind));
  if (names.size() != static_cast<std::size_t>(profile.layer_count)) names.clear();

  std::vector<PointDocument> out;
  for (const auto& [key, estimated] : profile.points) {
    PointDocument point;
    point.key.model = profile.model;
    point.key.gpu = key.gpu;
    point.key.dtype = to_string(options.dtype);
    point.key.recompute = options.recompute;
    point.key.sequence_parallel = options.sequence_parallel;
    point.key.variant = variant_name(point.key.dtype, options.recompute, options.sequence_parallel);
    point.key.seq_len = options.seq_len > 0 ? options.seq_len : model.seq_len;
    point.key.tp = key.tp;
    point.key.microbatch = key.microbatch;
    point.evidence = Evidence::kEstimated;
    point.update_is_whole_step = profile.update_is_whole_step;
    point.memory_basis = "computed from the model's shapes";
    point.provenance["method"] = "roofline from data-sheet figures";
    point.provenance["sextant"] = SEXTANT_VERSION;
    point.source = fmt::format("roofline estimate for {}", gpu.name);
    put_layers(estimated.layers, scaled_memory(profile.memory_at(key.tp), key.microbatch), names,
               point);
    out.push_back(std::move(point));
  }
  return out;
}

std::string shipped_gpu_name(const std::string& name) {
  const std::optional<GpuSpec> gpu = find_gpu(name);
  return gpu ? gpu->name : name;
}

double largest_plausible_flops(const std::string& gpu) {
  double largest = 1e15;
  if (const std::optional<GpuSpec> spec = find_gpu(gpu)) {
    for (const auto& [dtype, flops] : spec->peak_flops) largest = std::max(largest, flops);
  }
  return largest;
}

}  // namespace sextant
