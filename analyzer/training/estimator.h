#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/cluster/cluster.h"
#include "analyzer/core/verdict.h"
#include "analyzer/plan/job.h"
#include "analyzer/plan/plan.h"
#include "analyzer/profile/model_profile.h"
#include "analyzer/training/calibration.h"
#include "analyzer/training/disturbance.h"
#include "analyzer/training/timeline.h"

namespace sextant {

/// Everything a prediction rests on. References must outlive their use.
struct TrainingProblem {
  const Job& job;
  const ModelProfile& profile;
  const Cluster& cluster;
  // Estimators of published systems have their own constants instead of what follows.
  /// What profiles cannot see.
  Calibration calibration = {};
  /// Ranks that are slower than their profile, and noise.
  Disturbance disturbance = {};
  /// What is trained; null where only an artifact's tables know the model.
  const ModelDescription* model = nullptr;
  /// Folder of the tables that published tools had of their own (published_tables.h). Empty: what
  /// such a tool wants in its own shape is derived from `profile`.
  std::filesystem::path published_tables = {};
};

/// A part of what a GPU holds at its fullest.
struct MemoryTerm {
  std::string name;  ///< "weights", "gradients", "optimizer state", "activations", …
  double bytes = 0;
  std::string source;  ///< "measured in the profile", or the formula with its reference
};

/// Where the iteration of one pipeline goes, on the stage replica that ends it: exclusive parts
/// that add up to the iteration, seconds.
struct TimeBreakdown {
  double compute_s = 0;
  double bubble_s = 0;            ///< waiting for others to compute
  double exposed_transfer_s = 0;  ///< sending, and waiting for what is on its way
  double exposed_sync_s = 0;
  double update_s = 0;
  double overhead_s = 0;  ///< Calibration::iteration_overhead_s
};

struct StagePrediction {
  double compute_s = 0;   ///< forward and backward of one microbatch, slowest replica
  double transfer_s = 0;  ///< activations and gradients of one microbatch, as the model counts them
  double sync_s = 0;      ///< data-parallel gradient synchronisation
  double update_s = 0;
  double peak_memory_bytes = 0;      ///< of the fullest GPU of the stage
  double memory_capacity_bytes = 0;  ///< of that GPU
  /// What peak_memory_bytes is made of; empty where the model does not say.
  std::vector<MemoryTerm> memory_terms;
  /// What that GPU will not exceed; `fits` is judged by it. Where a model has one figure only,
  /// that.
  double memory_bound_bytes = 0;
};

/// What an estimator says of a plan. Times are seconds an iteration.
struct Prediction {
  double iteration_s = 0;
  double pipeline_s = 0;  ///< without synchronisation; holds steady, fill and update
  double steady_s = 0;    ///< (M - 1) times the slowest stage
  double fill_s = 0;      ///< one pass of a microbatch through every stage
  double sync_s = 0;
  double update_s = 0;
  int microbatches = 0;  ///< M of the longest pipeline
  int slowest_stage = 0;
  std::vector<StagePrediction> stages;  ///< of all pipelines, one after the other
  double compute_usd = 0;
  double egress_usd = 0;
  double peak_memory_bytes = 0;
  double memory_bound_bytes = 0;  ///< the largest of all stages
  /// The iteration with every measured time and link at its 10th and at its 90th percentile;
  /// without spread where the inputs have none.
  TimeInterval interval;
  /// Nothing where the model does not tell.
  std::optional<TimeBreakdown> breakdown;
  std::string binds;        ///< what a faster iteration needs first, for people; "" = not said
  bool fits = true;         ///< also of an estimator that has no model of memory
  std::string memory_note;  ///< which stage does not fit and by how much

  double usd_per_iter() const { return compute_usd + egress_usd; }
  double iters_per_s() const { return 1 / iteration_s; }
};

class SeparableCosts;
struct PlanSettings;

/// A model of iteration time, memory and cost. Stateless; one instance serves all threads.
class Estimator {
 public:
  virtual ~Estimator() = default;
  virtual std::string_view name() const = 0;
  virtual std::string_view description() const = 0;
  /// What of a training job its model leaves out, for people; "" where nothing is of note.
  virtual std::string_view ignores() const { return ""; }
  /// Where false, every plan `fits` and all figures of memory are 0.
  virtual bool models_memory() const { return true; }

  /// View one: the whole plan. Throws Error(kBadInput) where the profile or network lacks a point
  /// that the plan needs.
  virtual Prediction predict(const TrainingProblem& problem, const Plan& plan) const = 0;

  /// View two: separable stage costs of plans with those settings, for searches that prune (see
  /// separable.h). Null where the model does not separate, or does not model those settings.
  virtual std::unique_ptr<SeparableCosts> separable(const TrainingProblem& problem,
                                                    const PlanSettings& settings) const;

  /// Who does what when in an iteration of the plan. Nothing where the model knows no such times.
  virtual std::optional<Timeline> timeline(const TrainingProblem& problem, const Plan& plan) const;
};

/// All estimators, in the order in which they are listed to people.
const std::vector<const Estimator*>& estimators();
/// Throws Error(kUsage) naming those there are, or why a published tool of that name has none.
const Estimator& estimator_named(std::string_view name);

}  // namespace sextant
