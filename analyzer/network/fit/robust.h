#pragma once

#include <span>
#include <vector>

#include "analyzer/core/quantile.h"

namespace sextant {

/// Residuals larger than so many robust standard deviations count by their size instead of its
/// square (Huber, "Robust Estimation of a Location Parameter", 1964): 95 % efficient where the
/// noise is normal.
inline constexpr double kHuberBound = 1.345;

/// 1.4826 times the median of |residual|, which is the standard deviation of normal noise,
/// enlarged for `parameters` that were fitted; never quite 0.
double robust_scale(std::span<const double> residuals, std::size_t parameters);
/// Huber's weights of least squares.
std::vector<double> huber_weights(std::span<const double> residuals, double scale);
/// By what (JᵀJ)^-1 is to be multiplied to be the covariance of a Huber fit: Huber and Ronchetti,
/// "Robust Statistics" (2009), equation 7.81.
double residual_variance(std::span<const double> residuals, double scale, std::size_t parameters);

}  // namespace sextant
