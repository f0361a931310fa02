#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/network/fit/candidate.h"
#include "analyzer/network/fit/robust.h"

namespace sextant {

namespace {

using Term = TermSum::Term;

/// A line through two points fits anything.
constexpr std::size_t kLeastPerPiece = 3;
/// Of the time over the size at a piece's end: the least slope, so that bandwidths stay finite.
constexpr double kLeastSlope = 1e-3;

/// t = value + slope (bytes - origin) over points first … last - 1; of the first piece the origin
/// is 0 bytes, of others their first point.
struct Line {
  std::size_t first = 0;
  std::size_t last = 0;
  double origin = 0;
  double value = 0;
  double slope = 0;
  double cost = std::numeric_limits<double>::infinity();

  double at(double bytes) const { return value + slope * (bytes - origin); }
};

double origin_of(std::size_t first, std::span<const FitPoint> points) {
  return first == 0 ? 0 : points[first].bytes;
}

double least_slope(const Line& line, std::span<const FitPoint> points) {
  const FitPoint& end = points[line.last - 1];
  return kLeastSlope * end.time_s / end.bytes;
}

/// The sums that a line of least relative squares is made of, one point after the other.
class LineSums {
 public:
  void add(double x, double time_s, double weight) {
    const double a = 1 / time_s;
    const double b = x / time_s;
    aa_ += weight * a * a;
    ab_ += weight * a * b;
    bb_ += weight * b * b;
    a_ += weight * a;
    b_ += weight * b;
    count_ += weight;
  }
  void solve(Line& line, double least) const {
    const double determinant = aa_ * bb_ - ab_ * ab_;
    double value = determinant > 0 ? (a_ * bb_ - b_ * ab_) / determinant : -1;
    double slope = determinant > 0 ? (aa_ * b_ - ab_ * a_) / determinant : -1;
    if (slope < least) {
      slope = least;
      value = (a_ - slope * ab_) / aa_;
    }
    if (value < 0) {
      value = 0;
      slope = bb_ > 0 ? std::max(least, b_ / bb_) : least;
    }
    line.value = value;
    line.slope = slope;
    line.cost = count_ + value * value * aa_ + 2 * value * slope * ab_ + slope * slope * bb_ -
                2 * (value * a_ + slope * b_);
  }

 private:
  double aa_ = 0, ab_ = 0, bb_ = 0, a_ = 0, b_ = 0, count_ = 0;
};

/// Where `next` takes over from `line`; nothing where the curve would have to fall. Inside the gap
/// between the points of both: where the lines meet, else in its middle.
std::optional<double> breakpoint(const Line& line, const Line& next,
                                 std::span<const FitPoint> points) {
  const double low = points[line.last - 1].bytes;
  const double high = points[next.first].bytes;
  const double below = next.at(low) - line.at(low);
  const double above = next.at(high) - line.at(high);
  if (below >= 0 && above >= 0) return std::sqrt(low * high);
  if (below < 0 && above < 0) return std::nullopt;
  const double meet = low + (high - low) * below / (below - above);
  return std::clamp(meet, low * (1 + 1e-12), high);
}

using Lines = std::vector<Line>;

class SegmentSearch {
 public:
  SegmentSearch(std::span<const FitPoint> points, std::size_t pieces)
      : points_(points), pieces_(pieces), table_(points.size() * (points.size() + 1)) {}

  /// The lines of least weighted squares whose curve never falls; empty where there are none.
  Lines best(std::span<const double> weights) {
    const std::size_t count = points_.size();
    for (std::size_t first = 0; first + kLeastPerPiece <= count; ++first) {
      LineSums sums;
      Line line{.first = first, .origin = origin_of(first, points_)};
      for (std::size_t i = first; i < count; ++i) {
        sums.add(points_[i].bytes - line.origin, points_[i].time_s,
                 weights.empty() ? 1 : weights[i]);
        line.last = i + 1;
        if (line.last - first >= kLeastPerPiece) sums.solve(line, least_slope(line, points_));
        table_[first * (count + 1) + line.last] = line;
      }
    }
    best_.clear();
    best_cost_ = std::numeric_limits<double>::infinity();
    Lines chosen;
    extend(chosen, 0);
    return best_;
  }

 private:
  void extend(Lines& chosen, double cost) {
    const std::size_t count = points_.size();
    const std::size_t first = chosen.empty() ? 0 : chosen.back().last;
    const std::size_t left = pieces_ - chosen.size();
    for (std::size_t last = left == 1 ? count : first + kLeastPerPiece;
         last + (left - 1) * kLeastPerPiece <= count; ++last) {
      const Line& line = table_[first * (count + 1) + last];
      const double sum = cost + line.cost;
      if (!(sum < best_cost_)) continue;
      if (!chosen.empty() && !breakpoint(chosen.back(), line, points_)) continue;
      chosen.push_back(line);
      if (left == 1) {
        best_ = chosen;
        best_cost_ = sum;
      } else {
        extend(chosen, sum);
      }
      chosen.pop_back();
    }
  }

  std::span<const FitPoint> points_;
  std::size_t pieces_;
  std::vector<Line> table_;  ///< by first and last point
  Lines best_;
  double best_cost_ = 0;
};

std::vector<double> residuals_of(const Lines& lines, std::span<const FitPoint> points) {
  std::vector<double> out;
  for (const Line& line : lines) {
    for (std::size_t i = line.first; i < line.last; ++i) {
      out.push_back(std::log(line.at(points[i].bytes) / points[i].time_s));
    }
  }
  return out;
}

bool never_falls(const Lines& lines, std::span<const FitPoint> points) {
  for (std::size_t i = 1; i < lines.size(); ++i) {
    if (!breakpoint(lines[i - 1], lines[i], points)) return false;
  }
  return true;
}

TermSum sum_of(const Line& line, std::span<const FitPoint> points) {
  return {{Term::kConstant, Term::kLinear}, line.origin, points[line.last - 1].bytes};
}
TermSum::Solution solution_of(const Line& line, std::span<const FitPoint> points) {
  return {{line.value, line.slope * points[line.last - 1].bytes}, 0.5};
}

/// The same pieces with the logarithm's residuals, which the search takes to first order.
Lines refined(const Lines& lines, std::span<const FitPoint> points,
              std::span<const double> weights) {
  Lines out = lines;
  for (Line& line : out) {
    const std::size_t count = line.last - line.first;
    const TermSum sum = sum_of(line, points);
    const TermSum::Solution solution = sum.refine(
        points.subspan(line.first, count),
        weights.empty() ? weights : weights.subspan(line.first, count), solution_of(line, points));
    line.value = solution.amplitudes[0];
    line.slope =
        std::max(solution.amplitudes[1] / points[line.last - 1].bytes, least_slope(line, points));
  }
  return never_falls(out, points) ? out : lines;
}

std::vector<LinkSegment> segments_of(const Lines& lines, std::span<const FitPoint> points) {
  std::vector<LinkSegment> out;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const Line& line = lines[i];
    const double from = i == 0 ? 0 : *breakpoint(lines[i - 1], line, points);
    double start = line.at(from);
    // Where the lines meet, rounding must not make the curve fall.
    if (i > 0) start = std::max(start, lines[i - 1].at(from));
    out.push_back({from, start, 1 / line.slope});
  }
  return out;
}

class Segments : public Candidate {
 public:
  explicit Segments(std::size_t pieces) : pieces_(pieces) {}

  std::string name() const override { return fmt::format("segments of {}", pieces_); }
  LinkModel::Kind kind() const override { return LinkModel::Kind::kSegments; }
  /// A latency and a bandwidth each, and where they begin.
  std::size_t parameters() const override { return 3 * pieces_ - 1; }
  std::size_t least_points() const override { return kLeastPerPiece * pieces_ + 1; }

  LinkModel model(std::span<const FitPoint> points) const override {
    return LinkModel::segments(segments_of(robust_lines(points), points));
  }

  Fit fit(std::span<const FitPoint> points) const override {
    const Lines lines = robust_lines(points);
    const std::vector<LinkSegment> segments = segments_of(lines, points);
    Fit out{LinkModel::segments(segments), {}};
    const Deviations deviations = deviations_of(lines, points);
    for (std::size_t i = 0; i < segments.size(); ++i) {
      const auto add = [&](const char* name, double value, double variance) {
        out.coefficients.push_back(
            {fmt::format("segments[{}].{}", i, name), value,
             variance > 0 ? std::optional(std::sqrt(variance)) : std::nullopt});
      };
      if (i > 0) add("from_bytes", segments[i].from_bytes, deviations[i][0]);
      add("start_s", segments[i].start_s, deviations[i][1]);
      add("bytes_per_s", segments[i].bytes_per_s, deviations[i][2]);
    }
    return out;
  }

 private:
  using Deviations = std::vector<std::array<double, 3>>;  ///< variances, as in LinkSegment

  Lines robust_lines(std::span<const FitPoint> points) const {
    SegmentSearch search(points, pieces_);
    Lines lines;
    std::vector<double> weights;
    constexpr int kRounds = 3;
    for (int round = 0; round < kRounds; ++round) {
      Lines found = search.best(weights);
      if (found.empty()) break;
      lines = refined(found, points, weights);
      const std::vector<double> residuals = residuals_of(lines, points);
      std::vector<double> next = huber_weights(residuals, robust_scale(residuals, 2 * pieces_));
      const bool all = std::all_of(next.begin(), next.end(), [](double w) { return w == 1; });
      if (all || next == weights) break;
      weights = std::move(next);
    }
    if (lines.empty()) {
      throw_infeasible(fmt::format("no {} pieces whose time never falls with the size", pieces_));
    }
    return lines;
  }

  /// From the covariance of value and slope of each line, which are independent, by differences:
  /// where lines meet, the breakpoint moves with both. A breakpoint in the middle of a gap has
  /// none.
  Deviations deviations_of(const Lines& lines, std::span<const FitPoint> points) const {
    const std::vector<double> residuals = residuals_of(lines, points);
    const std::size_t fitted = 2 * pieces_;
    const double variance = residual_variance(residuals, robust_scale(residuals, fitted), fitted);
    const std::vector<LinkSegment> base = segments_of(lines, points);
    Deviations out(lines.size(), {0, 0, 0});
    for (std::size_t i = 0; i < lines.size(); ++i) {
      const Line& line = lines[i];
      const TermSum::Covariance covariance =
          sum_of(line, points)
              .covariance(points.subspan(line.first, line.last - line.first),
                          solution_of(line, points));
      const double unit = points[line.last - 1].bytes;
      const std::array<double, 2> spread = {std::sqrt(variance * covariance.at(0, 0)),
                                            std::sqrt(variance * covariance.at(1, 1)) / unit};
      const double both = variance * covariance.at(0, 1) / unit;
      // A thousandth of a standard error is small beside what bends, and large beside rounding.
      constexpr double kStep = 1e-3;
      std::array<std::vector<LinkSegment>, 2> moved;
      for (std::size_t k = 0; k < 2; ++k) {
        Lines changed = lines;
        (k == 0 ? changed[i].value : changed[i].slope) += kStep * spread[k];
        moved[k] = never_falls(changed, points) ? segments_of(changed, points) : base;
      }
      for (std::size_t j = 0; j < lines.size(); ++j) {
        const auto slope = [&](std::size_t k, double LinkSegment::*member) {
          return spread[k] > 0 ? (moved[k][j].*member - base[j].*member) / (kStep * spread[k]) : 0;
        };
        constexpr std::array<double LinkSegment::*, 3> kMembers = {
            &LinkSegment::from_bytes, &LinkSegment::start_s, &LinkSegment::bytes_per_s};
        for (std::size_t m = 0; m < kMembers.size(); ++m) {
          const double a = slope(0, kMembers[m]);
          const double b = slope(1, kMembers[m]);
          out[j][m] +=
              a * a * spread[0] * spread[0] + b * b * spread[1] * spread[1] + 2 * a * b * both;
        }
      }
    }
    return out;
  }

  std::size_t pieces_;
};

}  // namespace

std::unique_ptr<Candidate> segments_candidate(std::size_t pieces) {
  return std::make_unique<Segments>(pieces);
}

}  // namespace sextant
