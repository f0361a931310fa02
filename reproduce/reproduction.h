#pragma once

#include <string>
#include <vector>

#include "analyzer/core/json_document.h"
#include "planner/training/planner.h"

namespace sextant {

/// One experiment of a published system, ours beside the published figures; document
/// `reproduction`.
struct Reproduction {
  std::string system;
  std::string experiment;
  std::string title;
  OrderedJson rows = OrderedJson::array();
  OrderedJson summary = OrderedJson::array();  ///< of the rows, where the experiment has one
  /// Rows in which an estimator of ours or Sailor's should predict and cannot. That a compared tool
  /// cannot is a result.
  int unpredicted = 0;
  OrderedJson timing = OrderedJson::object();
  /// What has to be said of all rows, for people; may be empty.
  std::vector<std::string> notes;
  /// For people: a table, and what has to be said about it.
  std::string text;
  /// The figure, as SVG.
  std::string plot_svg;
  /// The rows, for other programs; "" where the experiment has no such file.
  std::string csv;
  /// Every latency, where that was asked for.
  std::string latencies_csv = {};
};

/// {"schema", "system", "experiment", "notes", "rows", "summary", "timing"}; without what was timed
/// if `timing` is false.
OrderedJson to_json(const Reproduction& reproduction, bool timing);

/// What `sextant reproduce` can run.
struct ExperimentName {
  std::string system;
  std::string experiment;
  std::string description;
};
std::vector<ExperimentName> experiments();

struct ReproduceOptions {
  std::string artifact_dir;
  std::vector<std::string> planners;    ///< empty: all that the experiment compares
  std::vector<std::string> estimators;  ///< likewise; planner figures only
  std::vector<std::string> methods;     ///< likewise; Helix's experiments only
  PlannerOptions search;                ///< budgets of every search
  /// Instead of planning or simulating: the document `reproduction` of an earlier run, whose rows
  /// are shown again. Planner figures and figures of LIBRA only.
  std::string from;
  /// Which of LIBRA's evaluations, "small" or "full"; "" = full.
  std::string set;
  /// Placements in place of the recorded ones, a folder as the artifact's layout_<model>; "" =
  /// those. Helix's single and geo experiments only.
  std::string layouts_dir;
  /// Also every latency that was simulated. Helix's experiments only.
  bool latencies = false;
  /// What a planner figure draws: "throughput", "cost", or "" = what the paper's figure shows.
  std::string metric;
  /// Instead of the published runs, those of this directory; "" = the published ones. Validation
  /// only.
  std::string measured_dir;
  bool progress = true;
  bool timing = true;  ///< false: no times of the searches
};

/// Throws Error(kUsage) on an experiment that does not exist.
Reproduction reproduce(const std::string& system, const std::string& experiment,
                       const ReproduceOptions& options);

}  // namespace sextant
