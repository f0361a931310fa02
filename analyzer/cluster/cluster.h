#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/network/link_model.h"

namespace sextant {

/// So many GPUs of a type in a zone.
struct GpuCount {
  std::string gpu;
  std::string zone;
  int count = 0;
  bool operator==(const GpuCount&) const = default;
};

/// What a GPU type is where a document leaves it out. Whoever reads a cluster says where it comes
/// from (the shipped table of GPU types, an artifact's constants), so that clusters depend on no
/// such table.
struct GpuDefaults {
  std::string name;         ///< canonical
  double memory_bytes = 0;  ///< of one GPU; 0 = unknown
  double usd_per_hour = 0;  ///< of one GPU; 0 = unknown
  int gpus_per_node = 0;    ///< 0 = unknown
};

/// The defaults of the GPU type of that name or alias. Throws Error where it does not know it.
using GpuResolver = std::function<GpuDefaults(std::string_view name)>;

/// GPUs of one type in one zone. Nodes are alike; `count` need not fill the last one.
struct GpuPool {
  std::string gpu;  ///< canonical name, "A100-40"
  std::string zone;
  int count = 0;  ///< that a job may use: what there is, within the quota
  int gpus_per_node = 1;
  double memory_bytes = 0;   ///< of one GPU
  double usd_per_hour = 0;   ///< of one GPU
  int nics_per_node = 0;     ///< 0 = unknown
  std::optional<int> quota;  ///< most GPUs that the account may hold

  int node_count() const { return (count + gpus_per_node - 1) / gpus_per_node; }
};

/// Where a job can run: pools in the order of their document, prices and the network between them.
struct Cluster {
  std::string name;
  std::vector<GpuPool> pools;
  /// USD per byte from zone to zone; absent means free.
  std::map<std::pair<std::string, std::string>, double> egress_usd_per_byte;
  std::string price_date;  ///< ISO date, or "" where unknown
  std::string price_source;
  std::shared_ptr<const Network> network;
  std::vector<std::string> notes;  ///< what a reader should know, one sentence each

  /// USD per byte sent; 0 where the cluster names no price.
  double egress(std::string_view from_zone, std::string_view to_zone) const;
  /// Null where there is none.
  const GpuPool* find(std::string_view gpu, std::string_view zone) const;
  int gpu_count() const;
  /// "80xA100-40@us-central1-a+240xV100-16@us-central1-a", pools in order.
  std::string summary() const;
};

/// "80xA100-40@us-central1-a", one term of a cluster's summary. Throws Error(kUsage).
GpuCount gpu_count_from(std::string_view text);

/// A cluster of these GPUs, pools in the given order, without egress prices and network. What has
/// no price costs nothing and leaves a note. Throws Error(kBadInput) where `resolve` does not know
/// a type, or leaves out its memory or the GPUs of a node, or where a pool would stand twice.
Cluster cluster_of(const std::vector<GpuCount>& gpus, const GpuResolver& resolve);

/// Notes that `gpu` has no price, once.
void note_missing_price(Cluster& cluster, std::string_view gpu);

}  // namespace sextant
