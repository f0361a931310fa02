#include "analyzer/serving/formats/sub_cluster.h"

#include <algorithm>
#include <set>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"
#include "analyzer/serving/formats/helix_text.h"

namespace sextant {

namespace {

/// One end's links by index, the fastest first, of which it keeps the first few.
struct Ends {
  std::vector<std::size_t> links;

  /// `later` breaks ties.
  template <typename Later>
  void keep(const ServingCluster& cluster, const LinkPruning& pruning, const Later& later,
            std::vector<char>& kept) {
    std::sort(links.begin(), links.end(), [&](std::size_t a, std::size_t b) {
      const double first = cluster.links[a].bytes_per_s;
      const double second = cluster.links[b].bytes_per_s;
      return first != second ? first > second : later(a, b);
    });
    for (std::size_t i = 0; i < links.size(); ++i) {
      const bool fast = cluster.links[links[i]].bytes_per_s >= pruning.keep_bytes_per_s;
      if (i < static_cast<std::size_t>(pruning.min_keep) ||
          (i < static_cast<std::size_t>(pruning.max_keep) && fast)) {
        kept[links[i]] = 1;
      }
    }
  }
};

}  // namespace

ServingCluster machines_of_one_type(const ServingCluster& cluster, std::string_view type) {
  ServingCluster part = cluster;
  part.machines.clear();
  part.links.clear();
  constexpr int kAbsent = -2;
  std::vector<int> index(cluster.machines.size(), kAbsent);
  std::set<std::string> types;
  for (std::size_t i = 0; i < cluster.machines.size(); ++i) {
    types.insert(cluster.machines[i].type);
    if (cluster.machines[i].type != type) continue;
    index[i] = static_cast<int>(part.machines.size());
    part.machines.push_back(cluster.machines[i]);
  }
  if (part.machines.empty()) {
    throw_bad_input(
        fmt::format("expected machines of type {}, found {}", quote(type), fmt::join(types, ", ")));
  }
  const auto end = [&](int machine) {
    return machine == kCoordinator ? kCoordinator : index[static_cast<std::size_t>(machine)];
  };
  for (ServingLink link : cluster.links) {
    link.from = end(link.from);
    link.to = end(link.to);
    if (link.from != kAbsent && link.to != kAbsent) part.links.push_back(link);
  }
  return part;
}

ServingCluster pruned_cluster(const ServingCluster& cluster, const LinkPruning& pruning) {
  std::vector<Ends> machines(cluster.machines.size());
  Ends source;
  Ends sink;
  std::vector<std::string> names;
  for (std::size_t l = 0; l < cluster.links.size(); ++l) {
    const ServingLink& link = cluster.links[l];
    names.push_back(fmt::format("{}-{}",
                                link.from == kCoordinator ? "source" : std::to_string(link.from),
                                link.to == kCoordinator ? "sink" : std::to_string(link.to)));
    if (link.from == kCoordinator) {
      source.links.push_back(l);
    } else if (link.to == kCoordinator) {
      sink.links.push_back(l);
    } else {
      machines[static_cast<std::size_t>(link.from)].links.push_back(l);
      machines[static_cast<std::size_t>(link.to)].links.push_back(l);
    }
  }
  std::vector<char> kept(cluster.links.size(), 0);
  const auto later_machine = [&](std::size_t a, std::size_t b) {
    return std::max(cluster.links[a].from, cluster.links[a].to) >
           std::max(cluster.links[b].from, cluster.links[b].to);
  };
  source.keep(cluster, pruning, later_machine, kept);
  sink.keep(cluster, pruning, later_machine, kept);
  const auto later_name = [&](std::size_t a, std::size_t b) { return names[a] > names[b]; };
  for (Ends& machine : machines) machine.keep(cluster, pruning, later_name, kept);
  std::vector<std::size_t> order;
  for (std::size_t l = 0; l < cluster.links.size(); ++l) {
    if (kept[l] != 0) order.push_back(l);
  }
  // The source's, the sink's, those between machines; by name each.
  const auto group = [&](std::size_t l) {
    const ServingLink& link = cluster.links[l];
    return link.from == kCoordinator ? 0 : link.to == kCoordinator ? 1 : 2;
  };
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return group(a) != group(b) ? group(a) < group(b) : names[a] < names[b];
  });
  ServingCluster pruned = cluster;
  pruned.links.clear();
  for (const std::size_t l : order) pruned.links.push_back(cluster.links[l]);
  return pruned;
}

std::string pruned_heading(const LinkPruning& pruning, std::string_view original_name,
                           std::string_view original_heading) {
  return fmt::format(
      "# ********************************************************************************** #\n"
      "# This file is pruned from {}.\n# Pruning Settings:\n#     min_keep: {}\n"
      "#     max_keep: {}\n#     keep_bandwidth_threshold: {} ({} mbps)\n"
      "# Original file heading is as follows:\n{}",
      original_name, pruning.min_keep, pruning.max_keep, pruning.keep_bytes_per_s,
      python_float(pruning.keep_bytes_per_s / 1e6), original_heading);
}

}  // namespace sextant
