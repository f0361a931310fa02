#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace sextant::bench {

/// Type of the elements that move.
enum class ElementType { kInt8, kInt32, kFp16, kBf16, kFp32, kFp64 };
inline constexpr std::array<std::string_view, 6> kElementTypeNames = {"int8", "int32", "fp16",
                                                                      "bf16", "fp32",  "fp64"};
constexpr std::string_view to_string(ElementType type) {
  return kElementTypeNames[static_cast<std::size_t>(type)];
}
/// Bytes of one.
constexpr int size_of(ElementType type) {
  constexpr std::array<int, 6> kSizes = {1, 4, 2, 2, 4, 8};
  return kSizes[static_cast<std::size_t>(type)];
}
/// Every whole number from 0 to this is exact in the type (capped at 2^24).
constexpr int largest_exact(ElementType type) {
  constexpr std::array<int, 6> kLargest = {127, 1 << 24, 2048, 256, 1 << 24, 1 << 24};
  return kLargest[static_cast<std::size_t>(type)];
}

}  // namespace sextant::bench
