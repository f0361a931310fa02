#include "planner/training/elastic/fraction_set.h"

#include <algorithm>

namespace sextant {

namespace {

constexpr double kSliver = 1e-9;

}  // namespace

FractionSet::FractionSet(double low, double high) {
  add(low, high);
}

/// Behind all parts so far, or touching the last.
void FractionSet::add(double low, double high) {
  if (high - low < kSliver) return;
  if (!parts_.empty() && low < parts_.back().high + kSliver) {
    parts_.back().high = std::max(parts_.back().high, high);
  } else {
    parts_.push_back({low, high});
  }
}

double FractionSet::length() const {
  double sum = 0;
  for (const Part& part : parts_) sum += part.high - part.low;
  return sum;
}

FractionSet FractionSet::united(const FractionSet& other) const {
  std::vector<Part> all = parts_;
  all.insert(all.end(), other.parts_.begin(), other.parts_.end());
  std::sort(all.begin(), all.end());
  FractionSet out;
  for (const Part& part : all) out.add(part.low, part.high);
  return out;
}

FractionSet FractionSet::common(const FractionSet& other) const {
  FractionSet out;
  auto mine = parts_.begin();
  auto its = other.parts_.begin();
  while (mine != parts_.end() && its != other.parts_.end()) {
    out.add(std::max(mine->low, its->low), std::min(mine->high, its->high));
    if (mine->high < its->high) {
      ++mine;
    } else {
      ++its;
    }
  }
  return out;
}

double FractionSet::common_length(const FractionSet& other) const {
  double sum = 0;
  auto mine = parts_.begin();
  auto its = other.parts_.begin();
  while (mine != parts_.end() && its != other.parts_.end()) {
    const double both = std::min(mine->high, its->high) - std::max(mine->low, its->low);
    if (both >= kSliver) sum += both;
    if (mine->high < its->high) {
      ++mine;
    } else {
      ++its;
    }
  }
  return sum;
}

FractionSet FractionSet::without(const FractionSet& other) const {
  FractionSet out;
  auto its = other.parts_.begin();
  for (const Part& part : parts_) {
    double from = part.low;
    while (its != other.parts_.end() && its->high <= from) ++its;
    for (auto hole = its; hole != other.parts_.end() && hole->low < part.high; ++hole) {
      out.add(from, hole->low);
      from = std::max(from, hole->high);
    }
    out.add(from, part.high);
  }
  return out;
}

}  // namespace sextant
