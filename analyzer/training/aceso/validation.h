#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "analyzer/training/aceso/cost_model.h"

namespace sextant {

/// One of the hand-made configurations in which Sailor's evaluation held Aceso's model against
/// Aceso's own runtime.
struct AcesoValidation {
  std::string config;  ///< "8-512-4-2-8": nodes, global batch, D, P and microbatch
  double predicted_s = 0;
  double predicted_bytes = 0;
  double measured_s = 0;  ///< the slowest rank's
  double measured_bytes = 0;
};

/// Those of OPT-350 on GH200 nodes, sorted by name, from Aceso/validation_configs/clariden and
/// Aceso/aceso_runtime_clariden_max_over_ranks.csv below `published_tables`
/// (TrainingProblem::published_tables). Empty where these are not there. Throws Error(kBadInput)
/// naming file and place where they are malformed.
std::vector<AcesoValidation> aceso_validation(const std::filesystem::path& published_tables);

namespace aceso {

/// A configuration of Aceso's runtime.
struct Configuration {
  std::string model;
  int blocks = 0;
  int global_batch = 0;
  OperatorPlan plan;
};

/// Throws Error(kBadInput) with file and place, also where a stage has operators of several
/// degrees, recomputes, or splits row before column, none of which the model here knows.
Configuration read_configuration(const std::filesystem::path& path);

struct ConfigurationCost {
  double iteration_s = 0;
  double peak_memory_bytes = 0;
};
/// On the tables in `folder` (profiled-data-fp32 of a GPU type).
ConfigurationCost predict(const Configuration& configuration, const std::filesystem::path& folder,
                          int gpus_per_node);

}  // namespace aceso

}  // namespace sextant
