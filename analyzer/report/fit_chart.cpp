#include "analyzer/report/fit_chart.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/table.h"
#include "analyzer/report/log_axis.h"
#include "analyzer/report/svg_frame.h"
#include "analyzer/report/svg_text.h"

namespace sextant {

namespace {

/// "+0.52 %", "-12 %", "+110 %".
std::string percent(double percents) {
  return std::abs(percents) < 10 ? fmt::format("{:+.2g} %", percents)
                                 : fmt::format("{:+.0f} %", percents);
}

// Pixels.
constexpr double kPlotWidth = 380;
constexpr double kPlotHeight = 210;
constexpr double kResidualHeight = 60;
constexpr double kAxisRoom = 66;  ///< left of a plot: its label and ticks
constexpr double kGap = 26;
constexpr double kLastTick = 8;  ///< half a label of the size axis, beyond its end
constexpr int kColumns = 2;
constexpr std::string_view kCurveColor = kPalette[0];
constexpr std::string_view kDotColor = kPalette[5];

bool drawable(double value) {
  return value > 0 && std::isfinite(value);
}

void check(const FitChart& chart) {
  const auto refuse = [&](std::string_view what) {
    throw Error(ErrorCode::kInternal, fmt::format("chart {}: {}", quote(chart.title), what));
  };
  if (chart.panels.empty()) refuse("nothing to draw");
  for (const FitChart::Panel& panel : chart.panels) {
    if (panel.dots.empty() || panel.curve.empty()) refuse("a panel without points or curve");
    for (const FitChart::Dot& dot : panel.dots) {
      if (!drawable(dot.x) || !drawable(dot.y) || !std::isfinite(dot.residual)) {
        refuse("a point is not drawable");
      }
    }
    for (const FitChart::Place& place : panel.curve) {
      if (!drawable(place.x) || !drawable(place.y)) refuse("a curve is not drawable");
    }
  }
}

/// No kiloseconds.
std::string seconds_tick(int decade) {
  return decade > 0 ? fmt::format("{:g} s", std::pow(10.0, decade)) : decade_label(decade, "s");
}

class Drawing : SvgFrame {
 public:
  explicit Drawing(const FitChart& chart) : chart_(chart) {
    columns_ = std::min<std::size_t>(kColumns, chart.panels.size());
    width_px_ = 2 * kMargin + kLastTick +
                static_cast<double>(columns_) * (kAxisRoom + kPlotWidth + kGap) - kGap;
  }

  std::string document() {
    double y = legend(heading(chart_.title) + 10);
    for (std::size_t i = 0; i < chart_.panels.size(); i += columns_) {
      double end = y;
      for (std::size_t k = 0; k < columns_ && i + k < chart_.panels.size(); ++k) {
        const double x = kMargin + static_cast<double>(k) * (kAxisRoom + kPlotWidth + kGap);
        end = std::max(end, panel(chart_.panels[i + k], x, y));
      }
      y = end + kGap;
    }
    y = caption(y - kGap + 8, chart_.evidence, chart_.caption);
    return framed(chart_.title, y + kMargin);
  }

 private:
  void line(std::string_view style, double x1, double y1, double x2, double y2) {
    body_ += fmt::format("<path class=\"{}\" d=\"M{:.1f} {:.1f}L{:.1f} {:.1f}\"/>\n", style, x1, y1,
                         x2, y2);
  }
  void dot(double x, double y, std::string_view title) {
    body_ += fmt::format(
        "<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"2.8\" fill=\"{}\"><title>{}</title></circle>\n", x,
        y, kDotColor, escape_xml(title));
  }

  double legend(double y) {
    const double base = y + kLineHeight - 4;
    double x = kMargin;
    dot(x + 6, base - 4, "measured");
    text(x + 18, base, "start", kFont, "measured", "sx-text");
    x += 18 + text_width("measured", kFont) + 20;
    body_ += fmt::format(
        "<rect x=\"{0:.1f}\" y=\"{1:.1f}\" width=\"18\" height=\"10\" fill=\"{2}\" "
        "opacity=\"0.18\"/>\n<path d=\"M{0:.1f} {3:.1f}h18\" stroke=\"{2}\" "
        "stroke-width=\"2\"/>\n",
        x, base - 9, kCurveColor, base - 4);
    text(x + 24, base, "start", kFont, "fitted, with twice the robust spread of the residuals",
         "sx-text");
    return y + kLineHeight + 8;
  }

  /// Returns where it ends.
  double panel(const FitChart::Panel& panel, double left, double top) {
    double y = top;
    for (const std::string& part :
         wrap_text(panel.title, kFont * 1.06, kAxisRoom + kPlotWidth, 2)) {
      y += kLineHeight;
      text(left, y, "start", kFont, part, "sx-text", " font-weight=\"600\"");
    }
    for (const std::string& part : wrap_text(panel.remark, kSmallFont, kAxisRoom + kPlotWidth, 2)) {
      y += kLineHeight;
      text(left, y, "start", kSmallFont, part, "sx-text sx-faint");
    }
    const double x0 = left + kAxisRoom;
    const double y0 = y + 10;
    double least_x = panel.dots.front().x, most_x = least_x;
    double least_y = panel.dots.front().y, most_y = least_y;
    for (const FitChart::Dot& one : panel.dots) {
      least_x = std::min(least_x, one.x);
      most_x = std::max(most_x, one.x);
      least_y = std::min(least_y, one.y);
      most_y = std::max(most_y, one.y);
    }
    for (const FitChart::Place& place : panel.curve) {
      least_x = std::min(least_x, place.x);
      most_x = std::max(most_x, place.x);
      least_y = std::min(least_y, place.y);
      most_y = std::max(most_y, place.y);
    }
    const LogAxis across = log_axis(least_x, most_x);
    const LogAxis up = log_axis(least_y, most_y);
    frame(across, up, x0, y0);
    curve(panel, across, up, x0, y0);
    const double end = residuals(panel, across, x0, y0 + kPlotHeight + 20);
    for (const FitChart::Dot& one : panel.dots) {
      dot(x0 + kPlotWidth * across.part(one.x), y0 + kPlotHeight - kPlotHeight * up.part(one.y),
          fmt::format("{}: {}", format_bytes(one.x), format_seconds(one.y)));
    }
    text(x0 + kPlotWidth / 2, end + 30, "middle", kSmallFont, chart_.x_label, "sx-text");
    return end + 34;
  }

  void frame(const LogAxis& across, const LogAxis& up, double x0, double y0) {
    for (int decade = up.low; decade <= up.high; decade += up.step(8)) {
      const double y = y0 + kPlotHeight - kPlotHeight * up.part(std::pow(10.0, decade));
      line(decade == up.low ? "sx-axis" : "sx-grid", x0, y, x0 + kPlotWidth, y);
      text(x0 - 6, y + 4, "end", kSmallFont, seconds_tick(decade), "sx-text sx-faint");
    }
    for (int decade = across.low; decade <= across.high; decade += across.step(8)) {
      const double x = x0 + kPlotWidth * across.part(std::pow(10.0, decade));
      line("sx-grid", x, y0, x, y0 + kPlotHeight);
    }
    upright(x0 - kAxisRoom + kSmallFont, y0 + kPlotHeight / 2, kSmallFont, chart_.y_label,
            kPlotHeight);
  }

  void curve(const FitChart::Panel& panel, const LogAxis& across, const LogAxis& up, double x0,
             double y0) {
    const auto height = [&](double value) {
      return y0 + std::clamp(kPlotHeight - kPlotHeight * up.part(value), 0.0, kPlotHeight);
    };
    if (panel.band > 0) {
      std::string path;
      for (const FitChart::Place& place : panel.curve) {
        path +=
            fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : "L",
                        x0 + kPlotWidth * across.part(place.x), height(place.y * (1 + panel.band)));
      }
      for (auto place = panel.curve.rbegin(); place != panel.curve.rend(); ++place) {
        path += fmt::format("L{:.1f} {:.1f}", x0 + kPlotWidth * across.part(place->x),
                            height(place->y / (1 + panel.band)));
      }
      body_ += fmt::format("<path d=\"{}Z\" fill=\"{}\" opacity=\"0.18\"/>\n", path, kCurveColor);
    }
    std::string path;
    for (const FitChart::Place& place : panel.curve) {
      path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : "L",
                          x0 + kPlotWidth * across.part(place.x), height(place.y));
    }
    body_ += fmt::format("<path d=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\"/>\n", path,
                         kCurveColor);
  }

  /// In percent over the same sizes; returns where the plot ends.
  double residuals(const FitChart::Panel& panel, const LogAxis& across, double x0, double y0) {
    double most = panel.band;
    for (const FitChart::Dot& one : panel.dots) most = std::max(most, std::abs(one.residual));
    most = std::max(most, 0.001);
    const double half = kResidualHeight / 2;
    const double middle = y0 + half;
    const auto at = [&](double residual) { return middle - residual / most * half; };
    if (panel.band > 0) {
      body_ += fmt::format(
          "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" fill=\"{}\" "
          "opacity=\"0.18\"/>\n",
          x0, at(panel.band), kPlotWidth, at(-panel.band) - at(panel.band), kCurveColor);
    }
    for (const double part : {1.0, 0.0, -1.0}) {
      const double y = middle - part * half;
      line(part == 0 ? "sx-axis" : "sx-grid", x0, y, x0 + kPlotWidth, y);
      const std::string label = part == 0 ? "0 %" : percent(100 * part * most);
      text(x0 - 6, y + 4, "end", kSmallFont, label, "sx-text sx-faint");
    }
    for (const FitChart::Dot& one : panel.dots) {
      dot(x0 + kPlotWidth * across.part(one.x), at(one.residual),
          fmt::format("{}: {}", format_bytes(one.x), percent(100 * one.residual)));
    }
    for (int decade = across.low; decade <= across.high; decade += across.step(8)) {
      text(x0 + kPlotWidth * across.part(std::pow(10.0, decade)), y0 + kResidualHeight + 15,
           "middle", kSmallFont, decade_label(decade, "B"), "sx-text sx-faint");
    }
    return y0 + kResidualHeight;
  }

  const FitChart& chart_;
  std::size_t columns_ = 1;
};

}  // namespace

std::string svg(const FitChart& chart) {
  check(chart);
  return Drawing(chart).document();
}

}  // namespace sextant
