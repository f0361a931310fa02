#pragma once

#include <string>
#include <vector>

#include "analyzer/training/estimator.h"
#include "analyzer/training/separable.h"

namespace sextant::search {

/// GPUs that the search treats as one stock: a pool of the cluster, or the pools of one GPU type in
/// several zones taken together (then at the cost of their slowest link).
struct Resource {
  std::vector<int> pools;   ///< indices into the cluster
  int count = 0;            ///< GPUs
  double usd_per_hour = 0;  ///< of one GPU, the cheapest pool's
};

/// Most resources of a grouping; clusters of more pools are planned with zones taken together.
inline constexpr std::size_t kMostResources = 16;

/// One way to divide the cluster into resources.
using Grouping = std::vector<Resource>;

/// Every pool by itself; and for clusters of several zones, some GPU types in some zones, the pools
/// of a type taken together, the rest unused: the `most` with most GPUs.
std::vector<Grouping> groupings(const Cluster& cluster, std::size_t most);

/// What the replicas of a stage may be: all of one resource and tensor degree, or a mix of two
/// resources, each with its degree.
struct StageOption {
  struct Member {
    int resource = 0;
    int tp = 1;
    std::vector<int> classes;  ///< of SeparableCosts, one a pool
  };
  std::vector<Member> members;  ///< one or two
  bool mixed() const { return members.size() > 1; }
  /// All classes, in the order in which replicas will stand.
  std::vector<int> classes() const;
};

/// Everything that the search over stages reads, for one microbatch size and one grouping, flat.
class StageTables {
 public:
  StageTables(const SeparableCosts& separable, const Grouping& resources);

  int layer_count() const { return layers_; }
  int option_count() const { return static_cast<int>(options.size()); }

  /// Compute time of one microbatch, and optimizer step, of a stage of layers [first, end).
  double compute(int option, int first, int end) const {
    return compute_[interval_index(option, first, end)];
  }
  double update(int option, int first, int end) const {
    return update_[interval_index(option, first, end)];
  }
  /// The longest stage that ends at `end` and fits in memory with so many stages behind it starts
  /// at this layer; `end` where not even one layer fits.
  int earliest_first(int option, int end, int stages_behind) const {
    return earliest_first_[static_cast<std::size_t>((option * (layers_ + 1) + end) * layers_ +
                                                    stages_behind)];
  }
  /// Transfers between replicas of two options, the slowest pair; see SeparableCosts.
  double forward(int from, int to, int last_layer) const {
    return forward_[transfer_index(from, to, last_layer)];
  }
  double backward(int from, int to, int first_layer) const {
    return backward_[transfer_index(from, to, first_layer)];
  }

  const SeparableCosts& costs;
  const Grouping& grouping;
  std::vector<StageOption> options;  ///< pure ones first
  int pure_count = 0;

  // For lower bounds.
  /// Relative speed of one GPU of each resource; the work of layers [0, l) in units of one GPU of
  /// speed 1: no assignment of layers to resources does D microbatches of [0, l) in less than
  /// D * work_prefix[l] / sum of (GPUs * speed).
  std::vector<double> speed;
  std::vector<double> work_prefix_s;
  /// Least USD for one microbatch through layers [0, l).
  std::vector<double> least_usd_prefix;
  double least_forward_s = 0;
  double least_backward_s = 0;
  /// The same by sending option.
  std::vector<double> least_forward_from_s;
  std::vector<double> least_backward_from_s;

 private:
  std::size_t interval_index(int option, int first, int end) const {
    return static_cast<std::size_t>((option * (layers_ + 1) + end) * layers_ + first);
  }
  std::size_t transfer_index(int from, int to, int layer) const {
    return static_cast<std::size_t>((from * option_count() + to) * layers_ + layer);
  }
  void add_options();
  void add_intervals();
  bool fits(const StageOption& option, int first, int end, int stages_behind) const;
  void add_transfers();
  void add_bounds();

  int layers_;
  std::vector<double> compute_;
  std::vector<double> update_;
  std::vector<int> earliest_first_;
  std::vector<double> forward_;
  std::vector<double> backward_;
};

}  // namespace sextant::search
