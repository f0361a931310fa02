#pragma once

#include <optional>
#include <string>

#include "analyzer/training/training_input.h"
#include "cli/commands.h"
#include "planner/training/elastic/elastic_schedule.h"

namespace sextant::cli {

/// `sextant plan --availability` and what goes with it.
struct AvailabilityArguments {
  std::string trace;    ///< "" = plan for the cluster as it is
  std::string counted;  ///< what a JSON trace counts, TYPE@ZONE
  std::optional<double> until_s;
  std::string policy = "pay";
  double storage_gbps = 1;
  ElasticOptions options;
};

void add_availability_options(CLI::App& command, AvailabilityArguments& arguments);

/// What `plan` has read and chosen before.
struct AvailabilityTask {
  const TrainingInput& input;
  const Planner& planner;
  const Estimator& judge;
  PlannerOptions search;
  std::string output;  ///< where the document goes, "" = nowhere
  std::string plot;    ///< where the picture goes, likewise
};

/// Plans the periods and prints them. Returns the exit code.
int plan_availability(const AvailabilityArguments& arguments, const AvailabilityTask& task,
                      const Session& session);

/// A schedule, to print.
struct AvailabilityOutput {
  const ElasticSchedule& schedule;
  const ElasticOptions& options;
  const AvailabilityTask& task;
  std::string trace;             ///< the file's name
  std::optional<double> tokens;  ///< of an iteration; absent where not known
};

std::string describe(const AvailabilityOutput& output);
OrderedJson to_json(const AvailabilityOutput& output);
/// GPUs and iterations a second against time, as an SVG document.
std::string plot_svg(const AvailabilityOutput& output);

}  // namespace sextant::cli
