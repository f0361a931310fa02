#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "planner/serving/sextant/served_context.h"

namespace sextant {

/// Of each so many starts the first two are annealed by the formula; the others are pipelines by
/// groups of machines, where groups can hold the model.
inline constexpr std::size_t kStartForms = 4;

/// Chains that a search begins with, as many as number says or fewer; the phase shifts how they
/// weigh latency. Their scores are not comparable: of some they are the formula's. Adds to
/// evaluations.
std::vector<ServedCandidate> served_starts(const ServedContext& search, std::uint64_t phase,
                                           std::size_t number, std::int64_t& evaluations);

}  // namespace sextant
