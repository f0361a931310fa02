#include <algorithm>
#include <map>
#include <numeric>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "launch/emit/serving/serving_export.h"

namespace sextant {

namespace {

std::size_t at(int index) {
  return static_cast<std::size_t>(index);
}

/// Links along which a request goes through every layer once.
class LayerChain {
 public:
  explicit LayerChain(const ServedNetwork& network)
      : network_(network),
        next_(network.nodes.size()),
        first_flow_(network.nodes.size(), kNoLink),
        last_flow_(network.nodes.size(), kNoLink),
        load_(network.nodes.size(), 0) {
    const int layers = network.profiles.model.layers;
    for (const ServedLink& link : network.links) {
      const double flow = link.flow_tokens_per_s;
      if (link.to != kCoordinator) load_[at(link.to)] += flow;
      if (link.from == kCoordinator) {
        if (node(link.to).first == 0) first_flow_[at(link.to)] = flow;
      } else if (link.to == kCoordinator) {
        if (node(link.from).end == layers) last_flow_[at(link.from)] = flow;
      } else if (node(link.from).end == node(link.to).first) {
        next_[at(link.from)].push_back({link.to, flow});
      }
    }
  }

  /// The reason why not every node can be in a pipeline, or "" and the successor of each.
  std::string pair_all(std::vector<int>& successor) const;
  /// The pipeline among nodes that are free whose weakest link has the most flow; empty: none.
  std::vector<int> widest(const std::vector<char>& free) const;

  ServingPipeline pipeline(std::vector<int> nodes) const {
    ServingPipeline made;
    made.flow_tokens_per_s = load_[at(nodes.front())];
    for (const int n : nodes) {
      made.flow_tokens_per_s = std::min(made.flow_tokens_per_s, load_[at(n)]);
    }
    made.nodes = std::move(nodes);
    return made;
  }

 private:
  static constexpr double kNoLink = -1;
  struct Hop {
    int to;
    double flow;
  };

  const LayerInterval& node(int n) const { return network_.nodes[at(n)].layers; }
  bool give(int from, std::vector<int>& predecessor, std::vector<char>& tried) const;

  const ServedNetwork& network_;
  std::vector<std::vector<Hop>> next_;
  std::vector<double> first_flow_;  ///< from the coordinator, of nodes with the first layer
  std::vector<double> last_flow_;   ///< to it, of nodes with the last
  std::vector<double> load_;        ///< all that comes into each node
};

/// Kuhn's algorithm: a successor for `from`, others moved on to theirs.
bool LayerChain::give(int from, std::vector<int>& predecessor, std::vector<char>& tried) const {
  for (const Hop& hop : next_[at(from)]) {
    if (tried[at(hop.to)] != 0) continue;
    tried[at(hop.to)] = 1;
    int& before = predecessor[at(hop.to)];
    if (before == kCoordinator || give(before, predecessor, tried)) {
      before = from;
      return true;
    }
  }
  return false;
}

std::string LayerChain::pair_all(std::vector<int>& successor) const {
  const int layers = network_.profiles.model.layers;
  std::map<int, int> surplus;  // machines that end at a layer less those that begin there
  for (std::size_t i = 0; i < next_.size(); ++i) {
    const LayerInterval& held = network_.nodes[i].layers;
    const std::string name = quote(network_.nodes[i].name);
    if (held.first == 0 && first_flow_[i] == kNoLink) {
      return name + " holds the first layer, but no link leads there from the coordinator";
    }
    if (held.end == layers && last_flow_[i] == kNoLink) {
      return name + " holds the last layer, but no link leads from there to the coordinator";
    }
    if (held.first != 0) --surplus[held.first];
    if (held.end != layers) ++surplus[held.end];
  }
  for (const auto& [layer, count] : surplus) {
    if (count == 0) continue;
    const auto begin = std::count_if(
        network_.nodes.begin(), network_.nodes.end(),
        [layer = layer](const ServedNode& other) { return other.layers.first == layer; });
    return fmt::format("machines whose layers end before layer {}: {}, and that begin with it: {}",
                       layer, begin + count, begin);
  }

  // Links with the most flow are given first, and moved only for the sake of others.
  struct Link {
    int from;
    Hop hop;
  };
  std::vector<Link> links;
  for (std::size_t i = 0; i < next_.size(); ++i) {
    for (const Hop& hop : next_[i]) links.push_back({static_cast<int>(i), hop});
  }
  std::stable_sort(links.begin(), links.end(),
                   [](const Link& a, const Link& b) { return a.hop.flow > b.hop.flow; });
  std::vector<int> predecessor(next_.size(), kCoordinator);
  std::vector<char> given(next_.size(), 0);
  for (const Link& link : links) {
    if (given[at(link.from)] != 0 || predecessor[at(link.hop.to)] != kCoordinator) continue;
    given[at(link.from)] = 1;
    predecessor[at(link.hop.to)] = link.from;
  }
  for (std::size_t i = 0; i < next_.size(); ++i) {
    if (given[i] != 0 || network_.nodes[i].layers.end == layers) continue;
    std::vector<char> tried(next_.size(), 0);
    if (!give(static_cast<int>(i), predecessor, tried)) {
      return fmt::format(
          "no links pair the machines that end before layer {} with those that "
          "begin with it",
          network_.nodes[i].layers.end);
    }
  }
  successor.assign(next_.size(), kCoordinator);
  for (std::size_t i = 0; i < next_.size(); ++i) {
    if (predecessor[i] != kCoordinator) successor[at(predecessor[i])] = static_cast<int>(i);
  }
  return "";
}

std::vector<int> LayerChain::widest(const std::vector<char>& free) const {
  std::vector<int> order(next_.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [this](int a, int b) { return node(a).first < node(b).first; });
  std::vector<double> width = first_flow_;
  std::vector<int> before(next_.size(), kCoordinator);
  int end = kCoordinator;
  double best = kNoLink;
  for (const int n : order) {
    if (free[at(n)] == 0 || width[at(n)] == kNoLink) continue;
    for (const Hop& hop : next_[at(n)]) {
      const double through = std::min(width[at(n)], hop.flow);
      if (free[at(hop.to)] == 0 || through <= width[at(hop.to)]) continue;
      width[at(hop.to)] = through;
      before[at(hop.to)] = n;
    }
    if (last_flow_[at(n)] == kNoLink) continue;
    const double through = std::min(width[at(n)], last_flow_[at(n)]);
    if (through <= best) continue;
    best = through;
    end = n;
  }
  std::vector<int> path;
  for (int n = end; n != kCoordinator; n = before[at(n)]) path.push_back(n);
  std::reverse(path.begin(), path.end());
  return path;
}

}  // namespace

ServingPipelines disjoint_pipelines(const ServedNetwork& network) {
  const LayerChain chain(network);
  ServingPipelines result;
  std::vector<int> successor;
  result.reason = chain.pair_all(successor);
  if (result.reason.empty()) {
    for (std::size_t i = 0; i < network.nodes.size(); ++i) {
      if (network.nodes[i].layers.first != 0) continue;
      std::vector<int> nodes;
      for (int n = static_cast<int>(i); n != kCoordinator; n = successor[at(n)]) nodes.push_back(n);
      result.pipelines.push_back(chain.pipeline(std::move(nodes)));
    }
    return result;
  }
  std::vector<char> free(network.nodes.size(), 1);
  while (true) {
    const std::vector<int> nodes = chain.widest(free);
    if (nodes.empty()) break;
    for (const int n : nodes) free[at(n)] = 0;
    result.pipelines.push_back(chain.pipeline(nodes));
  }
  for (std::size_t i = 0; i < free.size(); ++i) {
    if (free[i] != 0) result.left_out.push_back(static_cast<int>(i));
  }
  return result;
}

}  // namespace sextant
