#pragma once

#include <optional>
#include <string>

#include "analyzer/training/training_input.h"
#include "cli/commands.h"
#include "planner/training/planner.h"

namespace sextant::cli {

/// --deadline, --run-budget, --fewest: what a whole run of --tokens may take.
struct PurchaseArguments {
  std::string deadline;
  std::string fewest;
  std::optional<double> budget_usd;

  bool wanted() const { return !deadline.empty() || budget_usd.has_value(); }
};

void add_purchase_options(CLI::App& command, PurchaseArguments& arguments);

/// Throws Error(kUsage) where they contradict each other, or the deadline is no time. `tokens` is
/// the length of the run, 0 = not given.
void check(const PurchaseArguments& arguments, double tokens);

/// Prints what to buy, and writes the plan to `output` unless that is ""; returns the exit code.
int run_purchase(const PurchaseArguments& arguments, double tokens, const Planner& planner,
                 const Estimator& judge, const TrainingInput& input, const PlannerOptions& options,
                 const std::string& output, const Session& session);

}  // namespace sextant::cli
