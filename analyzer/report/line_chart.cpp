#include "analyzer/report/line_chart.h"

#include <algorithm>
#include <cmath>
#include <limits>
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
constexpr double kWidestPlot = 620;  ///< of a panel that stands alone
constexpr double kAllPlots = 900;    ///< panels of a row taken together
constexpr double kPlotHeight = 190;
constexpr double kBetween = 24;
constexpr double kDot = 3;
constexpr double kSwatch = 22;
constexpr int kMostSteps = 5;  ///< of a vertical axis
constexpr double kNear = 1.0 / 3;
/// A step of an axis takes at least so much of it.
constexpr double kWidestTick = 55;

using Points = std::vector<LineChart::Point>;

void check(const LineChart& chart) {
  const auto refuse = [&](std::string_view what) {
    throw Error(ErrorCode::kInternal, fmt::format("line chart {}: {}", quote(chart.title), what));
  };
  if (chart.panels.empty() || chart.series.empty() || chart.columns == 0) {
    refuse("nothing to draw");
  }
  bool any = false;
  for (const LineChart::Panel& panel : chart.panels) {
    if (panel.lines.size() != chart.series.size()) refuse("lines and series differ in number");
    for (const Points& line : panel.lines) {
      double last = 0;
      for (const LineChart::Point& point : line) {
        if (!std::isfinite(point.x) || !std::isfinite(point.y) || point.y < 0) {
          refuse("a point is not drawable");
        }
        if (point.x < last) refuse("points out of order");
        if (point.open && chart.open.empty()) refuse("an open point without a meaning");
        last = point.x;
        any = true;
      }
    }
  }
  if (!any) refuse("nothing to draw");
}

/// Draws one chart: axes and sizes first, then each part into the text of the document.
class Drawing : SvgFrame {
 public:
  explicit Drawing(const LineChart& chart)
      : chart_(chart), columns_(std::min(chart.columns, chart.panels.size())) {
    const auto columns = static_cast<double>(columns_);
    plot_px_ = std::min(kWidestPlot, kAllPlots / columns);
    double right = 0;
    for (const LineChart::Panel& panel : chart.panels) {
      axes_.push_back(axis_like(panel));
      for (const std::string& tick : axes_.back().tick_labels()) {
        tick_px_ = std::max(tick_px_, text_width(tick, kSmallFont));
      }
      for (const Points& line : panel.lines) {
        for (const LineChart::Point& point : line) right = std::max(right, point.x);
      }
    }
    across_ = round_axis(right, static_cast<int>(plot_px_ / kWidestTick));
    beside_px_ = kFont + 10 + tick_px_ + 8;
    width_px_ = 2 * kMargin + columns * (beside_px_ + plot_px_) + (columns - 1) * kBetween +
                kMargin;  // half a label beyond the last axis
  }

  std::string document() {
    double y = legend(heading(chart_.title) + 12);
    for (std::size_t first = 0; first < chart_.panels.size(); first += columns_) {
      double left = kMargin + beside_px_;
      for (std::size_t p = first; p < std::min(first + columns_, chart_.panels.size()); ++p) {
        draw(chart_.panels[p], axes_[p], left, y + kLineHeight + 16);
        left += plot_px_ + kBetween + beside_px_;
      }
      y += kLineHeight + 16 + kPlotHeight + 22;
    }
    text(kMargin + beside_px_ + (inner_px() - beside_px_ - kMargin) / 2, y + 14, "middle", kFont,
         chart_.x_label, "sx-text");
    y = caption(y + 22, chart_.evidence, chart_.caption);
    return framed(chart_.title, y + kMargin);
  }

 private:
  /// For all values of the panels that have this one's scale.
  SpanAxis axis_like(const LineChart::Panel& panel) const {
    double least = std::numeric_limits<double>::infinity();
    double most = 0;
    for (const LineChart::Panel& other : chart_.panels) {
      if (other.y_label != panel.y_label) continue;
      for (const Points& line : other.lines) {
        for (const LineChart::Point& point : line) {
          least = std::min(least, point.y);
          most = std::max(most, point.y);
        }
      }
    }
    return {std::min(least, most), most, kMostSteps, kNear};
  }

  static std::string_view color(std::size_t series) { return kPalette[series % kPalette.size()]; }

  void stroke(double x1, double y1, double x2, double y2, std::string_view color, bool dashed) {
    body_ += fmt::format(
        "<path d=\"M{:.1f} {:.1f}L{:.1f} {:.1f}\" stroke=\"{}\" stroke-width=\"1.6\"{}/>\n", x1, y1,
        x2, y2, color, dashed ? " stroke-dasharray=\"4 3\"" : "");
  }

  void dot(double x, double y, std::string_view color, bool open, std::string_view tooltip) {
    body_ += fmt::format(
        "<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{}\" {} stroke=\"{}\" stroke-width=\"1.4\"><title>"
        "{}</title></circle>\n",
        x, y, kDot, open ? "class=\"sx-back\"" : fmt::format("fill=\"{}\"", color), color,
        escape_xml(tooltip));
  }

  /// As many rows of entries as the width asks for; returns where they end.
  double legend(double y) {
    double x = kMargin;
    const auto entry = [&](const std::string& name, std::string_view color, bool open) {
      const double entry_px = kSwatch + 6 + text_width(name, kFont) + 16;
      if (x > kMargin && x + entry_px > kMargin + inner_px()) {
        x = kMargin;
        y += kLineHeight + 4;
      }
      stroke(x, y + 6, x + kSwatch, y + 6, color, open);
      dot(x + kSwatch / 2, y + 6, color, open, name);
      text(x + kSwatch + 6, y + 10.5, "start", kFont, name, "sx-text");
      x += entry_px;
    };
    for (std::size_t s = 0; s < chart_.series.size(); ++s) {
      if (is_drawn(s)) entry(chart_.series[s], color(s), false);
    }
    if (has_open()) entry(chart_.open, kPalette.back(), true);
    return y + kLineHeight;
  }

  bool is_drawn(std::size_t series) const {
    return std::any_of(chart_.panels.begin(), chart_.panels.end(),
                       [&](const auto& panel) { return !panel.lines[series].empty(); });
  }

  bool has_open() const {
    for (const LineChart::Panel& panel : chart_.panels) {
      for (const Points& line : panel.lines) {
        for (const LineChart::Point& point : line) {
          if (point.open) return true;
        }
      }
    }
    return false;
  }

  void draw(const LineChart::Panel& panel, const SpanAxis& up, double left, double top) {
    const double foot = top + kPlotHeight;
    text(left, top - 9, "start", kFont, panel.name, "sx-text", " font-weight=\"600\"");
    const std::vector<std::string> rows = up.tick_labels();
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const double y = foot - kPlotHeight * static_cast<double>(i) / up.steps();
      body_ += fmt::format("<path class=\"{}\" d=\"M{:.1f} {:.1f}h{:.1f}\"/>\n",
                           i == 0 ? "sx-axis" : "sx-grid", left, y, plot_px_);
      text(left - 6, y + 4, "end", kSmallFont, rows[i], "sx-text sx-faint");
    }
    const std::vector<std::string> columns = across_.tick_labels();
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const double x = left + plot_px_ * static_cast<double>(i) / across_.steps;
      body_ += fmt::format("<path class=\"sx-axis\" d=\"M{:.1f} {:.1f}v4\"/>\n", x, foot);
      text(x, foot + 16, "middle", kSmallFont, columns[i], "sx-text sx-faint");
    }
    upright(left - beside_px_ + kFont, top + kPlotHeight / 2, kFont, panel.y_label, kPlotHeight);

    const auto x_of = [&](const LineChart::Point& point) {
      return left + point.x / across_.end() * plot_px_;
    };
    const auto y_of = [&](const LineChart::Point& point) {
      return foot - up.part(point.y) * kPlotHeight;
    };
    for (std::size_t s = 0; s < panel.lines.size(); ++s) {
      const Points& line = panel.lines[s];
      for (std::size_t i = 1; i < line.size(); ++i) {
        stroke(x_of(line[i - 1]), y_of(line[i - 1]), x_of(line[i]), y_of(line[i]), color(s),
               line[i].open);
      }
      for (const LineChart::Point& point : line) {
        dot(x_of(point), y_of(point), color(s), point.open,
            fmt::format("{}: {} at {}", chart_.series[s], format_count(point.y),
                        format_count(point.x)));
      }
    }
  }

  const LineChart& chart_;
  std::size_t columns_;
  std::vector<SpanAxis> axes_;  ///< one a panel
  ValueAxis across_;
  double plot_px_ = 0, tick_px_ = 0, beside_px_ = 0;
};

}  // namespace

std::string svg(const LineChart& chart) {
  check(chart);
  return Drawing(chart).document();
}

}  // namespace sextant
