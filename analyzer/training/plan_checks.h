#pragma once

#include <string_view>

#include "analyzer/cluster/cluster.h"
#include "analyzer/plan/plan.h"
#include "analyzer/profile/model_profile.h"
#include "analyzer/training/estimator.h"

namespace sextant {

/// Throws Error(kBadInput) where the plan divides another number of layers than were profiled.
void require_layers_of(const ModelProfile& profile, const Plan& plan);

/// The pool of GPUs that a plan uses. Throws Error(kBadInput) where the cluster has none.
const GpuPool& pool_used(const Cluster& cluster, std::string_view gpu, std::string_view zone);

/// Holds the last stage of `out` against its capacity: its peak counts in the prediction's, and the
/// first that is above its capacity makes it one that does not fit, with a note.
void count_memory_of_last_stage(Prediction& out);

}  // namespace sextant
