#pragma once

#include <string>

#include "analyzer/training/training_input.h"
#include "cli/commands.h"
#include "planner/training/planner.h"

namespace sextant::cli {

/// --pareto and what belongs to it.
struct ParetoArguments {
  bool wanted = false;
  int points = 0;  ///< 0 = the default
  std::string plot;
};

void add_pareto_options(CLI::App& command, ParetoArguments& arguments);

/// Throws Error(kUsage) where options of the front stand without --pareto.
void check(const ParetoArguments& arguments);

/// Prints the front of the job's plans; returns the exit code.
int run_pareto(const ParetoArguments& arguments, const Planner& planner, const Estimator& judge,
               const TrainingInput& input, const PlannerOptions& options, const Session& session);

}  // namespace sextant::cli
