#include "analyzer/report/cluster_chart.h"

#include <algorithm>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/report/svg_frame.h"
#include "analyzer/report/svg_text.h"

namespace sextant {

namespace {

// Pixels.
constexpr double kWidth = 720;
constexpr double kInset = 12;  ///< of a zone's content
constexpr double kSquare = 11;
constexpr double kPitch = 14;
constexpr int kMostSquares = 240;  ///< of a pool

void check(const ClusterChart& chart) {
  const auto refuse = [&](std::string_view what) {
    throw Error(ErrorCode::kInternal, fmt::format("chart {}: {}", quote(chart.title), what));
  };
  if (chart.zones.empty()) refuse("nothing to draw");
  for (const ClusterChart::Zone& zone : chart.zones) {
    for (const ClusterChart::Pool& pool : zone.pools) {
      if (pool.nodes < 0 || pool.gpus < 0) refuse("a negative number");
    }
  }
}

class Drawing : SvgFrame {
 public:
  explicit Drawing(const ClusterChart& chart) : chart_(chart) {
    width_px_ = kWidth;
    for (const ClusterChart::Zone& zone : chart.zones) {
      for (const ClusterChart::Pool& pool : zone.pools) {
        if (std::find(types_.begin(), types_.end(), pool.gpu) == types_.end()) {
          types_.push_back(pool.gpu);
        }
        per_square_ = std::max(per_square_, (pool.nodes + kMostSquares - 1) / kMostSquares);
      }
    }
  }

  std::string document() {
    double y = heading(chart_.title) + 12;
    for (const ClusterChart::Zone& zone : chart_.zones) y = box(zone, y) + 10;
    std::string remarks = per_square_ == 1 ? std::string("A square is a machine.")
                                           : fmt::format("A square is {} machines.", per_square_);
    if (!chart_.caption.empty()) remarks += " " + chart_.caption;
    return framed(chart_.title, caption(y - 6, chart_.evidence, remarks) + kMargin);
  }

 private:
  std::string_view color(const std::string& gpu) const {
    const auto at = std::find(types_.begin(), types_.end(), gpu) - types_.begin();
    return kPalette[static_cast<std::size_t>(at) % kPalette.size()];
  }

  /// Returns where it ends.
  double box(const ClusterChart::Zone& zone, double top) {
    const double left = kMargin + kInset;
    const double room = inner_px() - 2 * kInset;
    double y = top + kInset + kFont;
    for (const std::string& line : wrap_text(zone.name, kFont, room, 1)) {
      text(left, y, "start", kFont, line, "sx-text", " font-weight=\"600\"");
    }
    for (const ClusterChart::Pool& pool : zone.pools) {
      y += kLineHeight + 4;
      std::string label = fmt::format("{}: {} machines, {} GPUs", pool.gpu, pool.nodes, pool.gpus);
      if (!pool.remark.empty()) label += ", " + pool.remark;
      for (const std::string& line : wrap_text(label, kSmallFont, room, 1)) {
        text(left, y, "start", kSmallFont, line, "sx-text");
      }
      y = squares(pool, left, y + 6, room);
    }
    const double foot = y + kInset - 4;
    body_ += fmt::format(
        "<rect class=\"sx-axis\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" "
        "rx=\"6\" fill=\"none\"/>\n",
        kMargin, top, inner_px(), foot - top);
    return foot;
  }

  double squares(const ClusterChart::Pool& pool, double left, double y, double room) {
    const int count = (pool.nodes + per_square_ - 1) / per_square_;
    const int columns = static_cast<int>(room / kPitch);
    for (int i = 0; i < count; ++i) {
      body_ += fmt::format(
          "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{}\" height=\"{}\" rx=\"2\" fill=\"{}\"/>\n",
          left + kPitch * (i % columns), y + kPitch * (i / columns), kSquare, kSquare,
          color(pool.gpu));
    }
    return y + kPitch * ((count + columns - 1) / columns);
  }

  const ClusterChart& chart_;
  std::vector<std::string> types_;
  int per_square_ = 1;
};

}  // namespace

std::string svg(const ClusterChart& chart) {
  check(chart);
  return Drawing(chart).document();
}

}  // namespace sextant
