#include "planner/training/sextant/stage_tables.h"

#include <algorithm>
#include <limits>
#include <map>

#include "planner/training/sextant/index.h"

namespace sextant::search {

namespace {

/// Mixed stages of every pair of options would swamp the search where there are many, and their
/// divisions sooner.
constexpr int kMostOptionsToMix = 12;
constexpr int kMostOptionsToDivide = 8;

}  // namespace

MemoryLimits::MemoryLimits(const SeparableCosts& costs, const std::vector<StageOption>& options,
                           int replicas)
    : layers_(costs.layer_count) {
  earliest_first_.reserve(options.size() * index((layers_ + 1) * layers_));
  for (const StageOption& option : options) {
    const auto fits = [&](int first, int end, int behind) {
      return std::all_of(option.classes.begin(), option.classes.end(),
                         [&](int c) { return costs.fits(c, first, end, behind, replicas); });
    };
    for (int end = 0; end <= layers_; ++end) {
      // More stages behind hold more microbatches: what fits shrinks.
      int first = 0;
      for (int behind = 0; behind < layers_; ++behind) {
        while (first < end && !fits(first, end, behind)) ++first;
        earliest_first_.push_back(first);
      }
    }
  }
}

StageTables::StageTables(const SeparableCosts& separable, const Grouping& zone_grouping,
                         const Cluster& the_cluster)
    : costs(separable),
      grouping(zone_grouping),
      cluster(the_cluster),
      layers_(separable.layer_count) {
  add_options();
  if (options.empty()) return;
  limits.emplace_back(costs, options, 1);
  add_intervals();
  add_transfers();
}

bool StageOption::suits(int replicas) const {
  if (!mixed()) return true;
  int fewest = 0;
  int exactly_one = 0;
  for (const Member& member : members) {
    fewest += member.fewest;
    exactly_one += member.single ? 1 : 0;
  }
  // A single replica of a kind is a matter of small numbers.
  constexpr int kMostBesideASingle = 8;
  if (exactly_one > 0 && replicas > kMostBesideASingle) return false;
  return exactly_one == 2 ? replicas == 2 : replicas >= fewest;
}

void StageTables::add_options() {
  for (std::size_t r = 0; r < grouping.resources.size(); ++r) {
    const Resource& here = grouping.resources[r];
    std::map<int, StageOption::Member> by_degree;
    for (std::size_t z = 0; z < here.pools.size(); ++z) {
      for (std::size_t c = 0; c < costs.classes.size(); ++c) {
        if (here.pools[z] < 0 || costs.classes[c].pool != here.pools[z]) continue;
        StageOption::Member& member = by_degree[costs.classes[c].tp];
        member.resource = static_cast<int>(r);
        member.tp = costs.classes[c].tp;
        member.classes.resize(here.pools.size(), -1);
        member.classes[z] = static_cast<int>(c);
      }
    }
    for (auto& [tp, member] : by_degree) options.push_back({{member}, {}, {}});
  }
  pure_count = static_cast<int>(options.size());
  if (pure_count <= kMostOptionsToMix) {
    for (int a = 0; a < pure_count; ++a) {
      for (int b = a + 1; b < pure_count; ++b) {
        const StageOption::Member first = options[index(a)].members[0];
        const StageOption::Member second = options[index(b)].members[0];
        if (may_mix(first, second)) add_mixed_options(first, second);
      }
    }
  }
  for (StageOption& option : options) {
    std::size_t zones = 0;
    for (const auto& member : option.members) zones = std::max(zones, member.classes.size());
    for (std::size_t z = 0; z < zones; ++z) {
      for (const auto& member : option.members) {
        if (z >= member.classes.size() || member.classes[z] < 0) continue;
        option.classes.push_back(member.classes[z]);
        option.ring.insert(option.ring.end(), member.single ? 1 : 2, member.classes[z]);
      }
    }
  }
}

/// Which member's replicas stand first, and whether one has a single replica, matters where a ring
/// within one of the types is slower than across both, or one way across is slower than the other.
void StageTables::add_mixed_options(const StageOption::Member& a, const StageOption::Member& b) {
  bool order_matters = false;
  bool number_matters = false;
  const bool one_zone = a.classes.size() == 1;
  for (const int replicas : {2, 3, 4, 6, 8, 16, 64, 256}) {
    for (const int end : {1, layers_}) {
      const auto sync = [&](int from, int to) {
        return costs.sync_s(0, end, replicas, {from, to});
      };
      const int x = a.classes.front();
      const int y = b.classes.front();
      if (!one_zone || x < 0 || y < 0 || pure_count > kMostOptionsToDivide) continue;
      const double across = std::min(sync(x, y), sync(y, x));
      order_matters = order_matters || sync(x, y) != sync(y, x);
      number_matters = number_matters || sync(x, x) > across || sync(y, y) > across;
    }
  }
  const auto add = [&](StageOption::Member first, StageOption::Member second) {
    if (!number_matters) {
      options.push_back({{first, second}, {}, {}});
      return;
    }
    for (const bool first_single : {false, true}) {
      for (const bool second_single : {false, true}) {
        first.single = first_single;
        first.fewest = first_single ? 1 : 2;
        second.single = second_single;
        second.fewest = second_single ? 1 : 2;
        options.push_back({{first, second}, {}, {}});
      }
    }
  };
  add(a, b);
  if (order_matters) add(b, a);
}

/// Two types within a group: one type in two zones is a group of those zones.
bool StageTables::may_mix(const StageOption::Member& a, const StageOption::Member& b) const {
  return a.resource != b.resource && resource(a.resource).group == resource(b.resource).group;
}

void StageTables::add_intervals() {
  const auto size = static_cast<std::size_t>(option_count() * (layers_ + 1) * layers_);
  compute_.resize(size);
  update_.resize(size);
  for (int o = 0; o < option_count(); ++o) {
    for (int end = 0; end <= layers_; ++end) {
      for (int first = 0; first < end; ++first) {
        double slowest = 0;
        double slowest_update = 0;
        for (const int c : options[index(o)].classes) {
          slowest = std::max(slowest, costs.compute(c, first, end));
          slowest_update = std::max(slowest_update, costs.update(c, first, end));
        }
        compute_[interval_index(o, first, end)] = slowest;
        update_[interval_index(o, first, end)] = slowest_update;
      }
    }
  }
}

/// Within a group every replica sends inside its zone; between groups any may meet any.
void StageTables::add_transfer(const StageOption& from, const StageOption& to) {
  const auto aligned = [&](const StageOption::Member& a, const StageOption::Member& b) {
    const int group = resource(a.resource).group;
    return group == resource(b.resource).group && grouping.groups[index(group)].aligned;
  };
  for (int l = 0; l < layers_; ++l) {
    double forward = 0;
    double backward = 0;
    // What is certain to be paid: bounds rest on it.
    double usd = std::numeric_limits<double>::infinity();
    const auto take = [&](int a, int b) {
      if (a < 0 || b < 0) return;
      forward = std::max(forward, costs.forward(a, b, l));
      backward = std::max(backward, costs.backward(a, b, l));
      if (costs.charges_transfers) usd = std::min(usd, costs.border_usd(a, b, l));
    };
    for (const auto& a : from.members) {
      for (const auto& b : to.members) {
        for (std::size_t i = 0; i < a.classes.size(); ++i) {
          if (aligned(a, b)) {
            take(a.classes[i], b.classes[i]);
            continue;
          }
          for (const int other : b.classes) take(a.classes[i], other);
        }
      }
    }
    forward_.push_back(forward);
    backward_.push_back(backward);
    if (costs.charges_transfers) border_usd_.push_back(usd);
  }
}

void StageTables::add_transfers() {
  for (const StageOption& from : options) {
    for (const StageOption& to : options) add_transfer(from, to);
  }
}

}  // namespace sextant::search
