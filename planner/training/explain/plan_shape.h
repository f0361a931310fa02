#pragma once

#include <string>

#include "analyzer/plan/plan.h"

namespace sextant {

/// "microbatch 2, 3 stages, 32 replicas, A100-40 + V100-16": what plans that came close differ in.
std::string shape_text(const Plan& plan);

/// "microbatch 4 instead of 2, 64 GPUs instead of 60": how `after` differs from `before`; "" where
/// it does not.
std::string plan_change(const Plan& before, const Plan& after);

}  // namespace sextant
