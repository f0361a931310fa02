#include "analyzer/network/link_model.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/network/collective_cost.h"
#include "analyzer/network/link_level.h"

namespace sextant {

namespace {

constexpr double kDeclineExponent = 1.25;

void check_time(double seconds, std::string_view what) {
  if (!(seconds >= 0) || !std::isfinite(seconds)) {
    throw_bad_input(fmt::format("a link's {} must be a number of seconds, not negative; found {}",
                                what, seconds));
  }
}

void check_bandwidth(double bytes_per_s, std::string_view what) {
  if (!(bytes_per_s > 0) || !std::isfinite(bytes_per_s)) {
    throw_bad_input(
        fmt::format("a link's {} must be greater than zero bytes/s; found {}", what, bytes_per_s));
  }
}

/// When a segment ends, if the next begins at `bytes`.
double end_s(const LinkSegment& segment, double bytes) {
  return segment.start_s + (bytes - segment.from_bytes) / segment.bytes_per_s;
}

}  // namespace

LinkModel::LinkModel(Kind kind, std::initializer_list<double> coefficients, double peak)
    : kind_(kind), count_(coefficients.size()), peak_bytes_per_s_(peak) {
  std::copy(coefficients.begin(), coefficients.end(), c_.begin());
}

LinkModel LinkModel::latency_bandwidth(double latency_s, double bandwidth_bytes_per_s) {
  check_time(latency_s, "latency");
  check_bandwidth(bandwidth_bytes_per_s, "bandwidth");
  return {Kind::kLatencyBandwidth, {latency_s, bandwidth_bytes_per_s}, bandwidth_bytes_per_s};
}

LinkModel LinkModel::quadratic_log2_mb(double a, double b, double c, double max_bytes_per_s) {
  if (!std::isfinite(a) || !std::isfinite(b) || !std::isfinite(c)) {
    throw_bad_input("the coefficients of a link's bandwidth must be finite");
  }
  check_bandwidth(max_bytes_per_s, "largest bandwidth");
  return {Kind::kQuadraticLog2Mb, {a, b, c}, max_bytes_per_s};
}

LinkModel LinkModel::segments(const std::vector<LinkSegment>& segments) {
  if (segments.size() < 2 || segments.size() > kMostSegments) {
    throw_bad_input(
        fmt::format("a link has 2 or {} segments; found {}", kMostSegments, segments.size()));
  }
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const LinkSegment& segment = segments[i];
    check_time(segment.start_s, "segment's start");
    check_bandwidth(segment.bytes_per_s, "segment's bandwidth");
    if (i == 0) {
      if (segment.from_bytes != 0) throw_bad_input("a link's first segment must begin at 0 bytes");
      continue;
    }
    const LinkSegment& last = segments[i - 1];
    if (!(segment.from_bytes > last.from_bytes) || !std::isfinite(segment.from_bytes)) {
      throw_bad_input(
          fmt::format("a link's segments must begin at ascending sizes; found {} after "
                      "{} bytes",
                      segment.from_bytes, last.from_bytes));
    }
    // A part in 1e9 is rounding in a document.
    const double end = end_s(last, segment.from_bytes);
    if (segment.start_s < end * (1 - 1e-9)) {
      throw_bad_input(fmt::format(
          "a link's segment must start no earlier than the last ends ({:g} s); found {:g} s", end,
          segment.start_s));
    }
  }
  LinkModel link(Kind::kSegments, {}, segments.back().bytes_per_s);
  for (const LinkSegment& segment : segments) {
    link.c_[link.count_++] = segment.from_bytes;
    link.c_[link.count_++] = segment.start_s;
    link.c_[link.count_++] = segment.bytes_per_s;
  }
  return link;
}

LinkModel LinkModel::saturating(const SaturatingLink& link) {
  check_time(link.latency_s, "latency");
  check_bandwidth(link.bandwidth_bytes_per_s, "bandwidth");
  check_time(link.middle_s, "middle_s");
  check_time(link.decline_s, "decline_s");
  if (!(link.middle_bytes > 0) || !std::isfinite(link.middle_bytes)) {
    throw_bad_input(fmt::format("a link's middle_bytes must be greater than zero; found {}",
                                link.middle_bytes));
  }
  if (!(link.exponent > 0 && link.exponent < 1)) {
    throw_bad_input(
        fmt::format("a link's exponent must lie between 0 and 1; found {}", link.exponent));
  }
  return {Kind::kSaturating,
          {link.latency_s, link.bandwidth_bytes_per_s, link.middle_bytes, link.middle_s,
           link.exponent, link.decline_s},
          link.bandwidth_bytes_per_s};
}

double LinkModel::curve_s(double bytes) const {
  switch (kind_) {
    case Kind::kLatencyBandwidth:
      return c_[0] + bytes / c_[1];
    case Kind::kQuadraticLog2Mb: {
      const double x = std::log2(bytes / 1e6);
      return bytes / 1e9 / (c_[0] * x * x + c_[1] * x + c_[2]);
    }
    case Kind::kSegments: {
      std::size_t i = count_ - 3;
      while (i > 0 && bytes < c_[i]) i -= 3;
      return c_[i + 1] + (bytes - c_[i]) / c_[i + 2];
    }
    case Kind::kSaturating: {
      const double size = bytes / c_[2];
      const double decline = c_[5] > 0 ? c_[5] * std::pow(size, kDeclineExponent) : 0;
      return c_[0] + bytes / c_[1] + c_[3] * std::pow(size, c_[4]) + decline;
    }
  }
  throw Error(ErrorCode::kInternal, "a link of no kind");
}

double LinkModel::transfer_s(double bytes) const {
  if (kind_ == Kind::kQuadraticLog2Mb) return curve_s(bytes);
  if (bytes > high_bytes_ && high_bytes_ > 0) {
    return curve_s(high_bytes_) * (bytes / high_bytes_);
  }
  return curve_s(std::max(bytes, low_bytes_));
}

double LinkModel::latency_s() const {
  if (kind_ == Kind::kQuadraticLog2Mb) return 0;
  return kind_ == Kind::kSegments ? c_[1] : c_[0];
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
  const bool bent = kind_ == Kind::kSegments || kind_ == Kind::kSaturating;
  if (bent && high_bytes > 0 && std::isfinite(high_bytes)) {
    copy.peak_bytes_per_s_ = high_bytes / curve_s(high_bytes);
  }
  return copy;
}

LinkModel LinkModel::with_spread(double log_deviation) const {
  if (!(log_deviation >= 0 && std::isfinite(log_deviation))) {
    throw_bad_input(fmt::format("a link's spread must be 0 or more, found {}", log_deviation));
  }
  LinkModel copy = *this;
  copy.spread_ = log_deviation;
  return copy;
}

LinkModel LinkModel::scaled(double factor, double limit_bytes_per_s) const {
  switch (kind_) {
    case Kind::kLatencyBandwidth:
      return latency_bandwidth(c_[0], std::min(c_[1] * factor, limit_bytes_per_s))
          .valid_between(low_bytes_, high_bytes_)
          .with_spread(spread_);
    case Kind::kQuadraticLog2Mb:
      break;
    case Kind::kSegments: {
      std::vector<LinkSegment> pieces = segments();
      for (std::size_t i = 0; i < pieces.size(); ++i) {
        pieces[i].from_bytes *= factor;
        pieces[i].bytes_per_s = std::min(pieces[i].bytes_per_s * factor, limit_bytes_per_s);
        if (i == 0) continue;
        // What the limit slows delays all that follows.
        pieces[i].start_s = std::max(pieces[i].start_s, end_s(pieces[i - 1], pieces[i].from_bytes));
      }
      return segments(pieces)
          .valid_between(low_bytes_ * factor, high_bytes_ * factor)
          .with_spread(spread_);
    }
    case Kind::kSaturating: {
      SaturatingLink link = saturating();
      link.middle_bytes *= factor;
      link.bandwidth_bytes_per_s = std::min(link.bandwidth_bytes_per_s * factor, limit_bytes_per_s);
      return saturating(link)
          .valid_between(low_bytes_ * factor, high_bytes_ * factor)
          .with_spread(spread_);
    }
  }
  return *this;
}

LinkModel LinkModel::with_latency_at_least(double latency) const {
  const double more = latency - latency_s();
  if (kind_ == Kind::kQuadraticLog2Mb || !(more > 0)) return *this;
  if (kind_ == Kind::kSegments) {
    std::vector<LinkSegment> pieces = segments();
    for (LinkSegment& piece : pieces) piece.start_s += more;
    return segments(pieces).valid_between(low_bytes_, high_bytes_).with_spread(spread_);
  }
  LinkModel copy = *this;
  copy.c_[0] = latency;
  return copy.valid_between(low_bytes_, high_bytes_);
}

std::vector<double> LinkModel::coefficients() const {
  return {c_.begin(), c_.begin() + static_cast<std::ptrdiff_t>(count_)};
}

std::vector<LinkSegment> LinkModel::segments() const {
  if (kind_ != Kind::kSegments) throw Error(ErrorCode::kInternal, "the link has no segments");
  std::vector<LinkSegment> out;
  for (std::size_t i = 0; i < count_; i += 3) out.push_back({c_[i], c_[i + 1], c_[i + 2]});
  return out;
}

SaturatingLink LinkModel::saturating() const {
  if (kind_ != Kind::kSaturating) throw Error(ErrorCode::kInternal, "the link does not saturate");
  return {c_[0], c_[1], c_[2], c_[3], c_[4], c_[5]};
}

std::optional<LinkModel> Network::find(const LinkEnd& from, const LinkEnd& to) const {
  try {
    return between(from, to);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kBadInput) throw;
    return std::nullopt;
  }
}

std::optional<CollectiveTime> Network::collective(CommunicationOp, std::string_view, LinkLevel,
                                                  int) const {
  return std::nullopt;
}

std::optional<LinkModel> Network::inside_node(std::string_view, int) const {
  return std::nullopt;
}

}  // namespace sextant
