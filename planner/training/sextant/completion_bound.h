#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "planner/training/sextant/label.h"
#include "planner/training/sextant/relaxation.h"
#include "planner/training/sextant/stage_tables.h"

namespace sextant::search {

/// Turns of the slowest stage between which a search looks, seconds.
struct TurnRange {
  double low = 0;  ///< no pipeline has less
  double high = std::numeric_limits<double>::infinity();
};

/// What the search prunes with: lower bounds on the score of everything that a label can become,
/// for one replica count: the relaxed problem, in which GPUs per replica are counted type by type,
/// or as one capacity where that is too much to count, is solved by dynamic programming.
class CompletionBound {
 public:
  /// References must outlive this.
  CompletionBound(const StageTables& tables, const Relaxation& relaxation,
                  const ReplicaCount& count, const Goal& goal);

  /// No pipeline scores below this, from work and capacity alone; infinity where there are too few
  /// GPUs. Cheap.
  double of_all() const;
  /// To be called before all that follows but look_everywhere().
  void prepare();
  /// Whether any pipeline can score below `target`, synchronisation left aside.
  bool may_reach(double target) const;
  /// To be called before all that follows but look_everywhere(), too.
  void add_syncs();
  /// The least that any pipeline synchronises.
  double least_sync_s() const { return least_sync_s_; }
  /// Longest turn of a plan that scores below `target`.
  double longest_turn_s(double target) const;
  /// The least turn of any pipeline that scores below `target`, to 0.1 %, from below; infinity
  /// where there is none.
  double least_turn_s(double target) const;
  /// No pipeline whose slowest turn is in the range scores below this; infinity where none scores
  /// below `target`.
  double of_turns(const TurnRange& range, double target) const;

  /// From now on of_label() is about completions whose turns are within the range, of pipelines
  /// that score below `target`.
  void look_between(const TurnRange& range, double target);
  /// From now on of_label() is about all completions, and quick.
  void look_everywhere();
  /// What the label leaves of the resources, in GPUs of speed 1.
  double capacity_left(const Label& label) const;
  /// No completion of the label by stages for layers [0, label.first) scores below this.
  /// `capacity` is capacity_left() of it.
  double of_label(const Label& label, double capacity);

  /// What it did so far, in about the time of an extension of a label: the search pays for it.
  std::uint64_t evaluations() const { return steps_ / kStepsOfAnEvaluation; }

 private:
  /// The least of each that the stages of a prefix add; each by itself.
  struct Least {
    double sum_s;  ///< NaN: not yet solved
    double usd_per_s;
    double usd_turns;  ///< of (USD per second of the stage) * turn
    double gpus;
  };
  /// A mixed stage of two relaxed options.
  struct Pair {
    int a;
    int b;
  };
  /// GPUs per replica in use: one digit for each type; or where those are too many to count, their
  /// capacity in parts of all, rounded down.
  using Units = std::size_t;

  void add_pairs();
  bool by_type() const { return !strides_.empty(); }
  int digit(Units units, std::size_t type) const {
    return static_cast<int>(units / strides_[type] % (most_units_[type] + 1));
  }
  Units units_of(const Used& used) const;
  /// The units after one more stage of that option; unit_count_ where there is no room.
  Units after(Units units, int option) const;
  bool has_room(const Pair& pair, Units units) const;
  int fewest_stages(Units units) const;
  /// Ways are relaxed options, then pairs.
  double turn_s(int way, int first, int end) const;
  int earliest_first(int way, int end, int behind) const;
  double capacity_left(Units units) const;
  double least_usd_per_s(Units units) const;
  double fewest_gpus(Units units) const;
  /// GPUs that the work of layers [0, end) takes in the longest iteration there may be.
  double gpus_for_work(int end) const {
    return static_cast<double>(count_.microbatches) * count_.replicas *
           relaxation_.work_prefix_s[static_cast<std::size_t>(end)] / goal_.max_iteration_s;
  }
  const Least& completion(int mixed, int behind, int end, Units units);
  Least solve(int mixed, int behind, int end, Units units);
  /// What a stage may take.
  struct StageLimit {
    double turn_s;
    double sync_s;
  };
  std::vector<double> syncs_of(const StageOption& option) const;
  double sync_s(int way, int first, int end) const {
    return syncs_.empty() ? 0 : syncs_[index_of(way, end) + static_cast<std::size_t>(first)];
  }
  std::size_t index_of(int way, int end) const {
    return static_cast<std::size_t>((way * (relaxation_.layer_count() + 1) + end) *
                                    relaxation_.layer_count());
  }
  bool within(const StageLimit& limit, int way, int first, int end) const {
    return turn_s(way, first, end) <= limit.turn_s && sync_s(way, first, end) <= limit.sync_s;
  }
  double longest_time_s(double target, double usd_per_s) const;
  double longest_sync_s(double time_s, double turn_s) const;
  double least_time_s(double turn_s) const;
  /// Whether GPUs for at most so many USD a second do all layers within the limit.
  bool reaches(const StageLimit& limit, double most_usd_per_s) const;
  double least_turn_s(double target, double low_s, double most_usd_per_s) const;
  std::vector<std::vector<int>> longest_stages(const StageLimit& limit) const;
  std::vector<int> reach(const StageLimit& limit, bool all) const;
  void find_cover();
  int farthest(int way, int first, int behind) const;

  const StageTables& tables_;
  const Relaxation& relaxation_;
  ReplicaCount count_;
  Goal goal_;
  std::vector<std::int64_t> gpus_;  ///< by type
  std::vector<Pair> pairs_;
  std::vector<int> pair_of_option_;        ///< of mixed options, less pure_count
  std::vector<std::size_t> most_units_;    ///< by type, of one replica
  std::vector<std::size_t> strides_;       ///< by type; empty where they are too many to count
  std::vector<std::size_t> option_units_;  ///< by relaxed option
  std::size_t unit_count_ = 0;
  double capacity_ = 0;  ///< of all GPUs, in GPUs of speed 1
  std::size_t most_units_of_a_stage_ = 1;
  std::vector<std::vector<bool>> room_;  ///< by pair, units

  /// By way, end, first: no stage that holds those layers synchronises faster.
  std::vector<double> syncs_;
  double least_sync_s_ = 0;

  TurnRange turns_;
  StageLimit limit_{};
  /// By mixed state (0 = none yet, 1 + pair), stages behind and end; then units.
  std::vector<std::vector<Least>> memo_;
  /// By units and mixed state: the longest prefix that what is left can do.
  std::vector<int> cover_;
  std::uint64_t solving_steps_ = 0;  ///< in completions since look_between()
  static constexpr std::uint64_t kStepsOfAnEvaluation = 32;
  /// Parts of the capacity that are counted where units of each type are too many.
  static constexpr std::size_t kCapacityParts = 1023;
  mutable std::uint64_t steps_ = 0;  ///< of dynamic programs
  bool gave_up_ = false;
};

}  // namespace sextant::search
