#include "analyzer/report/log_chart.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/table.h"
#include "analyzer/report/log_axis.h"
#include "analyzer/report/svg_frame.h"
#include "analyzer/report/svg_text.h"

namespace sextant {

namespace {

// Pixels.
constexpr double kWidestPlot = 620;  ///< of a panel that stands alone
constexpr double kAllPlots = 740;    ///< panels of a row taken together
constexpr double kHeight = 240;
constexpr double kAxisRoom = 96;  ///< left of a plot: its label and ticks
constexpr double kBetween = 18;
constexpr double kDot = 3;
constexpr double kSwatch = 22;
constexpr int kMostRows = 7;  ///< steps of a vertical axis
/// A step of a horizontal axis takes at least so much of it.
constexpr double kLeastStep = 55;

using Points = std::vector<LogChart::Point>;

bool drawable(double value) {
  return value > 0 && std::isfinite(value);
}

void check(const LogChart& chart) {
  const auto refuse = [&](std::string_view what) {
    throw Error(ErrorCode::kInternal, fmt::format("chart {}: {}", quote(chart.title), what));
  };
  if (chart.panels.empty() || chart.series.empty() || chart.columns == 0) {
    refuse("nothing to draw");
  }
  for (const LogChart::Panel& panel : chart.panels) {
    if (panel.lines.size() != chart.series.size()) refuse("lines and series differ in number");
    bool any = false;
    for (const Points& line : panel.lines) {
      double last = 0;
      for (const LogChart::Point& point : line) {
        if (!drawable(point.x) || !drawable(point.y) || !drawable(point.low.value_or(1)) ||
            !drawable(point.high.value_or(1))) {
          refuse("a point is not drawable");
        }
        if (point.x < last) refuse("points out of order");
        last = point.x;
        any = true;
      }
    }
    if (!any) refuse("a panel without points");
  }
}

struct Axes {
  LogAxis across;
  LogAxis up;
};

/// All panels share the horizontal axis, those of one unit the vertical one.
Axes axes_of(const LogChart& chart, const LogChart::Panel& panel) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  double least_x = kInfinity, most_x = 0, least_y = kInfinity, most_y = 0;
  for (const LogChart::Panel& other : chart.panels) {
    for (const Points& line : other.lines) {
      for (const LogChart::Point& point : line) {
        least_x = std::min(least_x, point.x);
        most_x = std::max(most_x, point.x);
        if (other.y_label != panel.y_label) continue;
        least_y = std::min({least_y, point.y, point.low.value_or(point.y)});
        most_y = std::max({most_y, point.y, point.high.value_or(point.y)});
      }
    }
  }
  return {log_axis(least_x, most_x), log_axis(least_y, most_y)};
}

class Drawing : SvgFrame {
 public:
  explicit Drawing(const LogChart& chart)
      : chart_(chart), columns_(std::min(chart.columns, chart.panels.size())) {
    const auto columns = static_cast<double>(columns_);
    plot_px_ = std::min(kWidestPlot, kAllPlots / columns);
    width_px_ =
        2 * kMargin + columns * (kAxisRoom + plot_px_) + (columns - 1) * kBetween + 2 * kMargin;
  }

  std::string document() {
    double y = legend(heading(chart_.title) + 12);
    for (std::size_t first = 0; first < chart_.panels.size(); first += columns_) {
      double left = kMargin + kAxisRoom;
      for (std::size_t p = first; p < std::min(first + columns_, chart_.panels.size()); ++p) {
        draw(chart_.panels[p], left, y + kLineHeight + 14);
        left += plot_px_ + kBetween + kAxisRoom;
      }
      y += kLineHeight + 14 + kHeight + 24;
    }
    text(kMargin + kAxisRoom + (inner_px() - kAxisRoom) / 2, y + 14, "middle", kFont,
         chart_.x_label, "sx-text");
    y = caption(y + 22, chart_.evidence, chart_.caption);
    return framed(chart_.title, y + kMargin);
  }

 private:
  std::string_view color(std::size_t series) const { return kPalette[series % kPalette.size()]; }

  void stroke(std::string_view path, std::size_t series) {
    body_ +=
        fmt::format("<path d=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"1.6\"{}/>\n", path,
                    color(series), chart_.series[series].dashed ? " stroke-dasharray=\"5 4\"" : "");
  }

  void dot(double x, double y, std::size_t series, std::string_view tooltip) {
    body_ += fmt::format(
        "<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{}\" fill=\"{}\"><title>{}</title></circle>\n", x,
        y, kDot, color(series), escape_xml(tooltip));
  }

  /// As many rows of entries as the width asks for; returns where they end.
  double legend(double y) {
    double x = kMargin;
    for (std::size_t s = 0; s < chart_.series.size(); ++s) {
      const bool drawn =
          std::any_of(chart_.panels.begin(), chart_.panels.end(),
                      [&](const LogChart::Panel& panel) { return !panel.lines[s].empty(); });
      if (!drawn) continue;
      const LogChart::Series& series = chart_.series[s];
      const double entry_px = kSwatch + 6 + text_width(series.name, kFont) + 16;
      if (x > kMargin && x + entry_px > kMargin + inner_px()) {
        x = kMargin;
        y += kLineHeight + 4;
      }
      if (series.line) stroke(fmt::format("M{:.1f} {:.1f}h{}", x, y + 6, kSwatch), s);
      if (series.dots) dot(x + kSwatch / 2, y + 6, s, series.name);
      text(x + kSwatch + 6, y + 10.5, "start", kFont, series.name, "sx-text");
      x += entry_px;
    }
    return y + kLineHeight;
  }

  void frame(const LogChart::Panel& panel, const Axes& axes, double left, double top) {
    const double foot = top + kHeight;
    for (int decade = axes.up.low; decade <= axes.up.high; decade += axes.up.step(kMostRows)) {
      const double y = foot - kHeight * axes.up.part(std::pow(10.0, decade));
      body_ += fmt::format("<path class=\"{}\" d=\"M{:.1f} {:.1f}h{:.1f}\"/>\n",
                           decade == axes.up.low ? "sx-axis" : "sx-grid", left, y, plot_px_);
      text(left - 6, y + 4, "end", kSmallFont, decade_label(decade, panel.y_unit),
           "sx-text sx-faint");
    }
    const int most = std::max(1, static_cast<int>(plot_px_ / kLeastStep));
    for (int decade = axes.across.low; decade <= axes.across.high;
         decade += axes.across.step(most)) {
      const double x = left + plot_px_ * axes.across.part(std::pow(10.0, decade));
      body_ +=
          fmt::format("<path class=\"sx-grid\" d=\"M{:.1f} {:.1f}v{:.1f}\"/>\n", x, top, kHeight);
      text(x, foot + 16, "middle", kSmallFont, decade_label(decade, chart_.x_unit),
           "sx-text sx-faint");
    }
    upright(left - kAxisRoom + kFont, top + kHeight / 2, kFont, panel.y_label, kHeight);
  }

  void draw(const LogChart::Panel& panel, double left, double top) {
    const Axes axes = axes_of(chart_, panel);
    for (const std::string& line : wrap_text(panel.name, kFont, plot_px_, 1)) {
      text(left, top - 7, "start", kFont, line, "sx-text", " font-weight=\"600\"");
    }
    frame(panel, axes, left, top);
    const auto x_of = [&](double x) { return left + plot_px_ * axes.across.part(x); };
    const auto y_of = [&](double y) { return top + kHeight - kHeight * axes.up.part(y); };
    for (std::size_t s = 0; s < panel.lines.size(); ++s) {
      const Points& points = panel.lines[s];
      if (chart_.series[s].line && points.size() > 1) {
        std::string path;
        for (const LogChart::Point& point : points) {
          path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : "L", x_of(point.x),
                              y_of(point.y));
        }
        stroke(path, s);
      }
      if (!chart_.series[s].dots) continue;
      for (const LogChart::Point& point : points) {
        if (point.low && point.high) {
          body_ += fmt::format(
              "<path d=\"M{0:.1f} {1:.1f}V{2:.1f}\" stroke=\"{3}\" stroke-width=\"1\" "
              "opacity=\"0.6\"/>\n",
              x_of(point.x), y_of(*point.low), y_of(*point.high), color(s));
        }
        dot(x_of(point.x), y_of(point.y), s,
            fmt::format("{}: {}{} at {}{}", point.name.empty() ? chart_.series[s].name : point.name,
                        format_count(point.y), panel.y_unit.empty() ? "" : " " + panel.y_unit,
                        format_count(point.x), chart_.x_unit.empty() ? "" : " " + chart_.x_unit));
      }
    }
  }

  const LogChart& chart_;
  std::size_t columns_;
  double plot_px_ = 0;
};

}  // namespace

std::string svg(const LogChart& chart) {
  check(chart);
  return Drawing(chart).document();
}

}  // namespace sextant
