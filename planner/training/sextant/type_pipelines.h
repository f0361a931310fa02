#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "analyzer/training/estimator.h"

namespace sextant::search {

/// The best plan that some search finds for a problem, and its iterations a second; nothing where
/// it finds none.
struct QuickPlan {
  Plan plan;
  double iters_per_s = 0;
};
using QuickSearch = std::function<std::optional<QuickPlan>(const TrainingProblem&, int microbatch)>;

/// Plans with a pipeline for each GPU type by itself, of the given microbatches: each type takes a
/// share of the batch that goes with what it does alone. Such plans send nothing between types but
/// gradients.
std::vector<Plan> type_pipelines(const TrainingProblem& problem,
                                 const std::vector<int>& microbatches, const QuickSearch& search);

}  // namespace sextant::search
