#pragma once

#include "planner/training/planner.h"

namespace sextant {

/// The search of Atlas (Palak et al., arXiv:2411.14458) as the authors of Sailor wrote it anew:
/// whole stages from region to region, judged by Sailor's own model.
const Planner& atlas_planner();

}  // namespace sextant
