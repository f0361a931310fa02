#include "planner/training/sextant/stock.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "planner/training/sextant/index.h"

namespace sextant::search {

namespace {

int gpus_of(const StageTables& tables, int resource, std::size_t zone) {
  const int pool = tables.resource(resource).pools[zone];
  return pool < 0 ? 0 : tables.cluster.pools[index(pool)].count;
}

/// Whether GPUs hold that many replicas of a mixed stage beside the others' stages, divided as it
/// asks for; `gpus` by resource.
template <typename Gpus>
bool holds(const StageOption& mixed, const Used& used, std::int64_t replicas, const Gpus& gpus) {
  std::int64_t places = 0;
  for (const auto& member : mixed.members) {
    const std::int64_t left = gpus(member.resource) - replicas * used.get(member.resource);
    if (left < member.fewest * member.tp) return false;
    places += member.single ? 1 : left / member.tp;
  }
  return places >= replicas;
}

}  // namespace

std::vector<int> replicas_by_zone(const StageTables& tables, int group, const Used& used,
                                  const StageOption* mixed) {
  const ZoneGroup& zones = tables.grouping.groups[index(group)];
  std::vector<int> out;
  for (std::size_t zone = 0; zone < zones.zones.size(); ++zone) {
    int replicas = std::numeric_limits<int>::max();
    for (const int r : zones.resources) {
      if (used.get(r) > 0) replicas = std::min(replicas, gpus_of(tables, r, zone) / used.get(r));
    }
    if (mixed != nullptr) {
      std::int64_t most = 0;
      for (const auto& member : mixed->members) {
        most += gpus_of(tables, member.resource, zone) / member.tp;
      }
      // More replicas leave less room: the largest number that fits, by halving.
      int low = 0;
      int high = static_cast<int>(std::min<std::int64_t>(replicas, most));
      while (low < high) {
        const int middle = low + (high - low + 1) / 2;
        if (holds(*mixed, used, middle,
                  [&](int r) { return std::int64_t{gpus_of(tables, r, zone)}; })) {
          low = middle;
        } else {
          high = middle - 1;
        }
      }
      replicas = low;
    }
    out.push_back(replicas);
  }
  return out;
}

bool Stock::has_room(const Used& used, int mixed) const {
  const StageOption* option = mixed < 0 ? nullptr : &tables_->options[index(mixed)];
  const int mixed_group = mixed < 0 ? -1 : tables_->resource(option->members[0].resource).group;
  const int groups = static_cast<int>(tables_->grouping.groups.size());
  for (int g = 0; g < groups; ++g) {
    const ZoneGroup& zones = tables_->grouping.groups[index(g)];
    const StageOption* here = g == mixed_group ? option : nullptr;
    if (here == nullptr && std::none_of(zones.resources.begin(), zones.resources.end(),
                                        [&](int r) { return used.get(r) > 0; })) {
      continue;
    }
    if (zones.aligned && zones.zones.size() > 1) {
      std::int64_t replicas = 0;
      for (const int in_zone : replicas_by_zone(*tables_, g, used, here)) replicas += in_zone;
      if (replicas < count_.replicas) return false;
      continue;
    }
    for (const int r : zones.resources) {
      if (std::int64_t{used.get(r)} * count_.replicas > tables_->resource(r).count) return false;
    }
    const auto gpus = [&](int r) { return std::int64_t{tables_->resource(r).count}; };
    if (here != nullptr && !holds(*here, used, count_.replicas, gpus)) return false;
  }
  return true;
}

int Stock::most_units(int resource) const {
  const Resource& here = tables_->resource(resource);
  if (!tables_->grouping.groups[index(here.group)].aligned) return here.count / count_.replicas;
  const auto replicas_with = [&](int units) {
    std::int64_t replicas = 0;
    for (std::size_t zone = 0; zone < here.pools.size(); ++zone) {
      replicas += gpus_of(*tables_, resource, zone) / units;
    }
    return replicas;
  };
  // More GPUs for each leave room for fewer, so the largest number can be found by halving; it is
  // no more than D equal parts of all.
  int low = 0;
  int high = here.count / count_.replicas;
  while (low < high) {
    const int middle = low + (high - low + 1) / 2;
    if (replicas_with(middle) >= count_.replicas) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}

}  // namespace sextant::search
