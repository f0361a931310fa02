#include "reproduce/libra_network.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"
#include "analyzer/topology/formats/astra_files.h"

namespace sextant {

namespace {

constexpr double kNanosecond = 1e-9;
constexpr double kBytesPerAstraGb = 1024.0 * 1024 * 1024;

/// GB/s that links of a tier can give an NPU (plotting scripts of the artifact).
const std::map<std::string, double>& tier_limits() {
  static const std::map<std::string, double> limits = {
      {"Tile", 700}, {"Package", 400}, {"Node", 160}, {"Pod", 100}};
  return limits;
}

/// The artifact has no file of its prices' shape for it: eight GPUs at an NVSwitch, 128 such nodes.
Topology dgx() {
  return {"DGX", {{8, BuildingBlock::kSwitch, "Package"}, {128, BuildingBlock::kSwitch, "Pod"}}};
}

}  // namespace

LibraNetworks::LibraNetworks(const std::filesystem::path& artifact)
    : topologies_{{"DGX", dgx()}},
      prices_(read_network_prices(artifact / "optimizer" / "cost" / "cost.json")) {
  for (const char* name : {"2d", "3d", "4d"}) {
    const std::filesystem::path file =
        artifact / "optimizer" / "network" / fmt::format("{}.json", name);
    topologies_[fmt::format("{}D", name[0])] = read_network_file(file).topology;
  }
}

const Topology& LibraNetworks::topology(const std::string& network) const {
  const auto found = topologies_.find(network);
  if (found == topologies_.end()) {
    throw_bad_input(fmt::format("expected network 2D, 3D, 4D or DGX, found {}", quote(network)));
  }
  return found->second;
}

std::vector<double> LibraNetworks::usd_per_gb_per_s(const std::string& network) const {
  std::vector<double> usd =
      usd_per_byte_per_s(topology(network), prices_, CostConvention::kSharedLinks);
  for (double& price : usd) price *= kBytesPerGb;
  return usd;
}

double LibraNetworks::usd(const std::string& network,
                          const std::vector<double>& bandwidth_gb_per_s) const {
  return network_usd(usd_per_gb_per_s(network), bandwidth_gb_per_s);
}

bool LibraNetworks::within_limits(const std::string& network,
                                  const std::vector<double>& bandwidth_gb_per_s) const {
  const std::vector<TopologyDimension>& dimensions = topology(network).dimensions;
  for (std::size_t d = 0; d < dimensions.size(); ++d) {
    const auto limit = tier_limits().find(dimensions[d].tier);
    if (limit != tier_limits().end() && bandwidth_gb_per_s.at(d) > limit->second) return false;
  }
  return true;
}

SimulatedNetwork LibraSimulator::network(const LibraRun& run) {
  const std::string key = fmt::format("{} {} {} {}", run.network, run.system,
                                      fmt::join(run.npus, ","), fmt::join(run.links, ","));
  auto found = networks_.find(key);
  if (found == networks_.end()) {
    found = networks_
                .emplace(key, read_simulated_network(
                                  artifact_ / "evaluation" / "network" / run.network,
                                  artifact_ / "evaluation" / "system" / run.system,
                                  {run.npus, run.links, run.link_latency_ns, run.link_gb_per_s}))
                .first;
  }
  SimulatedNetwork network = found->second;
  for (std::size_t d = 0; d < run.link_gb_per_s.size(); ++d) {
    network.dimensions[d].link_bytes_per_s = run.link_gb_per_s[d] * kBytesPerAstraGb;
    network.dimensions[d].link_latency_s = run.link_latency_ns[d] * kNanosecond;
  }
  return network;
}

const PlacedWorkload& LibraSimulator::workload(const LibraRun& run) {
  const std::string key = fmt::format("{} {}", run.workload, fmt::join(run.npus, ","));
  auto found = workloads_.find(key);
  if (found == workloads_.end()) {
    Topology topology{run.network, {}};
    for (const int npus : run.npus) {
      topology.dimensions.push_back({npus, BuildingBlock::kSwitch, "any"});
    }
    found = workloads_
                .emplace(key, read_placed_workload(
                                  artifact_ / "evaluation" / "workload" / run.workload, topology))
                .first;
  }
  return found->second;
}

double LibraSimulator::step_s(const LibraRun& run) {
  const PlacedWorkload& mapped = workload(run);
  return simulate_step(mapped.workload, mapped.shapes, network(run), run.compute_scale).step_s;
}

}  // namespace sextant
