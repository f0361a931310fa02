#include "analyzer/network/link_units.h"

#include <fmt/format.h>

namespace sextant {

double bandwidth_bytes_per_s(const JsonNode& node) {
  constexpr double kSlowest = 1e3;
  constexpr double kFastest = 1e13;
  const double value = node.positive();
  if (value < kSlowest) {
    node.fail("a bandwidth in bytes/s", fmt::format("{}, which looks like GB/s or Gb/s", value));
  }
  if (value > kFastest) {
    node.fail("a bandwidth in bytes/s",
              fmt::format("{}, over 10 TB/s, which looks like bits/s or a slip", value));
  }
  return value;
}

double latency_s(const JsonNode& node) {
  constexpr double kLongest = 10;
  const double value = node.non_negative();
  if (value > kLongest) {
    node.fail("a latency in seconds", fmt::format("{}, which looks like microseconds", value));
  }
  return value;
}

}  // namespace sextant
