#include "analyzer/report/bar_chart.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/table.h"
#include "analyzer/report/svg_frame.h"
#include "analyzer/report/svg_text.h"
#include "analyzer/report/value_axis.h"

namespace sextant {

namespace {

// Pixels, plots of panels side by side taken together. A bar is as wide as its value's label where
// there is room.
constexpr double kPlotHeight = 260;
constexpr double kWidestBar = 46;
constexpr double kNarrowestBar = 14;
constexpr double kWidestPlot = 1100;
constexpr double kNarrowestPlot = 480;
constexpr double kBetween = 28;

struct Look {
  std::string_view color;
  bool pale = false;  ///< the palette's second round
};

Look look_of(std::size_t series) {
  return {kPalette[series % kPalette.size()], series >= kPalette.size()};
}

/// Every figure of a group, of ours and published.
std::vector<std::optional<double>> figures_of(const BarChart::Group& group) {
  std::vector<std::optional<double>> all = group.values;
  all.insert(all.end(), group.published.begin(), group.published.end());
  return all;
}

bool has_published(const BarChart& chart) {
  for (const BarChart::Panel& panel : chart.panels) {
    for (const BarChart::Group& group : panel.groups) {
      for (const std::optional<double>& value : group.published) {
        if (value) return true;
      }
    }
  }
  return false;
}

void check(const BarChart& chart) {
  const auto refuse = [&](std::string_view what) {
    throw Error(ErrorCode::kInternal, fmt::format("bar chart {}: {}", quote(chart.title), what));
  };
  if (chart.panels.empty() || chart.series.empty() || chart.columns == 0) {
    refuse("nothing to draw");
  }
  for (const BarChart::Panel& panel : chart.panels) {
    if (panel.groups.empty()) refuse("nothing to draw");
    for (const BarChart::Group& group : panel.groups) {
      if (group.values.size() != chart.series.size() ||
          !(group.published.empty() || group.published.size() == chart.series.size())) {
        refuse("values and series differ in number");
      }
      for (const std::optional<double>& value : figures_of(group)) {
        if (value && !(std::isfinite(*value) && *value >= 0)) refuse("a value is not drawable");
      }
    }
  }
}

std::string value_label(const std::optional<double>& value) {
  if (!value) return "none";
  // Small rates differ in their third digit, which format_count leaves out there.
  return *value > 0 && *value < 0.1 ? fmt::format("{:#.3g}", *value) : format_count(*value);
}

/// Draws one chart: sizes first, then each part into the text of the document.
class Drawing : SvgFrame {
 public:
  explicit Drawing(const BarChart& chart) : chart_(chart) {
    std::size_t most_groups = 0;
    for (const BarChart::Panel& panel : chart.panels) {
      most_groups = std::max(most_groups, panel.groups.size());
      axes_.push_back(round_axis(largest_like(panel)));
      for (const std::string& tick : axes_.back().tick_labels()) {
        tick_px_ = std::max(tick_px_, text_width(tick, kFont));
      }
      for (const BarChart::Group& group : panel.groups) {
        for (const std::optional<double>& value : group.values) {
          label_px_ = std::max(label_px_, text_width(value_label(value), kSmallFont));
        }
      }
    }
    const double columns = static_cast<double>(std::min(chart.columns, chart.panels.size()));
    const auto groups = static_cast<double>(most_groups);
    const auto bars = static_cast<double>(chart.series.size());
    bar_px_ = std::clamp(kWidestPlot / columns / groups / (bars + 1), kNarrowestBar, kWidestBar);
    plot_px_ = groups * std::max((bars + 1) * bar_px_, kNarrowestPlot / columns / groups);
    upright_labels_ = label_px_ > bar_px_;
    beside_px_ = kFont + 10 + tick_px_ + 8;
    width_px_ = 2 * kMargin + columns * (beside_px_ + plot_px_) + (columns - 1) * kBetween;
  }

  std::string document() {
    double y = legend(heading(chart_.title) + 10);
    for (std::size_t first = 0; first < chart_.panels.size(); first += chart_.columns) {
      const std::size_t end = std::min(first + chart_.columns, chart_.panels.size());
      y = panel_row(first, end, first == 0 ? y : y + kBetween);
    }
    y = caption(y + 10, chart_.evidence, chart_.caption);
    return framed(chart_.title, y + kMargin);
  }

 private:
  /// The largest value of all panels that have this one's scale.
  double largest_like(const BarChart::Panel& panel) const {
    double largest = 0;
    for (const BarChart::Panel& other : chart_.panels) {
      if (other.y_label != panel.y_label) continue;
      for (const BarChart::Group& group : other.groups) {
        for (const std::optional<double>& value : figures_of(group)) {
          largest = std::max(largest, value.value_or(0));
        }
      }
    }
    return largest;
  }

  double height_of(double value) const { return value / axis_.end() * kPlotHeight; }
  double foot_px() const { return top_px_ + kPlotHeight; }
  double group_px(const BarChart::Panel& panel) const {
    return plot_px_ / static_cast<double>(panel.groups.size());
  }

  /// Panels [first, end) side by side from `y` on; returns where the longest ends.
  double panel_row(std::size_t first, std::size_t end, double y) {
    const bool named =
        std::any_of(chart_.panels.begin() + static_cast<std::ptrdiff_t>(first),
                    chart_.panels.begin() + static_cast<std::ptrdiff_t>(end),
                    [](const BarChart::Panel& panel) { return !panel.name.empty(); });
    const double name_px = named ? kLineHeight + 12 : 0;
    top_px_ = y + name_px + (upright_labels_ ? label_px_ + 12 : kSmallFont + 10);
    double lowest = foot_px();
    left_px_ = kMargin + beside_px_;
    for (std::size_t p = first; p < end; ++p, left_px_ += plot_px_ + kBetween + beside_px_) {
      const BarChart::Panel& panel = chart_.panels[p];
      axis_ = axes_[p];
      const std::vector<std::string> name = wrap_text(panel.name, kFont, plot_px_, 1);
      if (!name.empty()) {
        text(left_px_, y + kLineHeight + 6, "start", kFont, name.front(), "sx-text",
             " font-weight=\"600\"");
      }
      grid(panel, top_px_ - y - name_px);
      bars(panel);
      lowest = std::max(lowest, foot(panel));
    }
    return lowest;
  }

  void swatch(double x, double y, double width, double height, const Look& look) {
    const std::string place = fmt::format(
        "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\"", x, y, width, height);
    if (look.pale) body_ += place + " class=\"sx-back\"/>\n";  // so that no grid line shows through
    body_ += fmt::format("{} fill=\"{}\" stroke=\"{}\"{}>", place, look.color, look.color,
                         look.pale ? " opacity=\"0.55\"" : "");
  }

  /// What was published, at height `y`.
  void mark(double x, double y, double width, const std::string& tooltip) {
    body_ += fmt::format(
        "<path class=\"sx-mark\" d=\"M{:.1f} {:.1f}H{:.1f}\" stroke-width=\"3\"><title>{}</title>"
        "</path>\n",
        x, y, x + width, escape_xml(tooltip));
  }

  /// As many rows of entries as the width asks for; returns where they end.
  double legend(double y) {
    constexpr double kSwatch = 12;
    double x = kMargin;
    const auto place = [&](const std::string& name) {
      const double entry_px = kSwatch + 6 + text_width(name, kFont) + 14;
      if (x > kMargin && x + entry_px > kMargin + inner_px()) {
        x = kMargin;
        y += kLineHeight + 4;
      }
      text(x + kSwatch + 6, y + kSwatch - 1.5, "start", kFont, name, "sx-text");
      return std::exchange(x, x + entry_px);
    };
    for (std::size_t i = 0; i < chart_.series.size(); ++i) {
      const std::vector<std::string> lines =
          wrap_text(chart_.series[i], kFont, inner_px() - kSwatch - 6, 1);
      const double at = place(lines.empty() ? "" : lines.front());
      swatch(at, y, kSwatch, kSwatch, look_of(i));
      body_ += "</rect>\n";
    }
    if (has_published(chart_)) mark(place("published"), y + kSwatch / 2, kSwatch, "published");
    return y + kLineHeight;
  }

  void grid(const BarChart::Panel& panel, double room_above) {
    const std::vector<std::string> ticks = axis_.tick_labels();
    for (std::size_t i = 0; i < ticks.size(); ++i) {
      const double y = foot_px() - height_of(axis_.step * static_cast<double>(i));
      body_ += fmt::format("<path class=\"{}\" d=\"M{:.1f} {:.1f}H{:.1f}\" stroke-width=\"1\"/>\n",
                           i == 0 ? "sx-axis" : "sx-grid", left_px_, y, left_px_ + plot_px_);
      text(left_px_ - 8, y + 4, "end", kFont, ticks[i], "sx-text sx-faint");
    }
    upright(left_px_ - beside_px_ + kFont, top_px_ + kPlotHeight / 2, kFont, panel.y_label,
            kPlotHeight + 2 * room_above);
  }

  void bars(const BarChart::Panel& panel) {
    for (std::size_t g = 0; g < panel.groups.size(); ++g) {
      const BarChart::Group& group = panel.groups[g];
      const double bars_px = bar_px_ * static_cast<double>(chart_.series.size());
      double x = left_px_ + group_px(panel) * (static_cast<double>(g) + 0.5) - bars_px / 2;
      for (std::size_t s = 0; s < chart_.series.size(); ++s, x += bar_px_) bar(group, s, x);
    }
  }

  void bar(const BarChart::Group& group, std::size_t s, double x) {
    const auto tooltip = [&](const char* whose, const std::string& label) {
      return fmt::format("{}, {}{}: {}", group.name, chart_.series[s], whose, label);
    };
    const std::optional<double>& value = group.values[s];
    double top = foot_px() - height_of(value.value_or(0));
    const std::string label = value_label(value);
    if (value) {
      swatch(x + 1.5, top, bar_px_ - 3, foot_px() - top, look_of(s));
      body_ += fmt::format("<title>{}</title></rect>\n", escape_xml(tooltip("", label)));
    }
    if (!group.published.empty() && group.published[s]) {
      const double y = foot_px() - height_of(*group.published[s]);
      mark(x, y, bar_px_, tooltip(" (published)", value_label(group.published[s])));
      top = std::min(top, y);
    }
    const std::string_view style = value ? "sx-text sx-value" : "sx-text sx-faint";
    const double middle = x + bar_px_ / 2;
    if (upright_labels_) {
      const double base = middle + kSmallFont * 0.36;
      text(base, top - 5, "start", kSmallFont, label, style,
           fmt::format(" transform=\"rotate(-90 {:.1f} {:.1f})\"", base, top - 5));
    } else {
      text(middle, top - 4, "middle", kSmallFont, label, style);
    }
  }

  /// Names of the groups under the axis; returns where the longest ends.
  double foot(const BarChart::Panel& panel) {
    constexpr std::size_t kMostLines = 4;
    std::size_t most_lines = 1;
    for (std::size_t g = 0; g < panel.groups.size(); ++g) {
      const double middle = left_px_ + group_px(panel) * (static_cast<double>(g) + 0.5);
      const std::vector<std::string> lines =
          wrap_text(panel.groups[g].name, kFont, group_px(panel) - 10, kMostLines);
      for (std::size_t i = 0; i < lines.size(); ++i) {
        text(middle, foot_px() + 18 + kLineHeight * static_cast<double>(i), "middle", kFont,
             lines[i], "sx-text");
      }
      most_lines = std::max(most_lines, lines.size());
    }
    return foot_px() + 18 + kLineHeight * static_cast<double>(most_lines - 1);
  }

  const BarChart& chart_;
  std::vector<ValueAxis> axes_;  ///< one a panel
  double label_px_ = 0, tick_px_ = 0, bar_px_ = 0, plot_px_ = 0, beside_px_ = 0;
  // Of the panel that is being drawn.
  ValueAxis axis_;
  double left_px_ = 0, top_px_ = 0;
  bool upright_labels_ = false;
};

}  // namespace

std::string svg(const BarChart& chart) {
  check(chart);
  return Drawing(chart).document();
}

}  // namespace sextant
