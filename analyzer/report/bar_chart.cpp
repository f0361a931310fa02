#include "analyzer/report/bar_chart.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/table.h"
#include "analyzer/report/svg_text.h"
#include "analyzer/report/value_axis.h"

namespace sextant {

namespace {

/// Okabe and Ito's palette ("Color Universal Design", 2008), told apart by colour-blind readers,
/// with the yellow, which vanishes on white, replaced by a grey. Readable on both backgrounds.
constexpr std::array<std::string_view, 8> kPalette = {"#0072b2", "#e69f00", "#009e73", "#cc79a7",
                                                      "#56b4e9", "#d55e00", "#8c6bb1", "#7f7f7f"};

// Pixels. A bar is as wide as its value's label where there is room.
constexpr double kFont = 12;
constexpr double kSmallFont = 10.5;
constexpr double kTitleFont = 15;
constexpr double kMargin = 16;
constexpr double kPlotHeight = 260;
constexpr double kWidestBar = 46;
constexpr double kNarrowestBar = 14;
constexpr double kWidestPlot = 1100;
constexpr double kNarrowestPlot = 480;
constexpr double kLineHeight = 15;

// Media queries, not variables: converters to PNG ignore the former and fail on the latter.
constexpr std::string_view kStyle =
    R"(<style>
.sx-back{fill:#ffffff}.sx-text{fill:#1f2328;font-family:'Helvetica Neue',Helvetica,Arial,sans-serif}
.sx-faint{fill:#59636e}.sx-value{stroke:#ffffff;stroke-width:3px;paint-order:stroke}.sx-grid{stroke:#d1d9e0}.sx-axis{stroke:#59636e}
@media (prefers-color-scheme:dark){.sx-back{fill:#0d1117}.sx-text{fill:#f0f6fc}
.sx-faint{fill:#9198a1}.sx-value{stroke:#0d1117}.sx-grid{stroke:#3d444d}.sx-axis{stroke:#9198a1}}
</style>
)";

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
class Drawing {
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
    const double inner_px = width_px_ - 2 * kMargin;
    double y = kMargin;
    for (const std::string& line : wrap_text(chart_.title, kTitleFont * 1.06, inner_px, 2)) {
      y += kTitleFont + 3;
      text(kMargin, y, "start", kTitleFont, line, "sx-text", " font-weight=\"600\"");
    }
    y = legend(y + 10);
    top_px_ = y + (upright_labels_ ? label_px_ + 12 : kSmallFont + 10);
    grid();
    bars();
    y = foot();
    caption(y);
    return fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:.0f} {1:.0f}\" "
        "width=\"{0:.0f}\" "
        "height=\"{1:.0f}\" role=\"img\">\n<title>{2}</title>\n{3}{4}<rect class=\"sx-back\" "
        "width=\"100%\" height=\"100%\"/>\n{5}</svg>\n",
        width_px_, height_px_, escape_xml(chart_.title), kStyle, hatches(), body_);
  }

 private:
  double height_of(double value) const { return value / axis_.end() * kPlotHeight; }
  double foot_px() const { return top_px_ + kPlotHeight; }

  void text(double x, double y, std::string_view anchor, double size, std::string_view content,
            std::string_view style, std::string_view more = "") {
    body_ += fmt::format(
        "<text class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\" font-size=\"{}\"{}>{}"
        "</text>\n",
        style, x, y, anchor, size, more, escape_xml(content));
  }

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
    const double widest = width_px_ - 2 * kMargin;
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
    const double x = kMargin + kFont;
    const double y = top_px_ + kPlotHeight / 2;
    const std::vector<std::string> label =
        wrap_text(chart_.y_label, kFont, kPlotHeight + (top_px_ - kMargin), 1);
    text(x, y, "middle", kFont, label.empty() ? "" : label.front(), "sx-text",
         fmt::format(" transform=\"rotate(-90 {:.1f} {:.1f})\"", x, y));
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

  void caption(double y) {
    std::string content = "Evidence: " + chart_.evidence + ".";
    if (!chart_.caption.empty()) content += " " + chart_.caption;
    y += 10;
    for (const std::string& line : wrap_text(content, kSmallFont, width_px_ - 2 * kMargin, 4)) {
      y += kLineHeight;
      text(kMargin, y, "start", kSmallFont, line, "sx-text sx-faint");
    }
    height_px_ = y + kMargin;
  }

  const BarChart& chart_;
  std::vector<Look> looks_;
  ValueAxis axis_;
  std::vector<std::string> ticks_;
  double label_px_ = 0, tick_px_ = 0, bar_px_ = 0, group_px_ = 0, plot_px_ = 0;
  double left_px_ = 0, top_px_ = 0, width_px_ = 0, height_px_ = 0;
  bool upright_labels_ = false;
  std::string body_;
};

}  // namespace

std::string svg(const BarChart& chart) {
  check(chart);
  return Drawing(chart).document();
}

}  // namespace sextant
