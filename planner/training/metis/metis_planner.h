#pragma once

#include "planner/training/planner.h"

namespace sextant {

/// The search of Metis (Um et al., USENIX ATC'24) as Sailor's artifact runs it, as a baseline: one
/// pipeline whose stages are groups of 2^k consecutive GPUs, each with its own data and tensor
/// degree, under Metis's own cost model (analyzer/training/metis/model.h).
///
/// For each order of the GPU types, number of stages, order of groups and number of microbatches it
/// costs at most one plan: degrees begin at T = 1 and are doubled where memory is least, up to the
/// first that its layer balancer can fill (layer_balancer.h). Proposals are those plans by cost;
/// the first met wins ties.
///
/// - At most 10,000 proposals are kept, and fewer where they name more than 600,000 replicas.
/// - The published code stops after 300 s, and ranks GPU types by a set whose order changes from
///   run to run. Here a budget of (groups, microbatches) pairs stands for the seconds, and
///   options.seed for the order: seed 0 has the last type of the cluster first (V100s before A100s
///   where the A100s are named first: the order of the recorded runs), seed 1 the first type first;
///   of more types, seed s is the s-th of all orders. The others follow where the budget lasts.
/// - It sees one zone of each type, whole nodes only, and numbers of GPUs that are a power of two:
///   where the total is none, every type gives as many nodes as the largest power of two that each
///   of them has (of 20 + 60 nodes 16 + 16, as the published harness did). A node counts as a power
///   of two of GPUs.
const Planner& metis_planner();

}  // namespace sextant
