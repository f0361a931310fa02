#pragma once

#include <string>
#include <vector>

#include "analyzer/cluster/cluster.h"

namespace sextant::search {

/// GPUs of one type in the zones of one group.
struct Resource {
  int type = 0;   ///< index into Grouping::types
  int group = 0;  ///< index into Grouping::groups
  /// Indices into the cluster, one for each zone of the group in its order; -1 where that zone has
  /// none of the type.
  std::vector<int> pools;
  int count = 0;            ///< GPUs
  double usd_per_hour = 0;  ///< of one GPU, the cheapest pool's
};

/// Zones over which stages spread their replicas. Zones are in the order whose slowest step from
/// one to the next is fastest, since gradients go round between neighbours.
struct ZoneGroup {
  std::vector<std::string> zones;
  /// Replica r of each of their stages stands in the same zone, so that only gradients cross zones.
  /// Else the GPUs of all zones are one stock, and messages are taken for as slow as the slowest.
  bool aligned = true;
  /// The first group of the grouping that could change places with this one: as many zones, each
  /// with the same GPUs, prices and links.
  int alike = 0;
  std::vector<int> resources;  ///< indices into Grouping::resources
};

/// One way to divide the cluster's zones into groups; zones in none are unused.
struct Grouping {
  std::vector<std::string> types;
  std::vector<ZoneGroup> groups;
  std::vector<Resource> resources;
};

/// Most resources of a grouping (see Used); zones of clusters with more are taken together.
inline constexpr std::size_t kMostResources = 16;

/// All ways to divide the zones where there are few, once where zones are alike; else every zone by
/// itself, every zone alone, and unions of near zones. Unions aligned, and as one stock too. At
/// most `most`, those with most GPUs first.
std::vector<Grouping> groupings(const Cluster& cluster, std::size_t most);

}  // namespace sextant::search
