#include "analyzer/report/step_chart.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/report/svg_frame.h"
#include "analyzer/report/svg_text.h"
#include "analyzer/report/value_axis.h"

namespace sextant {

namespace {

// Pixels.
constexpr double kWidth = 860;
constexpr double kPanelHeight = 170;
constexpr double kAxisRoom = 66;  ///< left of a panel: its label and ticks
constexpr double kGap = 34;
constexpr double kLastTick = 16;  ///< half a label of the time axis, beyond its end

void check(const StepChart& chart) {
  const auto refuse = [&](std::string_view what) {
    throw Error(ErrorCode::kInternal, fmt::format("chart {}: {}", quote(chart.title), what));
  };
  if (chart.panels.empty()) refuse("nothing to draw");
  if (!(chart.end_s > 0) || !std::isfinite(chart.end_s)) refuse("no time to draw");
  for (const StepChart::Panel& panel : chart.panels) {
    if (panel.series.empty()) refuse("a panel without series");
    for (const StepChart::Series& series : panel.series) {
      if (series.steps.empty()) refuse("a series without steps");
      double last_s = 0;
      for (const StepChart::Step& step : series.steps) {
        if (!(step.from_s >= last_s) || step.from_s > chart.end_s) refuse("steps out of order");
        if (!(step.value >= 0) || !std::isfinite(step.value)) refuse("a step is not drawable");
        last_s = step.from_s;
      }
    }
  }
}

/// A unit in which the whole axis has a handy number of ticks.
struct TimeUnit {
  std::string_view name;
  double seconds = 1;
};

TimeUnit unit_for(double end_s) {
  constexpr double kMinute = 60;
  constexpr double kHour = 3600;
  constexpr double kDay = 86400;
  if (end_s > 3 * kDay) return {"days", kDay};
  if (end_s > 3 * kHour) return {"hours", kHour};
  if (end_s > 3 * kMinute) return {"minutes", kMinute};
  return {"seconds", 1};
}

class Drawing : SvgFrame {
 public:
  explicit Drawing(const StepChart& chart) : chart_(chart) {
    width_px_ = 2 * kMargin + kAxisRoom + kWidth + kLastTick;
  }

  std::string document() {
    double y = heading(chart_.title) + 12;
    for (const StepChart::Panel& panel : chart_.panels) {
      y = draw(panel, legend(panel, y) + 8) + kGap;
    }
    text(left() + kWidth / 2, y, "middle", kFont, unit_for(chart_.end_s).name, "sx-text");
    y = caption(y + 8, chart_.evidence, chart_.caption);
    return framed(chart_.title, y + kMargin);
  }

 private:
  static double left() { return kMargin + kAxisRoom; }
  double across(double time_s) const { return left() + time_s / chart_.end_s * kWidth; }
  static std::string_view color(std::size_t series) { return kPalette[series % kPalette.size()]; }

  double legend(const StepChart::Panel& panel, double y) {
    const double base = y + kLineHeight - 4;
    double x = left();
    for (std::size_t s = 0; s < panel.series.size(); ++s) {
      body_ += fmt::format(
          "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"18\" height=\"{}\" fill=\"{}\"{}/>\n", x,
          panel.series[s].filled ? base - 10 : base - 5, panel.series[s].filled ? 11 : 2, color(s),
          panel.series[s].filled ? " fill-opacity=\"0.5\"" : "");
      text(x + 24, base, "start", kFont, panel.series[s].name, "sx-text");
      x += 24 + text_width(panel.series[s].name, kFont) + 20;
    }
    return y + kLineHeight;
  }

  void line(std::string_view style, double x1, double y1, double x2, double y2) {
    body_ += fmt::format("<path class=\"{}\" d=\"M{:.1f} {:.1f}L{:.1f} {:.1f}\"/>\n", style, x1, y1,
                         x2, y2);
  }

  /// Returns where its axis is.
  double draw(const StepChart::Panel& panel, double top) {
    double largest = 0;
    for (const StepChart::Series& series : panel.series) {
      for (const StepChart::Step& step : series.steps) largest = std::max(largest, step.value);
    }
    const ValueAxis up = round_axis(largest, 5);
    const double foot = top + kPanelHeight;
    const std::vector<std::string> labels = up.tick_labels();
    for (int i = 0; i <= up.steps; ++i) {
      const double y = foot - kPanelHeight * i / up.steps;
      line("sx-grid", left(), y, left() + kWidth, y);
      text(left() - 6, y + 4, "end", kSmallFont, labels[static_cast<std::size_t>(i)],
           "sx-text sx-faint");
    }
    upright(kMargin + kSmallFont, top + kPanelHeight / 2, kFont, panel.y_label, kPanelHeight);
    for (std::size_t s = 0; s < panel.series.size(); ++s) {
      steps(panel.series[s], color(s), foot, kPanelHeight / up.end());
    }
    line("sx-axis", left(), foot, left() + kWidth, foot);
    time_ticks(foot);
    return foot;
  }

  void steps(const StepChart::Series& series, std::string_view fill, double foot, double scale) {
    std::string path;
    for (std::size_t i = 0; i < series.steps.size(); ++i) {
      const double until_s =
          i + 1 < series.steps.size() ? series.steps[i + 1].from_s : chart_.end_s;
      const double y = foot - series.steps[i].value * scale;
      path += fmt::format("{}{:.1f} {:.1f}H{:.1f}", path.empty() ? "M" : "L",
                          across(series.steps[i].from_s), y, across(until_s));
    }
    if (series.filled) {
      body_ += fmt::format("<path d=\"{0}V{1:.1f}H{2:.1f}Z\" fill=\"{3}\" fill-opacity=\"0.5\"/>\n",
                           path, foot, across(series.steps.front().from_s), fill);
    } else {
      body_ += fmt::format("<path d=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"1.6\"/>\n",
                           path, fill);
    }
  }

  void time_ticks(double foot) {
    const TimeUnit unit = unit_for(chart_.end_s);
    const ValueAxis axis = round_axis(chart_.end_s / unit.seconds, 12);
    const std::vector<std::string> labels = axis.tick_labels();
    for (int i = 0; i <= axis.steps; ++i) {
      const double time_s = i * axis.step * unit.seconds;
      if (time_s > chart_.end_s * (1 + 1e-9)) break;
      line("sx-axis", across(time_s), foot, across(time_s), foot + 4);
      text(across(time_s), foot + 16, "middle", kSmallFont, labels[static_cast<std::size_t>(i)],
           "sx-text sx-faint");
    }
  }

  const StepChart& chart_;
};

}  // namespace

std::string svg(const StepChart& chart) {
  check(chart);
  return Drawing(chart).document();
}

}  // namespace sextant
