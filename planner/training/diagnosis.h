#pragma once

#include <functional>
#include <string>

#include "planner/training/planner.h"

namespace sextant {

/// Finds plans of a problem, and need not say why it finds none: the core of a planner. It is given
/// problems that differ from the one that has no plan, and must not ask for their diagnosis.
using PlanSearch =
    std::function<SearchResult(const TrainingProblem& problem, const PlannerOptions& options)>;

/// For people: why a search found no plan of `problem`, which constraint binds, and by how much.
/// `complete`: it proved that there is none; else what is said is of what was found so far. Beside
/// looking at the input it searches the problem without its bounds, with more memory, more GPUs and
/// all links, each with a small part of a planner's own budget; what it says could be done was
/// found by such a search and judged by `judge`. Throws Error(kBadInput) where the reason is that
/// the input lacks something: a profile of every GPU type, a link that all plans need.
std::string why_no_plan(const PlanSearch& search, const TrainingProblem& problem,
                        const Estimator& judge, const PlannerOptions& options, bool complete);

}  // namespace sextant
