#pragma once

// The cheapest candidates of a search; private to this folder.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "planner/training/metis/intra_stage.h"

namespace sextant::metis_search {

struct Ranked {
  Candidate candidate;
  std::uint64_t met = 0;  ///< how many were met before it
  std::size_t order = 0;  ///< of the GPU types
};

/// Keeps the `most` of least cost; of equal cost those that were met first.
class BestCandidates {
 public:
  explicit BestCandidates(std::size_t most) : most_(most) {}
  void offer(const Candidate& candidate, std::size_t order);
  /// In order; empties it.
  std::vector<Ranked> take();

 private:
  std::size_t most_;
  std::uint64_t met_ = 0;
  std::vector<Ranked> heap_;  ///< worst first
};

}  // namespace sextant::metis_search
