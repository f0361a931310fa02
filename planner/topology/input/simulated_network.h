#pragma once

#include <span>

#include "analyzer/topology/formats/network_files.h"
#include "analyzer/topology/simulation/simulated_network.h"

namespace sextant {

/// A network with these bandwidths (bytes/s of an NPU, by dimension) as the simulator sees it, with
/// what LIBRA's evaluation assumes of each block: rings have two links an NPU and run ring
/// collectives, fully connected blocks a link to every other NPU and direct ones, switches one link
/// and halving and doubling (rings where their NPUs are no power of two). Latencies are the file's,
/// or 1 ns.
SimulatedNetwork simulated_network(const NetworkFile& network,
                                   std::span<const double> bandwidth_bytes_per_s);

}  // namespace sextant
