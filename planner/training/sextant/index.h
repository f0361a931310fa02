#pragma once

#include <cstddef>
#include <limits>

namespace sextant::search {

/// Layers, options and resources are counted in int, which -1 may mark as none.
inline std::size_t index(int i) {
  return static_cast<std::size_t>(i);
}

inline constexpr double kNever = std::numeric_limits<double>::infinity();

}  // namespace sextant::search
