#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "analyzer/serving/placement.h"

namespace sextant {

// Files of Helix's artifact (ASPLOS'25). All readers throw Error(kBadInput) naming file, line, what
// was expected and what was found. Values are a number, or a number times a unit; nothing is
// evaluated. What the artifact calls gbps and mbps are 10^9 and 10^6 bytes per second.

/// Of machine i, in files: compute_node_{i + 2}; 0 and 1 are the coordinator's two ends.
inline constexpr int kHelixNodeOffset = 2;

/// `<artifact>/profiles`: machine_limits.json and <model>/<type>_{prompt,decode}.csv, with NICs,
/// disks and memory of `machine_profiles.ini`. `model` is "llama30b" or "llama70b".
ServingProfiles read_helix_profiles(const std::filesystem::path& artifact,
                                    const std::string& model);

/// A complete cluster file: machines and links in its order. Its coordinator has the NICs of
/// `machine_profiles`, a machine_profiles.ini.
ServingCluster read_helix_cluster(const std::filesystem::path& path,
                                  const std::filesystem::path& machine_profiles);

/// The same file's text. `heading` stands before it: comments, each line with its end.
std::string helix_cluster_text(const ServingCluster& cluster, std::string_view heading = "");
/// What stands before the first section of a file of the artifact.
std::string helix_heading(const std::filesystem::path& path);

/// A solution file (`*_sol.ini`): layers of each of the cluster's machines, which are so many (as
/// many as the file has where nothing is given).
Placement read_helix_placement(const std::filesystem::path& path,
                               std::optional<std::size_t> machines = std::nullopt);
std::string helix_placement_text(const Placement& placement);

/// A simulator cluster file with its solution file.
ServedNetwork read_helix_network(const std::filesystem::path& network,
                                 const std::filesystem::path& placement,
                                 const ServingProfiles& profiles);

/// The same simulator cluster file's text; `synthesizer` is who made the layout: "ILP",
/// "heterogeneous Petals" or "heterogeneous Swarm" in the artifact's own.
std::string helix_network_text(const ServedNetwork& network, std::string_view synthesizer);

/// Takes the flow of each of the network's links from a flattened simulator input (`sim_inputs/`).
void read_helix_flow(const std::filesystem::path& path, ServedNetwork& network);

}  // namespace sextant
