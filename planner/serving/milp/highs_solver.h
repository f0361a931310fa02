#pragma once

#include <functional>

#include "planner/serving/milp/solver_process.h"

namespace sextant {

/// Throws Error(kUsage) where the build has no HiGHS.
void require_highs();

/// Solves a program with HiGHS in this process; its last news is kEnd. Throws Error(kInternal)
/// naming the call of HiGHS that failed, Error(kBadInput) naming the path where the problem cannot
/// be written.
void run_highs(const MixedIntegerProgram& program, const SolverSettings& settings,
               const std::function<void(const SolverNews&)>& tell);

}  // namespace sextant
