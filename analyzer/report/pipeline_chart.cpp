#include "analyzer/report/pipeline_chart.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/report/svg_frame.h"
#include "analyzer/report/svg_text.h"

namespace sextant {

namespace {

// Pixels.
constexpr double kPlotWidth = 900;
constexpr double kSwatch = 12;
constexpr double kBetween = 4;      ///< stages
constexpr double kLeastGroup = 36;  ///< height of replicas of one kind, with room for two lines
constexpr double kMostGroup = 110;
constexpr double kGroupPerReplica = 3;

/// Replicas of a stage that are alike.
struct Group {
  std::string gpus;  ///< "A100-40" or, of several, "A100-40 + V100-16"
  std::string zones;
  int tp = 1;
  int replicas = 0;
};

std::string joined(const std::set<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : " + ") + name;
  return text;
}

std::vector<Group> groups_of(const Stage& stage) {
  std::map<std::tuple<std::string, std::string, int>, int> counts;
  for (const Replica& replica : stage.replicas) {
    std::set<std::string> gpus, zones;
    for (const Machine& machine : replica.machines) {
      gpus.insert(machine.gpu);
      zones.insert(machine.zone);
    }
    ++counts[{joined(gpus), joined(zones), replica.tp}];
  }
  std::vector<Group> groups;
  for (const auto& [key, replicas] : counts) {
    groups.push_back({std::get<0>(key), std::get<1>(key), std::get<2>(key), replicas});
  }
  return groups;
}

double height_of(const Group& group) {
  return std::clamp(kGroupPerReplica * group.replicas, kLeastGroup, kMostGroup);
}

/// Pipelines that differ in nothing but the nodes they run on.
struct Row {
  const Pipeline* pipeline = nullptr;
  std::vector<std::vector<Group>> stages;
  std::size_t first_stage = 0;  ///< among those of all pipelines
  int times = 1;
};

bool alike(const Row& row, const Pipeline& pipeline,
           const std::vector<std::vector<Group>>& stages) {
  if (row.stages.size() != stages.size()) return false;
  for (std::size_t s = 0; s < stages.size(); ++s) {
    if (row.pipeline->stages[s].chunks != pipeline.stages[s].chunks) return false;
    const auto same = [](const Group& a, const Group& b) {
      return std::tie(a.gpus, a.zones, a.tp, a.replicas) ==
             std::tie(b.gpus, b.zones, b.tp, b.replicas);
    };
    if (!std::equal(row.stages[s].begin(), row.stages[s].end(), stages[s].begin(), stages[s].end(),
                    same)) {
      return false;
    }
  }
  return true;
}

std::vector<Row> rows_of(const Plan& plan) {
  std::vector<Row> rows;
  std::size_t first_stage = 0;
  for (const Pipeline& pipeline : plan.pipelines) {
    std::vector<std::vector<Group>> stages;
    for (const Stage& stage : pipeline.stages) stages.push_back(groups_of(stage));
    const auto found = std::find_if(rows.begin(), rows.end(),
                                    [&](const Row& row) { return alike(row, pipeline, stages); });
    if (found != rows.end()) {
      ++found->times;
    } else {
      rows.push_back({&pipeline, std::move(stages), first_stage, 1});
    }
    first_stage += pipeline.stages.size();
  }
  return rows;
}

class Drawing : SvgFrame {
 public:
  explicit Drawing(const PipelineChart& chart) : chart_(chart), rows_(rows_of(chart.plan)) {
    std::set<std::string> zones;
    for (const Row& row : rows_) {
      for (const std::vector<Group>& groups : row.stages) {
        for (const Group& group : groups) {
          if (std::find(types_.begin(), types_.end(), group.gpus) == types_.end()) {
            types_.push_back(group.gpus);
          }
          zones.insert(group.zones);
        }
      }
    }
    several_zones_ = zones.size() > 1;
    width_px_ = 2 * kMargin + kPlotWidth;
  }

  std::string document() {
    double y = legend(heading(chart_.title) + 12) + 8;
    for (const Row& one : rows_) y = row(one, y);
    if (!chart_.evidence.empty()) y = caption(y, chart_.evidence, chart_.caption);
    return framed(chart_.title, y + kMargin);
  }

 private:
  double across(int layer) const {
    return kMargin + static_cast<double>(layer) / chart_.plan.layer_count * kPlotWidth;
  }

  std::string_view color(const std::string& type) const {
    const auto at = std::find(types_.begin(), types_.end(), type) - types_.begin();
    return kPalette[static_cast<std::size_t>(at) % kPalette.size()];
  }

  double legend(double y) {
    double x = kMargin;
    for (const std::string& type : types_) {
      const double entry_px = kSwatch + 6 + text_width(type, kFont) + 16;
      if (x > kMargin && x + entry_px > kMargin + inner_px()) {
        x = kMargin;
        y += kLineHeight + 4;
      }
      body_ += fmt::format(
          "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{}\" height=\"{}\" fill=\"{}\" "
          "fill-opacity=\"0.55\"/>\n",
          x, y, kSwatch, kSwatch, color(type));
      text(x + kSwatch + 6, y + 10.5, "start", kFont, type, "sx-text");
      x += entry_px;
    }
    return y + kLineHeight;
  }

  /// Returns where it ends.
  double row(const Row& row, double y) {
    if (chart_.plan.pipelines.size() > 1) {
      y += kLineHeight;
      text(kMargin, y, "start", kFont,
           row.times == 1 ? "1 pipeline" : fmt::format("{} equal pipelines", row.times), "sx-text",
           " font-weight=\"600\"");
    }
    double tallest = 0;
    for (const std::vector<Group>& groups : row.stages) {
      double height = 0;
      for (const Group& group : groups) height += height_of(group) + 2;
      tallest = std::max(tallest, height);
    }
    const double top = y + kLineHeight + 4;
    for (std::size_t s = 0; s < row.stages.size(); ++s) {
      for (const LayerRange& layers : row.pipeline->stages[s].chunks) {
        stage(row, s, layers, top, tallest);
      }
    }
    return top + tallest + 3 * kLineHeight;
  }

  /// One line where it fits.
  void line(double x, double y, double room, double size, std::string_view content,
            std::string_view style) {
    if (text_width(content, size) <= room) text(x, y, "middle", size, content, style);
  }

  void stage(const Row& row, std::size_t s, const LayerRange& layers, double top, double tallest) {
    const double x = across(layers.first);
    const double width = std::max(1.0, across(layers.end) - x - kBetween);
    const double middle = x + width / 2;
    const std::vector<Group>& groups = row.stages[s];
    // A stage of few layers has room for its number alone.
    const std::string name = fmt::format("stage {}", s);
    line(middle, top - 5, width, kFont,
         text_width(name, kFont) <= width ? name : fmt::format("{}", s), "sx-text");
    const std::string range = fmt::format("layers {}-{}", layers.first, layers.end - 1);
    line(middle, top + tallest + 13, width, kSmallFont,
         text_width(range, kSmallFont) <= width
             ? range
             : fmt::format("{}-{}", layers.first, layers.end - 1),
         "sx-text sx-faint");
    if (!chart_.remarks.empty()) {
      line(middle, top + tallest + 28, width, kSmallFont, chart_.remarks[row.first_stage + s],
           "sx-text sx-faint");
    }
    double needed = 0;
    for (const Group& group : groups) needed += height_of(group) + 2;
    double y = top;
    for (const Group& one : groups) {
      const double height = (height_of(one) + 2) * tallest / needed - 2;
      group(one, fmt::format("{}, {}", name, range), x, y, width, height);
      y += height + 2;
    }
  }

  void group(const Group& group, const std::string& where, double x, double y, double width,
             double height) {
    const std::string gpus =
        several_zones_ ? fmt::format("{}@{}", group.gpus, group.zones) : group.gpus;
    const std::string degree = fmt::format("TP{} ×{}", group.tp, group.replicas);
    body_ += fmt::format(
        "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" rx=\"3\" fill=\"{}\" "
        "fill-opacity=\"0.4\"><title>{}: {} {}</title></rect>\n",
        x, y, width, height, color(group.gpus), escape_xml(where), escape_xml(gpus),
        escape_xml(degree));
    const double middle = x + width / 2, center = y + height / 2;
    if (width < 44) {
      if (width > kFont) {
        upright(middle + 4, center, kSmallFont, gpus + " " + degree, height - 6);
      }
      return;
    }
    const auto lines = wrap_text(gpus, kFont, width - 6, 1);
    text(middle, center - 3, "middle", kFont, lines.empty() ? "" : lines.front(), "sx-text");
    line(middle, center + 12, width, kFont, degree, "sx-text");
  }

  const PipelineChart& chart_;
  std::vector<Row> rows_;
  std::vector<std::string> types_;
  bool several_zones_ = false;
};

}  // namespace

std::string svg(const PipelineChart& chart) {
  std::size_t stages = 0;
  for (const Pipeline& pipeline : chart.plan.pipelines) stages += pipeline.stages.size();
  if (!chart.remarks.empty() && chart.remarks.size() != stages) {
    throw Error(ErrorCode::kInternal, "pipeline chart: remarks of another number of stages");
  }
  return Drawing(chart).document();
}

}  // namespace sextant
