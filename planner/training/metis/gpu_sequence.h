#pragma once

// The GPUs that Metis sees, one after the other; private to this folder.

#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/training/metis/links.h"
#include "planner/training/planner.h"

namespace sextant::metis_search {

/// GPUs of one type, in nodes that are alike.
struct TypeStock {
  metis::TypeInZone type;
  double memory_bytes = 0;  ///< of one GPU
  int nodes = 0;
  int gpus_in_node = 1;  ///< that are used

  int gpu_count() const { return nodes * gpus_in_node; }
};

/// What the search uses of the cluster, types in the order of their first pool (the header of
/// metis_planner.h says how much of it).
std::vector<TypeStock> stock_of(const Cluster& cluster);

/// Orders of 0 … types - 1, first the one that the seed stands for.
std::vector<std::vector<int>> type_orders(int types, std::uint64_t seed);

/// The ranks of all GPUs, type after type. Nodes are numbered from 0 in the order of their ranks.
std::vector<metis::Rank> ranks_of(const std::vector<TypeStock>& stock,
                                  const std::vector<int>& order);

}  // namespace sextant::metis_search
