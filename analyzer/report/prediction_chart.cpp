#include "analyzer/report/prediction_chart.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/table.h"
#include "analyzer/report/svg_frame.h"
#include "analyzer/report/svg_text.h"

namespace sextant {

namespace {

// Pixels.
constexpr double kSide = 380;
constexpr double kAxisRoom = 72;
constexpr double kDot = 3.6;
constexpr double kBeyond = 1.06;  ///< the axes begin and end so far from the last values

void check(const PredictionChart& chart) {
  const auto refuse = [&](std::string_view what) {
    throw Error(ErrorCode::kInternal, fmt::format("chart {}: {}", quote(chart.title), what));
  };
  bool any = false;
  for (const PredictionChart::Series& series : chart.series) {
    for (const PredictionChart::Point& point : series.points) {
      for (const double value : {point.measured, point.predicted}) {
        if (!(value > 0) || !std::isfinite(value)) refuse("a point is not drawable");
      }
      any = true;
    }
  }
  if (!any) refuse("nothing to draw");
}

/// From the least to the most of both, with labels at round numbers.
struct Axis {
  double least = std::numeric_limits<double>::infinity();
  double most = 0;

  void reach(double value) {
    least = std::min(least, value / kBeyond);
    most = std::max(most, value * kBeyond);
  }
  double part(double value) const { return std::log(value / least) / std::log(most / least); }

  /// Powers of ten times 1, 2 and 5, or where those are fewer than four, multiples of the step that
  /// gives four and more.
  std::vector<double> ticks() const {
    constexpr std::size_t kFewest = 4;
    std::vector<double> out;
    for (int decade = static_cast<int>(std::floor(std::log10(least))); decade <= std::log10(most);
         ++decade) {
      for (const double digit : {1.0, 2.0, 5.0}) {
        const double tick = digit * std::pow(10.0, decade);
        if (tick >= least && tick <= most) out.push_back(tick);
      }
    }
    double step = std::pow(10.0, std::ceil(std::log10(most)));
    for (int i = 0; out.size() < kFewest; ++i) {
      step /= i % 3 == 1 ? 2.5 : 2;  // 1, 0.5, 0.2, 0.1
      out.clear();
      for (double n = std::ceil(least / step); n * step <= most; ++n) out.push_back(n * step);
    }
    return out;
  }
};

class Drawing : SvgFrame {
 public:
  explicit Drawing(const PredictionChart& chart) : chart_(chart) {
    for (const PredictionChart::Series& series : chart.series) {
      for (const PredictionChart::Point& point : series.points) {
        axis_.reach(point.measured);
        axis_.reach(point.predicted);
      }
    }
    width_px_ = 3 * kMargin + kAxisRoom + kSide;
  }

  std::string document() {
    const double top = legend(heading(chart_.title) + 12) + 10;
    const double left = kMargin + kAxisRoom;
    frame(left, top);
    for (std::size_t s = 0; s < chart_.series.size(); ++s) {
      for (const PredictionChart::Point& point : chart_.series[s].points) {
        dot(left + kSide * axis_.part(point.measured),
            top + kSide * (1 - axis_.part(point.predicted)), s,
            fmt::format("{}, {}: predicted {} {}, measured {} {}, {:+.1f} %", chart_.series[s].name,
                        point.name, format_count(point.predicted), chart_.unit,
                        format_count(point.measured), chart_.unit,
                        100 * (point.predicted / point.measured - 1)));
      }
    }
    const std::string band =
        fmt::format("Line: predicted as measured; band: within ±{:.0f} %.", 100 * chart_.band);
    const double y =
        caption(top + kSide + 42, chart_.evidence,
                chart_.caption.empty() ? band : fmt::format("{} {}", band, chart_.caption));
    return framed(chart_.title, y + kMargin);
  }

 private:
  void dot(double x, double y, std::size_t series, std::string_view tooltip) {
    body_ += fmt::format(
        "<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{}\" fill=\"{}\" fill-opacity=\"0.8\"><title>{}"
        "</title></circle>\n",
        x, y, kDot, kPalette[series % kPalette.size()], escape_xml(tooltip));
  }

  double legend(double y) {
    double x = kMargin;
    for (std::size_t s = 0; s < chart_.series.size(); ++s) {
      const std::string& name = chart_.series[s].name;
      const double entry_px = 16 + text_width(name, kFont) + 16;
      if (x > kMargin && x + entry_px > kMargin + inner_px()) {
        x = kMargin;
        y += kLineHeight + 4;
      }
      dot(x + 5, y + 6, s, name);
      text(x + 16, y + 10.5, "start", kFont, name, "sx-text");
      x += entry_px;
    }
    return y + kLineHeight;
  }

  void frame(double left, double top) {
    const double foot = top + kSide;
    for (const double tick : axis_.ticks()) {
      const double part = kSide * axis_.part(tick);
      body_ += fmt::format(
          "<path class=\"sx-grid\" d=\"M{0:.1f} {1:.1f}h{4:.1f}M{2:.1f} {3:.1f}v{4:.1f}\"/>\n",
          left, foot - part, left + part, top, kSide);
      const std::string label = fmt::format("{:.4g}", tick);
      text(left - 6, foot - part + 4, "end", kSmallFont, label, "sx-text sx-faint");
      text(left + part, foot + 16, "middle", kSmallFont, label, "sx-text sx-faint");
    }
    body_ += fmt::format(
        "<path class=\"sx-axis\" d=\"M{:.1f} {:.1f}v{:.1f}h{:.1f}\" "
        "fill=\"none\"/>\n",
        left, top, kSide, kSide);
    band(left, foot);
    upright(left - kAxisRoom + kFont, top + kSide / 2, kFont,
            fmt::format("predicted, {}", chart_.unit), kSide);
    text(left + kSide / 2, foot + 34, "middle", kFont, fmt::format("measured, {}", chart_.unit),
         "sx-text");
  }

  /// The diagonal, and where predictions lie within the band of it, cut to the plot.
  void band(double left, double foot) {
    const double up = kSide * std::log(1 + chart_.band) / std::log(axis_.most / axis_.least);
    const double down = -kSide * std::log(1 - chart_.band) / std::log(axis_.most / axis_.least);
    const double most_up = std::min(up, kSide), most_down = std::min(down, kSide);
    // Clockwise from the lower left corner.
    body_ += fmt::format(
        "<path d=\"M{:.1f} {:.1f}v{:.1f}L{:.1f} {:.1f}h{:.1f}v{:.1f}L{:.1f} {:.1f}Z\" fill=\"{}\" "
        "opacity=\"0.14\"/>\n",
        left, foot, -most_up, left + kSide - most_up, foot - kSide, most_up, most_down,
        left + most_down, foot, kPalette[7]);
    body_ += fmt::format(
        "<path class=\"sx-mark\" d=\"M{:.1f} {:.1f}l{:.1f} {:.1f}\" stroke-width=\"1\"/>\n", left,
        foot, kSide, -kSide);
  }

  const PredictionChart& chart_;
  Axis axis_;
};

}  // namespace

std::string svg(const PredictionChart& chart) {
  check(chart);
  return Drawing(chart).document();
}

}  // namespace sextant
