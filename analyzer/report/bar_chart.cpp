#include "analyzer/report/bar_chart.h"

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

// Pixels. A bar is as wide as its value's label where there is room.
constexpr double kPlotHeight = 260;
constexpr double kWidestBar = 46;
constexpr double kNarrowestBar = 14;
constexpr double kWidestPlot = 1100;
constexpr double kNarrowestPlot = 480;

struct Look {
  std::string_view color;
  bool pale = false;  ///< the palette's second round
  bool hatched = false;
};

std::vector<Look> looks_of(const std::vector<BarChart::Series>& series) {
  std::vector<std::string_view> names;
  std::vector<Look> looks;
  for (const BarChart::Series& one : series) {
    const auto known = std::find(names.begin(), names.end(), one.name);
    const auto index = static_cast<std::size_t>(known - names.begin());
    if (known == names.end()) names.push_back(one.name);
    looks.push_back({kPalette[index % kPalette.size()], index >= kPalette.size(), one.published});
  }
  return looks;
}

void check(const BarChart& chart) {
  const auto refuse = [&](std::string_view what) {
    throw Error(ErrorCode::kInternal, fmt::format("bar chart {}: {}", quote(chart.title), what));
  };
  if (chart.groups.empty() || chart.series.empty()) refuse("nothing to draw");
  for (const BarChart::Group& group : chart.groups) {
    if (group.values.size() != chart.series.size()) refuse("values and series differ in number");
    for (const std::optional<double>& value : group.values) {
      if (value && !(std::isfinite(*value) && *value >= 0)) refuse("a value is not drawable");
    }
  }
}

std::string value_label(const std::optional<double>& value) {
  return value ? format_count(*value) : "none";
}

/// Draws one chart: sizes first, then each part into the text of the document.
class Drawing : SvgFrame {
 public:
  explicit Drawing(const BarChart& chart) : chart_(chart), looks_(looks_of(chart.series)) {
    double largest = 0;
    for (const BarChart::Group& group : chart.groups) {
      for (const std::optional<double>& value : group.values) {
        largest = std::max(largest, value.value_or(0));
        label_px_ = std::max(label_px_, text_width(value_label(value), kSmallFont));
      }
    }
    axis_ = round_axis(largest);
    ticks_ = axis_.tick_labels();
    for (const std::string& tick : ticks_) tick_px_ = std::max(tick_px_, text_width(tick, kFont));

    const auto groups = static_cast<double>(chart.groups.size());
    const auto bars = static_cast<double>(chart.series.size());
    const double widest_group = kWidestPlot / groups;
    bar_px_ = std::clamp(widest_group / (bars + 1), kNarrowestBar, kWidestBar);
    group_px_ = std::max((bars + 1) * bar_px_, std::min(kNarrowestPlot / groups, kNarrowestPlot));
    upright_labels_ = label_px_ > bar_px_;
    plot_px_ = group_px_ * groups;
    left_px_ = kMargin + kFont + 10 + tick_px_ + 8;
    width_px_ = left_px_ + plot_px_ + kMargin;
  }

  std::string document() {
    double y = legend(heading(chart_.title) + 10);
    top_px_ = y + (upright_labels_ ? label_px_ + 12 : kSmallFont + 10);
    grid();
    bars();
    y = foot();
    y = caption(y + 10, chart_.evidence, chart_.caption);
    return framed(chart_.title, y + kMargin, hatches());
  }

 private:
  double height_of(double value) const { return value / axis_.end() * kPlotHeight; }
  double foot_px() const { return top_px_ + kPlotHeight; }

  void swatch(double x, double y, double width, double height, const Look& look) {
    const auto color = static_cast<std::size_t>(
        std::find(kPalette.begin(), kPalette.end(), look.color) - kPalette.begin());
    const std::string fill =
        look.hatched ? fmt::format("url(#sx-hatch-{})", color) : std::string(look.color);
    const std::string place = fmt::format(
        "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\"", x, y, width, height);
    if (look.pale) body_ += place + " class=\"sx-back\"/>\n";  // so that no grid line shows through
    body_ += fmt::format("{} fill=\"{}\" stroke=\"{}\"{}>", place, fill, look.color,
                         look.pale ? " opacity=\"0.55\"" : "");
  }

  /// One pattern a colour that some published series has.
  std::string hatches() const {
    std::string patterns;
    for (std::size_t color = 0; color < kPalette.size(); ++color) {
      const bool used = std::any_of(looks_.begin(), looks_.end(), [&](const Look& look) {
        return look.hatched && look.color == kPalette[color];
      });
      if (!used) continue;
      patterns += fmt::format(
          "<pattern id=\"sx-hatch-{0}\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" "
          "patternTransform=\"rotate(45)\"><rect class=\"sx-back\" width=\"6\" height=\"6\"/><path "
          "d=\"M1.5 0V6\" stroke=\"{1}\" stroke-width=\"2\"/></pattern>\n",
          color, kPalette[color]);
    }
    return patterns.empty() ? "" : "<defs>\n" + patterns + "</defs>\n";
  }

  /// As many rows of entries as the width asks for; returns where they end.
  double legend(double y) {
    constexpr double kSwatch = 12;
    const double widest = inner_px();
    double x = kMargin;
    for (std::size_t i = 0; i < chart_.series.size(); ++i) {
      const BarChart::Series& series = chart_.series[i];
      const std::string suffix = series.published ? " (published)" : "";
      const std::vector<std::string> lines =
          wrap_text(series.name, kFont, widest - kSwatch - 6 - text_width(suffix, kFont), 1);
      const std::string name = (lines.empty() ? "" : lines.front()) + suffix;
      const double entry_px = kSwatch + 6 + text_width(name, kFont) + 14;
      if (x > kMargin && x + entry_px > kMargin + widest) {
        x = kMargin;
        y += kLineHeight + 4;
      }
      swatch(x, y, kSwatch, kSwatch, looks_[i]);
      body_ += "</rect>\n";
      text(x + kSwatch + 6, y + kSwatch - 1.5, "start", kFont, name, "sx-text");
      x += entry_px;
    }
    return y + kLineHeight;
  }

  void grid() {
    for (std::size_t i = 0; i < ticks_.size(); ++i) {
      const double y = foot_px() - height_of(axis_.step * static_cast<double>(i));
      body_ += fmt::format("<path class=\"{}\" d=\"M{:.1f} {:.1f}H{:.1f}\" stroke-width=\"1\"/>\n",
                           i == 0 ? "sx-axis" : "sx-grid", left_px_, y, left_px_ + plot_px_);
      text(left_px_ - 8, y + 4, "end", kFont, ticks_[i], "sx-text sx-faint");
    }
    upright(kMargin + kFont, top_px_ + kPlotHeight / 2, kFont, chart_.y_label,
            kPlotHeight + (top_px_ - kMargin));
  }

  void bars() {
    for (std::size_t g = 0; g < chart_.groups.size(); ++g) {
      const BarChart::Group& group = chart_.groups[g];
      const double bars_px = bar_px_ * static_cast<double>(group.values.size());
      double x = left_px_ + group_px_ * static_cast<double>(g) + (group_px_ - bars_px) / 2;
      for (std::size_t s = 0; s < group.values.size(); ++s, x += bar_px_) {
        const std::optional<double>& value = group.values[s];
        const double y = foot_px() - height_of(value.value_or(0));
        const std::string label = value_label(value);
        if (value) {
          swatch(x + 1.5, y, bar_px_ - 3, foot_px() - y, looks_[s]);
          body_ +=
              fmt::format("<title>{}</title></rect>\n",
                          escape_xml(fmt::format("{}, {}{}: {}", group.name, chart_.series[s].name,
                                                 looks_[s].hatched ? " (published)" : "", label)));
        }
        const std::string_view style = value ? "sx-text sx-value" : "sx-text sx-faint";
        const double middle = x + bar_px_ / 2;
        if (upright_labels_) {
          const double base = middle + kSmallFont * 0.36;
          text(base, y - 5, "start", kSmallFont, label, style,
               fmt::format(" transform=\"rotate(-90 {:.1f} {:.1f})\"", base, y - 5));
        } else {
          text(middle, y - 4, "middle", kSmallFont, label, style);
        }
      }
    }
  }

  /// Names of the groups under the axis; returns where the longest ends.
  double foot() {
    constexpr std::size_t kMostLines = 4;
    std::size_t most_lines = 1;
    for (std::size_t g = 0; g < chart_.groups.size(); ++g) {
      const double middle = left_px_ + group_px_ * (static_cast<double>(g) + 0.5);
      const std::vector<std::string> lines =
          wrap_text(chart_.groups[g].name, kFont, group_px_ - 10, kMostLines);
      for (std::size_t i = 0; i < lines.size(); ++i) {
        text(middle, foot_px() + 18 + kLineHeight * static_cast<double>(i), "middle", kFont,
             lines[i], "sx-text");
      }
      most_lines = std::max(most_lines, lines.size());
    }
    return foot_px() + 18 + kLineHeight * static_cast<double>(most_lines - 1);
  }

  const BarChart& chart_;
  std::vector<Look> looks_;
  ValueAxis axis_;
  std::vector<std::string> ticks_;
  double label_px_ = 0, tick_px_ = 0, bar_px_ = 0, group_px_ = 0, plot_px_ = 0;
  double left_px_ = 0, top_px_ = 0;
  bool upright_labels_ = false;
};

}  // namespace

std::string svg(const BarChart& chart) {
  check(chart);
  return Drawing(chart).document();
}

}  // namespace sextant
