#pragma once

#include <string_view>

#include "analyzer/cluster/cluster.h"
#include "analyzer/plan/plan.h"
#include "analyzer/profile/model_profile.h"

namespace sextant {

/// Throws Error(kBadInput) where the plan divides another number of layers than were profiled.
void require_layers_of(const ModelProfile& profile, const Plan& plan);

/// The pool of GPUs that a plan uses. Throws Error(kBadInput) where the cluster has none.
const GpuPool& pool_used(const Cluster& cluster, std::string_view gpu, std::string_view zone);

}  // namespace sextant
