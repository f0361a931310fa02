#pragma once

#include <string>

#include "analyzer/training/run_figures.h"
#include "planner/training/planner.h"

namespace sextant::cli {

/// What `sextant plan` and `sextant simulate` print of a plan and its prediction.
struct PlanOutput {
  const TrainingInput& input;
  const Plan& plan;
  const Prediction& prediction;
  std::string_view estimator;
  double tokens = 0;        ///< length of the run asked for, 0 = not asked
  bool all_memory = false;  ///< what memory is made of on every stage, not on the fullest alone
};

/// A picture of the pipeline as a table, where the iteration's time goes, memory, cost, and the
/// figures of the whole run.
std::string describe(const PlanOutput& output);

/// {"throughput_iters_per_s", "iteration_s", "usd_per_iter", "peak_memory_bytes", …}: the members
/// that a row of `plans` and a `prediction` share.
OrderedJson prediction_json(const PlanOutput& output);

/// "prices of 2025-10-13: SOURCE", a line; "" where the cluster says neither date nor source.
std::string prices_text(const Cluster& cluster);
/// {"date", "source"}, those that are known.
OrderedJson prices_json(const Cluster& cluster);

/// The document `plan` with what it was made for and its prediction, as `-o` writes it.
OrderedJson plan_document(const PlanOutput& output, std::string_view planner);

/// "1 stage", "3 stages".
std::string counted(long long count, std::string_view noun);

/// Lines "note: …" for stderr.
void print_notes(const TrainingInput& input);

}  // namespace sextant::cli
