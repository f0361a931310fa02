#pragma once

#include <filesystem>

#include "analyzer/serving/placement.h"

namespace sextant {

/// A network with its flow from a flattened simulator input of Helix's artifact (`sim_inputs/`),
/// for placements that are recorded nowhere else. Machines are as `profiles` has them, those of
/// `cluster`; what the file repeats of the profiles is passed over. Throws Error(kBadInput) naming
/// the file and what was expected.
ServedNetwork read_flattened_network(const std::filesystem::path& path,
                                     const ServingCluster& cluster,
                                     const ServingProfiles& profiles);

}  // namespace sextant
