#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/measured/measured_run.h"
#include "analyzer/training/estimator.h"

namespace sextant {

struct RecordedPrediction;

enum class Quantity {
  kTime,    ///< of an iteration, seconds
  kMemory,  ///< of the process that holds most, bytes
};
/// "time", "memory".
std::string_view to_string(Quantity quantity);

/// An estimator with the inputs on which it is held against measurements.
struct Contender {
  std::string name;  ///< in rows: the estimator's, or with its inputs, "sextant@planner-profile"
  const Estimator* estimator = nullptr;
  const ModelProfile* profile = nullptr;
  const ModelDescription* model = nullptr;   ///< null: only the profile is known
  std::filesystem::path published_tables;    ///< TrainingProblem::published_tables
  Evidence evidence = Evidence::kEstimated;  ///< what its inputs rest on
  /// What is known of the site when this run is predicted: whoever fits a calibration to measured
  /// runs leaves out the one that it predicts. Absent: Calibration{}.
  std::function<Calibration(const MeasuredRun&)> calibration;
  /// The memory it reports, bytes, where that is not Prediction::peak_memory_bytes.
  std::function<double(const TrainingProblem&, const Plan&)> reported_memory;
};

/// What it says of the run's own plan, with its global batch and the framework that ran it; what
/// else `job` says holds for all runs. Throws what Estimator::predict throws.
Prediction predict_run(const Contender& contender, const MeasuredRun& run, const Job& job,
                       const Cluster& cluster, const Calibration& calibration);

/// What one estimator says of what one run measured.
struct ValidationRow {
  enum class Status {
    kOk,
    kUnpredicted,  ///< the estimator cannot; `reason` says why
    kUnmeasured,   ///< the run has no such figure
  };
  std::string config;     ///< MeasuredRun::name
  std::string estimator;  ///< Contender::name
  Quantity quantity = Quantity::kTime;
  Status status = Status::kOk;
  std::string reason;
  Evidence evidence = Evidence::kEstimated;  ///< the weaker of the run's and the prediction's
  double measured = 0;                       ///< 0 where unmeasured
  double predicted = 0;                      ///< 0 where unpredicted
  /// What it says will not be exceeded: Prediction::memory_bound_bytes; of times the slow end of
  /// the interval, and the prediction itself where there is none.
  double upper_bound = 0;
  /// The times between which the prediction expects the measured one; without spread where the
  /// inputs have none, and for memory.
  TimeInterval interval;
  std::string suspicion;  ///< MeasuredRun::suspicion, and whether it ended early

  bool ok() const { return status == Status::kOk; }
  /// predicted / measured - 1, of a row that is ok.
  double relative_error() const { return predicted / measured - 1; }
  /// Whether the interval holds the measurement; nothing where there is no interval.
  std::optional<bool> covered() const;
};
/// "ok", "unpredicted", "unmeasured".
std::string_view to_string(ValidationRow::Status status);

/// Every run against every contender: by quantity, run, contender, in the order given. An estimator
/// that cannot predict a run makes a row that says so; one that models no memory has no rows of it.
std::vector<ValidationRow> validate(const std::vector<MeasuredRun>& runs,
                                    const std::vector<Contender>& contenders, const Job& job,
                                    const Cluster& cluster,
                                    const std::vector<Quantity>& quantities);

/// Every run against what was predicted of its plan before it ran; rows as above. `place` is the
/// plan's file. Throws Error(kBadInput) naming the run that ran another plan.
std::vector<ValidationRow> validate(const std::vector<MeasuredRun>& runs, const Plan& plan,
                                    const RecordedPrediction& prediction, const std::string& place,
                                    const std::vector<Quantity>& quantities);

/// What the rows of one estimator come to; errors are |relative_error|, fractions.
struct ValidationSummary {
  std::string estimator;
  Quantity quantity = Quantity::kTime;
  std::string set;  ///< of the runs, as in "ae/N8_D2"; "" = all rows
  int rows = 0;     ///< that have both figures; the rest counts below only
  int unpredicted = 0;
  int unmeasured = 0;
  double mean = 0;
  double median = 0;
  double p95 = 0;  ///< linear between rows
  double max = 0;
  int under_predicted = 0;      ///< predicted less than was measured
  int bound_exceeded = 0;       ///< more was measured than upper_bound
  double bound_mean_above = 0;  ///< mean of upper_bound / measured - 1
  int with_interval = 0;
  int covered = 0;  ///< of those with an interval
};
/// One summary for each quantity and estimator over all its rows, and, where the names of the runs
/// have sets and more than one, one for each set behind it; in the order of the rows.
std::vector<ValidationSummary> summarize(const std::vector<ValidationRow>& rows);

}  // namespace sextant
