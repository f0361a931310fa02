#include "planner/training/sextant/search_space.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <set>

#include "planner/training/sextant/index.h"

namespace sextant::search {

namespace {

/// Zones of the cluster that have GPUs, and what lies between them.
class Zones {
 public:
  explicit Zones(const Cluster& cluster) : cluster_(cluster) {
    for (const GpuPool& pool : cluster.pools) {
      if (pool.count < 1) continue;
      note(names, pool.zone);
      note(types, pool.gpu);
    }
    for (const std::string& from : names) {
      std::vector<double>& row = message_s_.emplace_back();
      for (const std::string& to : names) row.push_back(message_s(from, to));
    }
    for (int zone = 0; zone < static_cast<int>(names.size()); ++zone) {
      int kind = 0;
      while (kind < zone && !are_alike(kind, zone)) ++kind;
      kinds.push_back(kind);
    }
  }

  std::vector<std::string> names;
  std::vector<std::string> types;
  std::vector<int> kinds;  ///< by zone, the first that could change places with it

  /// Seconds of a large message between two zones; infinity where no link is known.
  double between_s(int a, int b) const { return message_s_[index(a)][index(b)]; }

  /// The zones in the order whose slowest step from one to the next is fastest. Tried in full for a
  /// few; many are put one after the other, each nearest to the last.
  std::vector<int> ordered(std::vector<int> zones) const {
    constexpr std::size_t kMostToTry = 6;  // 720 orders
    std::sort(zones.begin(), zones.end());
    if (zones.size() < 3) return zones;
    if (zones.size() > kMostToTry) {
      for (auto at = zones.begin(); at + 1 != zones.end(); ++at) {
        std::iter_swap(at + 1, std::min_element(at + 1, zones.end(), [&](int a, int b) {
                         return between_s(*at, a) < between_s(*at, b);
                       }));
      }
      return zones;
    }
    std::vector<int> best = zones;
    double best_s = std::numeric_limits<double>::infinity();
    do {
      const double slowest = slowest_step_s(zones);
      if (slowest < best_s) {
        best_s = slowest;
        best = zones;
      }
    } while (std::next_permutation(zones.begin(), zones.end()));
    return best;
  }

  double slowest_step_s(const std::vector<int>& zones) const {
    double slowest = 0;
    for (std::size_t i = 0; i + 1 < zones.size(); ++i) {
      slowest = std::max(slowest, between_s(zones[i], zones[i + 1]));
    }
    return slowest;
  }

  int gpus(int zone) const {
    int count = 0;
    for (const GpuPool& pool : cluster_.pools) {
      if (pool.zone == names[index(zone)]) count += std::max(0, pool.count);
    }
    return count;
  }

  Grouping grouping(const std::vector<std::vector<int>>& groups) const {
    Grouping out;
    out.types = types;
    for (const std::vector<int>& members : groups) {
      const int group = static_cast<int>(out.groups.size());
      ZoneGroup& zone_group = out.groups.emplace_back();
      const std::vector<int> zones = ordered(members);
      zone_group.alike = group;
      for (int before = group; before-- > 0;) {
        if (kinds_of(groups[index(before)]) == kinds_of(members)) zone_group.alike = before;
      }
      for (const int zone : zones) zone_group.zones.push_back(names[index(zone)]);
      for (std::size_t type = 0; type < types.size(); ++type) {
        Resource resource;
        resource.type = static_cast<int>(type);
        resource.group = group;
        resource.usd_per_hour = std::numeric_limits<double>::infinity();
        for (const int zone : zones) {
          resource.pools.push_back(pool_of(types[type], names[index(zone)]));
          if (resource.pools.back() < 0) continue;
          const GpuPool& pool = cluster_.pools[index(resource.pools.back())];
          resource.count += pool.count;
          resource.usd_per_hour = std::min(resource.usd_per_hour, pool.usd_per_hour);
        }
        if (resource.count == 0) continue;
        zone_group.resources.push_back(static_cast<int>(out.resources.size()));
        out.resources.push_back(std::move(resource));
      }
    }
    return out;
  }

  /// Of the zones, sorted.
  std::vector<int> kinds_of(const std::vector<int>& zones) const {
    std::vector<int> out;
    for (const int zone : zones) out.push_back(kinds[index(zone)]);
    std::sort(out.begin(), out.end());
    return out;
  }

 private:
  /// Whether nothing tells two zones apart: GPUs, prices, and links to each other and to the rest.
  bool are_alike(int a, int b) const {
    for (const std::string& type : types) {
      const int p = pool_of(type, names[index(a)]);
      const int q = pool_of(type, names[index(b)]);
      if ((p < 0) != (q < 0)) return false;
      if (p < 0) continue;
      const GpuPool& x = cluster_.pools[index(p)];
      const GpuPool& y = cluster_.pools[index(q)];
      if (x.count != y.count || x.gpus_per_node != y.gpus_per_node ||
          x.memory_bytes != y.memory_bytes || x.usd_per_hour != y.usd_per_hour) {
        return false;
      }
    }
    const int count = static_cast<int>(names.size());
    for (int zone = 0; zone < count; ++zone) {
      // What b is to the swapped zone, a is to the zone.
      const int swapped = zone == a ? b : (zone == b ? a : zone);
      if (!links_alike(a, zone, b, swapped) || !links_alike(zone, a, swapped, b)) return false;
    }
    return true;
  }
  bool links_alike(int from, int to, int other_from, int other_to) const {
    const auto egress = [&](int x, int y) {
      return cluster_.egress(names[index(x)], names[index(y)]);
    };
    if (egress(from, to) != egress(other_from, other_to)) return false;
    for (const std::string& sender : types) {
      for (const std::string& receiver : types) {
        for (const int gpus : {1, 2, 4, 8}) {
          const auto link = [&](int x, int y) {
            return cluster_.network->find({names[index(x)], sender, gpus},
                                          {names[index(y)], receiver, gpus});
          };
          if (link(from, to) != link(other_from, other_to)) return false;
        }
      }
    }
    return true;
  }
  static void note(std::vector<std::string>& names, const std::string& name) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  int pool_of(const std::string& gpu, const std::string& zone) const {
    for (std::size_t p = 0; p < cluster_.pools.size(); ++p) {
      const GpuPool& pool = cluster_.pools[p];
      if (pool.gpu == gpu && pool.zone == zone && pool.count > 0) return static_cast<int>(p);
    }
    return -1;
  }
  /// Between GPUs of the same type where both zones have one, else between any.
  double message_s(const std::string& from, const std::string& to) const {
    constexpr double kMessageBytes = 64e6;
    double best = std::numeric_limits<double>::infinity();
    for (const GpuPool& a : cluster_.pools) {
      for (const GpuPool& b : cluster_.pools) {
        if (a.zone != from || b.zone != to || a.count < 1 || b.count < 1) continue;
        const auto link = cluster_.network->find({a.zone, a.gpu, 1}, {b.zone, b.gpu, 1});
        if (link) best = std::min(best, link->transfer_s(kMessageBytes));
      }
    }
    return best;
  }

  const Cluster& cluster_;
  std::vector<std::vector<double>> message_s_;
};

using Partition = std::vector<std::vector<int>>;

/// Every division of some of the zones into groups, by putting one zone after the other into a
/// group there is, a new one, or none.
void divide(int zone, int zones, Partition& partition, std::vector<Partition>& out) {
  if (zone == zones) {
    if (!partition.empty()) out.push_back(partition);
    return;
  }
  for (std::size_t g = 0; g < partition.size(); ++g) {
    partition[g].push_back(zone);
    divide(zone + 1, zones, partition, out);
    partition[g].pop_back();
  }
  partition.push_back({zone});
  divide(zone + 1, zones, partition, out);
  partition.pop_back();
  divide(zone + 1, zones, partition, out);
}

/// Unions of near zones: from every zone, the nearest added one after the other.
std::vector<Partition> near_unions(const Zones& zones) {
  const int count = static_cast<int>(zones.names.size());
  std::vector<Partition> out;
  std::set<std::vector<int>> seen;
  constexpr int kMostForAll = 6;
  const auto add = [&](std::vector<int> members) {
    std::sort(members.begin(), members.end());
    if (seen.insert(members).second) out.push_back({members});
  };
  if (count <= kMostForAll) {
    for (unsigned mask = 1; mask < 1U << count; ++mask) {
      std::vector<int> members;
      for (int zone = 0; zone < count; ++zone) {
        if ((mask >> zone & 1U) != 0) members.push_back(zone);
      }
      add(members);
    }
    return out;
  }
  for (int start = 0; start < count; ++start) {
    std::vector<int> rest(index(count));
    std::iota(rest.begin(), rest.end(), 0);
    std::stable_sort(rest.begin(), rest.end(), [&](int a, int b) {
      if ((a == start) != (b == start)) return a == start;
      return zones.between_s(start, a) < zones.between_s(start, b);
    });
    for (int size = 1; size <= count; ++size) add({rest.begin(), rest.begin() + size});
  }
  return out;
}

}  // namespace

std::vector<Grouping> groupings(const Cluster& cluster, std::size_t most) {
  const Zones zones(cluster);
  const int count = static_cast<int>(zones.names.size());
  constexpr int kMostToDivide = 3;  // 14 ways
  std::vector<Partition> partitions;
  if (count <= kMostToDivide) {
    Partition partition;
    divide(0, count, partition, partitions);
    // A zone alone is what the division into single zones leaves when it uses no other.
    std::erase_if(partitions, [&](const Partition& p) {
      const bool single =
          std::all_of(p.begin(), p.end(), [](const auto& g) { return g.size() == 1; });
      return single && p.size() < index(count);
    });
    std::set<std::vector<std::vector<int>>> seen;
    std::erase_if(partitions, [&](const Partition& p) {
      std::vector<std::vector<int>> kinds;
      for (const auto& group : p) kinds.push_back(zones.kinds_of(group));
      std::sort(kinds.begin(), kinds.end());
      return !seen.insert(kinds).second;
    });
  } else {
    partitions = near_unions(zones);
    Partition separate;
    for (int zone = 0; zone < count; ++zone) separate.push_back({zone});
    partitions.push_back(separate);
  }
  const auto gpus = [&](const Partition& partition) {
    int sum = 0;
    for (const auto& group : partition) {
      for (const int zone : group) sum += zones.gpus(zone);
    }
    return sum;
  };
  const auto slowest_step_s = [&](const Partition& partition) {
    double slowest = 0;
    for (const auto& group : partition) {
      slowest = std::max(slowest, zones.slowest_step_s(zones.ordered(group)));
    }
    return slowest;
  };
  // Most GPUs first, then nearest zones.
  std::stable_sort(partitions.begin(), partitions.end(), [&](const auto& a, const auto& b) {
    if (gpus(a) != gpus(b)) return gpus(a) > gpus(b);
    return slowest_step_s(a) < slowest_step_s(b);
  });
  std::vector<Grouping> out;
  for (const Partition& partition : partitions) {
    Grouping grouping = zones.grouping(partition);
    if (out.size() == most) break;
    if (grouping.resources.size() > kMostResources) continue;
    out.push_back(grouping);
    if (partition.size() == 1 && partition.front().size() > 1 && out.size() < most) {
      grouping.groups.front().aligned = false;
      out.push_back(std::move(grouping));
    }
  }
  return out;
}

}  // namespace sextant::search
