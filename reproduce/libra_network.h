#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "analyzer/topology/formats/network_files.h"
#include "analyzer/topology/simulation/step_simulation.h"
#include "planner/topology/input/problem_input.h"
#include "reproduce/libra_runs.h"

namespace sextant {

/// The networks of the artifact as its tables of prices see them, by "2D", "3D", "4D" and "DGX".
class LibraNetworks {
 public:
  explicit LibraNetworks(const std::filesystem::path& artifact);

  /// Throws Error(kBadInput) on another name.
  const Topology& topology(const std::string& network) const;
  /// USD for each GB/s (of whichever bytes) of an NPU in each dimension.
  std::vector<double> usd_per_gb_per_s(const std::string& network) const;
  double usd(const std::string& network, const std::vector<double>& bandwidth_gb_per_s) const;
  /// Whether no dimension has more than today's links of its tier can give an NPU: what the
  /// artifact's plots draw dashed has.
  bool within_limits(const std::string& network,
                     const std::vector<double>& bandwidth_gb_per_s) const;

 private:
  std::map<std::string, Topology> topologies_;
  NetworkPrices prices_;
};

/// Simulates runs of the artifact; reads each of its files once.
class LibraSimulator {
 public:
  explicit LibraSimulator(std::filesystem::path artifact) : artifact_(std::move(artifact)) {}

  /// The run's network with its links.
  SimulatedNetwork network(const LibraRun& run);
  const PlacedWorkload& workload(const LibraRun& run);
  double step_s(const LibraRun& run);

 private:
  std::filesystem::path artifact_;
  std::map<std::string, SimulatedNetwork> networks_;  ///< by files, their links without bandwidth
  std::map<std::string, PlacedWorkload> workloads_;   ///< by file and NPUs of the dimensions
};

}  // namespace sextant
