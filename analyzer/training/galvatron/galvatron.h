#pragma once

#include "analyzer/training/estimator.h"

namespace sextant {

/// The cost model of Galvatron (Miao et al., VLDB 2023) as Sailor's artifact runs it: without
/// sharded data parallelism and recomputation.
const Estimator& galvatron_estimator();

}  // namespace sextant
