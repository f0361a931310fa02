#pragma once

#include <vector>

namespace sextant::sailor_search {

/// All ways to take `total` replicas from GPU types of which there are at most so many each, in
/// lexicographic order: the first type's count grows slowest.
class Splits {
 public:
  Splits(std::vector<int> most, int total);

  /// False once all are done, or if there are none.
  bool valid() const { return valid_; }
  const std::vector<int>& counts() const { return counts_; }
  void next();

 private:
  /// The lexicographically first way to take `rest` from types `first` on.
  void fill(std::size_t first, int rest);

  std::vector<int> most_;
  std::vector<int> counts_;
  bool valid_;
};

}  // namespace sextant::sailor_search
