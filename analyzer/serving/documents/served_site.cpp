#include "analyzer/serving/documents/served_site.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/serving/serving_profiles.h"

namespace sextant {

namespace {

/// A node of a pool, an end of links.
struct PoolNode {
  std::size_t pool = 0;
  int gpus = 1;
};

class SiteBuilder {
 public:
  SiteBuilder(const Cluster& cluster, double activation_bytes, const std::string& coordinator_zone)
      : from_(cluster), activation_bytes_(activation_bytes) {
    if (cluster.pools.empty()) throw_bad_input(cluster.name + ": expected pools, found none");
    zone_ = coordinator_zone.empty() ? cluster.pools.front().zone : coordinator_zone;
    const auto gateway = std::find_if(cluster.pools.begin(), cluster.pools.end(),
                                      [&](const GpuPool& pool) { return pool.zone == zone_; });
    if (gateway == cluster.pools.end()) {
      throw_bad_input(fmt::format("cluster {}: no pool is in the coordinator's zone {}",
                                  quote(cluster.name), quote(zone_)));
    }
    gateway_ = static_cast<std::size_t>(gateway - cluster.pools.begin());
  }

  ServedSite build() {
    add_machines();
    add_coordinator_links();
    add_machine_links();
    for (std::size_t i = 0; i < machines_.size(); ++i) {
      MachineKind& kind = kind_of(site_.cluster.machines[i].type);
      kind.nic_bytes_per_s = std::max(kind.nic_bytes_per_s, nic_[i]);
    }
    return std::move(site_);
  }

 private:
  void add_machines() {
    for (std::size_t p = 0; p < from_.pools.size(); ++p) {
      const GpuPool& pool = from_.pools[p];
      int left = pool.count;
      for (int node = 0; left > 0; ++node) {
        const int gpus = std::min(left, pool.gpus_per_node);
        left -= gpus;
        const std::string type = machine_type_name(pool.gpu, gpus);
        site_.cluster.machines.push_back({fmt::format("{}/{}/{}", pool.zone, type, node), type});
        machines_.push_back({p, gpus});
        if (machines_.size() > static_cast<std::size_t>(kMostServingMachines)) {
          throw_bad_input(fmt::format("cluster {}: more than {} machines", quote(from_.name),
                                      kMostServingMachines));
        }
        MachineKind& kind = kind_of(type);
        kind.gpu = pool.gpu;
        kind.gpus = gpus;
        kind.memory_bytes = gpus * pool.memory_bytes;
      }
    }
    if (machines_.empty()) {
      throw_bad_input(fmt::format("cluster {}: expected machines, found none", quote(from_.name)));
    }
    nic_.resize(machines_.size());
  }

  MachineKind& kind_of(const std::string& type) {
    for (MachineKind& kind : site_.kinds) {
      if (kind.type == type) return kind;
    }
    site_.kinds.push_back({type, "", 1, 0, 0});
    return site_.kinds.back();
  }

  LinkEnd end(const PoolNode& machine) const {
    const GpuPool& pool = from_.pools[machine.pool];
    return {pool.zone, pool.gpu, machine.gpus};
  }

  std::optional<LinkModel> find(const PoolNode& from, const PoolNode& to) const {
    return from_.network ? from_.network->find(end(from), end(to)) : std::nullopt;
  }

  /// The line through a token's activations and a typical prompt's.
  ServingLink straight(const LinkModel& model, int from, int to) const {
    const double few = activation_bytes_;
    const double many = kTypicalInputTokens * activation_bytes_;
    const double few_s = model.transfer_s(few);
    const double many_s = model.transfer_s(many);
    double bytes_per_s = model.peak_bytes_per_s();
    if (many_s > few_s) bytes_per_s = std::min(bytes_per_s, (many - few) / (many_s - few_s));
    return {from, to, bytes_per_s, std::max(0.0, few_s - few / bytes_per_s)};
  }

  void add_coordinator_links() {
    ServingCluster& cluster = site_.cluster;
    std::vector<ServingLink> back;
    for (std::size_t i = 0; i < machines_.size(); ++i) {
      const PoolNode& machine = machines_[i];
      const bool near = from_.pools[machine.pool].zone == zone_;
      const PoolNode gateway =
          near ? machine : PoolNode{gateway_, from_.pools[gateway_].gpus_per_node};
      const auto there = find(gateway, machine);
      const auto here = find(machine, gateway);
      if (!there || !here) {
        throw_bad_input(
            fmt::format("cluster {}: machine {} cannot be reached: the network has no link {} zone "
                        "{} and zone {}",
                        quote(from_.name), quote(cluster.machines[i].name),
                        near ? "between nodes of" : "between", quote(zone_),
                        quote(from_.pools[machine.pool].zone)));
      }
      const int index = static_cast<int>(i);
      cluster.links.push_back(straight(*there, kCoordinator, index));
      back.push_back(straight(*here, index, kCoordinator));
      cluster.coordinator_out_bytes_per_s =
          std::max(cluster.coordinator_out_bytes_per_s, there->peak_bytes_per_s());
      cluster.coordinator_in_bytes_per_s =
          std::max(cluster.coordinator_in_bytes_per_s, here->peak_bytes_per_s());
      nic_[i] = std::max(there->peak_bytes_per_s(), here->peak_bytes_per_s());
    }
    cluster.links.insert(cluster.links.end(), back.begin(), back.end());
  }

  /// A link between two machines goes both ways: it is as slow as the slower of them.
  void add_machine_links() {
    for (std::size_t i = 0; i < machines_.size(); ++i) {
      for (std::size_t j = i + 1; j < machines_.size(); ++j) {
        const auto there = find(machines_[i], machines_[j]);
        const auto here = find(machines_[j], machines_[i]);
        if (!there || !here) continue;
        ServingLink link = straight(*there, static_cast<int>(i), static_cast<int>(j));
        const ServingLink back = straight(*here, static_cast<int>(i), static_cast<int>(j));
        link.bytes_per_s = std::min(link.bytes_per_s, back.bytes_per_s);
        link.latency_s = std::max(link.latency_s, back.latency_s);
        site_.cluster.links.push_back(link);
        const double peak = std::max(there->peak_bytes_per_s(), here->peak_bytes_per_s());
        nic_[i] = std::max(nic_[i], peak);
        nic_[j] = std::max(nic_[j], peak);
      }
    }
  }

  const Cluster& from_;
  double activation_bytes_;
  std::string zone_;
  std::size_t gateway_ = 0;
  std::vector<PoolNode> machines_;
  std::vector<double> nic_;
  ServedSite site_;
};

/// Machines that the walk over links in one direction gets to.
std::vector<char> reached(const ServingCluster& cluster, bool from_coordinator) {
  std::vector<char> seen(cluster.machines.size(), 0);
  std::vector<std::vector<int>> next(cluster.machines.size());
  std::vector<int> open;
  for (const ServingLink& link : cluster.links) {
    if (!(link.bytes_per_s > 0)) continue;
    if (link.from == kCoordinator || link.to == kCoordinator) {
      if ((link.from == kCoordinator) == from_coordinator) {
        open.push_back(from_coordinator ? link.to : link.from);
      }
      continue;
    }
    next[static_cast<std::size_t>(link.from)].push_back(link.to);
    next[static_cast<std::size_t>(link.to)].push_back(link.from);
  }
  while (!open.empty()) {
    const auto at = static_cast<std::size_t>(open.back());
    open.pop_back();
    if (seen[at]) continue;
    seen[at] = 1;
    open.insert(open.end(), next[at].begin(), next[at].end());
  }
  return seen;
}

}  // namespace

ServedSite served_site(const Cluster& cluster, double activation_bytes,
                       const std::string& coordinator_zone) {
  return SiteBuilder(cluster, activation_bytes, coordinator_zone).build();
}

void check_reachable(const ServingCluster& cluster) {
  for (const bool outward : {true, false}) {
    const std::vector<char> seen = reached(cluster, outward);
    for (std::size_t i = 0; i < seen.size(); ++i) {
      if (seen[i]) continue;
      throw_bad_input(
          fmt::format("{}: machine {} cannot be reached: expected a way {} the "
                      "coordinator, found none",
                      cluster.source, quote(cluster.machines[i].name), outward ? "from" : "to"));
    }
  }
}

}  // namespace sextant
