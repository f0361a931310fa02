#include "analyzer/topology/topology.h"

#include <fmt/format.h>

#include "analyzer/core/error.h"

namespace sextant {

int Topology::npus() const {
  int product = 1;
  for (const TopologyDimension& dimension : dimensions) product *= dimension.npus;
  return product;
}

std::string Topology::describe() const {
  std::string text = fmt::format("{}D ", dimensions.size());
  for (std::size_t d = 0; d < dimensions.size(); ++d) {
    text += fmt::format("{}{}({})", d > 0 ? "_" : "", to_string(dimensions[d].block),
                        dimensions[d].npus);
  }
  return text;
}

void check(const Topology& topology) {
  const std::size_t count = topology.dimensions.size();
  if (count < 1 || count > static_cast<std::size_t>(kMostTopologyDimensions)) {
    throw_bad_input(fmt::format("topology {}: expected 1 to {} dimensions, found {}",
                                quote(topology.name), kMostTopologyDimensions, count));
  }
  long long product = 1;
  for (std::size_t d = 0; d < count; ++d) {
    const TopologyDimension& dimension = topology.dimensions[d];
    const auto refuse = [&](const std::string& what) {
      throw_bad_input(fmt::format("topology {}, dimension {}: {}", quote(topology.name), d, what));
    };
    if (dimension.npus < 2) {
      refuse(fmt::format("expected at least 2 NPUs, found {}", dimension.npus));
    }
    product *= dimension.npus;
    if (product > kMostTopologyNpus) {
      refuse(fmt::format("with it the network has more than {} NPUs", kMostTopologyNpus));
    }
    if (dimension.tier.empty()) refuse("its tier has no name");
  }
}

}  // namespace sextant
