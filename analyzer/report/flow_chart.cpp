#include "analyzer/report/flow_chart.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/table.h"
#include "analyzer/report/svg_frame.h"
#include "analyzer/report/svg_text.h"

namespace sextant {

namespace {

// Pixels.
constexpr double kBoxWidth = 150;
constexpr double kBoxHeight = 54;
constexpr double kBeside = 18;
constexpr double kBetweenRows = 46;
constexpr double kWidestEdge = 14;
constexpr double kNarrowestWidth = 480;
constexpr double kBand = 6;  ///< of a type's colour, at a box's left
constexpr double kSwatch = 12;
constexpr std::string_view kFlowColor = "#56b4e9";
constexpr std::string_view kFullColor = "#d55e00";

void check(const FlowChart& chart) {
  const auto refuse = [&](std::string_view what) {
    throw Error(ErrorCode::kInternal, fmt::format("flow chart {}: {}", quote(chart.title), what));
  };
  if (chart.boxes.empty()) refuse("nothing to draw");
  const auto drawable = [](double value) { return value >= 0 && std::isfinite(value); };
  for (const FlowChart::Box& box : chart.boxes) {
    if (!drawable(box.flow)) refuse("a flow is not drawable");
    if (box.capacity && !(drawable(*box.capacity) && *box.capacity > 0)) {
      refuse("a capacity is not drawable");
    }
  }
  const auto known = [&](int box) {
    return box >= FlowChart::kOutside && box < static_cast<int>(chart.boxes.size());
  };
  for (const FlowChart::Edge& edge : chart.edges) {
    if (!known(edge.from) || !known(edge.to)) refuse("an edge of no box");
    if (!drawable(edge.flow)) refuse("a flow is not drawable");
  }
}

class Drawing : SvgFrame {
 public:
  explicit Drawing(const FlowChart& chart) : chart_(chart) {
    const auto add = [this](const std::string& type) {
      if (std::find(types_.begin(), types_.end(), type) == types_.end()) types_.push_back(type);
    };
    for (const std::string& type : chart.types) add(type);
    for (const FlowChart::Box& box : chart.boxes) add(box.type);
    for (const FlowChart::Edge& edge : chart.edges) largest_ = std::max(largest_, edge.flow);
    find_rows();
    std::size_t widest = 1;
    for (const auto& row : rows_) widest = std::max(widest, row.size());
    width_px_ = std::max(kNarrowestWidth, 2 * kMargin + static_cast<double>(widest) * kBoxWidth +
                                              static_cast<double>(widest - 1) * kBeside);
  }

  std::string document() {
    top_ = legend(heading(chart_.title) + 12) + 10;
    for (const FlowChart::Edge& edge : chart_.edges) draw(edge);
    end(row_top(0) - kBetweenRows - kEndHeight);
    for (std::size_t r = 0; r < rows_.size(); ++r) {
      for (std::size_t i = 0; i < rows_[r].size(); ++i) {
        draw(chart_.boxes[rows_[r][i]], left_of(r, i), row_top(r));
      }
    }
    end(row_top(rows_.size()));
    const double y =
        caption(row_top(rows_.size()) + kEndHeight + 8, chart_.evidence, chart_.caption);
    return framed(chart_.title, y + kMargin);
  }

 private:
  static constexpr double kEndHeight = 24;

  /// A box stands one row below the lowest of those before it that send to it.
  void find_rows() {
    std::vector<std::size_t> row(chart_.boxes.size(), 0);
    for (std::size_t b = 0; b < row.size(); ++b) {
      for (const FlowChart::Edge& edge : chart_.edges) {
        if (edge.to != static_cast<int>(b) || edge.from < 0 || edge.from >= edge.to) continue;
        row[b] = std::max(row[b], row[static_cast<std::size_t>(edge.from)] + 1);
      }
      if (row[b] >= rows_.size()) rows_.resize(row[b] + 1);
      rows_[row[b]].push_back(b);
    }
  }

  double row_top(std::size_t row) const {
    return top_ + kEndHeight + kBetweenRows +
           static_cast<double>(row) * (kBoxHeight + kBetweenRows);
  }
  double left_of(std::size_t row, std::size_t place) const {
    const auto count = static_cast<double>(rows_[row].size());
    const double row_px = count * kBoxWidth + (count - 1) * kBeside;
    return (width_px_ - row_px) / 2 + static_cast<double>(place) * (kBoxWidth + kBeside);
  }
  std::string_view color(const std::string& type) const {
    const auto at = std::find(types_.begin(), types_.end(), type) - types_.begin();
    return kPalette[static_cast<std::size_t>(at) % kPalette.size()];
  }
  bool any_full() const {
    return std::any_of(chart_.boxes.begin(), chart_.boxes.end(), is_full) ||
           std::any_of(chart_.edges.begin(), chart_.edges.end(),
                       [](const FlowChart::Edge& edge) { return edge.saturated; });
  }
  static bool is_full(const FlowChart::Box& box) {
    return box.capacity && is_saturated(box.flow, *box.capacity);
  }
  std::string with_unit(double flow) const { return format_count(flow) + " " + chart_.unit; }

  /// As many rows of entries as the width asks for; returns where they end.
  double legend(double y) {
    double x = kMargin;
    const auto entry = [&](std::string_view fill, const std::string& name) {
      const double entry_px = kSwatch + 6 + text_width(name, kFont) + 16;
      if (x > kMargin && x + entry_px > kMargin + inner_px()) {
        x = kMargin;
        y += kLineHeight + 4;
      }
      body_ +=
          fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{}\" height=\"{}\" fill=\"{}\"/>\n",
                      x, y, kSwatch, kSwatch, fill);
      text(x + kSwatch + 6, y + 10.5, "start", kFont, name, "sx-text");
      x += entry_px;
    };
    for (const std::string& type : types_) entry(color(type), type);
    if (any_full()) entry(kFullColor, "all that it can carry");
    return y + kLineHeight;
  }

  /// Middle of a box's upper or lower edge.
  struct Place {
    double x = 0;
    double y = 0;
  };
  Place place_of(int box, bool lower) const {
    for (std::size_t r = 0; r < rows_.size(); ++r) {
      for (std::size_t i = 0; i < rows_[r].size(); ++i) {
        if (static_cast<int>(rows_[r][i]) != box) continue;
        return {left_of(r, i) + kBoxWidth / 2, row_top(r) + (lower ? kBoxHeight : 0)};
      }
    }
    return {width_px_ / 2, lower ? row_top(0) - kBetweenRows : row_top(rows_.size())};
  }
  std::string name_of(int box) const {
    return box < 0 ? chart_.source : chart_.boxes[static_cast<std::size_t>(box)].name;
  }

  void draw(const FlowChart::Edge& edge) {
    const Place from = place_of(edge.from, true);
    const Place to = place_of(edge.to, false);
    const double wide = largest_ > 0 ? 1 + (kWidestEdge - 1) * edge.flow / largest_ : 1;
    const double bend = std::max(kBetweenRows / 2, (to.y - from.y) / 3);
    body_ += fmt::format(
        "<path d=\"M{:.1f} {:.1f}C{:.1f} {:.1f} {:.1f} {:.1f} {:.1f} {:.1f}\" fill=\"none\" "
        "stroke=\"{}\" stroke-opacity=\"0.65\" stroke-width=\"{:.1f}\"><title>{} to {}: {}{}"
        "</title></path>\n",
        from.x, from.y, from.x, from.y + bend, to.x, to.y - bend, to.x, to.y,
        edge.saturated ? kFullColor : kFlowColor, wide, escape_xml(name_of(edge.from)),
        escape_xml(name_of(edge.to)), escape_xml(with_unit(edge.flow)),
        edge.saturated ? ", all that it can carry" : "");
  }

  void line_of(double x, double y, std::string_view content, std::string_view style) {
    const auto lines = wrap_text(content, kSmallFont, kBoxWidth - kBand - 10, 1);
    text(x + kBand + 6, y, "start", kSmallFont, lines.empty() ? "" : lines.front(), style);
  }

  void draw(const FlowChart::Box& box, double x, double y) {
    const bool full = is_full(box);
    std::string tooltip = fmt::format("{}, {}: {}", box.name, box.type, with_unit(box.flow));
    if (box.capacity) tooltip += fmt::format(" of {}", with_unit(*box.capacity));
    body_ += fmt::format(
        "<g><title>{}</title><rect class=\"sx-back\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{}\" "
        "height=\"{}\" stroke=\"{}\" stroke-width=\"{}\"/>\n",
        escape_xml(tooltip), x, y, kBoxWidth, kBoxHeight, full ? kFullColor : "#7f7f7f",
        full ? 2 : 1);
    body_ +=
        fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{}\" height=\"{}\" fill=\"{}\"/>\n", x,
                    y, kBand, kBoxHeight, color(box.type));
    if (box.capacity) {
      const double room = kBoxWidth - kBand - 2;
      body_ += fmt::format(
          "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"4\" fill=\"{}\"/>\n",
          x + kBand + 1, y + kBoxHeight - 5, room * std::min(1.0, box.flow / *box.capacity),
          full ? kFullColor : kFlowColor);
    }
    line_of(x, y + 15, box.name, "sx-text");
    line_of(x, y + 29, box.remark, "sx-text sx-faint");
    std::string flow = format_count(box.flow);
    if (box.capacity) flow += " of " + format_count(*box.capacity);
    line_of(x, y + 43, full ? flow + ", full" : flow + " " + chart_.unit, "sx-text sx-faint");
    body_ += "</g>\n";
  }

  void end(double y) {
    const double wide = text_width(chart_.source, kFont) + 24;
    body_ += fmt::format(
        "<rect class=\"sx-back\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{}\" "
        "rx=\"12\" "
        "stroke=\"#7f7f7f\"/>\n",
        (width_px_ - wide) / 2, y, wide, kEndHeight);
    text(width_px_ / 2, y + 16, "middle", kFont, chart_.source, "sx-text");
  }

  const FlowChart& chart_;
  std::vector<std::string> types_;
  std::vector<std::vector<std::size_t>> rows_;  ///< indices of boxes
  double largest_ = 0;
  double top_ = 0;
};

}  // namespace

bool is_saturated(double flow, double capacity) {
  constexpr double kPrecision = 1e-4;
  return flow >= capacity * (1 - kPrecision);
}

std::string svg(const FlowChart& chart) {
  check(chart);
  return Drawing(chart).document();
}

}  // namespace sextant
