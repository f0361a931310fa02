#include "planner/training/metis/best_candidates.h"

#include <algorithm>
#include <utility>

namespace sextant::metis_search {

namespace {

bool better(const Ranked& a, const Ranked& b) {
  return a.candidate.cost_ms != b.candidate.cost_ms ? a.candidate.cost_ms < b.candidate.cost_ms
                                                    : a.met < b.met;
}

}  // namespace

void BestCandidates::offer(const Candidate& candidate, std::size_t order) {
  const std::uint64_t met = met_++;
  if (heap_.size() == most_) {
    if (candidate.cost_ms >= heap_.front().candidate.cost_ms) return;
    std::pop_heap(heap_.begin(), heap_.end(), better);
    heap_.back() = {candidate, met, order};
  } else {
    heap_.push_back({candidate, met, order});
  }
  std::push_heap(heap_.begin(), heap_.end(), better);
}

std::vector<Ranked> BestCandidates::take() {
  std::sort_heap(heap_.begin(), heap_.end(), better);
  return std::exchange(heap_, {});
}

}  // namespace sextant::metis_search
