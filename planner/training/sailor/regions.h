#pragma once

#include <vector>

#include "analyzer/network/link_model.h"
#include "planner/training/sailor/resources.h"

namespace sextant::sailor_search {

/// Regions that a pipeline may pass through, in this order.
struct RegionOrder {
  std::vector<int> regions;
  double bottleneck_bytes_per_s = 0;  ///< of neighbours; infinite for a single region
  std::vector<int> gpus;              ///< in all of them, by type
};

/// H4: of every subset of the regions the order with the fastest slowest link, fastest first (so
/// single regions come before pairs). Links are judged by their peak between single GPUs of the
/// regions' fullest zones. Clusters of very many regions are considered in small subsets only.
std::vector<RegionOrder> region_orders(const Resources& resources, const Network& network);

/// Whether one GPU type alone could hold one replica of every stage; the others' degrees are empty
/// where they are dropped. degrees[type][stage].
bool can_hold_pipeline(const RegionOrder& order, const std::vector<std::vector<int>>& degrees);

}  // namespace sextant::sailor_search
