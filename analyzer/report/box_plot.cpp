#include "analyzer/report/box_plot.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/quantile.h"
#include "analyzer/core/table.h"
#include "analyzer/report/svg_frame.h"
#include "analyzer/report/svg_text.h"
#include "analyzer/report/value_axis.h"

namespace sextant {

namespace {

// Pixels.
constexpr double kPlotHeight = 280;
constexpr double kNarrowestPlot = 520;
constexpr double kNarrowestColumn = 165;
constexpr double kWidestBox = 72;
constexpr double kRadius = 2.8;
/// Names of points that lie closer to each other than this would overlap.
constexpr double kNameHeight = 11;

/// Between the middle of a point and its name, and behind that.
constexpr double kNameGap = 8;

constexpr double kTukeyReach = 1.5;

void check(const BoxPlot& plot) {
  const auto refuse = [&](std::string_view what) {
    throw Error(ErrorCode::kInternal, fmt::format("box plot {}: {}", quote(plot.title), what));
  };
  if (plot.boxes.empty()) refuse("nothing to draw");
  for (const BoxPlot::Box& box : plot.boxes) {
    for (const BoxPlot::Value& value : box.values) {
      if (!(std::isfinite(value.value) && value.value >= 0)) refuse("a value is not drawable");
    }
  }
}

class Drawing : SvgFrame {
 public:
  explicit Drawing(const BoxPlot& plot) : plot_(plot) {
    double largest = 0;
    for (const BoxPlot::Box& box : plot.boxes) {
      for (const BoxPlot::Value& value : box.values) largest = std::max(largest, value.value);
    }
    axis_ = round_axis(largest);
    double tick_px = 0;
    for (const std::string& tick : axis_.tick_labels()) {
      tick_px = std::max(tick_px, text_width(tick, kFont));
    }
    const auto boxes = static_cast<double>(plot.boxes.size());
    column_px_ = std::max(kNarrowestColumn, kNarrowestPlot / boxes);
    left_px_ = kMargin + kFont + 10 + tick_px + 8;
    box_px_ = std::min(kWidestBox, column_px_ * 0.45);
    plot_px_ = column_px_ * boxes;
    // Names of points reach into the next column, up to its box; behind the last there is none.
    double last_px = 0;
    if (!plot.boxes.back().values.empty()) {
      for (const BoxPlot::Value& value : box_figures(plot.boxes.back().values).outliers) {
        last_px = std::max(last_px, std::min(text_width(value.name, kSmallFont), name_room_px()));
      }
    }
    width_px_ = left_px_ + plot_px_ + std::max(0.0, last_px + kNameGap - column_px_ / 2) + kMargin;
  }

  std::string document() {
    top_px_ = heading(plot_.title) + 18;
    grid();
    double end = foot_px();
    for (std::size_t i = 0; i < plot_.boxes.size(); ++i) {
      const double middle = left_px_ + column_px_ * (static_cast<double>(i) + 0.5);
      box(plot_.boxes[i], i, middle);
      end = std::max(end, foot(plot_.boxes[i], middle));
    }
    std::string remarks = plot_.caption;
    if (!remarks.empty()) remarks += ' ';
    remarks +=
        "Box: quartiles and median; whiskers: furthest values within 1.5 box heights of it; "
        "points: "
        "beyond; diamond: mean.";
    const double y = caption(end + 10, plot_.evidence, remarks);
    return framed(plot_.title, y + kMargin, hatches());
  }

 private:
  double foot_px() const { return top_px_ + kPlotHeight; }
  double at(double value) const { return foot_px() - value / axis_.end() * kPlotHeight; }
  double name_room_px() const { return column_px_ - box_px_ / 2 - 2 * kNameGap; }
  static std::string_view color_of(std::size_t index) { return kPalette[index % kPalette.size()]; }

  std::string hatches() const {
    std::string patterns;
    for (std::size_t i = 0; i < plot_.boxes.size(); ++i) {
      if (!plot_.boxes[i].published) continue;
      patterns += fmt::format(
          "<pattern id=\"sx-hatch-{}\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" "
          "patternTransform=\"rotate(45)\"><rect class=\"sx-back\" width=\"6\" height=\"6\"/><path "
          "d=\"M1.5 0V6\" stroke=\"{}\" stroke-width=\"1.2\"/></pattern>\n",
          i, color_of(i));
    }
    return patterns.empty() ? "" : "<defs>\n" + patterns + "</defs>\n";
  }

  void grid() {
    const std::vector<std::string> ticks = axis_.tick_labels();
    for (std::size_t i = 0; i < ticks.size(); ++i) {
      const double y = at(axis_.step * static_cast<double>(i));
      body_ += fmt::format("<path class=\"{}\" d=\"M{:.1f} {:.1f}H{:.1f}\" stroke-width=\"1\"/>\n",
                           i == 0 ? "sx-axis" : "sx-grid", left_px_, y, left_px_ + plot_px_);
      text(left_px_ - 8, y + 4, "end", kFont, ticks[i], "sx-text sx-faint");
    }
    upright(kMargin + kFont, top_px_ + kPlotHeight / 2, kFont, plot_.y_label,
            kPlotHeight + (top_px_ - kMargin));
  }

  void stroke(std::string_view path, std::string_view color, double width) {
    body_ += fmt::format("<path d=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{}\"/>\n", path,
                         color, width);
  }

  void box(const BoxPlot::Box& box, std::size_t index, double middle) {
    if (box.values.empty()) {
      text(middle, foot_px() - 5, "middle", kSmallFont, "none", "sx-text sx-faint");
      return;
    }
    const BoxFigures figures = box_figures(box.values);
    const std::string_view color = color_of(index);
    const double left = middle - box_px_ / 2;
    const double high = at(figures.third_quartile);
    const double low = at(figures.first_quartile);
    stroke(fmt::format("M{0:.1f} {1:.1f}V{2:.1f}M{0:.1f} {3:.1f}V{4:.1f}", middle, high,
                       at(figures.high_whisker), low, at(figures.low_whisker)),
           color, 1.2);
    for (const double whisker : {figures.high_whisker, figures.low_whisker}) {
      stroke(fmt::format("M{:.1f} {:.1f}h{:.1f}", middle - box_px_ / 4, at(whisker), box_px_ / 2),
             color, 1.2);
    }
    const std::string place =
        fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\"", left,
                    high, box_px_, low - high);
    body_ += place + " class=\"sx-back\"/>\n";  // so that no grid line shows through
    body_ += fmt::format(
        "{} fill=\"{}\"{} stroke=\"{}\" stroke-width=\"1.2\"><title>{}</title>"
        "</rect>\n",
        place, box.published ? fmt::format("url(#sx-hatch-{})", index) : std::string(color),
        box.published ? "" : " fill-opacity=\"0.3\"", color, escape_xml(tooltip(box, figures)));
    stroke(fmt::format("M{:.1f} {:.1f}h{:.1f}", left, at(figures.median), box_px_), color, 2.4);
    points(figures, color, middle, {high - kNameHeight, low + kNameHeight});
    mean(figures.mean, middle, left + box_px_);
  }

  static std::string tooltip(const BoxPlot::Box& box, const BoxFigures& figures) {
    return fmt::format("{}: median {}, quartiles {} and {}, mean {}, n = {}", box.name,
                       format_count(figures.median), format_count(figures.first_quartile),
                       format_count(figures.third_quartile), format_count(figures.mean),
                       box.values.size());
  }

  /// Names only where they neither lie in `taken`, from and to a height, nor over each other.
  void points(const BoxFigures& figures, std::string_view color, double middle,
              std::pair<double, double> taken) {
    double last = foot_px() + kNameHeight;
    for (const BoxPlot::Value& value : figures.outliers) {
      const double y = at(value.value);
      body_ += fmt::format(
          "<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{}\" fill=\"none\" stroke=\"{}\" "
          "stroke-width=\"1.4\"><title>{}</title></circle>\n",
          middle, y, kRadius, color,
          escape_xml(fmt::format("{}: {}", value.name, format_count(value.value))));
      if (value.name.empty() || last - y < kNameHeight) continue;
      if (taken.first < y && y < taken.second) continue;
      last = y;
      const auto name = wrap_text(value.name, kSmallFont, name_room_px() + 1, 1);
      text(middle + kNameGap, y + 3.5, "start", kSmallFont, name.empty() ? "" : name.front(),
           "sx-text sx-faint");
    }
  }

  void mean(double value, double middle, double right) {
    constexpr double kHalf = 4.5;
    const double y = at(value);
    body_ += fmt::format(
        "<path class=\"sx-text sx-value\" style=\"stroke-width:1.5px\" d=\"M{0:.1f} {1:.1f}l{2} "
        "{2}l-{2} {2}l-{2} -{2}z\"/>\n",
        middle, y - kHalf, kHalf);
    text(right + 6, y + 4, "start", kSmallFont, format_count(value), "sx-text sx-value");
  }

  /// The name and what is said of the values; returns where they end.
  double foot(const BoxPlot::Box& box, double middle) {
    const std::string name = box.name + (box.published ? " (published)" : "");
    double y = foot_px() + 3;
    for (const std::string& line : wrap_text(name, kFont, column_px_ - 10, 2)) {
      y += kLineHeight;
      text(middle, y, "middle", kFont, line, "sx-text");
    }
    y += kLineHeight;
    text(middle, y, "middle", kSmallFont, fmt::format("n = {}", box.values.size()),
         "sx-text sx-faint");
    for (const std::string& line : wrap_text(box.remark, kSmallFont, column_px_ - 10, 2)) {
      y += kLineHeight;
      text(middle, y, "middle", kSmallFont, line, "sx-text sx-faint");
    }
    return y;
  }

  const BoxPlot& plot_;
  ValueAxis axis_;
  double column_px_ = 0, box_px_ = 0, plot_px_ = 0, left_px_ = 0, top_px_ = 0;
};

}  // namespace

BoxFigures box_figures(std::vector<BoxPlot::Value> values) {
  std::sort(values.begin(), values.end(), [](const BoxPlot::Value& a, const BoxPlot::Value& b) {
    return std::tie(a.value, a.name) < std::tie(b.value, b.name);
  });
  std::vector<double> sorted;
  double sum = 0;
  for (const BoxPlot::Value& value : values) {
    sorted.push_back(value.value);
    sum += value.value;
  }
  BoxFigures figures;
  figures.first_quartile = quantile_of_sorted(sorted, 0.25);
  figures.median = quantile_of_sorted(sorted, 0.5);
  figures.third_quartile = quantile_of_sorted(sorted, 0.75);
  figures.mean = sum / static_cast<double>(sorted.size());
  const double reach = kTukeyReach * (figures.third_quartile - figures.first_quartile);
  // Of few values no one may lie between a quartile and its fence: the whisker is then the box.
  figures.low_whisker = figures.first_quartile;
  figures.high_whisker = figures.third_quartile;
  for (BoxPlot::Value& value : values) {
    if (value.value < figures.first_quartile - reach ||
        value.value > figures.third_quartile + reach) {
      figures.outliers.push_back(std::move(value));
    } else {
      figures.low_whisker = std::min(figures.low_whisker, value.value);
      figures.high_whisker = std::max(figures.high_whisker, value.value);
    }
  }
  return figures;
}

std::string svg(const BoxPlot& plot) {
  check(plot);
  return Drawing(plot).document();
}

}  // namespace sextant
