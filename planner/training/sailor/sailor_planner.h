#pragma once

#include "planner/training/planner.h"

namespace sextant {

/// The search of Sailor (Strati et al., SOSP'25; the artifact at main cf2c8e3), as a baseline: its
/// heuristics, its own cost model and prices, and those of its defects that decide which plans it
/// returns (planner/training/sailor/quirks.h).
///
/// It enumerates pipeline depths with uniform layer splits (H1), one tensor degree per GPU type and
/// stage (H2), data-parallel degrees that change the number of microbatches (H3) and orders of
/// regions (H4), and solves the placement of stages by dynamic programming (H5). The proposals are
/// its whole list, best first: by estimated iteration time, or by estimated cost where the job's
/// objective is cost. A throughput job's max_usd_per_iter and a cost job's min_iters_per_s bound
/// the search; the opposite pairs do not, as in the artifact.
///
/// Every proposal is legal: within the GPUs of each pool, layers covered once. search() throws
/// Error(kBadInput) where the profile knows none of a GPU type's points, or the network lacks a
/// link that a plan would use.
const Planner& sailor_planner();

}  // namespace sextant
