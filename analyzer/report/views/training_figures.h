#pragma once

#include <optional>
#include <string>

#include "analyzer/core/json_document.h"
#include "analyzer/training/estimator.h"

namespace sextant {

/// A prediction as a document holds it (figures of profiles/schema/prediction.json), or as an
/// estimator has just made it.
struct TrainingFigures {
  std::string planner;  ///< who proposed the plan; "" where nobody says
  std::string estimator;
  std::string evidence;
  Prediction prediction;
  std::optional<double> tokens_per_s = {};
  std::optional<double> usd_per_million_tokens = {};
  std::optional<double> model_flops_utilization = {};
  int gpus = 0;  ///< in use; 0 where it does not say
};

/// Throws Error(kBadInput) with the place where a member is not what the schema says.
TrainingFigures read_training_figures(const JsonNode& node);

/// A part of the time that the breakdown of a prediction tells apart, in the order of pictures.
struct TimePart {
  const char* text;
  const char* member;  ///< of breakdown_s
  double TimeBreakdown::*seconds;
};
inline constexpr TimePart kTimeParts[] = {
    {"compute", "compute", &TimeBreakdown::compute_s},
    {"bubble", "bubble", &TimeBreakdown::bubble_s},
    {"exposed transfer", "exposed_transfer", &TimeBreakdown::exposed_transfer_s},
    {"exposed sync", "exposed_sync", &TimeBreakdown::exposed_sync_s},
    {"update", "update", &TimeBreakdown::update_s},
    {"overhead", "overhead", &TimeBreakdown::overhead_s},
};

}  // namespace sextant
