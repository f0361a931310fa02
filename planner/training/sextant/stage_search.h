#pragma once

#include <array>
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

  /// No pipeline with this replica count scores below it; infinity where there are too few GPUs.
  double lower_bound(const ReplicaCount& count);

  /// Finds pipelines better than `incumbent` (seconds or USD by the goal).
  Outcome run(const ReplicaCount& count, double incumbent, const Limits& limits,
              const Accept& accept);

 private:
  /// GPUs taken of each resource, in units of D; 16-bit lanes, so that a few word operations
  /// compare them all. A pipeline takes at most layers * degree of them, far below 2^15.
  struct Used {
    static constexpr std::size_t kWords = kMostResources / 4;
    std::array<std::uint64_t, kWords> words{};

    int get(int resource) const {
      const auto r = static_cast<unsigned>(resource);
      return static_cast<int>(words[r / 4] >> (r % 4 * 16) & 0xFFFFU);
    }
    void add(int resource, int units) {
      const auto r = static_cast<unsigned>(resource);
      words[r / 4] += static_cast<std::uint64_t>(units) << (r % 4 * 16);
    }
    /// Whether no resource is taken more than in `other`: a lane that is larger borrows its high
    /// bit.
    bool within(const Used& other) const {
      constexpr std::uint64_t kHigh = 0x8000'8000'8000'8000U;
      for (std::size_t w = 0; w < kWords; ++w) {
        if ((((other.words[w] | kHigh) - words[w]) & kHigh) != kHigh) return false;
      }
      return true;
    }
  };

  struct Label {
    double closed_max_s = 0;  ///< largest turn of the stages behind the front one
    double closed_sum_s = 0;
    double open_s = 0;  ///< turn of the front stage without the gradient it sends back
    double sync_s = 0;
    double update_s = 0;
    double usd_per_s = 0;  ///< of the GPUs in use, a mixed stage at its cheapest
    double bound = 0;      ///< no completion scores below this
    Used used;
    std::int32_t parent = -1;
    std::int32_t first = 0;  ///< first layer of the front stage
    std::int32_t option = -1;
    std::int32_t mixed = -1;  ///< the mixed option in use, or -1
    std::int32_t stages = 0;

    double sum_s() const { return closed_sum_s + open_s; }
  };

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
  void start(const ReplicaCount& count);
  bool take(int option, Label& label) const;
  bool mixed_fits(int option, const Used& used) const;
  int left(int resource, const Used& used) const {
    return tables_.grouping[static_cast<std::size_t>(resource)].count -
           used.get(resource) * count_.replicas;
  }
  void add_work_bounds();
  double capacity_left(const Label& label) const;
  double completion_bound(const Label& label, double capacity) const;
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
  /// Options for which there are GPUs enough, and pure options that occur in one of them.
  std::vector<bool> possible_;
  std::vector<bool> occurs_;
  /// Least compute time of layers [0, l) on any of them, one after the other.
  std::vector<double> least_compute_prefix_s_;
  /// By number of stages of a suffix: the least that the gradient of its front stage adds, and the
  /// least transfer of any stage before it.
  std::vector<double> least_front_s_;
  std::vector<double> least_transfer_s_;
  /// By number of stages behind and number of layers left: the work of those layers, in seconds of
  /// a GPU of speed 1, transfers of their stages included.
  std::vector<std::vector<double>> work_s_;

  std::vector<Label> labels_;
  std::vector<List> lists_;
  std::vector<double> sync_;  ///< memo, NaN where not yet computed
};

}  // namespace sextant::search
