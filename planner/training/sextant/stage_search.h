#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <vector>

#include "analyzer/plan/job.h"
#include "planner/training/sextant/search_space.h"

namespace sextant::search {

/// A complete choice for one pipeline, first stage first.
struct StageChoice {
  int first = 0;
  int end = 0;
  int option = 0;
};

/// What the search minimises, and what a plan must keep to.
struct Goal {
  Objective objective = Objective::kThroughput;
  double max_usd_per_iter = std::numeric_limits<double>::infinity();
  double max_iteration_s = std::numeric_limits<double>::infinity();
};

/// The degrees of freedom that are fixed outside the stage search.
struct ReplicaCount {
  int replicas = 1;      ///< D
  int microbatches = 1;  ///< M
};

/// A lower bound on the objective of every plan of (tables, count).
double lower_bound(const StageTables& tables, const ReplicaCount& count, const Goal& goal);

/// Exact search over stage boundaries, stage options and their order for one microbatch size and
/// replica count, by label setting from the last stage to the first: a label is a suffix of the
/// pipeline, dominated by another at the same layer and front option that uses no more of any
/// resource, has no more stages and, whatever comes before it, ends no later.
///
/// At most one mixed stage is considered: it takes what the pure stages leave of its two resources.
/// With two resources that loses nothing but rounding: choosing how many replicas of each stage run
/// where is a fractional knapsack, which has a solution with one split item.
class StageSearch {
 public:
  struct Limits {
    /// Labels kept per layer and front option; 0 = all (exact).
    std::size_t beam = 0;
    /// Label extensions left to spend; the search stops when none are left.
    std::uint64_t* budget = nullptr;
  };
  struct Outcome {
    bool complete = true;  ///< false: budget spent, or the beam dropped labels
  };
  /// Called with each pipeline whose separable objective is below the incumbent; returns the new
  /// incumbent (unchanged where the pipeline was refused).
  using Accept = std::function<double(const std::vector<StageChoice>&, double iteration_s)>;

  StageSearch(const StageTables& tables, const ReplicaCount& count, const Goal& goal);

  /// Finds pipelines better than `incumbent` (seconds or USD by the goal).
  Outcome run(double incumbent, const Limits& limits, const Accept& accept);

 private:
  struct Label {
    double closed_max_s = 0;  ///< largest turn of the stages behind the front one
    double closed_sum_s = 0;
    double open_s = 0;  ///< turn of the front stage without the gradient it sends back
    double sync_s = 0;
    double update_s = 0;
    double usd_per_s = 0;  ///< of the GPUs in use, a mixed stage at its cheapest
    std::int32_t parent = -1;
    std::int32_t first = 0;  ///< first layer of the front stage
    std::int32_t option = -1;
    std::int32_t mixed = -1;  ///< the mixed option in use, or -1
    std::int32_t stages = 0;
    bool dead = false;
  };

  double score_bound(const Label& label, int first, const int* used) const;
  void extend(std::int32_t index, const Limits& limits, const Accept& accept, Outcome& outcome);
  void insert(const Label& label, const std::vector<int>& used, const Limits& limits,
              Outcome& outcome);
  bool dominates(const Label& a, const int* used_a, const Label& b, const int* used_b) const;
  void finish(const Label& label, const Accept& accept);
  double stage_sync(int option, int first, int end);
  const int* used_of(std::int32_t index) const {
    return used_.data() + static_cast<std::size_t>(index) * resources_;
  }
  bool take(int option, std::vector<int>& used, Label& label) const;
  bool mixed_fits(int option, const std::vector<int>& used) const;

  const StageTables& tables_;
  ReplicaCount count_;
  Goal goal_;
  std::size_t resources_;
  double incumbent_ = 0;

  std::vector<Label> labels_;
  std::vector<int> used_;
  /// Lists of live labels by first layer and (front option, mixed option).
  std::vector<std::vector<std::int32_t>> lists_;
  std::vector<double> sync_;  ///< memo, NaN where not yet computed
};

}  // namespace sextant::search
