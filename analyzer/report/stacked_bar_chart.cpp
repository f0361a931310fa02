#include "analyzer/report/stacked_bar_chart.h"

#include <algorithm>
#include <cmath>
#include <numeric>

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
constexpr double kLongestName = 220;
constexpr double kBar = 20;
constexpr double kThinBar = 11;  ///< of many
constexpr std::size_t kMany = 24;
constexpr double kSwatch = 12;
constexpr int kMostSteps = 8;

void check(const StackedBarChart& chart) {
  const auto refuse = [&](std::string_view what) {
    throw Error(ErrorCode::kInternal, fmt::format("bar chart {}: {}", quote(chart.title), what));
  };
  if (chart.bars.empty() || chart.parts.empty()) refuse("nothing to draw");
  for (const StackedBarChart::Bar& bar : chart.bars) {
    if (bar.parts.size() != chart.parts.size()) refuse("a bar has another number of parts");
    for (const double part : bar.parts) {
      if (!(part >= 0) || !std::isfinite(part)) refuse("a part is not drawable");
    }
  }
}

double whole(const StackedBarChart::Bar& bar) {
  return std::accumulate(bar.parts.begin(), bar.parts.end(), 0.0);
}

class Drawing : SvgFrame {
 public:
  explicit Drawing(const StackedBarChart& chart)
      : chart_(chart), bar_px_(chart.bars.size() > kMany ? kThinBar : kBar) {
    double most = 0;
    for (const StackedBarChart::Bar& bar : chart.bars) {
      most = std::max(most, whole(bar));
      name_px_ = std::max(name_px_, std::min(kLongestName, text_width(bar.name, kSmallFont)));
    }
    axis_ = round_axis(most, kMostSteps);
    width_px_ = 3 * kMargin + name_px_ + 8 + kPlotWidth;
  }

  std::string document() {
    const double top = legend(heading(chart_.title) + 12) + 8;
    const double left = kMargin + name_px_ + 8;
    const double foot = top + static_cast<double>(chart_.bars.size()) * (bar_px_ + 4) + 2;
    const std::vector<std::string> ticks = axis_.tick_labels();
    for (std::size_t i = 0; i < ticks.size(); ++i) {
      const double x = left + kPlotWidth * static_cast<double>(i) / axis_.steps;
      body_ += fmt::format("<path class=\"{}\" d=\"M{:.1f} {:.1f}V{:.1f}\"/>\n",
                           i == 0 ? "sx-axis" : "sx-grid", x, top - 2, foot);
      text(x, foot + 14, "middle", kSmallFont, ticks[i], "sx-text sx-faint");
    }
    double y = top;
    for (const StackedBarChart::Bar& one : chart_.bars) {
      bar(one, left, y);
      y += bar_px_ + 4;
    }
    text(left + kPlotWidth / 2, foot + 32, "middle", kFont, chart_.x_label, "sx-text");
    y = caption(foot + 40, chart_.evidence, chart_.caption);
    return framed(chart_.title, y + kMargin);
  }

 private:
  static std::string_view color(std::size_t part) { return kPalette[part % kPalette.size()]; }

  double legend(double y) {
    double x = kMargin;
    for (std::size_t p = 0; p < chart_.parts.size(); ++p) {
      const bool drawn = std::any_of(chart_.bars.begin(), chart_.bars.end(),
                                     [&](const auto& bar) { return bar.parts[p] > 0; });
      if (!drawn) continue;
      const double entry_px = kSwatch + 6 + text_width(chart_.parts[p], kFont) + 16;
      if (x > kMargin && x + entry_px > kMargin + inner_px()) {
        x = kMargin;
        y += kLineHeight + 4;
      }
      body_ +=
          fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{}\" height=\"{}\" fill=\"{}\"/>\n",
                      x, y, kSwatch, kSwatch, color(p));
      text(x + kSwatch + 6, y + 10.5, "start", kFont, chart_.parts[p], "sx-text");
      x += entry_px;
    }
    return y + kLineHeight;
  }

  void bar(const StackedBarChart::Bar& bar, double left, double y) {
    for (const std::string& name : wrap_text(bar.name, kSmallFont, kLongestName, 1)) {
      text(left - 6, y + bar_px_ / 2 + 4, "end", kSmallFont, name, "sx-text");
    }
    double x = left;
    for (std::size_t p = 0; p < bar.parts.size(); ++p) {
      const double part_px = bar.parts[p] / axis_.end() * kPlotWidth;
      if (bar.parts[p] > 0) {
        body_ += fmt::format(
            "<rect x=\"{:.2f}\" y=\"{:.1f}\" width=\"{:.2f}\" height=\"{}\" fill=\"{}\"><title>{}"
            "</title></rect>\n",
            x, y, part_px, bar_px_, color(p),
            escape_xml(fmt::format("{}, {}: {} {} of {}", bar.name, chart_.parts[p],
                                   format_count(bar.parts[p]), chart_.unit,
                                   format_count(whole(bar)))));
      }
      x += part_px;
    }
  }

  const StackedBarChart& chart_;
  ValueAxis axis_;
  double bar_px_;
  double name_px_ = 0;
};

}  // namespace

std::string svg(const StackedBarChart& chart) {
  check(chart);
  return Drawing(chart).document();
}

}  // namespace sextant
