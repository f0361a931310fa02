#include "analyzer/report/pair_matrix_chart.h"

#include <algorithm>
#include <array>
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
constexpr double kLargestCell = 46;
constexpr double kSmallestCell = 7;
constexpr double kAllCells = 620;
constexpr double kLongestName = 170;
constexpr double kTextCell = 34;  ///< a cell with room for its value
constexpr double kNameCell = 9;   ///< a row with room for its name
constexpr double kScaleWidth = 150;

void check(const PairMatrixChart& chart) {
  const auto refuse = [&](std::string_view what) {
    throw Error(ErrorCode::kInternal, fmt::format("matrix {}: {}", quote(chart.title), what));
  };
  if (chart.cells.empty()) refuse("nothing to draw");
  for (const PairMatrixChart::Cell& cell : chart.cells) {
    if (cell.from >= chart.ends.size() || cell.to >= chart.ends.size()) refuse("an unknown end");
    if (!(cell.value >= 0) || !std::isfinite(cell.value)) refuse("a value is not drawable");
  }
}

struct Color {
  double red, green, blue;
};

/// Viridis (Smith and van der Walt, 2015), which is even in lightness, between five of its colours;
/// `part` from 0, dark, to 1.
Color viridis(double part) {
  constexpr std::array<Color, 5> kColors = {
      {{68, 1, 84}, {59, 82, 139}, {33, 145, 140}, {94, 201, 98}, {253, 231, 37}}};
  const double at = std::clamp(part, 0.0, 1.0) * (kColors.size() - 1);
  const std::size_t low = std::min<std::size_t>(static_cast<std::size_t>(at), kColors.size() - 2);
  const double rest = at - static_cast<double>(low);
  const Color &a = kColors[low], &b = kColors[low + 1];
  return {a.red + rest * (b.red - a.red), a.green + rest * (b.green - a.green),
          a.blue + rest * (b.blue - a.blue)};
}

std::string hex(const Color& color) {
  return fmt::format("#{:02x}{:02x}{:02x}", static_cast<int>(std::lround(color.red)),
                     static_cast<int>(std::lround(color.green)),
                     static_cast<int>(std::lround(color.blue)));
}

/// Black or white, whichever is read on the colour (ITU-R BT.601 luma).
std::string_view ink(const Color& color) {
  return 0.299 * color.red + 0.587 * color.green + 0.114 * color.blue > 140 ? "#000000" : "#ffffff";
}

class Drawing : SvgFrame {
 public:
  explicit Drawing(const PairMatrixChart& chart) : chart_(chart) {
    const auto ends = static_cast<double>(chart.ends.size());
    cell_px_ = std::clamp(kAllCells / ends, kSmallestCell, kLargestCell);
    for (const PairMatrixChart::Cell& cell : chart.cells) {
      least_ = std::min(least_, cell.value);
      most_ = std::max(most_, cell.value);
    }
    if (cell_px_ >= kNameCell) {
      for (const std::string& end : chart.ends) {
        name_px_ = std::max(name_px_, std::min(kLongestName, text_width(end, kSmallFont)));
      }
    }
    width_px_ = std::max(2 * kMargin + name_px_ + 8 + ends * cell_px_, 440.0);
  }

  std::string document() {
    double y = scale(heading(chart_.title) + 12);
    const double left = kMargin + name_px_ + 8;
    const double top = y + name_px_ + 14;
    names(left, top);
    for (const PairMatrixChart::Cell& one : chart_.cells) {
      if (!one.stands_out) cell(one, left, top);
    }
    for (const PairMatrixChart::Cell& one : chart_.cells) {
      if (one.stands_out) cell(one, left, top);  // its frame over its neighbours
    }
    y = top + cell_px_ * static_cast<double>(chart_.ends.size());
    return framed(chart_.title, caption(y + 8, chart_.evidence, remarks()) + kMargin);
  }

 private:
  double part(double value) const {
    return most_ > least_ ? (value - least_) / (most_ - least_) : 1;
  }

  std::string remarks() const {
    std::string text = "Rows send, columns receive.";
    const bool any = std::any_of(chart_.cells.begin(), chart_.cells.end(),
                                 [](const auto& one) { return one.stands_out; });
    if (any) text += " Framed: stands out.";
    return chart_.caption.empty() ? text : fmt::format("{} {}", text, chart_.caption);
  }

  /// From the least to the most; returns where it ends.
  double scale(double y) {
    constexpr int kSteps = 30;
    const std::string low = fmt::format("{} {}", format_count(least_), chart_.unit);
    const double left = kMargin + text_width(low, kSmallFont) + 6;
    text(left - 6, y + 10, "end", kSmallFont, low, "sx-text sx-faint");
    for (int i = 0; i < kSteps; ++i) {
      body_ += fmt::format(
          "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"11\" "
          "fill=\"{}\"/>\n",
          left + kScaleWidth * i / kSteps, y, kScaleWidth / kSteps + 0.4,
          hex(viridis((i + 0.5) / kSteps)));
    }
    text(left + kScaleWidth + 6, y + 10, "start", kSmallFont,
         fmt::format("{} {}", format_count(most_), chart_.unit), "sx-text sx-faint");
    return y + kLineHeight;
  }

  void names(double left, double top) {
    if (name_px_ == 0) return;
    for (std::size_t i = 0; i < chart_.ends.size(); ++i) {
      const std::vector<std::string> lines = wrap_text(chart_.ends[i], kSmallFont, kLongestName, 1);
      if (lines.empty()) continue;
      const double middle = cell_px_ * (static_cast<double>(i) + 0.5);
      text(left - 6, top + middle + 4, "end", kSmallFont, lines.front(), "sx-text");
      const double x = left + middle + 4, y = top - 6;
      text(x, y, "start", kSmallFont, lines.front(), "sx-text",
           fmt::format(" transform=\"rotate(-90 {:.1f} {:.1f})\"", x, y));
    }
  }

  void cell(const PairMatrixChart::Cell& one, double left, double top) {
    const double x = left + cell_px_ * static_cast<double>(one.to);
    const double y = top + cell_px_ * static_cast<double>(one.from);
    const Color color = viridis(part(one.value));
    body_ += fmt::format(
        "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" fill=\"{}\"{}>"
        "<title>{}</title></rect>\n",
        x, y, cell_px_ - 1, cell_px_ - 1, hex(color),
        one.stands_out ? fmt::format(" stroke=\"{}\" stroke-width=\"3\"", kPalette[5]) : "",
        escape_xml(fmt::format("{} to {}: {} {}{}", chart_.ends[one.from], chart_.ends[one.to],
                               format_count(one.value), chart_.unit,
                               one.remark.empty() ? "" : ", " + one.remark)));
    if (cell_px_ < kTextCell) return;
    text(x + cell_px_ / 2 - 0.5, y + cell_px_ / 2 + 3.5, "middle", kSmallFont,
         format_count(one.value), "sx-cell",
         fmt::format(" fill=\"{}\" font-family=\"'Helvetica Neue',Helvetica,Arial,sans-serif\"",
                     ink(color)));
  }

  const PairMatrixChart& chart_;
  double least_ = std::numeric_limits<double>::infinity();
  double most_ = 0;
  double cell_px_ = 0, name_px_ = 0;
};

}  // namespace

std::string svg(const PairMatrixChart& chart) {
  check(chart);
  return Drawing(chart).document();
}

}  // namespace sextant
