#pragma once

// Files of Helix's forms, as small as they get: two machines that hold a model of three layers.

#include <string_view>

#include "analyzer/serving/serving_profiles.h"

namespace sextant::testing {

inline constexpr std::string_view kProfiles = R"([SourceNode]
outbound_nic_speed = 10 * gbps
inbound_nic_speed = -1
[SinkNode]
inbound_nic_speed = 10 * gbps
[L4]
inbound_nic_speed = 10 * gbps
outbound_nic_speed = 10 * gbps
disk_speed = 1 * gbps
vram_size = 24 * GB
)";

inline constexpr std::string_view kCluster = R"([NodeNames]
total_compute_nodes=2

[SourceNode]
connected_nodes=[0]
[SinkNode]
connected_nodes=[1]

[ComputeNode-0]
type=L4
connected_nodes=['source', 1]
[ComputeNode-1]
type=L4
connected_nodes=[0, 'sink']

[Link-source-0]
bandwidth=10 * mbps
latency=1 * MilliSec
[Link-1-sink]
bandwidth=10 * mbps
latency=1 * MilliSec
[Link-0-1]
bandwidth=10 * mbps
latency=1 * MilliSec
)";

inline constexpr std::string_view kSolution = R"([Settings]
offset=2

[Solution]
compute_node_2=[0, 1]
compute_node_3=[2]
)";

inline constexpr std::string_view kNetwork = R"([Coordinator]
inbound_nic_speed=10000.0 * mbps
outbound_nic_speed=10000.0 * mbps
[MachineTypes]
types=['L4']
[ComputeNodes]
names=['compute_node_2', 'compute_node_3']
[compute_node_2]
vram_size=24000.0 * MB
inbound_nic_speed=10000.0 * mbps
outbound_nic_speed=10000.0 * mbps
disk_speed=1000.0 * mbps
machine_type="L4"
kv_cache_capacity=1000
activation_backup_capacity=0
[compute_node_3]
vram_size=24000.0 * MB
inbound_nic_speed=10000.0 * mbps
outbound_nic_speed=10000.0 * mbps
disk_speed=1000.0 * mbps
machine_type="L4"
kv_cache_capacity=1000
activation_backup_capacity=0
[Links]
names=['link_a', 'link_b', 'link_c']
[link_a]
in=source
out=compute_node_2
latency=1.0 * MilliSec
bandwidth=10.0 * mbps
[link_b]
in=compute_node_2
out=compute_node_3
latency=1.0 * MilliSec
bandwidth=10.0 * mbps
[link_c]
in=compute_node_3
out=sink
latency=1.0 * MilliSec
bandwidth=10.0 * mbps
)";

inline ServingProfiles three_layers() {
  MachineType type;
  type.name = "L4";
  type.max_layers = 3;
  type.kv_blocks = {0, 9, 6, 3};
  type.prompt_max_requests = {0, 1, 1, 1};
  type.decode_max_requests = {0, 9, 9, 9};
  ServingProfiles profiles;
  profiles.model = {"small", 3, 1e9, 2, 100};
  profiles.types = {type};
  return profiles;
}

}  // namespace sextant::testing
