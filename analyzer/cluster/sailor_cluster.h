#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "analyzer/cluster/availability_trace.h"
#include "analyzer/cluster/cluster.h"

namespace sextant {

/// What the Sailor artifact knows of the machines it plans for: GPUs per node
/// (sailor/Planner/simulations/configs/basic_cluster_config.json), egress prices
/// (sailor/providers/gcp/communication_cost.json) and the network; and, as constants of its
/// simulator, the memory and price of each GPU type. Read once, it makes any number of clusters.
class SailorSite {
 public:
  /// Throws Error(kBadInput) where a file is missing or malformed.
  explicit SailorSite(const std::filesystem::path& artifact_dir);

  /// A cluster of these GPUs, pools in the given order. A type for which the artifact has no price
  /// costs nothing and leaves a note. Throws Error(kBadInput) on a GPU type that the artifact does
  /// not know.
  Cluster cluster(const std::vector<GpuCount>& gpus) const;

 private:
  std::map<std::string, int> gpus_per_node_;
  std::map<std::pair<std::string, std::string>, double> egress_usd_per_byte_;
  std::shared_ptr<const Network> network_;
};

}  // namespace sextant
