#include "analyzer/topology/simulation/simulated_network.h"

#include <cmath>

#include <fmt/format.h>

#include "analyzer/core/error.h"

namespace sextant {

namespace {

void require(bool condition, const std::string& what) {
  if (!condition) throw_bad_input("simulated network: " + what);
}

}  // namespace

void check(const SimulatedNetwork& network) {
  for (std::size_t d = 0; d < network.dimensions.size(); ++d) {
    const SimulatedNetwork::Dimension& dimension = network.dimensions[d];
    require(dimension.npus >= 1,
            fmt::format("dimension {}: expected at least 1 NPU, found {}", d, dimension.npus));
    require(dimension.links >= 1,
            fmt::format("dimension {}: expected at least 1 link, found {}", d, dimension.links));
    require(std::isfinite(dimension.link_bytes_per_s) && dimension.link_bytes_per_s > 0,
            fmt::format("dimension {}: expected links of more than 0 bytes/s, found {}", d,
                        dimension.link_bytes_per_s));
    require(std::isfinite(dimension.link_latency_s) && dimension.link_latency_s >= 0,
            fmt::format("dimension {}: expected a latency of at least 0 s, found {}", d,
                        dimension.link_latency_s));
  }
  require(std::isfinite(network.endpoint_delay_s) && network.endpoint_delay_s >= 0,
          fmt::format("expected an endpoint delay of at least 0 s, found {}",
                      network.endpoint_delay_s));
  require(network.chunks >= 1 && network.chunks <= kMostChunks,
          fmt::format("expected 1 to {} chunks, found {}", kMostChunks, network.chunks));
}

}  // namespace sextant
