#include <algorithm>
#include <map>
#include <string_view>

#include <fmt/format.h>

#include "analyzer/report/bar_chart.h"
#include "analyzer/report/line_chart.h"
#include "reproduce/libra_figures.h"

namespace sextant {

namespace {

constexpr std::string_view kEvidence = "estimated";
constexpr std::string_view kCaption =
    "Simulated chunk by chunk as ASTRA-sim does; nobody ran them on these networks. ";

/// The values of a member, in order of appearance.
std::vector<std::string> names_of(const std::vector<LibraFigureRow>& rows,
                                  std::string LibraPoint::*member) {
  std::vector<std::string> names;
  for (const LibraFigureRow& row : rows) {
    const std::string& name = row.point.*member;
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  return names;
}

/// 2D, 3D, 4D; the DGX-like network is drawn among those of 2D.
std::vector<std::string> networks_of(const std::vector<LibraFigureRow>& rows) {
  std::vector<std::string> names = names_of(rows, &LibraPoint::network);
  std::erase(names, kDgx);
  return names;
}

std::string title_of(const LibraFigure& figure) {
  return fmt::format("LIBRA {}: {}", figure.name, figure.description);
}

/// A panel a network and workload, over the budgets; what is divided for others is left out.
LineChart line_chart(const LibraFigure& figure, const std::vector<LibraFigureRow>& rows) {
  LineChart chart;
  chart.title = title_of(figure);
  chart.x_label = "bandwidth of an NPU (GB/s)";
  chart.evidence = kEvidence;
  chart.caption = fmt::format(
      "{}Sextant and SextantPerCost: found by simulation, with as much bandwidth as the "
      "artifact's PerfOptBW, which it often hides, and PerfPerCostOptBW.",
      kCaption);
  chart.open = "more than a tier's links give today";
  chart.series.assign(kLibraConfigurations.begin(), kLibraConfigurations.end());
  const std::vector<std::string> workloads = names_of(rows, &LibraPoint::workload);
  chart.columns = workloads.size();
  for (const std::string& network : networks_of(rows)) {
    for (const std::string& workload : workloads) {
      LineChart::Panel panel{fmt::format("{}, {}", network, workload), figure.y_label, {}};
      panel.lines.resize(chart.series.size());
      for (const LibraFigureRow& row : rows) {
        const LibraPoint& point = row.point;
        const bool here = point.network == network || (network == "2D" && point.network == kDgx);
        if (!here || point.workload != workload || !point.is_own() || !row.value) continue;
        if (point.configuration != kDgx && !has_round_budget(point)) continue;
        const auto series =
            std::find(chart.series.begin(), chart.series.end(), point.configuration);
        panel.lines[static_cast<std::size_t>(series - chart.series.begin())].push_back(
            {point.total_gb_per_s, *row.value, !point.within_limits});
      }
      chart.panels.push_back(std::move(panel));
    }
  }
  return chart;
}

/// Whom a network was divided for, as a bar's name.
std::string bar_name(const std::string& configuration, const std::string& optimized_for) {
  return configuration == kSextant ? fmt::format("{} ({})", optimized_for, kSextant)
                                   : optimized_for;
}

/// A panel a network and budget, of which the smallest, the middle and the largest are drawn; a
/// group of bars a workload.
BarChart bar_chart(const LibraFigure& figure, const std::vector<LibraFigureRow>& rows,
                   const std::vector<LibraSummary>& summaries) {
  BarChart chart;
  chart.title = title_of(figure);
  chart.evidence = kEvidence;
  chart.caption = fmt::format(
      "{}Bars: whom the network was divided for. Own network: the artifact's PerfOptBW for the "
      "workload. Mean: geometric, with one slowdown of 1 more (as the artifact does).",
      kCaption);
  std::vector<double> budgets;
  for (const LibraFigureRow& row : rows) budgets.push_back(row.point.total_gb_per_s);
  std::sort(budgets.begin(), budgets.end());
  budgets.erase(std::unique(budgets.begin(), budgets.end()), budgets.end());
  budgets = {budgets.front(), budgets[(budgets.size() - 1) / 2], budgets.back()};
  for (const LibraSummary& summary : summaries) {
    if (!summary.network.empty()) continue;
    chart.series.push_back(bar_name(summary.configuration, summary.optimized_for));
  }
  const std::vector<std::string> workloads = names_of(rows, &LibraPoint::workload);
  chart.columns = budgets.size();
  for (const std::string& network : networks_of(rows)) {
    for (const double budget : budgets) {
      BarChart::Panel panel{fmt::format("{}, {} GB/s", network, budget), figure.y_label, {}};
      std::map<std::string, std::size_t> groups;
      for (const std::string& name : workloads) {
        groups[name] = panel.groups.size();
        panel.groups.push_back({name, {}, {}});
      }
      panel.groups.push_back({"Mean", {}, {}});
      for (BarChart::Group& group : panel.groups) group.values.resize(chart.series.size());
      const auto put = [&](BarChart::Group& group, const std::string& series, double value) {
        const auto at = std::find(chart.series.begin(), chart.series.end(), series);
        group.values[static_cast<std::size_t>(at - chart.series.begin())] = value;
      };
      for (const LibraFigureRow& row : rows) {
        const LibraPoint& point = row.point;
        if (point.network != network || point.total_gb_per_s != budget || !row.value) continue;
        put(panel.groups[groups[point.workload]],
            bar_name(point.configuration, point.optimized_for), *row.value);
      }
      for (const LibraSummary& mean : summaries) {
        if (mean.network != network || mean.total_gb_per_s != budget) continue;
        put(panel.groups.back(), bar_name(mean.configuration, mean.optimized_for),
            mean.geometric_mean);
      }
      chart.panels.push_back(std::move(panel));
    }
  }
  return chart;
}

}  // namespace

std::string libra_figure_svg(const LibraFigure& figure, const std::vector<LibraFigureRow>& rows,
                             const std::vector<LibraSummary>& summaries) {
  return figure.shows == LibraFigure::Shows::kSlowdown ? svg(bar_chart(figure, rows, summaries))
                                                       : svg(line_chart(figure, rows));
}

}  // namespace sextant
