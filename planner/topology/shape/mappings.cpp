#include "planner/topology/shape/mappings.h"

#include <algorithm>
#include <numeric>
#include <set>

#include "analyzer/core/error.h"

namespace sextant::shapes {

namespace {

using Mapping = std::vector<GroupShape>;

std::vector<Mapping> ordered_mappings(std::span<const int> sizes,
                                      std::span<const ParallelGroup> groups) {
  Topology topology;
  for (const int size : sizes) topology.dimensions.push_back({size, BuildingBlock::kRing, ""});
  std::vector<std::size_t> order;  // groups of one NPU lie anywhere
  for (std::size_t g = 0; g < groups.size(); ++g) {
    if (groups[g].npus > 1) order.push_back(g);
  }
  std::set<Mapping> found;
  do {
    std::vector<ParallelGroup> placed;
    for (const std::size_t g : order) placed.push_back(groups[g]);
    Mapping mapping(groups.size(), GroupShape(sizes.size(), 1));
    try {
      const Mapping shapes = map_inside_out(topology, placed);
      for (std::size_t i = 0; i < order.size(); ++i) mapping[order[i]] = shapes[i];
    } catch (const Error&) {
      continue;  // a group does not fit what the ones before it left
    }
    found.insert(std::move(mapping));
  } while (std::next_permutation(order.begin(), order.end()));
  return {found.begin(), found.end()};
}

/// Deals the NPUs of one dimension after the other out to the groups.
class Dealer {
 public:
  Dealer(std::span<const int> sizes, std::span<const ParallelGroup> groups, std::size_t most)
      : sizes_(sizes), most_(most), mapping_(groups.size(), GroupShape(sizes.size(), 1)) {
    for (const ParallelGroup& group : groups) wanted_.push_back(group.npus);
  }

  std::vector<Mapping> all() {
    deal(0, 0, sizes_[0]);
    std::sort(found_.begin(), found_.end());
    return std::move(found_);
  }

 private:
  /// `left` NPUs of dimension d to groups from g on.
  void deal(std::size_t d, std::size_t g, int left) {
    if (found_.size() > most_) return;
    if (g == wanted_.size()) {
      if (d + 1 < sizes_.size()) return deal(d + 1, 0, sizes_[d + 1]);
      found_.push_back(mapping_);
      return;
    }
    const bool is_last = g + 1 == wanted_.size();  // takes what is left
    const int shared = std::gcd(left, wanted_[g]);
    for (int extent = is_last ? left : 1; extent <= shared; ++extent) {
      if (shared % extent != 0) continue;
      mapping_[g][d] = extent;
      wanted_[g] /= extent;
      deal(d, g + 1, left / extent);
      wanted_[g] *= extent;
    }
    mapping_[g][d] = 1;
  }

  std::span<const int> sizes_;
  std::size_t most_;
  std::vector<int> wanted_;  ///< by group, NPUs that have no place yet
  Mapping mapping_;
  std::vector<Mapping> found_;
};

}  // namespace

std::vector<std::vector<GroupShape>> mappings(std::span<const int> sizes,
                                              std::span<const ParallelGroup> groups,
                                              GroupPlacement placement, std::size_t most) {
  if (placement == GroupPlacement::kOrdered) return ordered_mappings(sizes, groups);
  return Dealer(sizes, groups, most).all();
}

}  // namespace sextant::shapes
