#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>

#include "analyzer/plan/job.h"
#include "planner/training/sextant/search_space.h"

namespace sextant::search {

/// What the search minimises, and what a plan must keep to.
struct Goal {
  Objective objective = Objective::kThroughput;
  double max_usd_per_iter = std::numeric_limits<double>::infinity();
  double max_iteration_s = std::numeric_limits<double>::infinity();

  /// Of plans with as many GPUs the fastest is best: less than one GPU for the longest iteration.
  double gpus_per_second = 1e-6;
  /// What is minimised: s, USD or GPUs.
  double score(double time_s, double usd, double gpus) const {
    switch (objective) {
      case Objective::kThroughput:
        return time_s;
      case Objective::kCost:
        return usd;
      case Objective::kGpus:
        break;
    }
    return gpus + gpus_per_second * time_s;
  }
  bool allows(double time_s, double usd) const {
    return time_s <= max_iteration_s && usd <= max_usd_per_iter;
  }
  /// Whether USD matter at all.
  bool counts_usd() const {
    return objective == Objective::kCost ||
           max_usd_per_iter < std::numeric_limits<double>::infinity();
  }
};

/// The degrees of freedom that are fixed outside the stage search.
struct ReplicaCount {
  int replicas = 1;      ///< D
  int microbatches = 1;  ///< M
};

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

/// A suffix of the pipeline: its stages from the front one to the last.
struct Label {
  double closed_max_s = 0;  ///< largest turn of the stages behind the front one
  double closed_sum_s = 0;
  double open_s = 0;  ///< turn of the front stage without the gradient it sends back
  double sync_s = 0;
  double update_s = 0;
  double usd_per_s = 0;   ///< of the GPUs in use, a mixed stage at its cheapest
  double egress_usd = 0;  ///< for traffic between zones
  double bound = 0;       ///< no completion scores below this
  Used used;
  std::int32_t gpus = 0;  ///< in use, a mixed stage at its fewest
  std::int32_t parent = -1;
  std::int32_t first = 0;  ///< first layer of the front stage
  std::int32_t option = -1;
  std::int32_t mixed = -1;  ///< the mixed option in use, or -1
  std::int32_t stages = 0;

  double sum_s() const { return closed_sum_s + open_s; }
};

}  // namespace sextant::search
