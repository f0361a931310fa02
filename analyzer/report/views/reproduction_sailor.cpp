#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "analyzer/report/bar_chart.h"
#include "analyzer/report/box_plot.h"
#include "analyzer/report/views/reproduction_parts.h"

namespace sextant {

namespace {

constexpr RowColumn kPlannedColumns[] = {{"cluster", "cluster"},
                                         {"planner", "planner"},
                                         {"estimator", "judged by"},
                                         {"status", "status"},
                                         {"throughput_iters_per_s", "iterations/s"},
                                         {"published/throughput_iters_per_s", "published"},
                                         {"as_published/throughput_iters_per_s", "as published"},
                                         {"usd_per_iter", "USD/iteration"},
                                         {"published/usd_per_iter", "published USD"},
                                         {"gain_over_sailor", "over sailor"},
                                         {"gap", "gap, %", true},
                                         {"search_s", "search, s"},
                                         {"published/search_s", "published search, s"},
                                         {"plans_rejected_oom", "OOM plans"},
                                         {"published/plans_rejected_oom", "published OOM plans"},
                                         {"plan", "plan"},
                                         {"reason", "reason"},
                                         {"note", "note"}};

constexpr RowColumn kValidatedColumns[] = {{"config", "run"},
                                           {"estimator", "estimator"},
                                           {"quantity", "quantity"},
                                           {"status", "status"},
                                           {"evidence", "evidence"},
                                           {"measured", "measured"},
                                           {"predicted", "predicted"},
                                           {"published/predicted", "published prediction"},
                                           {"upper_bound", "upper bound"},
                                           {"relative_error", "error, %", true},
                                           {"published/relative_error", "published error, %", true},
                                           {"reason", "reason"},
                                           {"suspicion", "suspicion"}};

/// Groups are clusters, bars planners, marks what was published of the same planner; a panel each
/// estimator. Nothing where no row has the figure.
std::optional<BarChart> planned_chart(const JsonNode& root, const std::vector<JsonNode>& rows,
                                      const char* member, const std::string& y_label) {
  BarChart chart;
  chart.title = fmt::format("{}: {}", experiment_of(root), y_label);
  chart.evidence = evidence_of(rows);
  chart.caption = "Predicted; nobody ran these plans here.";
  chart.series = texts_of(rows, "planner");
  const std::string published = fmt::format("published/{}", member);
  bool any = false;
  for (const std::string& estimator : texts_of(rows, "estimator")) {
    BarChart::Panel panel{"judged by estimator " + estimator, y_label, {}};
    for (const std::string& cluster : texts_of(rows, "cluster")) {
      BarChart::Group group{cluster, std::vector<std::optional<double>>(chart.series.size()),
                            std::vector<std::optional<double>>(chart.series.size())};
      for (const JsonNode& row : rows) {
        if (text_at(row, "cluster") != cluster || text_at(row, "estimator") != estimator) continue;
        const auto at =
            std::find(chart.series.begin(), chart.series.end(), text_at(row, "planner"));
        const auto s = static_cast<std::size_t>(at - chart.series.begin());
        group.values[s] = number_at(row, member);
        // Beside planner sextant stands what was published of Sailor's.
        if (text_at(row, "published/planner") == *at) {
          group.published[s] = number_at(row, published.c_str());
        }
        any = any || group.values[s];
      }
      panel.groups.push_back(std::move(group));
    }
    chart.panels.push_back(std::move(panel));
  }
  return any ? std::optional(std::move(chart)) : std::nullopt;
}

/// "sailor" of "sailor@planner-profile".
std::string tool_of(const std::string& estimator) {
  return estimator.substr(0, estimator.find('@'));
}

/// Errors that are not drawn, so that others can be told apart.
bool is_far_off(const BoxPlot::Box& box) {
  constexpr double kMostMedian = 100;
  return box_figures(box.values).median > kMostMedian;
}

/// Absolute errors, a box each estimator, and hatched beside it those that were published of that
/// tool. Nothing where no run was predicted.
std::optional<BoxPlot> error_plot(const JsonNode& root, const std::vector<JsonNode>& rows,
                                  const std::string& quantity) {
  BoxPlot plot;
  plot.title = fmt::format("{}: predicted against measured {}", experiment_of(root), quantity);
  plot.y_label = "error, %";
  plot.evidence = evidence_of(rows);
  std::string left_out;
  std::set<std::string> shown;  // what was published of a tool is the same beside all its variants
  for (const std::string& estimator : texts_of(rows, "estimator")) {
    BoxPlot::Box ours{estimator, {}, ""};
    BoxPlot::Box theirs{tool_of(estimator), {}, "", true};
    for (const JsonNode& row : rows) {
      if (text_at(row, "estimator") != estimator || text_at(row, "quantity") != quantity) continue;
      const auto add = [&](BoxPlot::Box& box, const char* member) {
        const auto error = number_at(row, member);
        if (error) box.values.push_back({100 * std::abs(*error), text_at(row, "config")});
      };
      add(ours, "relative_error");
      add(theirs, "published/relative_error");
    }
    if (ours.values.empty()) continue;
    if (is_far_off(ours)) {
      left_out += (left_out.empty() ? "" : ", ") + estimator;
      continue;
    }
    plot.boxes.push_back(std::move(ours));
    // Beside estimator sextant stands what was published of Sailor's.
    if (theirs.values.empty() || theirs.name == "sextant" || !shown.insert(theirs.name).second) {
      continue;
    }
    plot.boxes.push_back(std::move(theirs));
  }
  if (!left_out.empty()) {
    plot.caption = fmt::format(
        "Not drawn, for a median of more than 100 %: {}; the tables have them.", left_out);
  }
  return plot.boxes.empty() ? std::nullopt : std::optional(std::move(plot));
}

}  // namespace

void show_planned(const JsonNode& root, const std::vector<JsonNode>& rows, HtmlSection& section) {
  if (const auto chart = planned_chart(root, rows, "throughput_iters_per_s", "iterations/s")) {
    section.figure("throughput", svg(*chart));
  }
  if (const auto chart = planned_chart(root, rows, "usd_per_iter", "USD/iteration")) {
    section.figure("cost", svg(*chart));
  }
  section.table(row_table("rows", rows, kPlannedColumns));
}

void show_validated(const JsonNode& root, const std::vector<JsonNode>& rows, HtmlSection& section) {
  for (const std::string& quantity : texts_of(rows, "quantity")) {
    if (const auto plot = error_plot(root, rows, quantity)) {
      section.figure("errors of predicted " + quantity, svg(*plot));
    }
  }
  if (const auto summary = root.find("summary")) {
    constexpr RowColumn kColumns[] = {{"estimator", "estimator"},
                                      {"quantity", "quantity"},
                                      {"set", "set"},
                                      {"rows", "runs"},
                                      {"mean", "mean error, %", true},
                                      {"median", "median, %", true},
                                      {"p95", "95th percentile, %", true},
                                      {"max", "largest, %", true},
                                      {"under_predicted", "under-predicted"}};
    section.table(row_table("errors", summary->elements(), kColumns));
  }
  section.table(row_table("rows", rows, kValidatedColumns));
}

}  // namespace sextant
