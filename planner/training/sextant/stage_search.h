#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <vector>

#include "planner/training/sextant/completion_bound.h"
#include "planner/training/sextant/stock.h"

namespace sextant::search {

/// A complete choice for one pipeline, first stage first.
struct StageChoice {
  int first = 0;
  int end = 0;
  int option = 0;
};

/// Memory of a search, lent so that one serves many.
struct SearchMemory {
  /// Labels that start at the same layer with the same option and mixed option, none dominated by
  /// another, by rising sum_s.
  struct Entry {
    double sum_s;
    Used used;
    std::int32_t label;
  };
  using List = std::vector<Entry>;

  std::vector<Label> labels;
  /// Lists of the labels of each (first layer, option, mixed option).
  std::vector<List> lists;
  std::vector<double> sync_s;  ///< memo, NaN where not yet computed
};

/// Exact search over stage boundaries, stage options and their order for one replica count, by
/// label setting from the last stage to the first: a label is a suffix of the pipeline, dominated
/// by another at the same layer and front option that uses no more of any resource, has no more
/// stages and, whatever comes before it, ends no later and costs no more.
///
/// At most one mixed stage is considered: it takes what the pure stages leave of its two resources.
/// With two resources that loses nothing but rounding: choosing how many replicas of each stage run
/// where is a fractional knapsack, which has a solution with one split item.
class StageSearch {
 public:
  struct Limits {
    /// Labels kept per layer and front option; 0 = all (exact).
    std::size_t beam = 0;
    /// What is left to spend, in label extensions (comparing labels counts, at a lower rate); the
    /// search stops when nothing is.
    std::uint64_t* budget = nullptr;
    /// Asked now and then; true ends the search.
    std::function<bool()> stop;
  };
  struct Outcome {
    bool complete = true;  ///< false: stopped, or labels were dropped
    /// Nothing that was left out scores below this.
    double open_bound = std::numeric_limits<double>::infinity();
  };
  /// A pipeline, by the formula; a mixed stage at its cheapest.
  struct Found {
    std::vector<StageChoice> stages;
    double time_s = 0;
    double score = 0;
  };
  /// Called with each pipeline that scores below the incumbent; returns the new incumbent
  /// (unchanged where the pipeline was refused).
  using Accept = std::function<double(const Found&)>;

  /// References must outlive this.
  StageSearch(const StageTables& tables, const MemoryLimits& memory_limits, const Goal& goal,
              const ReplicaCount& count, CompletionBound& bound, SearchMemory& memory);

  /// Finds pipelines that score below `incumbent`; `bound` looks where it was told to.
  Outcome run(double incumbent, const TurnRange& turns, const Limits& limits, const Accept& accept);

 private:
  using Entry = SearchMemory::Entry;
  using List = SearchMemory::List;

  void extend(std::int32_t index);
  void extend_by(std::int32_t index, int option);
  bool skips_a_group(int option, const Used& used) const;
  void pay(const Label& base, int option, Label& front) const;
  void insert(const Label& label);
  bool dominates(const Label& a, const Label& b) const;
  bool dominated_by(const List& list, const Label& label, std::uint64_t& compared) const;
  List& list_of(int first, int option, int mixed);
  void finish(const Label& label);
  double stage_sync(int option, int first, int end);
  void spend(std::uint64_t evaluations);

  const StageTables& tables_;
  const MemoryLimits& limits_of_memory_;
  Goal goal_;
  ReplicaCount count_;
  CompletionBound& bound_;
  SearchMemory& memory_;
  Stock stock_;

  double incumbent_ = 0;
  TurnRange turns_;
  const Limits* limits_ = nullptr;
  const Accept* accept_ = nullptr;
  Outcome outcome_;
};

}  // namespace sextant::search
