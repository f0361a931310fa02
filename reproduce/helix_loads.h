#pragma once

#include <string_view>

#include "reproduce/helix_experiment.h"

namespace sextant {

/// What Helix's artifact offers to one of its systems.
struct HelixLoad {
  double tokens_per_s = 0;   ///< online: input and output tokens
  int initial_requests = 0;  ///< offline
};

/// Of a cluster, model and method ("helix", "swarm", "separate"), and of a machine
/// type where the method serves with each alone. Throws Error(kInternal) where the artifact has
/// none.
HelixLoad helix_load(const HelixExperiment& experiment, std::string_view method,
                     std::string_view machine_type = "");

/// The sum of what Helix's systems are offered online.
double helix_offered_tokens_per_s(const HelixExperiment& experiment);

/// Offline requests under way of the schedulers that section 6.7 compares with Helix's.
inline constexpr int kHelixSchedulingRequests = 180;

}  // namespace sextant
