#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/measured/measured_run.h"
#include "analyzer/plan/plan.h"
#include "analyzer/training/estimator.h"
#include "analyzer/training/training_input.h"

namespace sextant {

// What the published tools were recorded to say, and the inputs that they said it of.

/// One run of a published planner ("AMP", …) in a figure of Sailor's evaluation.
struct RecordedAnswer {
  std::string figure;
  std::string cluster;  ///< Cluster::summary()
  std::string variant;  ///< "_A100_first", else ""
  bool found = false;   ///< a plan that fits; else all figures but the last two are 0
  double iters_per_s = 0;
  double usd_per_iter = 0;
  double search_s = 0;
  int plans_rejected_oom = 0;
  /// Of whole layers; no pipelines where it is of operators, or none was found. A stage of several
  /// kinds of replicas has them in the order of the record.
  Plan plan;
};
/// Those that ran, without repeats.
std::vector<RecordedAnswer> recorded_answers(std::string_view planner);

/// By run of the sets "main" and "mit" ("main/N8_D2"), what the estimator ("Varuna", …) was
/// recorded to predict, seconds or bytes, for the figure: "fig5a_mem_GH200", "fig5b_time_GH200",
/// "fig6_time_het", "fig6b_mem_het". Configurations without a figure are left out.
std::map<std::string, double> recorded_estimates(std::string_view figure,
                                                 std::string_view estimator);

/// The published inputs of one figure's row, with the tools' own tables.
TrainingInput published_input(const std::string& figure, const std::string& cluster);

/// The published validation runs with the inputs on which estimators predict them. Of the set
/// "main" or "mit".
class PublishedRuns {
 public:
  explicit PublishedRuns(std::string_view set);
  const std::vector<MeasuredRun>& runs() const { return runs_; }
  Prediction predict(const Estimator& estimator, const MeasuredRun& run) const;

 private:
  std::vector<MeasuredRun> runs_;
  TrainingInput input_;
};

}  // namespace sextant
