#pragma once

#include <vector>

#include "analyzer/training/separable.h"
#include "planner/training/sextant/search_space.h"

namespace sextant::search {

/// What the replicas of a stage may be: all of one resource and tensor degree, or a mix of two
/// resources, each with its degree.
struct StageOption {
  struct Member {
    int resource = 0;
    int tp = 1;
    /// Of SeparableCosts, one for each zone of the resource's group; -1 where it has none.
    std::vector<int> classes;
    /// Of a mixed stage: whether exactly one replica is of this member; else at least two are, or
    /// any number where it does not matter to the synchronisation.
    bool single = false;
    int fewest = 1;
  };
  std::vector<Member> members;  ///< one or two
  /// All classes, in the order in which replicas will stand: zone by zone.
  std::vector<int> classes;
  /// The same for SeparableCosts::sync_s(), where a class that has several replicas stands twice.
  std::vector<int> ring;
  bool mixed() const { return members.size() > 1; }
  /// Whether a stage of so many replicas can be divided like that.
  bool suits(int replicas) const;
};

/// Where stages may start to fit in memory, for so many replicas of each.
class MemoryLimits {
 public:
  MemoryLimits(const SeparableCosts& costs, const std::vector<StageOption>& options, int replicas);

  /// The longest stage that ends at `end` and fits in memory with so many stages behind it starts
  /// at this layer; `end` where not even one layer fits.
  int earliest_first(int option, int end, int stages_behind) const {
    return earliest_first_[static_cast<std::size_t>((option * (layers_ + 1) + end) * layers_ +
                                                    stages_behind)];
  }

 private:
  int layers_;
  std::vector<int> earliest_first_;
};

/// Everything that the search over stages reads, for plans of the same settings and one grouping,
/// flat. References must outlive it.
class StageTables {
 public:
  StageTables(const SeparableCosts& separable, const Grouping& zone_grouping,
              const Cluster& the_cluster);

  int layer_count() const { return layers_; }
  int option_count() const { return static_cast<int>(options.size()); }
  const Resource& resource(int r) const { return grouping.resources[static_cast<std::size_t>(r)]; }
  int type_of(const StageOption::Member& member) const { return resource(member.resource).type; }

  /// Compute time of one microbatch, and optimizer step, of a stage of layers [first, end).
  double compute(int option, int first, int end) const {
    return compute_[interval_index(option, first, end)];
  }
  double update(int option, int first, int end) const {
    return update_[interval_index(option, first, end)];
  }
  /// Transfers between replicas of two options, the slowest pair; see SeparableCosts.
  double forward(int from, int to, int last_layer) const {
    return forward_[transfer_index(from, to, last_layer)];
  }
  double backward(int from, int to, int first_layer) const {
    return backward_[transfer_index(from, to, first_layer)];
  }
  /// USD an iteration for one microbatch of all replicas over the border after `last_layer`, both
  /// ways, per replica.
  double border_usd(int from, int to, int last_layer) const {
    return costs.charges_transfers ? border_usd_[transfer_index(from, to, last_layer)] : 0;
  }

  const SeparableCosts& costs;
  const Grouping& grouping;
  const Cluster& cluster;
  std::vector<StageOption> options;  ///< pure ones first
  int pure_count = 0;
  /// For one replica of each stage; for more where SeparableCosts shares no state.
  std::vector<MemoryLimits> limits;

 private:
  std::size_t interval_index(int option, int first, int end) const {
    return static_cast<std::size_t>((option * (layers_ + 1) + end) * layers_ + first);
  }
  std::size_t transfer_index(int from, int to, int layer) const {
    return static_cast<std::size_t>((from * option_count() + to) * layers_ + layer);
  }
  void add_options();
  void add_mixed_options(const StageOption::Member& a, const StageOption::Member& b);
  bool may_mix(const StageOption::Member& a, const StageOption::Member& b) const;
  void add_intervals();
  void add_transfers();
  void add_transfer(const StageOption& from, const StageOption& to);

  int layers_;
  std::vector<double> compute_;
  std::vector<double> update_;
  std::vector<double> forward_;
  std::vector<double> backward_;
  std::vector<double> border_usd_;
};

}  // namespace sextant::search
