#pragma once

#include <array>
#include <c10/core/ScalarType.h>

#include "nccl_bench/element_type.h"

namespace sextant::bench {

/// LibTorch's name of an element type.
inline c10::ScalarType scalar_type(ElementType type) {
  constexpr std::array<c10::ScalarType, kElementTypeNames.size()> kTypes = {
      c10::ScalarType::Char,     c10::ScalarType::Int,   c10::ScalarType::Half,
      c10::ScalarType::BFloat16, c10::ScalarType::Float, c10::ScalarType::Double};
  return kTypes[static_cast<std::size_t>(type)];
}

}  // namespace sextant::bench
