#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "analyzer/core/error.h"

namespace sextant {

/// "\"Rng\" (did you mean \"Ring\"?)": an unknown name for a message, with the nearest known one if
/// any is near.
inline std::string quote_with_nearest(std::string_view name,
                                      std::span<const std::string_view> known) {
  const std::string near = nearest_name(name, {known.begin(), known.end()});
  return quote(name) + (near.empty() ? "" : fmt::format(" (did you mean {}?)", quote(near)));
}

}  // namespace sextant
