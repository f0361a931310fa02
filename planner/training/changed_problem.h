#pragma once

#include <optional>

#include "analyzer/training/estimator.h"

namespace sextant {

/// A training problem that differs in some things from another, which must outlive it.
class ChangedProblem {
 public:
  explicit ChangedProblem(const TrainingProblem& base)
      : job(base.job), cluster(base.cluster), disturbance(base.disturbance), base_(base) {}

  /// Refers to this.
  TrainingProblem problem() const {
    return {job,        profile ? *profile : base_.profile, cluster, base_.calibration, disturbance,
            base_.model};
  }

  Job job;
  Cluster cluster;
  Disturbance disturbance;
  std::optional<ModelProfile> profile;  ///< nothing: the other's

 private:
  const TrainingProblem& base_;
};

}  // namespace sextant
