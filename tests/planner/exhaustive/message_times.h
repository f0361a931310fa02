#pragma once

#include "analyzer/plan/plan.h"
#include "analyzer/training/estimator.h"

namespace sextant::exhaustive {

/// Whether every message of the plan and every part of its synchronisation takes time, as estimator
/// `sailor` has them: the output of a stage's last layer to the next, an activation as large as the
/// output of its first layer back, and of the all-reduce between neighbouring replicas buckets of
/// 5e8 bytes and the rest, in pieces by replica (shared/specs/sailor.md §b, §c.2). A fitted
/// quadratic may turn negative, and a plan that gains by that is no answer. Also false where a
/// link that the plan needs is not known. Of one pipeline.
bool all_messages_take_time(const TrainingProblem& problem, const Plan& plan);

}  // namespace sextant::exhaustive
