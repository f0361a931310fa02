#include "analyzer/network/link_model.h"

#include <cmath>

#include <fmt/format.h>

#include "analyzer/core/error.h"

namespace sextant {

LinkModel LinkModel::latency_bandwidth(double latency_s, double bandwidth_bytes_per_s) {
  if (!(latency_s >= 0) || !std::isfinite(latency_s)) {
    throw_bad_input(fmt::format(
        "a link's latency must be a number of seconds, not negative; found {}", latency_s));
  }
  if (!(bandwidth_bytes_per_s > 0) || !std::isfinite(bandwidth_bytes_per_s)) {
    throw_bad_input(fmt::format("a link's bandwidth must be greater than zero bytes/s; found {}",
                                bandwidth_bytes_per_s));
  }
  return {Kind::kLatencyBandwidth, latency_s, bandwidth_bytes_per_s, 0, bandwidth_bytes_per_s};
}

LinkModel LinkModel::quadratic_log2_mb(double a, double b, double c, double max_bytes_per_s) {
  if (!std::isfinite(a) || !std::isfinite(b) || !std::isfinite(c)) {
    throw_bad_input("the coefficients of a link's bandwidth must be finite");
  }
  if (!(max_bytes_per_s > 0) || !std::isfinite(max_bytes_per_s)) {
    throw_bad_input(fmt::format(
        "a link's largest bandwidth must be greater than zero bytes/s; found {}", max_bytes_per_s));
  }
  return {Kind::kQuadraticLog2Mb, a, b, c, max_bytes_per_s};
}

double LinkModel::transfer_s(double bytes) const {
  if (kind_ == Kind::kLatencyBandwidth) return a_ + bytes / b_;
  const double x = std::log2(bytes / 1e6);
  return bytes / 1e9 / (a_ * x * x + b_ * x + c_);
}

LinkModel LinkModel::valid_between(double low_bytes, double high_bytes) const {
  if (!(low_bytes >= 0 && low_bytes <= high_bytes)) {
    throw_bad_input(
        fmt::format("a link's valid range must run from a smaller to a larger size; "
                    "found {} to {} bytes",
                    low_bytes, high_bytes));
  }
  LinkModel copy = *this;
  copy.low_bytes_ = low_bytes;
  copy.high_bytes_ = high_bytes;
  return copy;
}

std::vector<double> LinkModel::coefficients() const {
  if (kind_ == Kind::kLatencyBandwidth) return {a_, b_};
  return {a_, b_, c_};
}

std::optional<LinkModel> Network::find(const LinkEnd& from, const LinkEnd& to) const {
  try {
    return between(from, to);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kBadInput) throw;
    return std::nullopt;
  }
}

std::optional<LinkModel> Network::inside_node(std::string_view, int) const {
  return std::nullopt;
}

}  // namespace sextant
