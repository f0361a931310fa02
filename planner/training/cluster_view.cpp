#include "planner/training/cluster_view.h"

#include <algorithm>

#include "analyzer/cluster/no_gpus.h"
#include "analyzer/core/error.h"

namespace sextant {

const GpuPool& only_pool_seen(const Cluster& cluster) {
  const auto found = std::find_if(cluster.pools.begin(), cluster.pools.end(),
                                  [](const GpuPool& pool) { return pool.count > 0; });
  if (found == cluster.pools.end()) throw_infeasible(why_no_gpus(cluster));
  return *found;
}

std::vector<GpuPool> last_pool_of_each_type(const Cluster& cluster) {
  std::vector<GpuPool> seen;
  for (const GpuPool& pool : cluster.pools) {
    if (pool.count < 1) continue;
    const auto same = std::find_if(seen.begin(), seen.end(),
                                   [&](const GpuPool& other) { return other.gpu == pool.gpu; });
    if (same == seen.end()) {
      seen.push_back(pool);
    } else {
      *same = pool;
    }
  }
  if (seen.empty()) throw_infeasible(why_no_gpus(cluster));
  return seen;
}

std::string region_of(std::string_view zone) {
  const std::size_t first = zone.find('-');
  if (first == std::string_view::npos) return std::string(zone);
  return std::string(zone.substr(0, zone.find('-', first + 1)));
}

}  // namespace sextant
