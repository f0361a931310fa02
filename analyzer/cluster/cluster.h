#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/network/link_model.h"

namespace sextant {

/// GPUs of one type in one zone. Nodes are alike; `count` need not fill the last one.
struct GpuPool {
  std::string gpu;  ///< canonical name, "A100-40"
  std::string zone;
  int count = 0;
  int gpus_per_node = 1;
  double memory_bytes = 0;  ///< of one GPU
  double usd_per_hour = 0;  ///< of one GPU
};

/// Where a job can run: pools in the order of their document, prices and the network between them.
struct Cluster {
  std::string name;
  std::vector<GpuPool> pools;
  /// USD per byte from zone to zone; absent means free.
  std::map<std::pair<std::string, std::string>, double> egress_usd_per_byte;
  std::string price_date;  ///< ISO date, or "" where unknown
  std::shared_ptr<const Network> network;

  double egress(std::string_view from_zone, std::string_view to_zone) const;
  /// Null where there is none.
  const GpuPool* find(std::string_view gpu, std::string_view zone) const;
  int gpu_count() const;
  /// "80xA100-40@us-central1-a+240xV100-16@us-central1-a", pools in order.
  std::string summary() const;
};

}  // namespace sextant
