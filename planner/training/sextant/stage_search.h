#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <vector>

#include "planner/training/sextant/completion_bound.h"

namespace sextant::search {

/// A complete choice for one pipeline, first stage first.
struct StageChoice {
  int first = 0;
  int end = 0;
  int option = 0;
};

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
    /// Where the budget was spent: nothing that was left out scores below this.
    double open_bound = std::numeric_limits<double>::infinity();
  };
  /// Called with each pipeline whose separable objective is below the incumbent; returns the new
  /// incumbent (unchanged where the pipeline was refused).
  using Accept = std::function<double(const std::vector<StageChoice>&)>;

  StageSearch(const StageTables& tables, const Goal& goal);

  /// Finds pipelines better than `incumbent` (seconds or USD by the goal).
  Outcome run(const ReplicaCount& count, double incumbent, const Limits& limits,
              const Accept& accept);

 private:
  /// Labels that start at the same layer with the same option and mixed option, none dominated by
  /// another, by rising sum_s.
  struct Entry {
    double sum_s;
    Used used;
    std::int32_t label;
  };
  using List = std::vector<Entry>;

  void extend_by(std::int32_t index, int option, const Limits& limits, const Accept& accept,
                 Outcome& outcome);
  bool take(int option, Label& label) const;
  void insert(const Label& label, const Limits& limits, Outcome& outcome);
  bool dominates(const Label& a, const Label& b) const;
  bool dominated_by(const List& list, const Label& label) const;
  List& list_of(int first, int option, int mixed);
  void finish(const Label& label, const Accept& accept);
  double stage_sync(int option, int first, int end);

  const StageTables& tables_;
  Goal goal_;
  ReplicaCount count_;
  double incumbent_ = 0;
  std::optional<CompletionBound> bound_;

  std::vector<Label> labels_;
  std::vector<List> lists_;
  std::vector<double> sync_;  ///< memo, NaN where not yet computed
};

}  // namespace sextant::search
