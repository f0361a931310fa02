#include "analyzer/report/stack_chart.h"

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
constexpr double kPlotWidth = 560;
constexpr double kRowHeight = 24;
constexpr double kBarHeight = 16;
constexpr double kWidestName = 220;
constexpr double kWidestRemark = 260;
constexpr double kSwatch = 12;

void check(const StackChart& chart) {
  const auto refuse = [&](std::string_view what) {
    throw Error(ErrorCode::kInternal, fmt::format("stack chart {}: {}", quote(chart.title), what));
  };
  if (chart.rows.empty() || chart.parts.empty()) refuse("nothing to draw");
  const auto drawable = [](double value) { return std::isfinite(value) && value >= 0; };
  for (const StackChart::Row& row : chart.rows) {
    if (row.parts.size() != chart.parts.size()) refuse("a row of another number of parts");
    if (!std::all_of(row.parts.begin(), row.parts.end(), drawable) ||
        !drawable(row.limit.value_or(0))) {
      refuse("a value is not drawable");
    }
  }
}

class Drawing : SvgFrame {
 public:
  explicit Drawing(const StackChart& chart) : chart_(chart) {
    double longest = 0;
    for (const StackChart::Row& row : chart.rows) {
      double whole = 0;
      for (const double part : row.parts) whole += part;
      longest = std::max({longest, whole, row.limit.value_or(0)});
      name_px_ = std::max(name_px_, text_width(row.name, kFont));
      remark_px_ = std::max(remark_px_, text_width(row.remark, kSmallFont));
    }
    axis_ = round_axis(longest);
    name_px_ = std::min(name_px_, kWidestName);
    remark_px_ = std::min(remark_px_, kWidestRemark);
    width_px_ = left() + kPlotWidth + 12 + remark_px_ + kMargin;
  }

  std::string document() {
    const double top = legend(heading(chart_.title) + 12) + 10;
    const double foot = top + kRowHeight * static_cast<double>(chart_.rows.size());
    grid(top, foot);
    for (std::size_t r = 0; r < chart_.rows.size(); ++r) {
      row(chart_.rows[r], top + kRowHeight * static_cast<double>(r));
    }
    text(left() + kPlotWidth / 2, foot + 36, "middle", kFont, chart_.x_label, "sx-text");
    const double y = caption(foot + 44, chart_.evidence, chart_.caption);
    return framed(chart_.title, y + kMargin);
  }

 private:
  double left() const { return kMargin + name_px_ + 8; }
  double across(double value) const { return left() + value / axis_.end() * kPlotWidth; }
  /// More parts than colours are told apart by being paler.
  static std::string fill(std::size_t part) {
    return fmt::format("fill=\"{}\"{}", kPalette[part % kPalette.size()],
                       part < kPalette.size() ? "" : " fill-opacity=\"0.4\"");
  }

  /// Draws an entry's text and returns where its swatch belongs.
  double entry(double& x, double& y, std::string_view name) {
    const double entry_px = kSwatch + 6 + text_width(name, kFont) + 16;
    if (x > kMargin && x + entry_px > kMargin + inner_px()) {
      x = kMargin;
      y += kLineHeight + 4;
    }
    text(x + kSwatch + 6, y + 10.5, "start", kFont, name, "sx-text");
    const double at = x;
    x += entry_px;
    return at;
  }

  double legend(double y) {
    double x = kMargin;
    bool limited = false;
    for (const StackChart::Row& row : chart_.rows) limited |= row.limit.has_value();
    for (std::size_t p = 0; p < chart_.parts.size(); ++p) {
      if (std::all_of(chart_.rows.begin(), chart_.rows.end(),
                      [&](const StackChart::Row& row) { return row.parts[p] == 0; })) {
        continue;
      }
      const double at = entry(x, y, chart_.parts[p]);
      body_ += fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{}\" height=\"{}\" {}/>\n", at,
                           y, kSwatch, kSwatch, fill(p));
    }
    if (limited) {
      const double at = entry(x, y, chart_.limit_name);
      body_ += fmt::format("<path class=\"sx-mark\" stroke-width=\"2\" d=\"M{:.1f} {:.1f}v{}\"/>\n",
                           at + 6, y, kSwatch);
    }
    return y + kLineHeight;
  }

  void grid(double top, double foot) {
    const std::vector<std::string> ticks = axis_.tick_labels();
    for (std::size_t i = 0; i < ticks.size(); ++i) {
      const double x = across(axis_.step * static_cast<double>(i));
      body_ += fmt::format("<path class=\"{}\" d=\"M{:.1f} {:.1f}V{:.1f}\"/>\n",
                           i == 0 ? "sx-axis" : "sx-grid", x, top, foot + 4);
      text(x, foot + 18, "middle", kSmallFont, ticks[i], "sx-text sx-faint");
    }
  }

  void row(const StackChart::Row& row, double y) {
    const auto name = wrap_text(row.name, kFont, name_px_ + kFont, 1);
    text(left() - 6, y + kRowHeight / 2 + 4, "end", kFont, name.empty() ? "" : name.front(),
         "sx-text");
    double sum = 0;
    for (std::size_t p = 0; p < row.parts.size(); ++p) {
      if (row.parts[p] == 0) continue;
      body_ += fmt::format(
          "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{}\" {}><title>{}: "
          "{:.4g} {}</title></rect>\n",
          across(sum), y + (kRowHeight - kBarHeight) / 2, across(sum + row.parts[p]) - across(sum),
          kBarHeight, fill(p), escape_xml(chart_.parts[p]), row.parts[p],
          escape_xml(chart_.x_label));
      sum += row.parts[p];
    }
    if (row.limit) {
      body_ += fmt::format("<path class=\"sx-mark\" stroke-width=\"2\" d=\"M{:.1f} {:.1f}v{}\"/>\n",
                           across(*row.limit), y + 1, kRowHeight - 2);
    }
    const auto remark = wrap_text(row.remark, kSmallFont, remark_px_ + kFont, 1);
    if (!remark.empty()) {
      text(left() + kPlotWidth + 12, y + kRowHeight / 2 + 4, "start", kSmallFont, remark.front(),
           "sx-text sx-faint");
    }
  }

  const StackChart& chart_;
  ValueAxis axis_;
  double name_px_ = 0;
  double remark_px_ = 0;
};

}  // namespace

std::string svg(const StackChart& chart) {
  check(chart);
  return Drawing(chart).document();
}

}  // namespace sextant
