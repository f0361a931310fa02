#include "analyzer/core/evidence.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"

namespace sextant {

namespace {

/// In the order of the enumeration.
constexpr std::array<std::string_view, 4> kNames = {"measured-gpu", "measured-cpu", "replayed",
                                                    "estimated"};

}  // namespace

std::string_view to_string(Evidence evidence) {
  return kNames.at(static_cast<std::size_t>(evidence));
}

Evidence evidence_from(std::string_view name) {
  const auto found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end()) {
    throw_bad_input(fmt::format("expected an evidence class ({}), found {}",
                                fmt::join(kNames, ", "), quote(name)));
  }
  return static_cast<Evidence>(found - kNames.begin());
}

Evidence read_evidence(const JsonNode& node) {
  return static_cast<Evidence>(node.one_of(kNames));
}

Evidence weaker(Evidence a, Evidence b) {
  return std::max(a, b);
}

bool is_measured(Evidence evidence) {
  return evidence == Evidence::kMeasuredGpu || evidence == Evidence::kMeasuredCpu;
}

}  // namespace sextant
