#include "analyzer/report/views/profile_charts.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include <fmt/format.h>

#include "analyzer/report/views/figure_text.h"

namespace sextant {

namespace {

struct Figure {
  std::string_view name;
  std::string_view scale;  ///< figures of one name here are drawn to one scale
  double (*of)(const LayerKindProfile&);
};

constexpr std::array<Figure, 3> kTimes = {
    {{"forward", "time", [](const LayerKindProfile& kind) { return kind.forward.median_s; }},
     {"backward", "time", [](const LayerKindProfile& kind) { return kind.backward.median_s; }},
     {"update", "update", [](const LayerKindProfile& kind) { return kind.update.median_s; }}}};
constexpr std::array<Figure, 3> kMemory = {
    {{"parameters", "parameters",
      [](const LayerKindProfile& kind) { return kind.parameter_bytes; }},
     {"kept for backward", "kept",
      [](const LayerKindProfile& kind) { return kind.saved_activation_bytes; }},
     {"workspace", "workspace",
      [](const LayerKindProfile& kind) { return kind.workspace_bytes; }}}};

int on_axis(const PointDocument& point, ProfileAxis axis) {
  return axis == ProfileAxis::kMicrobatch ? point.key.microbatch : point.key.tp;
}

ProfileAxis other(ProfileAxis axis) {
  return axis == ProfileAxis::kMicrobatch ? ProfileAxis::kTensorDegree : ProfileAxis::kMicrobatch;
}

std::string axis_name(ProfileAxis axis) {
  return axis == ProfileAxis::kMicrobatch ? "microbatch" : "tensor degree";
}

/// Names of layer kinds in the order in which the points have them.
std::vector<std::string> kinds_of(const ProfilePoints& points) {
  std::vector<std::string> names;
  for (const PointDocument* point : points) {
    for (const LayerKindProfile& kind : point->kinds) {
      if (std::find(names.begin(), names.end(), kind.kind) == names.end()) {
        names.push_back(kind.kind);
      }
    }
  }
  return names;
}

const LayerKindProfile* kind_named(const PointDocument& point, const std::string& name) {
  const auto found = std::find_if(point.kinds.begin(), point.kinds.end(),
                                  [&](const LayerKindProfile& kind) { return kind.kind == name; });
  return found == point.kinds.end() ? nullptr : &*found;
}

std::string what_is_drawn(const PointDocument& point) {
  std::string text = fmt::format("{} on {}, {}", point.key.model, point.key.gpu, point.key.variant);
  if (point.key.seq_len > 0) text += fmt::format(", {} tokens", point.key.seq_len);
  return text + ".";
}

std::optional<LineChart> chart_of(const ProfilePoints& points, ProfileAxis axis,
                                  const std::array<Figure, 3>& figures,
                                  PlotUnit (*unit_for)(double)) {
  std::set<int> across, series;
  for (const PointDocument* point : points) {
    across.insert(on_axis(*point, axis));
    series.insert(on_axis(*point, other(axis)));
  }
  if (across.size() < 2) return std::nullopt;
  LineChart chart;
  chart.x_label = axis == ProfileAxis::kMicrobatch ? "microbatch, sequences" : "tensor degree";
  chart.evidence = to_string(evidence_of(points));
  chart.columns = figures.size();
  for (const int value : series) {
    chart.series.push_back(
        fmt::format("{} {}", axis == ProfileAxis::kMicrobatch ? "tp" : "microbatch", value));
  }
  for (const std::string& name : kinds_of(points)) {
    std::map<std::string_view, double> largest;
    for (const PointDocument* point : points) {
      const LayerKindProfile* kind = kind_named(*point, name);
      if (kind == nullptr) continue;
      for (const Figure& figure : figures) {
        double& of_scale = largest[figure.scale];
        of_scale = std::max(of_scale, figure.of(*kind));
      }
    }
    for (const Figure& figure : figures) {
      const PlotUnit unit = unit_for(largest[figure.scale]);
      LineChart::Panel panel{fmt::format("{}, {}", name, figure.name),
                             fmt::format("{}, {}, {}", name, figure.scale, unit.name),
                             {}};
      for (const int value : series) {
        std::vector<LineChart::Point>& line = panel.lines.emplace_back();
        for (const PointDocument* point : points) {
          const LayerKindProfile* kind = kind_named(*point, name);
          if (kind == nullptr || on_axis(*point, other(axis)) != value) continue;
          line.push_back({static_cast<double>(on_axis(*point, axis)), unit.of(figure.of(*kind))});
        }
        std::sort(line.begin(), line.end(), [](const auto& a, const auto& b) { return a.x < b.x; });
      }
      chart.panels.push_back(std::move(panel));
    }
  }
  return chart;
}

}  // namespace

std::optional<LineChart> time_chart(const ProfilePoints& points, ProfileAxis axis) {
  auto chart = chart_of(points, axis, kTimes, time_unit);
  if (!chart) return chart;
  chart->title = fmt::format("Time of a layer by {}", axis_name(axis));
  chart->caption =
      fmt::format("{} Medians of one microbatch on one rank.", what_is_drawn(*points.front()));
  if (points.front()->update_is_whole_step) {
    chart->caption += " The update is that of the whole profiled model.";
  }
  return chart;
}

std::optional<LineChart> memory_chart(const ProfilePoints& points, ProfileAxis axis) {
  auto chart = chart_of(points, axis, kMemory, memory_unit);
  if (!chart) return chart;
  chart->title = fmt::format("Memory of a layer by {}", axis_name(axis));
  chart->caption = fmt::format("{} On one rank; bytes: {}.", what_is_drawn(*points.front()),
                               points.front()->memory_basis);
  return chart;
}

std::optional<BoxPlot> noise_plot(const ProfilePoints& points) {
  constexpr std::size_t kFewest = 3;
  BoxPlot plot;
  plot.title = "Noise of layer times";
  plot.y_label = "standard deviation / mean, %";
  plot.evidence = to_string(evidence_of(points));
  plot.caption = what_is_drawn(*points.front()) + " A value for each tensor degree and microbatch.";
  const std::array<std::pair<std::string_view, TimeSummary LayerKindProfile::*>, 3> phases = {
      {{"forward", &LayerKindProfile::forward},
       {"backward", &LayerKindProfile::backward},
       {"update", &LayerKindProfile::update}}};
  for (const std::string& name : kinds_of(points)) {
    for (const auto& [phase, member] : phases) {
      BoxPlot::Box box;
      box.name = fmt::format("{} {}", name, phase);
      for (const PointDocument* point : points) {
        const LayerKindProfile* kind = kind_named(*point, name);
        if (kind == nullptr || (kind->*member).samples == 0) continue;
        box.values.push_back({100 * (kind->*member).rel_stdev,
                              fmt::format("tp {} mbs {}", point->key.tp, point->key.microbatch)});
      }
      if (box.values.size() >= kFewest) plot.boxes.push_back(std::move(box));
    }
  }
  if (plot.boxes.empty()) return std::nullopt;
  return plot;
}

Evidence evidence_of(const ProfilePoints& points) {
  Evidence evidence = points.front()->evidence;
  for (const PointDocument* point : points) evidence = weaker(evidence, point->evidence);
  return evidence;
}

}  // namespace sextant
