#pragma once

#include <string>

#include "analyzer/plan/plan.h"
#include "analyzer/training/estimator.h"

namespace sextant {

/// What another plan of the same job costs and in what it differs: "3.71 s instead of 3.58 s an
/// iteration (3.6 % more), 0.432 USD instead of 0.416; tensor degree 2 instead of 2 and 4; layers
/// 13+13 instead of 12+14".
std::string plan_changes(const Plan& from, const Prediction& from_prediction, const Plan& to,
                         const Prediction& to_prediction);

}  // namespace sextant
