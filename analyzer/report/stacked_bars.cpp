#include "analyzer/report/stacked_bars.h"

#include <algorithm>
#include <cmath>
#include <numeric>
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
constexpr double kPlotWidth = 560;
constexpr double kBarHeight = 20;
constexpr double kRowHeight = 28;
constexpr double kWidestName = 230;
constexpr double kWidestRemark = 220;
constexpr double kSwatch = 12;

void check(const StackedBars& chart) {
  const auto refuse = [&](std::string_view what) {
    throw Error(ErrorCode::kInternal, fmt::format("stacked bars {}: {}", quote(chart.title), what));
  };
  if (chart.bars.empty() || chart.series.empty()) refuse("nothing to draw");
  for (const StackedBars::Bar& bar : chart.bars) {
    if (bar.parts.size() != chart.series.size()) refuse("parts and series differ in number");
    for (const double part : bar.parts) {
      if (!(std::isfinite(part) && part >= 0)) refuse("a part is not drawable");
    }
  }
}

double length_of(const StackedBars::Bar& bar) {
  return std::accumulate(bar.parts.begin(), bar.parts.end(), 0.0);
}

class Drawing : SvgFrame {
 public:
  explicit Drawing(const StackedBars& chart) : chart_(chart) {
    double longest = 0;
    for (const StackedBars::Bar& bar : chart.bars) {
      longest = std::max(longest, length_of(bar));
      name_px_ = std::max(name_px_, text_width(bar.name, kFont));
      remark_px_ = std::max(remark_px_, text_width(bar.remark, kSmallFont));
    }
    axis_ = round_axis(longest, 6);
    name_px_ = std::min(name_px_, kWidestName);
    remark_px_ = std::min(remark_px_, kWidestRemark);
    width_px_ = 2 * kMargin + name_px_ + 10 + kPlotWidth + remark_px_ + kMargin;
  }

  std::string document() {
    const double top = legend(heading(chart_.title) + 12) + 10;
    const double foot = top + kRowHeight * static_cast<double>(chart_.bars.size());
    grid(top, foot);
    for (std::size_t b = 0; b < chart_.bars.size(); ++b) {
      draw(chart_.bars[b], top + kRowHeight * static_cast<double>(b));
    }
    text(left() + kPlotWidth / 2, foot + 34, "middle", kFont, chart_.x_label, "sx-text");
    const double y = caption(foot + 42, chart_.evidence, chart_.caption);
    return framed(chart_.title, y + kMargin);
  }

 private:
  double left() const { return kMargin + name_px_ + 10; }
  double long_px(double value) const { return value / axis_.end() * kPlotWidth; }
  static std::string_view color(std::size_t series) { return kPalette[series % kPalette.size()]; }

  /// As many rows of entries as the width asks for; returns where they end.
  double legend(double y) {
    double x = kMargin;
    for (std::size_t s = 0; s < chart_.series.size(); ++s) {
      const double entry_px = kSwatch + 6 + text_width(chart_.series[s], kFont) + 16;
      if (x > kMargin && x + entry_px > kMargin + inner_px()) {
        x = kMargin;
        y += kLineHeight + 4;
      }
      body_ +=
          fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{}\" height=\"{}\" fill=\"{}\"/>\n",
                      x, y, kSwatch, kSwatch, color(s));
      text(x + kSwatch + 6, y + 10.5, "start", kFont, chart_.series[s], "sx-text");
      x += entry_px;
    }
    return y + kLineHeight;
  }

  void grid(double top, double foot) {
    const std::vector<std::string> ticks = axis_.tick_labels();
    for (std::size_t i = 0; i < ticks.size(); ++i) {
      const double x = left() + long_px(axis_.step * static_cast<double>(i));
      body_ += fmt::format("<path class=\"{}\" d=\"M{:.1f} {:.1f}V{:.1f}\"/>\n",
                           i == 0 ? "sx-axis" : "sx-grid", x, top, foot + 4);
      text(x, foot + 17, "middle", kSmallFont, ticks[i], "sx-text sx-faint");
    }
  }

  void draw(const StackedBars::Bar& bar, double y) {
    const auto names = wrap_text(bar.name, kFont, name_px_ + kFont, 1);
    const double base = y + kRowHeight / 2 + 4;
    text(left() - 8, base, "end", kFont, names.empty() ? "" : names.front(), "sx-text");
    double x = left();
    for (std::size_t s = 0; s < bar.parts.size(); ++s) {
      if (bar.parts[s] == 0) continue;
      const double part_px = long_px(bar.parts[s]);
      const std::string label = format_count(bar.parts[s]);
      body_ += fmt::format(
          "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.2f}\" height=\"{}\" fill=\"{}\"><title>{}, "
          "{}: {}</title></rect>\n",
          x, y + (kRowHeight - kBarHeight) / 2, part_px, kBarHeight, color(s), escape_xml(bar.name),
          escape_xml(chart_.series[s]), label);
      if (text_width(label, kSmallFont) + 6 < part_px) {
        text(x + part_px / 2, base, "middle", kSmallFont, label, "sx-text sx-value");
      }
      x += part_px;
    }
    if (bar.remark.empty()) return;
    const auto remarks = wrap_text(bar.remark, kSmallFont, kWidestRemark + kFont, 1);
    text(x + 8, base, "start", kSmallFont, remarks.front(), "sx-text sx-faint");
  }

  const StackedBars& chart_;
  ValueAxis axis_;
  double name_px_ = 0;
  double remark_px_ = 0;
};

}  // namespace

std::string svg(const StackedBars& chart) {
  check(chart);
  return Drawing(chart).document();
}

}  // namespace sextant
