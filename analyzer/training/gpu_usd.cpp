#include "analyzer/training/gpu_usd.h"

namespace sextant {

double gpu_usd(const Cluster& cluster, const Plan& plan, double iteration_s) {
  constexpr double kSecondsPerHour = 3600;
  double usd = 0;
  for (const GpuUse& use : gpus_used(plan)) {
    const GpuPool* pool = cluster.find(use.gpu, use.zone);
    if (pool != nullptr) usd += use.count * pool->usd_per_hour / kSecondsPerHour * iteration_s;
  }
  return usd;
}

}  // namespace sextant
