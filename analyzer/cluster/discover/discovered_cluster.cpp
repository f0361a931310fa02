#include "analyzer/cluster/discover/discovered_cluster.h"

#include <algorithm>
#include <set>
#include <tuple>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/cluster/discover/command_text.h"
#include "analyzer/core/error.h"
#include "analyzer/profile/gpu_device_name.h"

namespace sextant {

namespace {

constexpr std::string_view kUntyped = "gpu";

template <typename List, typename Value>
bool contains(const List& list, const Value& value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

/// "n1, n2, n3 and 40 more".
std::string some_of(const std::vector<std::string>& names) {
  constexpr std::size_t kShown = 8;
  const std::size_t shown = std::min(names.size(), kShown);
  std::string out = fmt::format(
      "{}", fmt::join(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(shown), ", "));
  if (shown < names.size()) out += fmt::format(" and {} more", names.size() - shown);
  return out;
}

std::string shown_type(const std::string& type) {
  return type.empty() ? "GPUs without a type" : quote(type);
}

/// What --gpu must have before the equals sign.
std::string option_key(const std::string& type) {
  return type.empty() ? std::string(kUntyped) : type;
}

/// Nodes of one pool.
struct PoolNodes {
  std::string gpu;
  std::string zone;
  int gpus_per_node = 0;
  bool operator<(const PoolNodes& other) const {
    return std::tie(zone, gpu, gpus_per_node) <
           std::tie(other.zone, other.gpu, other.gpus_per_node);
  }
};

class Discovery {
 public:
  Discovery(const SiteFacts& site, const DiscoverOptions& options,
            const std::vector<GpuSpec>& known)
      : site_(site), options_(options), known_(known) {}

  Cluster run() {
    choose_nodes();
    if (nodes_.empty() && site_.nodes.empty()) nodes_ = machine_as_nodes();
    join_machine();
    if (nodes_.empty()) refuse_empty();
    settle_types();
    group();
    make_pools();
    return std::move(cluster_);
  }

 private:
  // ---- nodes

  void choose_nodes() {
    std::set<std::string> partitions;
    std::vector<std::string> unusable;
    std::vector<std::string> sliced;
    for (const SlurmNode& node : site_.nodes) {
      partitions.insert(node.partitions.begin(), node.partitions.end());
      if (!in_chosen_partition(node)) continue;
      SlurmNode whole = node;
      std::erase_if(whole.gpus, [](const SlurmGpus& gpus) { return gpus.slice; });
      if (whole.gpus.size() != node.gpus.size()) sliced.push_back(node.name);
      if (whole.gpus.empty()) continue;
      if (!node.usable) {
        unusable.push_back(fmt::format("{} ({})", node.name, node.state));
        continue;
      }
      nodes_.push_back(std::move(whole));
    }
    for (const std::string& partition : options_.partitions) {
      if (contains(partitions, partition)) continue;
      const std::string near = nearest_name(partition, {partitions.begin(), partitions.end()});
      throw_bad_input(
          fmt::format("{}: no node is in partition {}{}", site_.slurm_source, quote(partition),
                      near.empty() ? "" : fmt::format(" (did you mean {}?)", quote(near))));
    }
    if (!unusable.empty())
      note(fmt::format("left out, since they run no jobs: {}", some_of(unusable)));
    if (!sliced.empty()) {
      note(fmt::format("left out: slices of GPUs (MIG) of {}, which cannot be planned for",
                       some_of(sliced)));
    }
  }

  bool in_chosen_partition(const SlurmNode& node) const {
    if (options_.partitions.empty()) return true;
    return std::any_of(
        node.partitions.begin(), node.partitions.end(),
        [&](const std::string& name) { return contains(options_.partitions, name); });
  }

  /// Without Slurm the machine is the cluster.
  std::vector<SlurmNode> machine_as_nodes() {
    if (!site_.machine) return {};
    const MachineFacts& machine = *site_.machine;
    SlurmNode node;
    node.name = node.host = machine.host.empty() ? "this machine" : machine.host;
    if (machine.gpus) {
      for (const ListedGpu& gpu : *machine.gpus) {
        if (gpu.in_slices) continue;
        const auto same =
            std::find_if(node.gpus.begin(), node.gpus.end(),
                         [&](const SlurmGpus& other) { return other.type == gpu.name; });
        if (same == node.gpus.end()) {
          node.gpus.push_back({gpu.name, 1, false});
        } else {
          ++same->count;
        }
      }
      if (node.gpus.empty() && !machine.gpus->empty()) {
        note(fmt::format("left out: all GPUs of {} are cut into slices (MIG)", node.name));
      }
    } else if (machine.topology && machine.topology->gpus > 0) {
      node.gpus.push_back({"", machine.topology->gpus, false});
    }
    if (node.gpus.empty()) return {};
    return {node};
  }

  [[noreturn]] void refuse_empty() const {
    std::string text = "no GPU that could be planned for was found";
    if (!site_.looked_at.empty()) {
      text += fmt::format("; looked at {}", fmt::join(site_.looked_at, "; "));
    }
    for (const std::string& entry : cluster_.notes) text += "; " + entry;
    throw_bad_input(std::move(text));
  }

  // ---- the machine that was looked at, and the nodes that are like it

  static int total(const SlurmNode& node) {
    int sum = 0;
    for (const SlurmGpus& gpus : node.gpus) sum += gpus.count;
    return sum;
  }

  void join_machine() {
    if (!site_.machine || nodes_.empty()) return;
    const MachineFacts& machine = *site_.machine;
    if (!site_.nodes.empty()) {
      own_ = node_of(machine);
      if (own_ == nullptr) return;
    } else {
      own_ = &nodes_.front();
    }
    // The matrix has those too that are cut into slices.
    int slices = 0;
    if (machine.gpus) {
      slices = static_cast<int>(std::count_if(machine.gpus->begin(), machine.gpus->end(),
                                              [](const ListedGpu& gpu) { return gpu.in_slices; }));
      check_count(static_cast<int>(machine.gpus->size()) - slices, machine.gpus_source);
    }
    if (machine.topology) check_count(machine.topology->gpus - slices, machine.topology_source);
    if (machine.gpus && machine.topology && !partial_ &&
        static_cast<int>(machine.gpus->size()) != machine.topology->gpus) {
      throw_bad_input(fmt::format("{} shows {} GPUs, {} shows {}: they are not of one machine",
                                  machine.gpus_source, machine.gpus->size(),
                                  machine.topology_source, machine.topology->gpus));
    }
  }

  /// The node that is this machine; null where it is none of those that count.
  const SlurmNode* node_of(const MachineFacts& machine) {
    if (machine.host.empty()) {
      const bool alike = std::all_of(nodes_.begin(), nodes_.end(), [&](const SlurmNode& node) {
        return node.gpus == nodes_.front().gpus;
      });
      if (alike) return &nodes_.front();
      throw_bad_input(
          "the nodes differ in their GPUs: say with --host NODE which of them nvidia-smi's output "
          "and the network cards are from");
    }
    const std::string short_name = machine.host.substr(0, machine.host.find('.'));
    for (const SlurmNode& node : nodes_) {
      for (const std::string& name : {node.name, node.host}) {
        if (name == machine.host || name == short_name) return &node;
      }
    }
    for (const SlurmNode& node : site_.nodes) {
      if (node.name == machine.host || node.host == machine.host || node.name == short_name)
        return nullptr;
    }
    note(fmt::format(
        "{} is no node of Slurm: what it says of its own GPUs and network cards is left out",
        quote(machine.host)));
    return nullptr;
  }

  void check_count(int found, const std::string& source) {
    if (site_.nodes.empty()) return;
    const int expected = total(*own_);
    if (found == expected) return;
    if (found < expected && site_.machine->inside_job) {
      partial_ = true;
      note(fmt::format("{} shows {} of the {} GPUs of {}: a job sees its own only", source, found,
                       expected, own_->name));
      return;
    }
    throw_bad_input(fmt::format(
        "{} says that {} has {} GPUs, {} shows {}: one of them is wrong, or not of that node (see "
        "--host), or seen from a job that has a part of it",
        site_.slurm_source, own_->name, expected, source, found));
  }

  bool is_like_machine(const SlurmNode& node) const {
    return own_ != nullptr && node.gpus == own_->gpus;
  }

  // ---- types

  /// The type that the driver's names of the machine's GPUs mean; nothing where they differ or mean
  /// none.
  std::optional<NamedGpu> type_by_driver() const {
    if (own_ == nullptr || !site_.machine->gpus || site_.machine->gpus->empty())
      return std::nullopt;
    std::set<std::string> types;
    double memory_bytes = 0;
    for (const ListedGpu& gpu : *site_.machine->gpus) {
      if (const auto named = named_by_user(gpu.name)) {
        types.insert(named->type);
        memory_bytes = named->memory_bytes;
        continue;
      }
      const GpuTypeMatch match = match_gpu_type(gpu.name, gpu.memory_bytes, known_);
      if (!match.settled) return std::nullopt;
      types.insert(match.candidates.front());
    }
    if (types.size() != 1) return std::nullopt;
    return NamedGpu{*types.begin(), memory_bytes};
  }

  std::optional<NamedGpu> named_by_user(const std::string& type) const {
    const auto found = options_.gpus.find(upper_case(option_key(type)));
    if (found == options_.gpus.end()) return std::nullopt;
    return found->second;
  }

  /// What memory the driver tells of GPUs with that name of its own.
  std::optional<double> memory_told(const std::string& type) const {
    if (!site_.machine || !site_.machine->gpus || !site_.nodes.empty()) return std::nullopt;
    for (const ListedGpu& gpu : *site_.machine->gpus) {
      if (gpu.name == type) return gpu.memory_bytes;
    }
    return std::nullopt;
  }

  /// The type of GPUs of a node; nothing where it stays open.
  std::optional<NamedGpu> type_of(const SlurmNode& node, const SlurmGpus& gpus) {
    if (auto named = named_by_user(gpus.type)) return named;
    const GpuTypeMatch match = match_gpu_type(gpus.type, memory_told(gpus.type), known_);
    if (is_like_machine(node) && node.gpus.size() == 1) {
      if (auto driver = type_by_driver()) {
        if (!match.candidates.empty() && !contains(match.candidates, driver->type)) {
          throw_bad_input(fmt::format("{} calls the GPUs of {} {}, {} shows {}", site_.slurm_source,
                                      own_->name, shown_type(gpus.type), site_.machine->gpus_source,
                                      quote(site_.machine->gpus->front().name)));
        }
        if (!match.settled && !site_.nodes.empty()) {
          note(fmt::format("{} are {}: so says {} of {}", shown_type(gpus.type), driver->type,
                           site_.machine->gpus_source, own_->name));
        }
        return driver;
      }
    }
    if (match.settled) return NamedGpu{match.candidates.front()};
    std::set<std::string> by_feature;
    for (const std::string& feature : node.features) {
      const GpuTypeMatch other = match_gpu_type(feature, std::nullopt, known_);
      if (!other.settled) continue;
      if (gpus.type.empty() || contains(match.candidates, other.candidates.front())) {
        by_feature.insert(other.candidates.front());
      }
    }
    if (by_feature.size() == 1) return NamedGpu{*by_feature.begin()};
    open_[gpus.type].first.push_back(node.name);
    open_[gpus.type].second = match.candidates;
    return std::nullopt;
  }

  void settle_types() {
    for (const SlurmNode& node : nodes_) {
      for (const SlurmGpus& gpus : node.gpus) {
        if (auto type = type_of(node, gpus))
          typed_.push_back({&node, std::move(*type), gpus.count});
      }
    }
    if (open_.empty()) return;
    std::vector<std::string> lines;
    for (const auto& [type, where] : open_) {
      const auto& [nodes, candidates] = where;
      std::string line = fmt::format("{} ({})", shown_type(type), some_of(nodes));
      if (candidates.size() > 1) line += fmt::format(" may be {}", fmt::join(candidates, " or "));
      const std::string choice = candidates.empty() ? "TYPE:80GiB" : candidates.back();
      line += fmt::format(": settle it with --gpu '{}={}'", option_key(type), choice);
      lines.push_back(std::move(line));
    }
    throw_bad_input(
        fmt::format("the GPU type is not known of {}; or with nvidia-smi's list of such "
                    "a node (--gpus)",
                    fmt::join(lines, "; of ")));
  }

  // ---- zones and pools

  std::string zone_of(const SlurmNode& node) const {
    if (options_.zone_by == ZoneBy::kName) return options_.zones.front();
    const bool by_partition = options_.zone_by == ZoneBy::kPartition;
    const std::string what = by_partition ? "partition" : "feature";
    std::vector<std::string> legal;
    for (const std::string& name : by_partition ? node.partitions : node.features) {
      const bool chosen = options_.zones.empty() ? !by_partition || options_.partitions.empty() ||
                                                       contains(options_.partitions, name)
                                                 : contains(options_.zones, name);
      if (chosen && !contains(legal, name)) legal.push_back(name);
    }
    if (legal.size() == 1) return legal.front();
    if (legal.empty()) {
      throw_bad_input(fmt::format("{}: node {} has no {} that could be its zone",
                                  site_.slurm_source, node.name, what));
    }
    throw_bad_input(
        fmt::format("{}: node {} has several {}s, {}: say with --zone which of them are zones",
                    site_.slurm_source, node.name, what, fmt::join(legal, ", ")));
  }

  void group() {
    for (const Typed& typed : typed_) {
      const auto only = options_.gpus_per_node.find(typed.gpu.type);
      if (only != options_.gpus_per_node.end() && only->second != typed.count) {
        left_out_[typed.gpu.type].push_back(typed.node->name);
        continue;
      }
      groups_[{typed.gpu.type, zone_of(*typed.node), typed.count}].push_back(&typed);
    }
    for (const auto& [type, nodes] : left_out_) {
      note(fmt::format("left out, since they do not have {} {}: {}",
                       options_.gpus_per_node.at(type), type, some_of(nodes)));
    }
    if (groups_.empty()) refuse_empty();
    const PoolNodes* before = nullptr;
    for (const auto& [key, nodes] : groups_) {
      if (before != nullptr && before->gpu == key.gpu && before->zone == key.zone) {
        throw_bad_input(
            fmt::format("nodes with {} and nodes with {} {} in zone {}: a pool has nodes that are "
                        "alike; choose "
                        "with --gpus-per-node {}={}, or part them with --partition or --zone-by",
                        before->gpus_per_node, key.gpus_per_node, key.gpu, quote(key.zone), key.gpu,
                        key.gpus_per_node));
      }
      before = &key;
    }
  }

  void make_pools() {
    for (const auto& [key, members] : groups_) {
      GpuPool pool;
      pool.gpu = key.gpu;
      pool.zone = key.zone;
      pool.gpus_per_node = key.gpus_per_node;
      pool.count = key.gpus_per_node * static_cast<int>(members.size());
      pool.memory_bytes = memory_of(key, members);
      const auto price = options_.usd_per_hour.find(key.gpu);
      if (price != options_.usd_per_hour.end()) {
        pool.usd_per_hour = price->second;
      } else {
        note_missing_price(cluster_, key.gpu);
      }
      describe_nodes(pool, members);
      cluster_.pools.push_back(std::move(pool));
    }
    cluster_.name = options_.name.empty() ? cluster_.summary() : options_.name;
  }

  struct Typed {
    const SlurmNode* node;
    NamedGpu gpu;
    int count;
  };

  double memory_of(const PoolNodes& key, const std::vector<const Typed*>& members) const {
    for (const Typed* member : members) {
      if (member->gpu.memory_bytes > 0) return member->gpu.memory_bytes;
    }
    const auto spec = std::find_if(known_.begin(), known_.end(),
                                   [&](const GpuSpec& other) { return other.name == key.gpu; });
    if (spec == known_.end()) {
      throw_bad_input(
          fmt::format("nothing is known of GPU type {}: add its memory, as in --gpu NAME={}:80GiB",
                      quote(key.gpu), key.gpu));
    }
    return spec->memory_bytes;
  }

  /// NICs and links, which one machine told.
  void describe_nodes(GpuPool& pool, const std::vector<const Typed*>& members) {
    const std::string whose = fmt::format("{} in {}", pool.gpu, pool.zone);
    const bool like = std::all_of(members.begin(), members.end(), [&](const Typed* member) {
      return is_like_machine(*member->node);
    });
    const std::string of = own_ == nullptr || (members.size() == 1 && members.front()->node == own_)
                               ? ""
                               : fmt::format(" (of {}; its like were not asked)", own_->name);
    if (!like || !site_.machine || (!site_.machine->cards && !site_.machine->topology)) {
      note(
          fmt::format("unknown: links and NICs of nodes with {}; nvidia-smi topo -m (--topo) and "
                      "/sys (--sysfs) of one tell",
                      whose));
      return;
    }
    const MachineFacts& machine = *site_.machine;
    if (!machine.topology) {
      note(fmt::format("unknown: links inside nodes with {}; nvidia-smi topo -m (--topo) tells",
                       whose));
    } else if (machine.topology->gpus > 1) {
      note(fmt::format("inside nodes with {}: {}, says {}{}", whose, machine.topology->text(),
                       machine.topology_source, of));
    }
    if (machine.cards) {
      const std::vector<NetworkCard> fast = fastest_cards(*machine.cards);
      pool.nics_per_node = static_cast<int>(fast.size());
      note(fast.empty() ? fmt::format("unknown: NICs of nodes with {}; {} has none that is up",
                                      whose, machine.cards_source)
                        : fmt::format("NICs of nodes with {}: {}, says {}{}", whose,
                                      cards_text(fast), machine.cards_source, of));
    } else if (!machine.topology->nics.empty()) {
      pool.nics_per_node = static_cast<int>(machine.topology->nics.size());
      note(fmt::format("NICs of nodes with {}: {}, of unknown speed, says {}{}", whose,
                       some_of(machine.topology->nics), machine.topology_source, of));
    } else {
      note(fmt::format("unknown: NICs of nodes with {}; {} shows none, /sys (--sysfs) may", whose,
                       machine.topology_source));
    }
  }

  void note(std::string text) {
    if (!contains(cluster_.notes, text)) cluster_.notes.push_back(std::move(text));
  }

  const SiteFacts& site_;
  const DiscoverOptions& options_;
  const std::vector<GpuSpec>& known_;
  std::vector<SlurmNode> nodes_;    ///< those that count
  const SlurmNode* own_ = nullptr;  ///< of them the machine
  bool partial_ = false;            ///< the machine shows some of its GPUs
  std::vector<Typed> typed_;
  /// GPU types that stay open: their nodes and what they may be.
  std::map<std::string, std::pair<std::vector<std::string>, std::vector<std::string>>> open_;
  std::map<std::string, std::vector<std::string>> left_out_;
  std::map<PoolNodes, std::vector<const Typed*>> groups_;
  Cluster cluster_;
};

}  // namespace

Cluster discover_cluster(const SiteFacts& site, const DiscoverOptions& options,
                         const std::vector<GpuSpec>& known) {
  return Discovery(site, options, known).run();
}

}  // namespace sextant
