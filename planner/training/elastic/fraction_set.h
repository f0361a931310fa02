#pragma once

#include <vector>

namespace sextant {

/// Parts of a whole that is [0, 1): sorted half-open intervals that do not touch. Which part of a
/// layer's state a GPU holds. Slivers under 1e-9, which rounding of 1/3 leaves, count as nothing.
class FractionSet {
 public:
  FractionSet() = default;
  /// [low, high).
  FractionSet(double low, double high);

  bool empty() const { return parts_.empty(); }
  double length() const;
  FractionSet united(const FractionSet& other) const;
  FractionSet common(const FractionSet& other) const;
  /// Length of common(other).
  double common_length(const FractionSet& other) const;
  FractionSet without(const FractionSet& other) const;

  bool operator==(const FractionSet&) const = default;
  auto operator<=>(const FractionSet&) const = default;

 private:
  struct Part {
    double low = 0;
    double high = 0;
    auto operator<=>(const Part&) const = default;
  };
  void add(double low, double high);

  std::vector<Part> parts_;
};

}  // namespace sextant
