#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "analyzer/report/bar_chart.h"
#include "analyzer/report/line_chart.h"
#include "analyzer/report/views/reproduction_parts.h"

namespace sextant {

namespace {

constexpr RowColumn kDividedColumns[] = {{"network", "network"},
                                         {"workload", "workload"},
                                         {"target", "target"},
                                         {"loop", "loop"},
                                         {"total_gb_per_s", "GB/s"},
                                         {"bandwidth_gb_per_s", "by dimension"},
                                         {"time_s", "step, s"},
                                         {"cost_usd", "network, USD"},
                                         {"objective", "objective"},
                                         {"published/objective", "recorded optimum"},
                                         {"published/relative_error", "difference, %", true},
                                         {"gain_over_equal", "over equal parts"},
                                         {"solve_s", "solved in, s"}};

constexpr RowColumn kSimulatedColumns[] = {{"network", "network"},
                                           {"workload", "workload"},
                                           {"configuration", "configuration"},
                                           {"optimized_for", "divided for"},
                                           {"total_gb_per_s", "GB/s"},
                                           {"bandwidth_gb_per_s", "by dimension"},
                                           {"time_s", "step, s"},
                                           {"recorded/time_s", "recorded, s"},
                                           {"recorded/relative_error", "difference, %", true},
                                           {"cost_usd", "network, USD"},
                                           {"speedup", "speedup"},
                                           {"cost_million_usd", "million USD"},
                                           {"perf_per_cost", "speed per cost"},
                                           {"slowdown", "slowdown"}};

/// Points of a line by x; of several at one x the first counts.
using Line = std::map<double, LineChart::Point>;

std::vector<LineChart::Point> points_of(const Line& line) {
  std::vector<LineChart::Point> points;
  for (const auto& [x, point] : line) points.push_back(point);
  return points;
}

/// A panel each value of two members, a line each series, over the budget. Nothing where no row has
/// the figure.
struct BudgetChart {
  const char* rows_by;     ///< member: rows of panels
  const char* columns_by;  ///< member: panels of a row
  const char* series_by;   ///< member
  const char* figure;      ///< member that is drawn
  std::string y_label;
};

std::optional<LineChart> budget_chart(const JsonNode& root, const std::vector<JsonNode>& rows,
                                      const BudgetChart& what) {
  LineChart chart;
  chart.title = fmt::format("{}: {}", experiment_of(root), what.y_label);
  chart.x_label = "bandwidth of an NPU, GB/s";
  chart.evidence = evidence_of(rows);
  chart.open = "more than a tier's links give today";
  chart.series = texts_of(rows, what.series_by);
  const std::vector<std::string> columns = texts_of(rows, what.columns_by);
  chart.columns = columns.size();
  for (const std::string& row_name : texts_of(rows, what.rows_by)) {
    for (const std::string& column : columns) {
      LineChart::Panel panel{fmt::format("{}, {}", row_name, column), what.y_label, {}};
      std::vector<Line> lines(chart.series.size());
      for (const JsonNode& row : rows) {
        if (text_at(row, what.rows_by) != row_name || text_at(row, what.columns_by) != column) {
          continue;
        }
        const auto value = number_at(row, what.figure);
        if (!value) continue;
        const auto at =
            std::find(chart.series.begin(), chart.series.end(), text_at(row, what.series_by));
        const double x = row.at("total_gb_per_s").positive();
        const auto within = row.find("within_limits");
        lines[static_cast<std::size_t>(at - chart.series.begin())].emplace(
            x, LineChart::Point{x, *value, within && !within->boolean()});
      }
      bool here = false;
      for (const Line& line : lines) {
        here = here || !line.empty();
        panel.lines.push_back(points_of(line));
      }
      if (here) chart.panels.push_back(std::move(panel));
    }
  }
  return chart.panels.empty() ? std::nullopt : std::optional(std::move(chart));
}

/// The same figure where there is one budget alone: bars.
BarChart bars_of(const LineChart& lines) {
  BarChart chart;
  chart.title = lines.title;
  chart.evidence = lines.evidence;
  chart.series = lines.series;
  BarChart::Panel panel{"", lines.panels.front().y_label, {}};
  for (const LineChart::Panel& one : lines.panels) {
    BarChart::Group group{one.name, {}};
    for (const auto& line : one.lines) {
      group.values.push_back(line.empty() ? std::nullopt : std::optional(line.front().y));
    }
    panel.groups.push_back(std::move(group));
  }
  chart.panels.push_back(std::move(panel));
  return chart;
}

bool has_one_budget(const LineChart& chart) {
  std::set<double> budgets;
  for (const LineChart::Panel& panel : chart.panels) {
    for (const auto& line : panel.lines) {
      for (const LineChart::Point& point : line) budgets.insert(point.x);
    }
  }
  return budgets.size() == 1;
}

/// What was not divided for somebody else.
std::vector<JsonNode> own_rows(const std::vector<JsonNode>& rows) {
  std::vector<JsonNode> own;
  for (const JsonNode& row : rows) {
    const std::string whom = text_at(row, "optimized_for");
    if (whom.empty() || whom == text_at(row, "workload")) own.push_back(row);
  }
  return own;
}

std::vector<JsonNode> rows_with(const std::vector<JsonNode>& rows, const char* path,
                                const std::string& text) {
  std::vector<JsonNode> with;
  for (const JsonNode& row : rows) {
    if (text_at(row, path) == text) with.push_back(row);
  }
  return with;
}

/// A bar each configuration: the geometric mean over what it was simulated on.
std::optional<BarChart> summary_chart(const JsonNode& root, const std::vector<JsonNode>& summary,
                                      const std::string& evidence) {
  BarChart chart;
  chart.title = fmt::format("{}: means", experiment_of(root));
  chart.evidence = evidence;
  chart.caption = "Geometric means over networks, workloads and budgets.";
  BarChart::Group group{"", {}};
  for (const JsonNode& row : summary) {
    if (row.has("network")) continue;
    std::string name = text_at(row, "configuration");
    if (const std::string whom = text_at(row, "optimized_for"); !whom.empty()) {
      name += " for " + whom;
    }
    chart.series.push_back(name);
    group.values.push_back(row.at("geometric_mean").positive());
  }
  if (chart.series.empty()) return std::nullopt;
  chart.panels.push_back({"", "geometric mean", {group}});
  return chart;
}

void add_chart(HtmlSection& section, const std::string& name,
               const std::optional<LineChart>& chart) {
  if (chart) section.figure(name, has_one_budget(*chart) ? svg(bars_of(*chart)) : svg(*chart));
}

}  // namespace

void show_divided(const JsonNode& root, const std::vector<JsonNode>& rows, HtmlSection& section) {
  double worst = 0;
  for (const JsonNode& row : rows) {
    worst = std::max(worst, number_at(row, "published/relative_error").value_or(0));
  }
  section.facts({{"problems", std::to_string(rows.size())},
                 {"above the recorded optimum at most", fmt::format("{:.2g} %", 100 * worst)}});
  for (const std::string& target : texts_of(rows, "target")) {
    add_chart(section, "gain over equal parts, " + target,
              budget_chart(root, rows_with(rows, "target", target),
                           {"loop", "network", "workload", "gain_over_equal",
                            "gain over equal parts, " + target}));
  }
  section.table(row_table("rows", rows, kDividedColumns));
}

void show_simulated(const JsonNode& root, const std::vector<JsonNode>& rows, HtmlSection& section) {
  constexpr std::pair<const char*, const char*> kFigures[] = {{"speedup", "speedup"},
                                                              {"cost_million_usd", "million USD"},
                                                              {"perf_per_cost", "speed per cost"},
                                                              {"slowdown", "slowdown"},
                                                              {"time_ms", "step, ms"}};
  for (const auto& [member, name] : kFigures) {
    add_chart(
        section, name,
        budget_chart(root, own_rows(rows), {"network", "workload", "configuration", member, name}));
  }
  if (const auto summary = root.find("summary")) {
    const std::vector<JsonNode> means = summary->elements();
    if (const auto chart = summary_chart(root, means, evidence_of(rows))) {
      section.figure("means", svg(*chart));
    }
    constexpr RowColumn kColumns[] = {{"configuration", "configuration"},
                                      {"optimized_for", "divided for"},
                                      {"network", "network"},
                                      {"total_gb_per_s", "GB/s"},
                                      {"count", "points"},
                                      {"mean", "mean"},
                                      {"geometric_mean", "geometric mean"},
                                      {"min", "least"},
                                      {"max", "most"}};
    section.table(row_table("means", means, kColumns));
  }
  section.table(row_table("rows", rows, kSimulatedColumns));
}

void show_recorded(const JsonNode& root, const std::vector<JsonNode>& rows, HtmlSection& section) {
  std::size_t met = 0;
  for (const JsonNode& row : rows) {
    if (number_at(row, "recorded/relative_error").value_or(1) == 0) ++met;
  }
  section.facts({{"recorded runs", std::to_string(rows.size())},
                 {"met to the nanosecond", std::to_string(met)}});
  // Bars beside each other would be too many: panels of 12 runs at most.
  constexpr std::size_t kMostGroups = 12;
  BarChart chart;
  chart.title = fmt::format("{}: a training step", experiment_of(root));
  chart.evidence = evidence_of(rows);
  chart.series = {"simulated"};
  for (const std::string& network : texts_of(rows, "network")) {
    const std::vector<JsonNode> here = rows_with(rows, "network", network);
    const std::size_t panels = (here.size() + kMostGroups - 1) / kMostGroups;
    for (std::size_t p = 0; p < panels; ++p) {
      BarChart::Panel panel{network, "s", {}};
      for (std::size_t r = p * here.size() / panels; r < (p + 1) * here.size() / panels; ++r) {
        const JsonNode& row = here[r];
        panel.groups.push_back(
            {fmt::format("{} {} {:.4g}", text_at(row, "workload"), text_at(row, "configuration"),
                         row.at("total_gb_per_s").positive()),
             {row.at("time_s").positive()},
             {number_at(row, "recorded/time_s")}});
      }
      chart.panels.push_back(std::move(panel));
    }
  }
  section.figure("recorded steps", svg(chart));
  section.table(row_table("rows", rows, kSimulatedColumns));
}

}  // namespace sextant
