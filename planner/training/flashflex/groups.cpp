#include "planner/training/flashflex/groups.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

namespace sextant::flashflex {

namespace {

constexpr double kEdgeBytes = 1e10;

/// At each step of a walk through the groups, so many nearest ones are tried.
constexpr int kMostNeighbours = 3;

struct Walk {
  std::vector<int> groups;
  std::int64_t bytes_per_s = 0;  ///< sum over its steps
};

/// The walk from `start` that takes at step i the choices[i]-th nearest group that is left, or the
/// farthest where fewer are left.
Walk walk(const std::vector<std::vector<std::int64_t>>& weights, int start,
          const std::vector<int>& choices) {
  Walk out{{start}, 0};
  std::vector<int> left(weights.size());
  std::iota(left.begin(), left.end(), 0);
  left.erase(left.begin() + start);
  for (const int choice : choices) {
    const std::vector<std::int64_t>& here = weights[static_cast<std::size_t>(out.groups.back())];
    std::stable_sort(left.begin(), left.end(), [&](int a, int b) {
      return here[static_cast<std::size_t>(a)] > here[static_cast<std::size_t>(b)];
    });
    const auto taken = left.begin() + std::min(choice, static_cast<int>(left.size()) - 1);
    out.bytes_per_s += here[static_cast<std::size_t>(*taken)];
    out.groups.push_back(*taken);
    left.erase(taken);
    std::sort(left.begin(), left.end());
  }
  return out;
}

/// The next of all `choices` below `most`, the last place first; false after the last.
bool advance(std::vector<int>& choices, int most) {
  for (auto at = choices.rbegin(); at != choices.rend(); ++at) {
    if (++*at < most) return true;
    *at = 0;
  }
  return false;
}

std::vector<GpuSet> parts(const GpuSet& gpus, const std::vector<int>& part_of) {
  std::vector<GpuSet> out;
  for (std::size_t g = 0; g < gpus.size(); ++g) {
    const auto part = static_cast<std::size_t>(part_of[g]);
    if (part >= out.size()) out.resize(part + 1);
    out[part].push_back(gpus[g]);
  }
  return out;
}

GpuSet all_of(const std::vector<Gpu>& fleet) {
  GpuSet out(fleet.size());
  std::iota(out.begin(), out.end(), 0);
  return out;
}

}  // namespace

std::vector<Gpu> fleet_of(const std::vector<GpuPool>& pools) {
  std::vector<Gpu> out;
  int machine = 0;
  for (std::size_t type = 0; type < pools.size(); ++type) {
    for (int g = 0; g < pools[type].count; ++g) {
      out.push_back({static_cast<int>(type), machine + g / pools[type].gpus_per_node});
    }
    machine += pools[type].node_count();
  }
  return out;
}

Cutter::Cutter(const Model& model, const std::vector<Gpu>& fleet, std::int64_t metis_seed)
    : model_(model),
      fleet_(fleet),
      metis_seed_(metis_seed),
      by_time_(weights_of(all_of(fleet)), [this](int a, int b) {
        return static_cast<std::int64_t>(std::nearbyint(kEdgeBytes / bytes_per_s(a, b)));
      }) {}

double Cutter::bytes_per_s(int a, int b) const {
  const Gpu& from = fleet_[static_cast<std::size_t>(a)];
  const Gpu& to = fleet_[static_cast<std::size_t>(b)];
  return model_.bytes_per_s(from.type, from.machine == to.machine);
}

std::vector<std::int64_t> Cutter::weights_of(const GpuSet& gpus) const {
  std::vector<std::int64_t> out;
  for (const int gpu : gpus) {
    const int type = fleet_[static_cast<std::size_t>(gpu)].type;
    out.push_back(static_cast<std::int64_t>(model_.rating(type).flop_per_s));
  }
  return out;
}

std::vector<GpuSet> Cutter::pipelines(int count) const {
  return parts(all_of(fleet_), by_time_.cut(count, metis_seed_));
}

std::vector<GpuSet> Cutter::groups(const GpuSet& gpus, int count) const {
  if (count < 2) return {gpus};
  const CompleteGraph by_rate(weights_of(gpus), [&](int a, int b) {
    return static_cast<std::int64_t>(
        bytes_per_s(gpus[static_cast<std::size_t>(a)], gpus[static_cast<std::size_t>(b)]));
  });
  const std::vector<GpuSet> cut = parts(gpus, by_rate.cut(count, metis_seed_));
  std::vector<GpuSet> out;
  for (const int group : order_of(cut)) out.push_back(cut[static_cast<std::size_t>(group)]);
  return out;
}

std::int64_t Cutter::between(const GpuSet& from, const GpuSet& to) const {
  std::int64_t sum = 0;
  for (const int a : from) {
    for (const int b : to) sum += static_cast<std::int64_t>(bytes_per_s(a, b));
  }
  return sum;
}

/// Of each start the walk over the fastest links, of equal ones the last tried; of those walks the
/// one over the slowest.
std::vector<int> Cutter::order_of(const std::vector<GpuSet>& groups) const {
  const auto count = static_cast<int>(groups.size());
  if (count < 2) return {0};
  std::vector<std::vector<std::int64_t>> weights(groups.size());
  for (std::size_t a = 0; a < groups.size(); ++a) {
    for (std::size_t b = 0; b < groups.size(); ++b) {
      weights[a].push_back(a == b ? 0 : between(groups[a], groups[b]));
    }
  }
  std::optional<Walk> chosen;
  for (int start = 0; start < count; ++start) {
    std::vector<int> choices(groups.size() - 1, 0);
    Walk best = walk(weights, start, choices);
    while (advance(choices, std::min(kMostNeighbours, count - 1))) {
      Walk other = walk(weights, start, choices);
      if (other.bytes_per_s >= best.bytes_per_s) best = std::move(other);
    }
    if (!chosen || best.bytes_per_s < chosen->bytes_per_s) chosen = std::move(best);
  }
  return chosen->groups;
}

}  // namespace sextant::flashflex
