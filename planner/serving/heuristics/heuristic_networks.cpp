#include "planner/serving/heuristics/heuristic_networks.h"

#include <algorithm>
#include <map>
#include <utility>

#include "analyzer/core/python_random.h"

namespace sextant {

namespace {

/// Others that a machine hands on to, at most.
constexpr std::size_t kMostOut = 24;

/// A network without links between machines, and the cluster's links to add from.
class NetworkOfLinks {
 public:
  NetworkOfLinks(const PlacementProblem& problem, const Placement& placement)
      : machines_(problem.cluster->machines.size()),
        links_(problem.cluster->links),
        between_(machines_ * machines_, kNone),
        from_source_(machines_, kNone),
        to_sink_(machines_, kNone) {
    network_.profiles = *problem.profiles;
    network_.coordinator_in_bytes_per_s = problem.cluster->coordinator_in_bytes_per_s;
    network_.coordinator_out_bytes_per_s = problem.cluster->coordinator_out_bytes_per_s;
    for (std::size_t i = 0; i < machines_; ++i) {
      if (placement[i].empty()) continue;
      network_.nodes.push_back(served_node(*problem.profiles, problem.cluster->machines[i],
                                           static_cast<int>(i), placement[i]));
    }
    for (std::size_t l = 0; l < links_.size(); ++l) {
      slot(links_[l].from, links_[l].to) = static_cast<int>(l);
    }
  }

  ServedNetwork& network() { return network_; }
  const std::vector<ServedNode>& nodes() const { return network_.nodes; }
  bool connected(int from, int to) { return slot(machine(from), machine(to)) != kNone; }
  double bytes_per_s(int from, int to) {
    return links_[static_cast<std::size_t>(slot(machine(from), machine(to)))].bytes_per_s;
  }
  /// Between nodes, or a node and the coordinator, where the cluster has such a link.
  void add(int from, int to) {
    const int index = slot(machine(from), machine(to));
    if (index == kNone) return;
    const ServingLink& link = links_[static_cast<std::size_t>(index)];
    network_.links.push_back({from, to, link.latency_s, link.bytes_per_s, 0});
  }

 private:
  static constexpr int kNone = -1;

  int machine(int node) const {
    return node == kCoordinator ? kCoordinator : nodes()[static_cast<std::size_t>(node)].machine;
  }
  int& slot(int from, int to) {
    if (from == kCoordinator) return from_source_[static_cast<std::size_t>(to)];
    if (to == kCoordinator) return to_sink_[static_cast<std::size_t>(from)];
    const auto [low, high] = std::minmax(from, to);
    return between_[static_cast<std::size_t>(low) * machines_ + static_cast<std::size_t>(high)];
  }

  std::size_t machines_;
  const std::vector<ServingLink>& links_;
  std::vector<int> between_;
  std::vector<int> from_source_;
  std::vector<int> to_sink_;
  ServedNetwork network_;
};

}  // namespace

ServedNetwork petals_network(const PlacementProblem& problem, const Placement& placement) {
  NetworkOfLinks links(problem, placement);
  const auto nodes = static_cast<int>(links.nodes().size());
  const auto layers = [&](int node) {
    return links.nodes()[static_cast<std::size_t>(node)].layers;
  };
  for (int i = 0; i < nodes; ++i) {
    if (layers(i).first == 0) links.add(kCoordinator, i);
    if (layers(i).end == problem.profiles->model.layers) links.add(i, kCoordinator);
  }
  for (int i = 0; i < nodes; ++i) {
    std::vector<int> at_start;
    std::vector<int> in_middle;
    for (int j = 0; j < nodes; ++j) {
      if (i == j || !links.connected(i, j)) continue;
      if (layers(j).first == layers(i).end) {
        at_start.push_back(j);
      } else if (connects(layers(i), layers(j), true)) {
        in_middle.push_back(j);
      }
    }
    std::size_t out = 0;
    for (std::vector<int>* group : {&at_start, &in_middle}) {
      std::stable_sort(group->begin(), group->end(), [&](int a, int b) {
        return links.bytes_per_s(i, a) < links.bytes_per_s(i, b);
      });
      for (const int j : *group) {
        if (out++ < kMostOut) links.add(i, j);
      }
    }
  }
  return std::move(links.network());
}

ServedNetwork swarm_network(const PlacementProblem& problem, const Placement& placement,
                            std::uint32_t seed) {
  NetworkOfLinks links(problem, placement);
  // Stages by their first layer; within, machines as they were dealt out: the best first, of equals
  // the last.
  std::map<int, std::vector<int>> stages;
  const auto nodes = static_cast<int>(links.nodes().size());
  std::size_t longest = 0;
  for (const ServedNode& node : links.nodes()) {
    longest = std::max(longest, static_cast<std::size_t>(node.layers.layers()));
  }
  for (int i = nodes; i-- > 0;) {
    stages[links.nodes()[static_cast<std::size_t>(i)].layers.first].push_back(i);
  }
  for (auto& [first, stage] : stages) {
    std::stable_sort(stage.begin(), stage.end(), [&](int a, int b) {
      const auto throughput = [&](int node) {
        const int type = links.nodes()[static_cast<std::size_t>(node)].type;
        return problem.throughput[static_cast<std::size_t>(type)][longest];
      };
      return throughput(a) > throughput(b);
    });
  }
  if (stages.empty()) return std::move(links.network());
  for (const int node : stages.begin()->second) links.add(kCoordinator, node);
  for (const int node : stages.rbegin()->second) links.add(node, kCoordinator);
  PythonRandom random(seed);
  for (auto stage = stages.begin(); std::next(stage) != stages.end(); ++stage) {
    const std::vector<int>& next = std::next(stage)->second;
    for (const int node : stage->second) {
      for (const std::size_t other : random.sample(next.size(), std::min(next.size(), kMostOut))) {
        links.add(node, next[other]);
      }
    }
  }
  return std::move(links.network());
}

ServedNetwork separate_network(const PlacementProblem& problem, const Placement& placement) {
  ServedNetwork network =
      served_network(*problem.cluster, *problem.profiles, placement, problem.partial_inference);
  std::erase_if(network.links, [&](const ServedLink& link) {
    return link.from != kCoordinator && link.to != kCoordinator &&
           network.nodes[static_cast<std::size_t>(link.from)].type !=
               network.nodes[static_cast<std::size_t>(link.to)].type;
  });
  // One pipeline after the other, along it, as the artifact's are written.
  const auto place = [&](const ServedLink& link) {
    const auto node = static_cast<std::size_t>(link.from == kCoordinator ? link.to : link.from);
    const int first = network.nodes[node].layers.first;
    return std::pair(network.nodes[node].type, link.from == kCoordinator ? kCoordinator : first);
  };
  std::stable_sort(network.links.begin(), network.links.end(),
                   [&](const ServedLink& a, const ServedLink& b) { return place(a) < place(b); });
  for (ServedNode& node : network.nodes) {
    const MachineType& type = problem.profiles->types[static_cast<std::size_t>(node.type)];
    if (node.layers.layers() > type.max_layers) {
      node.kv_capacity_layer_tokens = extrapolated_kv_layer_tokens(type, node.layers.layers());
    }
  }
  return network;
}

double extrapolated_kv_layer_tokens(const MachineType& type, int layers) {
  const int most = type.max_layers;
  const auto at_most = static_cast<double>(type.kv_layer_tokens(most));
  if (layers <= most) return static_cast<double>(type.kv_layer_tokens(layers));
  if (most < 2) return 0;
  const double of_a_layer = at_most - static_cast<double>(type.kv_layer_tokens(most - 1));
  return std::max(0.0, at_most + of_a_layer * (layers - most));
}

}  // namespace sextant
