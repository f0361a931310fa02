#include "planner/training/metis/device_groups.h"

#include <algorithm>
#include <numeric>

namespace sextant::metis_search {

namespace {

constexpr std::size_t kMostPermuted = 10;

using Visit = std::function<bool(const std::vector<int>&)>;

/// Equal sizes that stay side by side.
struct Bundle {
  int size = 0;
  int count = 1;
  auto operator<=>(const Bundle&) const = default;
};

/// `sizes` ascend, the result descends.
std::vector<Bundle> bundles_of(const std::vector<int>& sizes) {
  std::vector<Bundle> bundles;
  for (const int size : sizes) bundles.push_back({size, 1});
  while (bundles.size() > kMostPermuted) {
    const auto twins = std::adjacent_find(bundles.begin(), bundles.end());
    if (twins == bundles.end()) break;
    twins->count *= 2;
    bundles.erase(twins + 1);
    std::sort(bundles.begin(), bundles.end(), [](const Bundle& a, const Bundle& b) {
      return a.size * a.count != b.size * b.count ? a.size * a.count < b.size * b.count : a < b;
    });
  }
  std::sort(bundles.rbegin(), bundles.rend());
  return bundles;
}

bool for_each_order(const std::vector<int>& sizes, const Visit& visit) {
  std::vector<Bundle> bundles = bundles_of(sizes);
  std::vector<int> groups;
  do {
    groups.clear();
    for (const Bundle& bundle : bundles) {
      groups.insert(groups.end(), static_cast<std::size_t>(bundle.count), bundle.size);
    }
    if (!visit(groups)) return false;
  } while (std::prev_permutation(bundles.begin(), bundles.end()));
  return true;
}

/// Adds sizes of at least `least` that are to hold `gpus` in `stages` groups.
bool for_each_division(int gpus, int stages, int least, std::vector<int>& sizes,
                       const Visit& visit) {
  if (stages == 0) return gpus > 0 || for_each_order(sizes, visit);
  for (long long size = least; size * stages <= gpus; size *= 2) {
    sizes.push_back(static_cast<int>(size));
    const bool goes_on = for_each_division(gpus - static_cast<int>(size), stages - 1,
                                           static_cast<int>(size), sizes, visit);
    sizes.pop_back();
    if (!goes_on) return false;
  }
  return true;
}

}  // namespace

bool for_each_grouping(int gpus, int stages, const Visit& visit) {
  int least = 1;
  while (2 * least < gpus / stages) least *= 2;
  std::vector<int> sizes;
  return for_each_division(gpus, stages, least, sizes, visit);
}

}  // namespace sextant::metis_search
