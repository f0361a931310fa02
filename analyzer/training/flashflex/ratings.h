#pragma once

#include <vector>

#include "analyzer/training/estimator.h"
#include "analyzer/training/flashflex/model.h"

namespace sextant::flashflex {

/// The cost model for the GPUs of these pools, whose places are the types. Ratings are those of the
/// published machine_amounts.json where the problem has that table and the table knows the type.
/// Else they are the data sheet's peak in the job's data type and the network's or the data sheet's
/// link inside a machine; of a type without a data sheet, the rate at which the profile has it
/// compute. Throws Error(kBadInput) naming what is missing.
Model model_of(const TrainingProblem& problem, const std::vector<const GpuPool*>& pools);

}  // namespace sextant::flashflex
