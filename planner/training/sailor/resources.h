#pragma once

#include <string>
#include <vector>

#include "analyzer/cluster/cluster.h"

namespace sextant::sailor_search {

struct GpuType {
  std::string name;
  double memory_bytes = 0;
  double usd_per_s = 0;  ///< of one GPU, by the planner's own prices
  int largest_degree = 1;
};

/// Zones that share the first two parts of their name ("us-central1" of "us-central1-a").
struct Region {
  std::string name;
  std::vector<int> zones;  ///< indices, the one with the most GPUs first
};

/// A cluster as the search sees it: GPUs counted by zone and type, nodes ignored.
struct Resources {
  std::vector<GpuType> types;  ///< in alphabetical order
  std::vector<std::string> zones;
  std::vector<Region> regions;
  std::vector<int> stock;  ///< GPUs; [zone * types.size() + type]

  int type_count() const { return static_cast<int>(types.size()); }
  int gpus(int zone, int type) const {
    return stock[static_cast<std::size_t>(zone * type_count() + type)];
  }
  /// GPUs of a type in all zones of a region.
  int gpus_in(const Region& region, int type) const;
};

/// Pools without GPUs are left out. Ties follow the artifact, whose hash maps list zones last come
/// first: of zones with as many GPUs the later pool's comes first, regions are in the order of
/// their last pools.
Resources read_resources(const Cluster& cluster);

}  // namespace sextant::sailor_search
