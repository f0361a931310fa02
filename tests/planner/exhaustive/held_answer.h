#pragma once

#include <string>

#include "planner/training/planner.h"
#include "tests/planner/exhaustive/brute_force.h"

namespace sextant::exhaustive {

/// "" where a plan can be had of the cluster as it stands: layers covered, GPUs that there are, on
/// nodes that hold them; else what is wrong.
std::string what_is_impossible(const Cluster& cluster, const Plan& plan);

/// What the answer proves of the objective: seconds, USD or GPUs that no plan undercuts; negative
/// where nothing.
double lower_bound(Objective objective, const SearchResult& search);
double value(Objective objective, const Figures& figures);

/// The plan of the space that has these figures, for people.
std::string plan_with(const TrainingProblem& problem, const Estimator& judge,
                      const PlanSpace& space, const Figures& figures);

/// "" where the planner's answer is that of the brute force, to 1e-9 of its value, and its bound
/// holds; else what differs. Both must have seen the same problem.
std::string difference(const TrainingProblem& problem, const PlannedJob& found,
                       const BruteForce& brute);

}  // namespace sextant::exhaustive
