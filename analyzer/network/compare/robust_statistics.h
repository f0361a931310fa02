#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "analyzer/core/quantile.h"

namespace sextant {

/// The standard deviation that normal values would have to show this median absolute deviation from
/// `centre`: 1.4826 times it, with the factors for few values of Croux and Rousseeuw
/// ("Time-efficient algorithms for two highly robust estimators of scale", 1992). Up to half of the
/// values may be anything.
double mad_scale(const std::vector<double>& values, double centre);

/// t that a variable of Student's distribution exceeds with this probability, 0 < tail < 0.5, for
/// `degrees` > 0 of freedom, which need not be whole.
double student_t_beyond(double tail, double degrees);

/// How many mad_scale()s from the median a value may lie before it stands out, so that among normal
/// ones one of `tests` (two for each that is judged in both directions) comes out with a
/// probability of about 1 %. At least 3.5, the customary bound of the modified z-score (Iglewicz
/// and Hoaglin, "How to detect and handle outliers", 1993). The scale is itself uncertain: the
/// median absolute deviation of `values` tells as much as the standard deviation of 0.37 times as
/// many (Rousseeuw and Croux, "Alternatives to the median absolute deviation", 1993).
double outlier_bound(std::size_t tests, std::size_t values);

/// The ranks (from 0) of the sorted values between which the median of what `n` values are drawn
/// from lies with at least 95 %, whatever its distribution; {0, 0} where n < 6 are too few.
std::pair<std::size_t, std::size_t> median_interval(std::size_t n);

}  // namespace sextant
