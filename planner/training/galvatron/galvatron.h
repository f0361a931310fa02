#pragma once

#include "planner/training/planner.h"

namespace sextant {

/// The search of Galvatron (Miao et al., VLDB 2023) as Sailor's artifact runs it.
const Planner& galvatron_planner();

}  // namespace sextant
