#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/core/evidence.h"
#include "analyzer/measured/measured_run.h"
#include "analyzer/training/estimator.h"

namespace sextant {

/// What an estimator says of a run with a calibration.
using PredictRun = std::function<Prediction(const MeasuredRun&, const Calibration&)>;

/// A parameter and what became of it.
struct FittedParameter {
  std::string name;
  double before = 0;
  double after = 0;
  bool adopted = false;
  int runs = 0;      ///< that determine it
  std::string note;  ///< how it was fitted, or why it kept its value
};

/// Mean |predicted / measured - 1| over the runs that have the figure. `after` is left out: each
/// run is predicted with a calibration fitted to the other configurations.
struct CalibrationErrors {
  int runs = 0;
  double before = 0;
  double after = 0;
};

/// One run's figures, before and (left out) after; memory 0 where it was not measured.
struct CalibratedRun {
  std::string name;
  std::string suspicion;
  double measured_s = 0;
  double before_s = 0;
  double after_s = 0;
  double measured_bytes = 0;
  double before_bytes = 0;
  double after_bytes = 0;
  double bound_bytes = 0;  ///< Prediction::memory_bound_bytes, after
  /// Fitted to the other configurations: what the run may be predicted with. Which parameters are
  /// adopted is decided once, by the left-out errors of all runs.
  Calibration left_out;
};

struct CalibrationFit {
  Calibration calibration;                  ///< fitted to all runs; what was not adopted as before
  Evidence evidence = Evidence::kReplayed;  ///< the weakest of the runs
  std::vector<FittedParameter> parameters;
  CalibrationErrors time;
  CalibrationErrors memory;
  std::vector<CalibratedRun> runs;
};

/// Fits the parameters one after the other, each robustly:
///  - process_bytes: median of what the measured memory is above the predicted tensors;
///    process_bytes_spread from there to the 90th percentile.
///  - collective_efficiency: median of predicted over measured synchronisation (of the ranks'
///    phases, the stage that takes longest, by its median rank; of published runs the run's).
///  - overlap_slowdown: the one with the least mean error, where a framework overlaps.
///  - iteration_overhead_s: median of what the measured iteration is above the predicted one.
/// The median of the overhead weighs a run by 1 / measured, since an iteration takes from
/// milliseconds to minutes, and what is not understood of it grows with it. Runs with a suspicion
/// are not fitted to, only predicted. A parameter is adopted where it lowers the error of runs that
/// were left out, all of one configuration together (names after the last '/'); else, and where no
/// run tells, it stays as in `start`. Throws Error(kBadInput) where there is no run; errors of
/// `predict` name the run.
CalibrationFit fit_calibration(const std::vector<MeasuredRun>& runs, const Calibration& start,
                               const PredictRun& predict);

/// Seconds that an iteration of the run spent on gradients among replicas; nothing where it does
/// not tell.
std::optional<double> measured_sync_s(const MeasuredRun& run);

/// Document `calibration`.
OrderedJson calibration_json(const CalibrationFit& fit);

}  // namespace sextant
