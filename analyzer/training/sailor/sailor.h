#pragma once

#include "analyzer/training/estimator.h"

namespace sextant {

/// The published simulator of Sailor (Strati et al., SOSP'25): iteration time, memory fit and USD
/// per iteration, formula by formula.
const Estimator& sailor_estimator();

/// The peak memory that it reports (figure 5a of the paper), bytes: what its fit check counts, but
/// with a fixed allowance for everything beside state and activations that is larger than the
/// check's. Throws what Estimator::predict throws.
double sailor_reported_memory(const TrainingProblem& problem, const Plan& plan);

}  // namespace sextant
