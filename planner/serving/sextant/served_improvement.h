#pragma once

#include <cstdint>

#include "planner/serving/sextant/served_context.h"

namespace sextant {

/// Anneals the candidate by as many simulations, with random numbers from the seed: keeps the best
/// in its place. Adds the simulations done to evaluations.
void improve_served(const ServedContext& search, ServedCandidate& candidate, std::uint64_t seed,
                    std::int64_t simulations, std::int64_t& evaluations);

}  // namespace sextant
