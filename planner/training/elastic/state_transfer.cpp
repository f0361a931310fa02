#include "planner/training/elastic/state_transfer.h"

#include <algorithm>

namespace sextant::elastic {

namespace {

/// State goes in pieces of this size, as buckets of tensors do; links are measured up to about it,
/// and a quadratic (LinkModel) means nothing far beyond.
constexpr double kPieceBytes = 64e6;

double link_s(const LinkModel& link, double bytes) {
  const double time_s = bytes <= kPieceBytes ? link.transfer_s(bytes)
                                             : bytes / kPieceBytes * link.transfer_s(kPieceBytes);
  return std::max(time_s, bytes / link.peak_bytes_per_s());  // a quadratic may be negative
}

int gpus_used(const NodeState& node) {
  return static_cast<int>(
      std::count_if(node.begin(), node.end(), [](const GpuState& gpu) { return gpu.tp > 0; }));
}

/// The link from node to node, of `lanes` GPUs or of as many fewer as the network knows.
LinkModel link_between(const Network& network, const NodeId& from, const NodeId& to, int lanes) {
  for (int count = lanes; count > 1; --count) {
    if (const auto link = network.find({from.zone, from.gpu, count}, {to.zone, to.gpu, count})) {
      return *link;
    }
  }
  return network.between({from.zone, from.gpu, 1}, {to.zone, to.gpu, 1});
}

/// From GPU to GPU of a node; where the network does not say, as between nodes.
double inside_s(const Network& network, const NodeId& node, int lanes, double bytes) {
  if (bytes == 0) return 0;
  const auto link = network.inside_node(node.gpu, std::max(2, lanes));
  return link_s(link ? *link : link_between(network, node, node, lanes), bytes);
}

class Transfer {
 public:
  Transfer(const std::map<NodeId, NodeState>& holders, const Cluster& cluster,
           const StateSizes& sizes)
      : holders_(holders), cluster_(cluster), sizes_(sizes) {
    for (const auto& [id, node] : holders) {
      std::map<StateKey, FractionSet> united;
      for (const GpuState& gpu : node) {
        for (const auto& [key, part] : gpu.parts) united[key] = united[key].united(part);
      }
      for (auto& [key, part] : united) sources_[key].push_back({senders_.size(), std::move(part)});
      senders_.push_back(&id);
    }
    sent_.assign(senders_.size(), 0);
  }

  bool receive(const NodeId& id, const NodeState& node) {
    static const NodeState kNothing;
    const auto held = holders_.find(id);
    const NodeState& before = held == holders_.end() ? kNothing : held->second;
    std::map<StateKey, FractionSet> here;
    for (const GpuState& gpu : before) {
      for (const auto& [key, part] : gpu.parts) here[key] = here[key].united(part);
    }
    far_.clear();
    for (const NodeId* from : senders_) {
      far_.push_back(*from == id ? kItself : from->zone != id.zone ? 2 : from->gpu != id.gpu);
    }
    double inside = 0;
    for (std::size_t g = 0; g < node.size(); ++g) {
      std::vector<int> layers;
      for (const auto& [key, part] : node[g].parts) {
        FractionSet missing = part;
        if (g < before.size()) {
          const auto own = before[g].parts.find(key);
          if (own != before[g].parts.end()) missing = part.without(own->second);
        }
        if (missing.empty()) continue;
        const FractionSet beside = missing.common(here[key]);
        inside += sizes_.bytes(node[g].tp, key, beside);
        if (!fetch(id, node[g].tp, key, missing.without(beside))) return false;
        here[key] = here[key].united(missing);
        layers.push_back(key.layer);
      }
      count(std::move(layers));
    }
    out_.inside_bytes += inside;
    received_s_[id] += inside_s(*cluster_.network, id, gpus_used(node), inside);
    lanes_[id] = gpus_used(node);
    return true;
  }

  StateTransfer result() {
    std::map<NodeId, double> sent_s;
    for (const auto& [pair, bytes] : bytes_) {
      const auto& [from, to] = pair;
      const int lanes = std::min(gpus_used(holders_.at(from)), lanes_.at(to));
      const double time_s = link_s(link_between(*cluster_.network, from, to, lanes), bytes);
      sent_s[from] += time_s;
      received_s_[to] += time_s;
      out_.network_bytes += bytes;
      out_.egress_usd += bytes * cluster_.egress(from.zone, to.zone);
    }
    for (const auto* side : {&sent_s, &received_s_}) {
      for (const auto& [id, time_s] : *side) out_.transfer_s = std::max(out_.transfer_s, time_s);
    }
    return out_;
  }

 private:
  static constexpr int kItself = -1;
  struct Source {
    std::size_t sender;  ///< index in senders_
    FractionSet part;
  };

  /// Asks the nearest holders, until nothing is missing; false where nobody has the rest.
  bool fetch(const NodeId& to, int tp, const StateKey& key, FractionSet missing) {
    while (!missing.empty()) {
      const Source* best = nullptr;
      const auto before = [&](std::size_t a, std::size_t b) {
        return far_[a] != far_[b] ? far_[a] < far_[b] : sent_[a] < sent_[b];
      };
      for (const Source& source : sources_[key]) {
        if (far_[source.sender] == kItself) continue;
        if (best != nullptr && !before(source.sender, best->sender)) continue;
        if (!source.part.common(missing).empty()) best = &source;
      }
      if (best == nullptr) return false;
      const FractionSet part = missing.common(best->part);
      const double bytes = sizes_.bytes(tp, key, part);
      sent_[best->sender] += bytes;
      bytes_[{*senders_[best->sender], to}] += bytes;
      missing = missing.without(part);
    }
    return true;
  }

  void count(std::vector<int> layers) {
    if (layers.empty()) return;
    ++out_.gpus_receiving;
    std::sort(layers.begin(), layers.end());
    layers.erase(std::unique(layers.begin(), layers.end()), layers.end());
    out_.layers_received += static_cast<int>(layers.size());
  }

  const std::map<NodeId, NodeState>& holders_;
  const Cluster& cluster_;
  const StateSizes& sizes_;
  std::map<StateKey, std::vector<Source>> sources_;
  std::vector<const NodeId*> senders_;
  std::vector<double> sent_;  ///< bytes so far, by sender
  std::vector<int> far_;      ///< by sender, from the node that receives now
  std::map<std::pair<NodeId, NodeId>, double> bytes_;
  std::map<NodeId, double> received_s_;
  std::map<NodeId, int> lanes_;  ///< GPUs in use of receiving nodes
  StateTransfer out_;
};

}  // namespace

std::optional<StateTransfer> from_holders(const std::map<NodeId, NodeState>& nodes,
                                          const std::map<NodeId, NodeState>& holders,
                                          const Cluster& cluster, const StateSizes& sizes) {
  Transfer transfer(holders, cluster, sizes);
  for (const auto& [id, node] : nodes) {
    if (!transfer.receive(id, node)) return std::nullopt;
  }
  return transfer.result();
}

StateTransfer from_storage(const std::map<NodeId, NodeState>& nodes, const Cluster& cluster,
                           const StateSizes& sizes, double storage_bytes_per_s) {
  StateTransfer out;
  for (const auto& [id, node] : nodes) {
    std::map<StateKey, FractionSet> read;
    double bytes = 0;
    double inside = 0;
    for (const GpuState& gpu : node) {
      int last_layer = -1;
      for (const auto& [key, part] : gpu.parts) {
        FractionSet& here = read[key];
        bytes += sizes.bytes(gpu.tp, key, part.without(here));
        inside += sizes.bytes(gpu.tp, key, part.common(here));
        here = here.united(part);
        if (key.layer != last_layer) ++out.layers_received;
        last_layer = key.layer;
      }
      if (gpu.tp > 0) ++out.gpus_receiving;
    }
    out.storage_bytes += bytes;
    out.inside_bytes += inside;
    out.restore_s =
        std::max(out.restore_s, bytes / storage_bytes_per_s +
                                    inside_s(*cluster.network, id, gpus_used(node), inside));
  }
  return out;
}

}  // namespace sextant::elastic
