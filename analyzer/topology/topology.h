#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sextant {

/// Bandwidths of people and files are in GB/s.
inline constexpr double kBytesPerGb = 1e9;

/// How the NPUs of one dimension are connected.
enum class BuildingBlock { kRing, kFullyConnected, kSwitch };
inline constexpr std::array<std::string_view, 3> kBuildingBlockNames = {"Ring", "FullyConnected",
                                                                        "Switch"};
constexpr std::string_view to_string(BuildingBlock block) {
  return kBuildingBlockNames[static_cast<std::size_t>(block)];
}

/// NPUs that differ in one coordinate only.
struct TopologyDimension {
  int npus = 0;  ///< >= 2
  BuildingBlock block = BuildingBlock::kRing;
  std::string tier;  ///< what is priced: "Tile", "Package", "Node", "Pod", or a site's own word
};

/// A hierarchical network: every NPU has a coordinate in each dimension, and one link budget for
/// each. Dimension 0 is the innermost.
struct Topology {
  std::string name;
  std::vector<TopologyDimension> dimensions;

  /// The product of all dimensions.
  int npus() const;
  /// "4D Ring(2)_FullyConnected(8)_Ring(8)_Switch(8)".
  std::string describe() const;
};

/// Far beyond any machine; they keep products within an int and searches short.
inline constexpr int kMostTopologyDimensions = 10;
inline constexpr int kMostTopologyNpus = 1 << 24;

/// Throws Error(kBadInput) on no or too many dimensions, one of fewer than two NPUs, more NPUs than
/// kMostTopologyNpus, or a tier without a name.
void check(const Topology& topology);

}  // namespace sextant
