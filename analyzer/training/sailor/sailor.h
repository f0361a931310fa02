#pragma once

#include "analyzer/training/estimator.h"

namespace sextant {

/// The published simulator of Sailor (Strati et al., SOSP'25): iteration time, memory fit and USD
/// per iteration, formula by formula. predict() throws Error(kInfeasible) instead of
/// Error(kBadInput) where the profile has no times of a plan that would not fit in memory anyway.
const Estimator& sailor_estimator();

/// The peak memory that it reports (figure 5a of the paper), bytes: what its fit check counts, but
/// with a fixed allowance for everything beside state and activations that is larger than the
/// check's. Throws what Estimator::predict throws.
double sailor_reported_memory(const TrainingProblem& problem, const Plan& plan);

/// What it says where replicas of several GPUs are listed GPU by GPU, as the plans of Metis and
/// FlashFlex are in the artifact: it then takes them for replicas on several machines and drops
/// their compute, counting the all-reduces of their tensor parallelism alone, over the links
/// between nodes. A defect, kept so that published figures can be compared. Throws what
/// Estimator::predict throws, and Error(kBadInput) where the problem has no model description.
Prediction sailor_prediction_listed_by_gpu(const TrainingProblem& problem, const Plan& plan);

}  // namespace sextant
