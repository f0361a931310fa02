#include "planner/serving/sextant/search_instance.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "analyzer/serving/flow/placement_flow.h"

namespace sextant {
namespace {

/// Whether every machine can pass on all that it takes, to any other.
bool never_binds(const SearchInstance& instance) {
  std::vector<double> most(static_cast<std::size_t>(instance.machines), 0);
  for (int i = 0; i < instance.machines; ++i) {
    for (int k = 1; k <= instance.max_layers[static_cast<std::size_t>(i)]; ++k) {
      most[static_cast<std::size_t>(i)] =
          std::max(most[static_cast<std::size_t>(i)], instance.node_capacity(i, k));
    }
  }
  for (int i = 0; i < instance.machines; ++i) {
    const double own = most[static_cast<std::size_t>(i)];
    if (instance.from_coordinator[static_cast<std::size_t>(i)] < own ||
        instance.to_coordinator[static_cast<std::size_t>(i)] < own) {
      return false;
    }
    for (int j = 0; j < instance.machines; ++j) {
      const double least = std::min(own, most[static_cast<std::size_t>(j)]);
      if (i != j && instance.link_capacity(i, j) < least) return false;
    }
  }
  return true;
}

/// Regions by links whose capacity is nearer to the best than to the worst, as ratios go.
std::vector<int> regions(const SearchInstance& instance) {
  constexpr double kMuchFaster = 4;
  const auto n = static_cast<std::size_t>(instance.machines);
  double best = 0;
  double worst = std::numeric_limits<double>::infinity();
  for (const double capacity : instance.between) {
    if (capacity <= 0) continue;
    best = std::max(best, capacity);
    worst = std::min(worst, capacity);
  }
  const double least = best > kMuchFaster * worst ? std::sqrt(best * worst) : 0;
  constexpr int kNone = -1;
  std::vector<int> region(n, kNone);
  int regions = 0;
  std::vector<std::size_t> reached;
  for (std::size_t start = 0; start < n; ++start) {
    if (region[start] != kNone) continue;
    region[start] = regions;
    reached.assign(1, start);
    for (std::size_t next = 0; next < reached.size(); ++next) {
      for (std::size_t other = 0; other < n; ++other) {
        const double capacity = instance.between[reached[next] * n + other];
        if (region[other] != kNone || capacity <= 0 || capacity < least) continue;
        region[other] = regions;
        reached.push_back(other);
      }
    }
    ++regions;
  }
  return region;
}

}  // namespace

SearchInstance search_instance(const PlacementProblem& problem) {
  const ServingCluster& cluster = *problem.cluster;
  const ServingProfiles& profiles = *problem.profiles;
  const ServedModel& model = profiles.model;
  SearchInstance instance;
  const std::size_t n = cluster.machines.size();
  instance.machines = static_cast<int>(n);
  instance.layers = model.layers;
  instance.throughput = problem.throughput;
  for (std::size_t t = 0; t < profiles.types.size(); ++t) {
    const MachineType& type = profiles.types[t];
    const double nic =
        std::min(type.nic_in_bytes_per_s, type.nic_out_bytes_per_s) / model.activation_bytes;
    std::vector<double> kv_tokens;
    for (const std::int64_t blocks : type.kv_blocks) {
      kv_tokens.push_back(static_cast<double>(kKvBlockTokens * blocks));
    }
    instance.kv_tokens.push_back(std::move(kv_tokens));
    for (double& tokens_per_s : instance.throughput[t]) tokens_per_s = std::min(tokens_per_s, nic);
  }
  for (const ServingMachine& machine : cluster.machines) {
    const int type = profiles.type_index(machine.type);
    instance.type.push_back(type);
    instance.max_layers.push_back(
        std::min(profiles.types[static_cast<std::size_t>(type)].max_layers, model.layers));
  }
  instance.from_coordinator.assign(n, 0);
  instance.to_coordinator.assign(n, 0);
  instance.between.assign(n * n, 0);
  instance.latency_s.assign(n * n, 0);
  double outer_links = 0;
  for (const ServingLink& link : cluster.links) {
    const auto from = static_cast<std::size_t>(link.from);
    const auto to = static_cast<std::size_t>(link.to);
    if (link.from == kCoordinator || link.to == kCoordinator) {
      ++outer_links;
      instance.coordinator_latency_s +=
          (link.latency_s - instance.coordinator_latency_s) / outer_links;
    }
    if (link.from == kCoordinator) {
      instance.from_coordinator[to] += link.bytes_per_s / model.token_bytes;
    } else if (link.to == kCoordinator) {
      instance.to_coordinator[from] += link.bytes_per_s / model.token_bytes;
    } else {
      const double tokens_per_s = link.bytes_per_s / model.activation_bytes;
      instance.between[from * n + to] += tokens_per_s;
      instance.between[to * n + from] += tokens_per_s;
      instance.latency_s[from * n + to] = instance.latency_s[to * n + from] = link.latency_s;
    }
  }
  instance.region = regions(instance);
  instance.network_never_binds = never_binds(instance);
  instance.bound = tight_upper_bound(cluster, profiles, problem.throughput);
  return instance;
}

}  // namespace sextant
