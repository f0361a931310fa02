#include "analyzer/report/placement_chart.h"

#include <algorithm>
#include <string_view>
#include <tuple>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/report/svg_frame.h"
#include "analyzer/report/svg_text.h"
#include "analyzer/report/value_axis.h"

namespace sextant {

namespace {

// Pixels.
constexpr double kPlotWidth = 760;
constexpr double kMostRowHeight = 18;
constexpr double kLeastRowHeight = 3;
constexpr double kPlotRoom = 900;  ///< that rows share
constexpr double kNamedRow = 11;   ///< rows below this have no room for a name
constexpr double kWidestName = 220;
constexpr double kSwatch = 12;
constexpr int kMostTicks = 10;

using Rows = std::vector<PlacementChart::Machine>;

void check(const PlacementChart& chart) {
  const auto refuse = [&](std::string_view what) {
    throw Error(ErrorCode::kInternal,
                fmt::format("placement chart {}: {}", quote(chart.title), what));
  };
  if (chart.machines.empty() || chart.layers < 1) refuse("nothing to draw");
  for (const PlacementChart::Machine& machine : chart.machines) {
    if (machine.first < 0 || machine.end < machine.first || machine.end > chart.layers) {
      refuse("layers that the model has not");
    }
  }
}

/// By first layer; what holds none comes last.
Rows rows_of(const PlacementChart& chart) {
  Rows rows = chart.machines;
  const auto key = [](const PlacementChart::Machine& machine) {
    return std::tuple(machine.first == machine.end, machine.first, machine.end);
  };
  std::stable_sort(rows.begin(), rows.end(),
                   [&](const auto& a, const auto& b) { return key(a) < key(b); });
  return rows;
}

class Drawing : SvgFrame {
 public:
  explicit Drawing(const PlacementChart& chart) : chart_(chart), rows_(rows_of(chart)) {
    for (const PlacementChart::Machine& machine : chart.machines) {
      if (std::find(types_.begin(), types_.end(), machine.type) == types_.end()) {
        types_.push_back(machine.type);
      }
      name_px_ = std::max(name_px_, text_width(machine.name, kSmallFont));
    }
    row_px_ =
        std::clamp(kPlotRoom / static_cast<double>(rows_.size()), kLeastRowHeight, kMostRowHeight);
    name_px_ = row_px_ < kNamedRow ? 0 : std::min(name_px_, kWidestName);
    width_px_ = 2 * kMargin + name_px_ + 8 + kPlotWidth + kMargin;
  }

  std::string document() {
    const double top = legend(heading(chart_.title) + 12) + 10;
    const double foot = top + row_px_ * static_cast<double>(rows_.size());
    grid(top, foot);
    for (std::size_t r = 0; r < rows_.size(); ++r) {
      row(rows_[r], top + row_px_ * static_cast<double>(r));
    }
    text(left() + kPlotWidth / 2, foot + 34, "middle", kFont, "layer", "sx-text");
    const double y = caption(foot + 42, chart_.evidence, chart_.caption);
    return framed(chart_.title, y + kMargin);
  }

 private:
  double left() const { return kMargin + name_px_ + 8; }
  double across(double layer) const { return left() + layer / chart_.layers * kPlotWidth; }

  std::string_view color(const std::string& type) const {
    const auto at = std::find(types_.begin(), types_.end(), type) - types_.begin();
    return kPalette[static_cast<std::size_t>(at) % kPalette.size()];
  }

  /// As many rows of entries as the width asks for; returns where they end.
  double legend(double y) {
    double x = kMargin;
    for (const std::string& type : types_) {
      const double entry_px = kSwatch + 6 + text_width(type, kFont) + 16;
      if (x > kMargin && x + entry_px > kMargin + inner_px()) {
        x = kMargin;
        y += kLineHeight + 4;
      }
      body_ +=
          fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{}\" height=\"{}\" fill=\"{}\"/>\n",
                      x, y, kSwatch, kSwatch, color(type));
      text(x + kSwatch + 6, y + 10.5, "start", kFont, type, "sx-text");
      x += entry_px;
    }
    return y + kLineHeight;
  }

  void grid(double top, double foot) {
    const ValueAxis axis = round_axis(chart_.layers, kMostTicks);
    for (int i = 0; i <= axis.steps; ++i) {
      const double layer = i * axis.step;
      if (layer > chart_.layers) break;
      body_ += fmt::format("<path class=\"sx-grid\" d=\"M{0:.1f} {1:.1f}V{2:.1f}\"/>\n",
                           across(layer), top, foot + 4);
      text(across(layer), foot + 17, "middle", kSmallFont, fmt::format("{:g}", layer),
           "sx-text sx-faint");
    }
    body_ += fmt::format("<path class=\"sx-axis\" d=\"M{:.1f} {:.1f}h{:.1f}\"/>\n", left(), foot,
                         kPlotWidth);
  }

  void row(const PlacementChart::Machine& machine, double y) {
    const double inset = row_px_ < kNamedRow ? 0.5 : 2;
    if (name_px_ > 0) {
      const auto lines = wrap_text(machine.name, kSmallFont, name_px_ + kFont, 1);
      text(left() - 6, y + row_px_ / 2 + 4, "end", kSmallFont, lines.empty() ? "" : lines.front(),
           "sx-text sx-faint");
    }
    if (machine.first == machine.end) {
      if (name_px_ > 0) {
        text(left() + 4, y + row_px_ / 2 + 4, "start", kSmallFont, "not used", "sx-text sx-faint");
      }
      return;
    }
    body_ += fmt::format(
        "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" fill=\"{}\"><title>{}, "
        "{}: layers {} to {}</title></rect>\n",
        across(machine.first), y + inset, across(machine.end) - across(machine.first),
        row_px_ - 2 * inset, color(machine.type), escape_xml(machine.name),
        escape_xml(machine.type), machine.first, machine.end - 1);
  }

  const PlacementChart& chart_;
  Rows rows_;
  std::vector<std::string> types_;
  double row_px_ = 0;
  double name_px_ = 0;
};

}  // namespace

std::string svg(const PlacementChart& chart) {
  check(chart);
  return Drawing(chart).document();
}

}  // namespace sextant
