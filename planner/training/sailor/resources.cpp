#include "planner/training/sailor/resources.h"

#include <algorithm>
#include <numeric>

#include "planner/training/cluster_view.h"
#include "planner/training/sailor/quirks.h"

namespace sextant::sailor_search {

namespace {

constexpr double kSecondsPerHour = 3600;

double usd_per_hour(const GpuPool& pool) {
  for (const GpuPrice& price : kPrices) {
    if (price.gpu == pool.gpu) return price.usd_per_hour;
  }
  return pool.usd_per_hour;
}

void add_type(std::vector<GpuType>& types, const GpuPool& pool) {
  const auto at = std::lower_bound(
      types.begin(), types.end(), pool.gpu,
      [](const GpuType& type, const std::string& name) { return type.name < name; });
  if (at == types.end() || at->name != pool.gpu) {
    types.insert(at, {pool.gpu, pool.memory_bytes, usd_per_hour(pool) / kSecondsPerHour,
                      pool.gpus_per_node});
    return;
  }
  at->memory_bytes = std::min(at->memory_bytes, pool.memory_bytes);
  at->largest_degree = std::min(at->largest_degree, pool.gpus_per_node);
}

template <typename T, typename Match>
int index_where(const std::vector<T>& items, Match match) {
  return static_cast<int>(std::find_if(items.begin(), items.end(), match) - items.begin());
}

}  // namespace

int Resources::gpus_in(const Region& region, int type) const {
  return std::accumulate(region.zones.begin(), region.zones.end(), 0,
                         [&](int sum, int zone) { return sum + gpus(zone, type); });
}

Resources read_resources(const Cluster& cluster) {
  Resources resources;
  for (const GpuPool& pool : cluster.pools) {
    if (pool.count <= 0) continue;
    add_type(resources.types, pool);
    if (std::find(resources.zones.begin(), resources.zones.end(), pool.zone) ==
        resources.zones.end()) {
      resources.zones.push_back(pool.zone);
    }
  }
  std::reverse(resources.zones.begin(), resources.zones.end());

  const std::size_t types = resources.types.size();
  resources.stock.assign(resources.zones.size() * types, 0);
  for (const GpuPool& pool : cluster.pools) {
    if (pool.count <= 0) continue;
    const int zone =
        index_where(resources.zones, [&](const std::string& name) { return name == pool.zone; });
    const int type =
        index_where(resources.types, [&](const GpuType& entry) { return entry.name == pool.gpu; });
    resources.stock[static_cast<std::size_t>(zone) * types + static_cast<std::size_t>(type)] +=
        pool.count;
  }

  for (int zone = 0; zone < static_cast<int>(resources.zones.size()); ++zone) {
    const std::string name = region_of(resources.zones[static_cast<std::size_t>(zone)]);
    const int region =
        index_where(resources.regions, [&](const Region& entry) { return entry.name == name; });
    if (region == static_cast<int>(resources.regions.size()))
      resources.regions.push_back({name, {}});
    resources.regions[static_cast<std::size_t>(region)].zones.push_back(zone);
  }
  std::reverse(resources.regions.begin(), resources.regions.end());
  const auto total = [&](int zone) {
    const auto* first = resources.stock.data() + static_cast<std::size_t>(zone) * types;
    return std::accumulate(first, first + types, 0);
  };
  for (Region& region : resources.regions) {
    std::stable_sort(region.zones.begin(), region.zones.end(),
                     [&](int a, int b) { return total(a) > total(b); });
  }
  return resources;
}

}  // namespace sextant::sailor_search
