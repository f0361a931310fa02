#pragma once

#include <span>
#include <vector>

namespace sextant {

/// Linear between the two nearest of ascending values, which are not empty; `part` in [0, 1].
double quantile_of_sorted(std::span<const double> sorted, double part);
/// The same of values in any order; 0 of none.
double quantile_of(std::vector<double> values, double part);
/// quantile_of(values, 0.5): of an even number the mean of the middle two.
double median_of(std::vector<double> values);

}  // namespace sextant
