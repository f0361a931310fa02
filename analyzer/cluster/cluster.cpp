#include "analyzer/cluster/cluster.h"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

namespace sextant {

double Cluster::egress(std::string_view from_zone, std::string_view to_zone) const {
  if (egress_usd_per_byte.empty()) return 0;
  const auto found = egress_usd_per_byte.find({std::string(from_zone), std::string(to_zone)});
  return found == egress_usd_per_byte.end() ? 0 : found->second;
}

const GpuPool* Cluster::find(std::string_view gpu, std::string_view zone) const {
  const auto found = std::find_if(pools.begin(), pools.end(), [&](const GpuPool& pool) {
    return pool.gpu == gpu && pool.zone == zone;
  });
  return found == pools.end() ? nullptr : &*found;
}

int Cluster::gpu_count() const {
  return std::accumulate(pools.begin(), pools.end(), 0,
                         [](int sum, const GpuPool& pool) { return sum + pool.count; });
}

std::string Cluster::summary() const {
  std::string out;
  for (const GpuPool& pool : pools) {
    out += fmt::format("{}{}x{}@{}", out.empty() ? "" : "+", pool.count, pool.gpu, pool.zone);
  }
  return out;
}

}  // namespace sextant
