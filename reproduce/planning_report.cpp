#include "reproduce/planning_report.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/table.h"

namespace sextant {

namespace {

using Align = Table::Align;

/// The different values of a member of the rows, in their order.
std::vector<std::string> values_of(const std::vector<PlannedRow>& rows,
                                   std::string PlannedRow::*member) {
  std::vector<std::string> values;
  for (const PlannedRow& row : rows) {
    if (std::find(values.begin(), values.end(), row.*member) == values.end()) {
      values.push_back(row.*member);
    }
  }
  return values;
}

double value_of(const PlannedRow::Worth& worth, PlanMetric metric) {
  return metric == PlanMetric::kCost ? worth.usd_per_iter : worth.iters_per_s;
}

const char* label_of(PlanMetric metric) {
  return metric == PlanMetric::kCost ? "USD per iteration" : "iterations/s";
}

/// "+18.5 %" of 1.185; what rounds to nothing has no minus sign.
std::string gain_text(double ratio) {
  return fmt::format("{:+.1f} %", std::round(1000 * (ratio - 1)) / 10 + 0.0);
}

std::string gap_text(const PlannedRow& row) {
  constexpr double kMet = 1e-6;  // of a bound that is met, what rounding leaves
  if (!row.gap) return "-";
  return *row.gap <= kMet ? "best" : fmt::format("{:.1f} %", 100 * *row.gap);
}

/// What is comparable with the published figure of the row.
PlannedRow::Worth worth_as_published(const PlannedRow& row) {
  if (!row.as_published) return row.worth;
  return {row.as_published->iters_per_s, row.worth.usd_per_iter};
}

/// Columns of a table that are there where a row needs them.
struct Shown {
  bool published = false;
  bool as_published = false;
};

Shown shown_in(const std::vector<PlannedRow>& rows) {
  Shown shown;
  for (const PlannedRow& row : rows) {
    shown.published = shown.published || row.published;
    shown.as_published = shown.as_published || row.as_published;
  }
  return shown;
}

/// "0.11663 +0.3 %, 3.0 s, 5 OOM": the published result, ours over it, its search.
std::vector<std::string> published_cells(const PlannedRow& row, Objective objective) {
  if (!row.published) return {"-", "-", "-", "-"};
  const PlanMetric metric =
      objective == Objective::kCost ? PlanMetric::kCost : PlanMetric::kThroughput;
  const std::optional<PlannedRow::Worth>& worth = row.published->worth;
  return {worth ? fmt::format("{:.5g}", value_of(*worth, metric)) : "infeasible",
          worth && row.feasible ? gain_text(gain(worth_as_published(row), *worth, objective)) : "-",
          row.published->search_s ? format_seconds(*row.published->search_s) : "-",
          fmt::format("{}", row.published->plans_rejected_oom)};
}

std::vector<std::string> cells_of(const PlannedRow& row, Objective objective, const Shown& shown) {
  std::vector<std::string> cells = {short_cluster_name(row.cluster), row.planner};
  if (row.feasible) {
    cells.push_back(fmt::format("{:.5f}{}", row.worth.iters_per_s, row.note.empty() ? "" : "*"));
    cells.push_back(fmt::format("{:.4f}", row.worth.usd_per_iter));
  } else {
    cells.insert(cells.end(), {"infeasible", "-"});
  }
  if (shown.as_published) {
    cells.push_back(row.as_published ? fmt::format("{:.5f}", row.as_published->iters_per_s) : "-");
  }
  cells.push_back(row.gain_over_sailor ? gain_text(*row.gain_over_sailor) : "-");
  cells.push_back(gap_text(row));
  cells.push_back(row.feasible ? fmt::format("{}", row.gpus()) : "-");
  cells.push_back(row.search_s ? format_seconds(*row.search_s) : "-");
  cells.push_back(fmt::format("{}", row.plans_rejected_oom));
  if (shown.published) {
    for (std::string& cell : published_cells(row, objective)) cells.push_back(std::move(cell));
  }
  cells.push_back(row.feasible ? row.plan : row.reason);
  return cells;
}

BarChart::Group group_of(const std::string& cluster, const std::string& estimator,
                         const std::vector<std::string>& planners,
                         const std::vector<PlannedRow>& rows, PlanMetric metric) {
  BarChart::Group group{short_cluster_name(cluster), {}, {}};
  for (const std::string& planner : planners) {
    const auto row = std::find_if(rows.begin(), rows.end(), [&](const PlannedRow& one) {
      return one.cluster == cluster && one.estimator == estimator && one.planner == planner;
    });
    const auto drawn = [&](bool is, const auto& worth) {
      return is ? std::optional(value_of(worth(), metric)) : std::nullopt;
    };
    const bool found = row != rows.end();
    group.values.push_back(drawn(found && row->feasible, [&] { return row->worth; }));
    group.published.push_back(drawn(
        found && row->published && row->published->worth && row->published->planner == planner,
        [&] { return *row->published->worth; }));
  }
  return group;
}

}  // namespace

std::vector<PlanMetric> metrics_of(const PlannerFigure& figure) {
  if (!figure.shows_cost) return {PlanMetric::kThroughput};
  if (figure.objective == Objective::kCost) return {PlanMetric::kCost, PlanMetric::kThroughput};
  return {PlanMetric::kThroughput, PlanMetric::kCost};
}

BarChart planning_chart(const PlannerFigure& figure, const std::vector<PlannedRow>& rows,
                        const std::vector<PlanMetric>& metrics) {
  const std::vector<std::string> estimators = values_of(rows, &PlannedRow::estimator);
  const std::vector<std::string> planners = values_of(rows, &PlannedRow::planner);
  const std::vector<std::string> clusters = values_of(rows, &PlannedRow::cluster);
  BarChart chart;
  chart.title = fmt::format("Sailor {}: {}", figure.name, figure.description);
  chart.columns = estimators.size();
  Evidence evidence = Evidence::kMeasuredGpu;
  for (const PlannedRow& row : rows) evidence = weaker(evidence, row.evidence);
  chart.evidence = to_string(evidence);
  chart.caption = "Plans on the published profiles and network, predicted; nobody ran them here.";
  if (std::any_of(clusters.begin(), clusters.end(), [](const std::string& name) {
        return short_cluster_name(name).find("×") != std::string::npos;
      })) {
    chart.caption += " Z × N: N of a type in each of Z zones.";
  }
  chart.series = planners;
  for (const PlanMetric metric : metrics) {
    for (const std::string& estimator : estimators) {
      BarChart::Panel panel{"judged by estimator " + estimator, label_of(metric), {}};
      for (const std::string& cluster : clusters) {
        panel.groups.push_back(group_of(cluster, estimator, planners, rows, metric));
      }
      chart.panels.push_back(std::move(panel));
    }
  }
  return chart;
}

std::string planning_tables(const PlannerFigure& figure, const std::vector<PlannedRow>& rows) {
  std::string text;
  for (const std::string& estimator : values_of(rows, &PlannedRow::estimator)) {
    std::vector<PlannedRow> judged;
    std::vector<PlannedRow> proved;
    for (const PlannedRow& row : rows) {
      if (row.estimator != estimator) continue;
      judged.push_back(row);
      if (!row.space.empty()) proved.push_back(row);
    }
    const Shown shown = shown_in(judged);
    std::vector<Table::Column> columns = {
        {"cluster", Align::kLeft}, {"planner", Align::kLeft}, {"iterations/s"}, {"USD/iteration"}};
    if (shown.as_published) columns.push_back({"as published"});
    columns.insert(columns.end(), {{"over sailor"}, {"gap"}, {"GPUs"}, {"search"}, {"OOM plans"}});
    if (shown.published) {
      columns.insert(columns.end(), {{"published"}, {"over it"}, {"its search"}, {"its OOM"}});
    }
    columns.push_back({"plan", Align::kLeft});
    Table table(columns);
    for (const PlannedRow& row : judged) table.add_row(cells_of(row, figure.objective, shown));
    text += fmt::format("\nJudged by estimator {}:\n\n{}", estimator, table.text());
    for (const PlannedRow& row : judged) {
      if (row.note.empty()) continue;
      text += fmt::format("* {}, {}: {}\n", short_cluster_name(row.cluster), row.planner, row.note);
    }
    for (const std::string& space : values_of(proved, &PlannedRow::space)) {
      text += fmt::format("gap: how much better a plan could at most be, among: {}\n", space);
    }
  }
  return text;
}

std::string short_cluster_name(const std::string& summary) {
  std::vector<std::pair<std::string, std::vector<int>>> types;  // with the GPUs of each zone
  for (const GpuCount& pool : pools_of(summary)) {
    auto type = std::find_if(types.begin(), types.end(),
                             [&](const auto& one) { return one.first == pool.gpu; });
    if (type == types.end()) type = types.insert(types.end(), {pool.gpu, {}});
    type->second.push_back(pool.count);
  }
  std::string name;
  for (const auto& [gpu, counts] : types) {
    const bool alike =
        std::all_of(counts.begin(), counts.end(), [&](int n) { return n == counts.front(); });
    if (!name.empty()) name += " + ";
    name += counts.size() == 1 ? fmt::format("{} {}", counts.front(), gpu)
            : alike            ? fmt::format("{} × {} {}", counts.size(), counts.front(), gpu)
                               : fmt::format("{} {}", fmt::join(counts, ", "), gpu);
  }
  return name;
}

}  // namespace sextant
