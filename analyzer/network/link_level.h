#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace sextant {

/// The levels of a network's hierarchy, from the inside out.
enum class LinkLevel { kInsideNode, kBetweenNodes, kBetweenZones };
inline constexpr int kLinkLevels = 3;
inline constexpr std::array<std::string_view, kLinkLevels> kLinkLevelNames = {
    "inside_node", "between_nodes", "between_zones"};

/// "inside_node", "between_nodes", "between_zones".
constexpr std::string_view to_string(LinkLevel level) {
  return kLinkLevelNames[static_cast<std::size_t>(level)];
}

}  // namespace sextant
