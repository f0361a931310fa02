#include "planner/training/sextant/search_space.h"

#include <algorithm>
#include <limits>
#include <map>
#include <string>

namespace sextant::search {

namespace {

constexpr double kSecondsPerHour = 3600;

/// Seconds of a large message from one pool to another; infinity where no link is known.
double message_s(const Cluster& cluster, int from, int to) {
  constexpr double kMessageBytes = 64e6;
  const GpuPool& a = cluster.pools[static_cast<std::size_t>(from)];
  const GpuPool& b = cluster.pools[static_cast<std::size_t>(to)];
  const auto link = cluster.network->find({a.zone, a.gpu, 1}, {b.zone, b.gpu, 1});
  return link ? link->transfer_s(kMessageBytes) : std::numeric_limits<double>::infinity();
}

/// The pools in the order whose slowest step from one to the next is fastest: replicas stand in
/// this order, and gradients go round between neighbours. Tried in full for a few pools; many stay
/// as they are.
void order_by_links(const Cluster& cluster, std::vector<int>& pools) {
  constexpr std::size_t kMostPools = 6;  // 720 orders
  if (pools.size() < 3 || pools.size() > kMostPools) return;
  std::sort(pools.begin(), pools.end());
  std::vector<int> best = pools;
  double best_s = std::numeric_limits<double>::infinity();
  do {
    double slowest = 0;
    for (std::size_t i = 0; i + 1 < pools.size(); ++i) {
      slowest = std::max(slowest, message_s(cluster, pools[i], pools[i + 1]));
    }
    if (slowest < best_s) {
      best_s = slowest;
      best = pools;
    }
  } while (std::next_permutation(pools.begin(), pools.end()));
  pools = best;
}

Resource resource_of(const Cluster& cluster, std::vector<int> pools) {
  order_by_links(cluster, pools);
  Resource resource;
  resource.pools = pools;
  resource.usd_per_hour = std::numeric_limits<double>::infinity();
  for (const int p : pools) {
    const GpuPool& pool = cluster.pools[static_cast<std::size_t>(p)];
    resource.count += pool.count;
    resource.usd_per_hour = std::min(resource.usd_per_hour, pool.usd_per_hour);
  }
  return resource;
}

}  // namespace

namespace {

/// The pools of some GPU types in some zones, those of a type taken together; bits of the masks are
/// places in the lists of names. Empty where no two pools join: that is the grouping of all pools.
Grouping merge(const Cluster& cluster, const std::vector<std::string>& types, std::size_t type_mask,
               const std::vector<std::string>& zones, std::size_t zone_mask) {
  const auto chosen = [](const std::vector<std::string>& names, std::size_t mask,
                         const std::string& name) {
    const auto place = std::find(names.begin(), names.end(), name) - names.begin();
    return (mask >> place & 1U) != 0;
  };
  Grouping out;
  bool joins = false;
  for (const std::string& type : types) {
    std::vector<int> pools;
    for (std::size_t p = 0; p < cluster.pools.size(); ++p) {
      const GpuPool& pool = cluster.pools[p];
      if (pool.count > 0 && pool.gpu == type && chosen(types, type_mask, type) &&
          chosen(zones, zone_mask, pool.zone)) {
        pools.push_back(static_cast<int>(p));
      }
    }
    joins = joins || pools.size() > 1;
    if (!pools.empty()) out.push_back(resource_of(cluster, pools));
  }
  return joins && out.size() <= kMostResources ? out : Grouping();
}

int gpu_count(const Grouping& grouping) {
  int count = 0;
  for (const Resource& resource : grouping) count += resource.count;
  return count;
}

/// Of the largest message between neighbours of any resource.
double slowest_step_s(const Cluster& cluster, const Grouping& grouping) {
  double slowest = 0;
  for (const Resource& resource : grouping) {
    for (std::size_t i = 0; i + 1 < resource.pools.size(); ++i) {
      slowest = std::max(slowest, message_s(cluster, resource.pools[i], resource.pools[i + 1]));
    }
  }
  return slowest;
}

}  // namespace

std::vector<Grouping> groupings(const Cluster& cluster, std::size_t most) {
  Grouping separate;
  std::vector<std::string> types;
  std::vector<std::string> zones;
  const auto note = [](std::vector<std::string>& names, const std::string& name) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  };
  for (std::size_t p = 0; p < cluster.pools.size(); ++p) {
    const GpuPool& pool = cluster.pools[p];
    if (pool.count < 1) continue;
    separate.push_back(resource_of(cluster, {static_cast<int>(p)}));
    note(types, pool.gpu);
    note(zones, pool.zone);
  }
  // Every choice where there are few names; else all of them.
  constexpr std::size_t kMostNames = 6;
  const auto masks = [](std::size_t names) {
    const std::size_t all = (std::size_t{1} << std::min<std::size_t>(names, 63)) - 1;
    std::vector<std::size_t> out{all};
    for (std::size_t mask = 1; names <= kMostNames && mask < all; ++mask) out.push_back(mask);
    return out;
  };
  std::vector<Grouping> merged;
  for (const std::size_t type_mask : masks(types.size())) {
    for (const std::size_t zone_mask : masks(zones.size())) {
      Grouping grouping = merge(cluster, types, type_mask, zones, zone_mask);
      if (!grouping.empty()) merged.push_back(std::move(grouping));
    }
  }
  // Most GPUs first, then nearest zones.
  std::stable_sort(merged.begin(), merged.end(), [&](const Grouping& a, const Grouping& b) {
    if (gpu_count(a) != gpu_count(b)) return gpu_count(a) > gpu_count(b);
    return slowest_step_s(cluster, a) < slowest_step_s(cluster, b);
  });
  if (merged.size() > most) merged.resize(most);
  if (separate.size() <= kMostResources) merged.insert(merged.begin(), std::move(separate));
  return merged;
}

std::vector<int> StageOption::classes() const {
  std::vector<int> out;
  for (const Member& member : members) {
    out.insert(out.end(), member.classes.begin(), member.classes.end());
  }
  return out;
}

StageTables::StageTables(const SeparableCosts& separable, const Grouping& resources)
    : costs(separable), grouping(resources), layers_(separable.layer_count) {
  add_options();
  if (options.empty()) return;
  add_intervals();
  add_transfers();
  add_bounds();
}

void StageTables::add_options() {
  for (std::size_t r = 0; r < grouping.size(); ++r) {
    std::map<int, StageOption::Member> by_degree;
    for (const int pool : grouping[r].pools) {
      for (std::size_t c = 0; c < costs.classes.size(); ++c) {
        if (costs.classes[c].pool != pool) continue;
        StageOption::Member& member = by_degree[costs.classes[c].tp];
        member.resource = static_cast<int>(r);
        member.tp = costs.classes[c].tp;
        member.classes.push_back(static_cast<int>(c));
      }
    }
    for (auto& [tp, member] : by_degree) {
      // A degree that one of the pools cannot run is not one of the whole resource.
      if (member.classes.size() == grouping[r].pools.size()) options.push_back({{member}});
    }
  }
  pure_count = static_cast<int>(options.size());
  // Mixed stages of every pair of resources would swamp the search where there are many zones of
  // one type: those are merged into one resource instead (see groupings()).
  constexpr std::size_t kMostResourcesToMix = 4;
  if (grouping.size() > kMostResourcesToMix) return;
  for (int a = 0; a < pure_count; ++a) {
    for (int b = a + 1; b < pure_count; ++b) {
      const StageOption::Member& first = options[static_cast<std::size_t>(a)].members[0];
      const StageOption::Member& second = options[static_cast<std::size_t>(b)].members[0];
      if (first.resource != second.resource) options.push_back({{first, second}});
    }
  }
}

bool StageTables::fits(const StageOption& option, int first, int end, int stages_behind) const {
  for (const StageOption::Member& member : option.members) {
    for (const int c : member.classes) {
      if (!costs.fits(c, first, end, stages_behind, 1)) return false;
    }
  }
  return true;
}

void StageTables::add_intervals() {
  const auto size = static_cast<std::size_t>(option_count() * (layers_ + 1) * layers_);
  compute_.resize(size);
  update_.resize(size);
  earliest_first_.resize(size);
  for (int o = 0; o < option_count(); ++o) {
    const StageOption& option = options[static_cast<std::size_t>(o)];
    for (int end = 0; end <= layers_; ++end) {
      for (int first = 0; first < end; ++first) {
        double slowest = 0;
        double slowest_update = 0;
        for (const StageOption::Member& member : option.members) {
          slowest = std::max(slowest, costs.compute(member.classes.front(), first, end));
          slowest_update =
              std::max(slowest_update, costs.update(member.classes.front(), first, end));
        }
        compute_[interval_index(o, first, end)] = slowest;
        update_[interval_index(o, first, end)] = slowest_update;
      }
      // More stages behind hold more microbatches: what fits shrinks.
      int first = 0;
      for (int behind = 0; behind < layers_; ++behind) {
        while (first < end && !fits(option, first, end, behind)) ++first;
        earliest_first_[static_cast<std::size_t>((o * (layers_ + 1) + end) * layers_ + behind)] =
            first;
      }
    }
  }
}

void StageTables::add_transfers() {
  std::vector<std::vector<int>> classes;
  for (const StageOption& option : options) classes.push_back(option.classes());
  for (const std::vector<int>& from : classes) {
    for (const std::vector<int>& to : classes) {
      for (int l = 0; l < layers_; ++l) {
        double forward = 0;
        double backward = 0;
        for (const int a : from) {
          for (const int b : to) {
            forward = std::max(forward, costs.forward(a, b, l));
            backward = std::max(backward, costs.backward(a, b, l));
          }
        }
        forward_.push_back(forward);
        backward_.push_back(backward);
      }
    }
  }
  const auto least_of = [](const auto& all) { return *std::min_element(all.begin(), all.end()); };
  const auto by_sender = static_cast<std::ptrdiff_t>(options.size()) * layers_;
  for (auto o = std::ptrdiff_t{0}; o < option_count(); ++o) {
    least_forward_from_s.push_back(*std::min_element(forward_.begin() + o * by_sender,
                                                     forward_.begin() + (o + 1) * by_sender));
    least_backward_from_s.push_back(*std::min_element(backward_.begin() + o * by_sender,
                                                      backward_.begin() + (o + 1) * by_sender));
  }
  least_forward_s = least_of(least_forward_from_s);
  least_backward_s = least_of(least_backward_from_s);
}

void StageTables::add_bounds() {
  // gpu_seconds[r](l) = least over degrees of tp * time: what layer l takes of resource r.
  const auto gpu_seconds = [&](std::size_t r, int l) {
    double least = std::numeric_limits<double>::infinity();
    for (int o = 0; o < pure_count; ++o) {
      const StageOption::Member& member = options[static_cast<std::size_t>(o)].members[0];
      if (member.resource == static_cast<int>(r)) {
        least = std::min(least, member.tp * compute(o, l, l + 1));
      }
    }
    return least;
  };
  // Any speeds give a valid bound; the ratio on the whole model gives a tight one.
  std::vector<double> whole(grouping.size(), 0);
  for (std::size_t r = 0; r < grouping.size(); ++r) {
    for (int l = 0; l < layers_; ++l) whole[r] += gpu_seconds(r, l);
  }
  const double fastest = *std::min_element(whole.begin(), whole.end());
  for (const double seconds : whole) speed.push_back(fastest / seconds);
  work_prefix_s.push_back(0);
  least_usd_prefix.push_back(0);
  for (int l = 0; l < layers_; ++l) {
    double work = std::numeric_limits<double>::infinity();
    double usd = std::numeric_limits<double>::infinity();
    for (std::size_t r = 0; r < grouping.size(); ++r) {
      if (speed[r] > 0) {
        work = std::min(work, speed[r] * gpu_seconds(r, l));
        usd = std::min(usd, gpu_seconds(r, l) * grouping[r].usd_per_hour / kSecondsPerHour);
      }
    }
    work_prefix_s.push_back(work_prefix_s.back() + work);
    least_usd_prefix.push_back(least_usd_prefix.back() + usd);
  }
}

}  // namespace sextant::search
