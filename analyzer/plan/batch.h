#pragma once

#include <vector>

#include "analyzer/plan/plan.h"

namespace sextant {

/// What a replica computes of an iteration.
struct ReplicaBatch {
  int first_sample = 0;  ///< of the global batch
  int microbatches = 0;
  bool operator==(const ReplicaBatch&) const = default;
};

/// By pipeline and replica; consecutive samples, pipeline after pipeline. Where the plan says no
/// shares, all replicas have equally many microbatches, the first ones one more if they do not go
/// round. Throws Error(kBadInput) where a share, or the batch, is not made of whole microbatches,
/// a replica has none, or stages of a pipeline have different shares.
std::vector<std::vector<ReplicaBatch>> split_batch(const Plan& plan);

}  // namespace sextant
