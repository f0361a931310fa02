#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace sextant {

/// One run of the scripts of LIBRA's artifact: a training step in ASTRA-sim.
struct LibraRun {
  std::string config;    ///< the script's own name: "4d_perf_17b", "2d_equal", "small_dgx", …
  std::string workload;  ///< name of its file, as those of network and system
  std::string network;
  std::string system;
  std::vector<int> npus;              ///< by dimension, as all that follow
  std::vector<int> links;             ///< of an NPU
  std::vector<double> link_gb_per_s;  ///< of each; 1 GB is 2^30 bytes in ASTRA-sim
  std::vector<double> link_latency_ns;
  double compute_scale = 1;
  std::optional<double> recorded_s;  ///< step time of ASTRA-sim, where the run was recorded

  bool is_small() const { return config.starts_with("small_"); }
  /// "17B", "175B", "1T".
  std::string workload_name() const;
  /// "2D", "3D", "4D", "DGX".
  std::string network_name() const;
  /// Of all links of an NPU in each dimension.
  std::vector<double> bandwidth_gb_per_s() const;
};

/// The runs whose time counts, of both sets in their order (those that ask for the price of a
/// network only are left out), each with its record of ASTRA-sim where there is one. Throws
/// Error(kBadInput) naming file and member.
std::vector<LibraRun> read_libra_runs(const std::filesystem::path& artifact);

}  // namespace sextant
