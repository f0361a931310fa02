#include "nccl_bench/topology.h"

#include <string_view>

namespace sextant::bench {

namespace {

constexpr std::string_view kPathTo = "path_to ";

/// "" where the rank has no such detail.
std::string detail(const BandwidthRank& rank, const std::string& name) {
  const auto found = rank.details.find(name);
  return found == rank.details.end() ? "" : found->second;
}

}  // namespace

std::string path_detail(const std::string& bus_id) {
  return std::string(kPathTo) + bus_id;
}

std::vector<PairTopology> take_topology(std::vector<BandwidthRank>& ranks) {
  std::vector<PairTopology> pairs;
  for (std::size_t a = 0; a < ranks.size(); ++a) {
    for (std::size_t b = a + 1; b < ranks.size(); ++b) {
      if (ranks[a].host != ranks[b].host) continue;
      std::string path = detail(ranks[a], path_detail(detail(ranks[b], "pci_bus_id")));
      if (!path.empty()) {
        pairs.push_back({static_cast<int>(a), static_cast<int>(b), std::move(path)});
      }
    }
  }
  for (BandwidthRank& rank : ranks) {
    std::erase_if(rank.details, [](const auto& entry) { return entry.first.starts_with(kPathTo); });
  }
  return pairs;
}

}  // namespace sextant::bench
