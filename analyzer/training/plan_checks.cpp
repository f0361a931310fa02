#include "analyzer/training/plan_checks.h"

#include <algorithm>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/table.h"

namespace sextant {

void require_layers_of(const ModelProfile& profile, const Plan& plan) {
  if (profile.layer_count == plan.layer_count) return;
  throw_bad_input(fmt::format("plan: has {} layers, the profile of {} has {}", plan.layer_count,
                              quote(profile.model), profile.layer_count));
}

const GpuPool& pool_used(const Cluster& cluster, std::string_view gpu, std::string_view zone) {
  const GpuPool* pool = cluster.find(gpu, zone);
  if (pool == nullptr) {
    throw_bad_input(fmt::format("plan: uses {} in zone {}, which cluster {} does not have",
                                quote(gpu), quote(zone), quote(cluster.name)));
  }
  return *pool;
}

void count_memory_of_last_stage(Prediction& out) {
  const StagePrediction& stage = out.stages.back();
  if (stage.peak_memory_bytes > stage.memory_capacity_bytes && out.fits) {
    out.fits = false;
    out.memory_note =
        fmt::format("stage {} needs {} of {}", out.stages.size() - 1,
                    format_gib(stage.peak_memory_bytes), format_gib(stage.memory_capacity_bytes));
  }
  out.peak_memory_bytes = std::max(out.peak_memory_bytes, stage.peak_memory_bytes);
}

}  // namespace sextant
