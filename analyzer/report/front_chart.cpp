#include "analyzer/report/front_chart.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/table.h"
#include "analyzer/report/svg_frame.h"
#include "analyzer/report/svg_text.h"
#include "analyzer/report/value_axis.h"

namespace sextant {

namespace {

// Pixels.
constexpr double kPlotWidth = 620;
constexpr double kPlotHeight = 320;
constexpr double kDot = 4;
/// Room that a name takes; a nearer one is left to the point's title.
constexpr double kNameHeight = 13;

void check(const FrontChart& chart) {
  const auto refuse = [&](std::string_view what) {
    throw Error(ErrorCode::kInternal, fmt::format("front chart {}: {}", quote(chart.title), what));
  };
  if (chart.points.empty()) refuse("nothing to draw");
  for (const FrontChart::Point& point : chart.points) {
    for (const double value : {point.x, point.y}) {
      if (!std::isfinite(value) || value < 0) refuse("a point is not drawable");
    }
  }
}

class Drawing : SvgFrame {
 public:
  explicit Drawing(const FrontChart& chart) : chart_(chart), points_(chart.points) {
    std::stable_sort(points_.begin(), points_.end(),
                     [](const FrontChart::Point& a, const FrontChart::Point& b) {
                       return a.x != b.x ? a.x < b.x : a.y < b.y;
                     });
    double least_y = points_.front().y, most_y = least_y;
    for (const FrontChart::Point& point : points_) {
      least_y = std::min(least_y, point.y);
      most_y = std::max(most_y, point.y);
    }
    across_ = SpanAxis(points_.front().x, points_.back().x);
    up_ = SpanAxis(least_y, most_y);
    for (const std::string& tick : up_.tick_labels()) {
      tick_px_ = std::max(tick_px_, text_width(tick, kFont));
    }
    left_px_ = kMargin + kFont + 10 + tick_px_ + 8;
    width_px_ = left_px_ + kPlotWidth + 2 * kMargin;
  }

  std::string document() {
    top_px_ = heading(chart_.title) + 24;
    grid();
    stairs();
    dots();
    names();
    const double end = caption(foot_px() + 42, chart_.evidence, chart_.caption);
    return framed(chart_.title, end + kMargin);
  }

 private:
  double x_of(double value) const { return left_px_ + across_.part(value) * kPlotWidth; }
  double y_of(double value) const { return foot_px() - up_.part(value) * kPlotHeight; }
  double foot_px() const { return top_px_ + kPlotHeight; }

  void grid() {
    const std::vector<std::string> rows = up_.tick_labels();
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const double y = foot_px() - kPlotHeight * static_cast<double>(i) / up_.steps();
      body_ += fmt::format("<path class=\"{}\" d=\"M{:.1f} {:.1f}h{:.1f}\"/>\n",
                           i == 0 ? "sx-axis" : "sx-grid", left_px_, y, kPlotWidth);
      text(left_px_ - 8, y + 4, "end", kFont, rows[i], "sx-text sx-faint");
    }
    const std::vector<std::string> columns = across_.tick_labels();
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const double x = left_px_ + kPlotWidth * static_cast<double>(i) / across_.steps();
      body_ += fmt::format("<path class=\"{}\" d=\"M{:.1f} {:.1f}v{:.1f}\"/>\n",
                           i == 0 ? "sx-axis" : "sx-grid", x, top_px_, kPlotHeight);
      text(x, foot_px() + 18, "middle", kFont, columns[i], "sx-text sx-faint");
    }
    text(left_px_ + kPlotWidth / 2, foot_px() + 38, "middle", kFont, chart_.x_label, "sx-text");
    upright(kMargin + kFont, top_px_ + kPlotHeight / 2, kFont, chart_.y_label, kPlotHeight);
  }

  /// For that x, the most y of a point that has no more.
  void stairs() {
    std::string path = fmt::format("M{:.1f} {:.1f}", x_of(points_.front().x), foot_px());
    for (const FrontChart::Point& point : points_) {
      path += fmt::format("H{:.1f}V{:.1f}", x_of(point.x), y_of(point.y));
    }
    path += fmt::format("H{:.1f}", left_px_ + kPlotWidth);
    body_ += fmt::format("<path d=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"1.5\"/>\n",
                         path, kPalette[0]);
  }

  void dots() {
    for (const FrontChart::Point& point : points_) {
      const std::string title =
          fmt::format("{}: {} at {}", point.name, format_count(point.y), format_count(point.x));
      body_ += fmt::format(
          "<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{}\" {} stroke=\"{}\" stroke-width=\"1.5\">"
          "<title>{}</title></circle>\n",
          x_of(point.x), y_of(point.y), kDot,
          point.certain ? fmt::format("fill=\"{}\"", kPalette[0]) : "class=\"sx-back\"",
          kPalette[0], escape_xml(title));
    }
  }

  /// Above the stairs and to the left of points in the right half, below them and to the right of
  /// the others: there is nothing to write over but another name.
  void names() {
    double last_left = 0, last_right = 0;
    for (auto at = points_.rbegin(); at != points_.rend(); ++at) {
      const FrontChart::Point& point = *at;
      const double x = x_of(point.x);
      const double y = y_of(point.y);
      const bool left = x > left_px_ + kPlotWidth / 2;
      double& last = left ? last_left : last_right;
      if (y - last < kNameHeight) continue;
      const double room = left ? x - left_px_ : left_px_ + kPlotWidth - x;
      const std::vector<std::string> lines = wrap_text(point.name, kSmallFont, room - 2 * kDot, 1);
      if (lines.empty()) continue;
      last = y;
      text(left ? x - 2 * kDot : x + 2 * kDot,
           left ? y - kDot : std::min(y + kDot + kSmallFont * 0.8, foot_px() - 3),
           left ? "end" : "start", kSmallFont, lines.front(), "sx-text sx-value");
    }
  }

  const FrontChart& chart_;
  std::vector<FrontChart::Point> points_;
  SpanAxis across_;
  SpanAxis up_;
  double tick_px_ = 0, left_px_ = 0, top_px_ = 0;
};

}  // namespace

std::string svg(const FrontChart& chart) {
  check(chart);
  return Drawing(chart).document();
}

}  // namespace sextant
