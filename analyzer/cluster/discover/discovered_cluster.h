#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/cluster/cluster.h"
#include "analyzer/cluster/discover/gpu_listing.h"
#include "analyzer/cluster/discover/network_cards.h"
#include "analyzer/cluster/discover/slurm_nodes.h"
#include "analyzer/cluster/discover/topology_matrix.h"
#include "analyzer/profile/gpu.h"

namespace sextant {

/// What one machine says of itself; what was not asked is absent.
struct MachineFacts {
  std::string host;         ///< as Slurm or the machine calls it; "" = unknown
  bool inside_job = false;  ///< seen from inside a job, which may have some of the GPUs only
  std::optional<std::vector<ListedGpu>> gpus;
  std::string gpus_source;  ///< "nvidia-smi.txt", "NVML"
  std::optional<TopologyMatrix> topology;
  std::string topology_source;
  std::optional<std::vector<NetworkCard>> cards;
  std::string cards_source;
};

/// What is known of a site before it is joined to a cluster.
struct SiteFacts {
  std::vector<SlurmNode> nodes;  ///< none: no Slurm was asked
  std::string slurm_source;      ///< "scontrol.txt", "scontrol show node"
  std::optional<MachineFacts> machine;
  std::vector<std::string> looked_at;  ///< for the message where there are no GPUs
};

/// What a user calls a GPU type.
struct NamedGpu {
  std::string type;         ///< a shipped one, or the user's own
  double memory_bytes = 0;  ///< 0 = that of the data sheet
};

enum class ZoneBy { kName, kPartition, kFeature };

struct DiscoverOptions {
  std::string name;                     ///< "" = the cluster's summary
  std::vector<std::string> partitions;  ///< "" = all
  ZoneBy zone_by = ZoneBy::kName;
  /// kName: the zone of all nodes. Else the partitions or features that are zones; none = all are.
  std::vector<std::string> zones;
  std::map<std::string, NamedGpu> gpus;  ///< by a Slurm or driver name in capitals, "GPU" for none
  std::map<std::string, double> usd_per_hour;  ///< of one GPU, by type
  std::map<std::string, int> gpus_per_node;    ///< only nodes with so many of a type count, by type
};

/// Joins what a site says of itself to a cluster without network. Nodes that are alike in GPU type,
/// zone and GPUs form a pool. Nodes that cannot run jobs, slices of GPUs, and all that stays
/// unknown (prices, NICs, links) go to the notes. Throws Error(kBadInput) where sources contradict
/// each other, a GPU's type or zone is open (naming the option that settles it), nodes of one pool
/// would differ, or there is no GPU.
Cluster discover_cluster(const SiteFacts& site, const DiscoverOptions& options,
                         const std::vector<GpuSpec>& known);

}  // namespace sextant
