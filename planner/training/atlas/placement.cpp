#include "planner/training/atlas/placement.h"

#include <algorithm>
#include <string>

#include "planner/training/cluster_view.h"

namespace sextant::atlas {

namespace {

/// Groups of `tp` GPUs that each lie in one node.
int groups_in(const GpuPool& pool, int tp) {
  const int whole_nodes = pool.count / pool.gpus_per_node;
  return whole_nodes * (pool.gpus_per_node / tp) + pool.count % pool.gpus_per_node / tp;
}

}  // namespace

Site::Site(const Cluster& cluster, int tp) {
  const std::string& gpu = only_pool_seen(cluster).gpu;
  std::vector<std::string> names;
  for (const GpuPool& pool : cluster.pools) {
    if (pool.gpu != gpu || pool.count < 1) continue;
    const auto known = std::find(names.begin(), names.end(), region_of(pool.zone));
    const auto index = known - names.begin();
    if (known == names.end()) {
      names.push_back(region_of(pool.zone));
      regions_.emplace_back();
    }
    Region& region = regions_[static_cast<std::size_t>(index)];
    region.pools.push_back({&pool, groups_in(pool, tp)});
    region.gpus += pool.count;
    region.replicas += groups_in(pool, tp);
  }
  std::stable_sort(regions_.begin(), regions_.end(),
                   [](const Region& a, const Region& b) { return a.gpus > b.gpus; });
}

int Site::room(int replicas) const {
  int stages = 0;
  for (const Region& region : regions_) stages += region.replicas / replicas;
  return stages;
}

std::optional<std::vector<StagePlaces>> Site::place(int stages, int replicas) const {
  std::vector<StagePlaces> out;
  for (const Region& region : regions_) {
    const int here = std::min(stages - static_cast<int>(out.size()), region.replicas / replicas);
    auto pool = region.pools.begin();
    int room = pool->replicas;
    for (int stage = 0; stage < here; ++stage) {
      StagePlaces& places = out.emplace_back();
      for (int left = replicas; left > 0;) {
        // The published code takes GPUs from a zone without looking how many whole nodes it has.
        while (room == 0) room = (++pool)->replicas;
        const int taken = std::min(left, room);
        places.push_back({pool->pool, taken});
        left -= taken;
        room -= taken;
      }
    }
  }
  if (static_cast<int>(out.size()) < stages) return std::nullopt;
  return out;
}

}  // namespace sextant::atlas
