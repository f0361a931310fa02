#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "planner/training/planner.h"
#include "planner/training/sailor/cost_model.h"
#include "planner/training/sailor/memo.h"

namespace sextant::sailor_search {

/// What bounds the search, and how much of it was done.
struct SearchLimits {
  Objective objective = Objective::kThroughput;
  std::int64_t budget_cents = 0;   ///< per iteration; 0 = none
  double longest_iteration_s = 0;  ///< 0 = none; objective cost
  std::optional<std::chrono::steady_clock::time_point> deadline;
};

/// A whole pipeline: replicas of every stage.
struct Placement {
  Estimate estimate;
  std::vector<std::vector<ReplicaRun>> stages;
};

/// H5: assigns GPUs to the stages of one pipeline shape, first stage to last, by dynamic
/// programming over what is left of each region.
///
/// A state is the next stage, D, and the GPUs left; a stage takes its replicas from the current
/// region, zone by zone, in any split among the GPU types, and where the rest of the region cannot
/// hold the next stage, the pipeline moves on to the next region for good. Rests of pipelines are
/// remembered across pipeline depths, which share them.
class StageSearch {
 public:
  /// References must outlive this.
  StageSearch(const LayerTables& tables, LinkTimes& links, const Resources& resources,
              int global_batch, const SearchLimits& limits);

  /// Forgets everything; pipelines of this microbatch size follow, by rising number of stages. The
  /// search stops once it has made `most_evaluations` of stages from its beginning on.
  void begin_microbatch(int microbatch, std::uint64_t most_evaluations);
  /// Pipelines of these stages and degrees follow. Both must live until end_stages().
  void begin_stages(const std::vector<LayerRange>& stages, const TensorDegrees& degrees);
  /// Forgets the rests that no deeper pipeline shares.
  void end_stages();

  /// Pipelines through these regions follow. Must live until the next call.
  void begin_order(const std::vector<int>& order);

  /// The best pipeline of D replicas as the planner believes, or nothing.
  std::optional<Placement> solve(int replicas);

  std::uint64_t evaluations() const { return evaluations_; }
  /// The evaluations of this microbatch size are used up; solve() returns nothing any more.
  bool exhausted() const { return exhausted_; }
  /// So is the time, or a signal came: nothing more is to be done.
  bool interrupted() const { return interrupted_; }

 private:
  static constexpr std::int32_t kNone = -1;

  /// The best found for a state: its first stage, and the rest as an index of the next stage's
  /// table.
  struct Solution {
    Estimate estimate;
    std::uint32_t first_run = 0;
    std::uint32_t run_count = 0;
    std::int32_t rest = kNone;
  };
  /// All states with the same remaining stages.
  struct Table {
    Memo memo;
    std::vector<Solution> solutions;
    std::vector<ReplicaRun> runs;
    int last_depth = 0;  ///< the deepest pipeline that ends in these stages
  };
  /// One level of the recursion.
  struct Frame {
    std::vector<int> stock;  ///< of the current region; [zone of the region][type]
    std::vector<ReplicaRun> runs;
    std::vector<int> zones;  ///< that runs use
  };

  std::int32_t solve_stage(int stage, std::size_t position, const std::vector<int>& stock,
                           std::int64_t budget_cents);
  std::int32_t search_last(int stage, const Region& region, const std::vector<int>& stock,
                           std::int64_t budget_cents);
  std::int32_t search_inner(int stage, std::size_t position, const std::vector<int>& stock,
                            std::int64_t budget_cents);

  int stage_count() const { return static_cast<int>(stages_->size()); }
  /// 0 where the type is dropped.
  int degree(int type, int stage) const;
  const Region& region_at(std::size_t position) const;
  std::vector<int> stock_of(const Region& region) const;
  std::vector<int> replicas_possible(int stage, const std::vector<int>& stock) const;
  bool rest_may_fit(int stage, const std::vector<int>& stock) const;
  void place(int stage, const Region& region, const std::vector<int>& counts, Frame& frame) const;
  double usd_per_s(int stage, const std::vector<int>& counts) const;
  const Estimate& inner_stage(int stage, TypeSet types, const Region& region);
  Table& table(int stage);
  std::uint64_t stock_number(const std::vector<int>& stock) const;
  std::int32_t keep(int stage, const Estimate& estimate, const std::vector<ReplicaRun>& runs,
                    std::int32_t rest);
  bool stopped() const { return exhausted_ || interrupted_; }
  /// False where the search is to stop.
  bool count_evaluation();

  const LayerTables& tables_;
  const Resources& resources_;
  CostModel model_;
  SearchLimits limits_;
  std::vector<std::uint64_t> radix_;  ///< of each type in stock_number()

  int microbatch_ = 1;
  const std::vector<LayerRange>* stages_ = nullptr;
  const TensorDegrees* degrees_ = nullptr;
  const std::vector<int>* order_ = nullptr;
  std::uint32_t context_ = 0;  ///< counts the calls of begin_order()
  int replicas_ = 1;
  std::map<std::pair<int, int>, Table> by_rest_;  ///< (stages left, first layer)
  std::vector<Table*> stage_tables_;              ///< of the current pipeline, by stage
  std::vector<Frame> frames_;                     ///< by stage
  struct Known {
    Estimate estimate;
    std::uint64_t solve = 0;  ///< in which call of solve() it was computed
  };
  std::vector<Known> inner_stages_;  ///< [stage][region][type set]
  std::uint64_t solve_ = 0;
  std::uint64_t evaluations_ = 0;
  std::uint64_t most_evaluations_ = 0;
  bool exhausted_ = false;
  bool interrupted_ = false;
};

}  // namespace sextant::sailor_search
