#include "analyzer/training/shipped_gpus.h"

#include "analyzer/profile/gpu.h"

namespace sextant {

GpuDefaults shipped_gpu(std::string_view name) {
  const GpuSpec spec = gpu_named(name);
  return {spec.name, spec.memory_bytes, spec.usd_per_hour.value_or(0), spec.gpus_per_node};
}

}  // namespace sextant
