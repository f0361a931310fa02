#include "planner/training/sailor/splits.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace sextant::sailor_search {

Splits::Splits(std::vector<int> most, int total)
    : most_(std::move(most)),
      counts_(most_.size(), 0),
      valid_(std::accumulate(most_.begin(), most_.end(), 0) >= total) {
  if (valid_) fill(0, total);
}

void Splits::fill(std::size_t first, int rest) {
  for (std::size_t i = counts_.size(); i-- > first;) {
    counts_[i] = std::min(most_[i], rest);
    rest -= counts_[i];
  }
}

void Splits::next() {
  int after = 0;  // replicas of the types behind i
  for (std::size_t i = counts_.size(); i-- > 0;) {
    if (after > 0 && counts_[i] < most_[i]) {
      ++counts_[i];
      fill(i + 1, after - 1);
      return;
    }
    after += counts_[i];
  }
  valid_ = false;
}

}  // namespace sextant::sailor_search
