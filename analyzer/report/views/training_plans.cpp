// Document kind plans: planners side by side, and the best plan.
#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "analyzer/report/bar_chart.h"
#include "analyzer/report/views/training_explanation.h"
#include "analyzer/report/views/training_parts.h"

namespace sextant {

namespace {

constexpr double kGib = 1 << 30;

struct Row {
  JsonNode node;
  std::string planner;
  std::string estimator;
  std::optional<TrainingFigures> figures;  ///< nothing of an infeasible one
  std::optional<Plan> plan;
};

std::vector<Row> rows_of(const JsonNode& root) {
  std::vector<Row> rows;
  for (const JsonNode& node : root.at("plans").elements()) {
    Row row{node, node.at("planner").string(), node.at("estimator").string(), {}, {}};
    if (node.at("status").one_of({"ok", "infeasible"}) == 0) {
      row.figures = read_training_figures(node);
      row.plan = plan_from_json(node.at("plan"));
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

/// In the order in which they first come.
std::vector<std::string> distinct(const std::vector<Row>& rows, std::string Row::*member) {
  std::vector<std::string> names;
  for (const Row& row : rows) {
    if (std::find(names.begin(), names.end(), row.*member) == names.end()) {
      names.push_back(row.*member);
    }
  }
  return names;
}

void add_bars(const std::vector<Row>& rows, const std::string& title, const std::string& evidence,
              HtmlSection& section) {
  BarChart chart;
  chart.title = title;
  chart.evidence = evidence;
  chart.series = distinct(rows, &Row::estimator);
  const std::vector<std::string> planners = distinct(rows, &Row::planner);
  const auto panel = [&](const char* label, double (*value)(const Prediction&)) {
    BarChart::Panel made{"", label, {}};
    for (const std::string& planner : planners) {
      BarChart::Group group{planner, {}, {}};
      group.values.resize(chart.series.size());
      for (const Row& row : rows) {
        if (row.planner != planner || !row.figures) continue;
        const auto at = std::find(chart.series.begin(), chart.series.end(), row.estimator);
        group.values[static_cast<std::size_t>(at - chart.series.begin())] =
            value(row.figures->prediction);
      }
      made.groups.push_back(std::move(group));
    }
    chart.panels.push_back(std::move(made));
  };
  panel("iterations/s", [](const Prediction& p) { return p.iters_per_s(); });
  if (std::any_of(rows.begin(), rows.end(), [](const Row& row) {
        return row.figures && row.figures->prediction.usd_per_iter() > 0;
      })) {
    panel("USD/iteration", [](const Prediction& p) { return p.usd_per_iter(); });
  }
  section.figure("planners", svg(chart));
}

/// "proved", "3.1 % below the bound"; "" where nothing is said.
std::string proof_text(const Row& row) {
  const auto bound = row.node.find("bound_iters_per_s");
  if (!bound || !row.figures) return "";
  const double gap = bound->positive() / row.figures->prediction.iters_per_s() - 1;
  // Bounds are computed otherwise than predictions: equal to rounding.
  return gap < 1e-9 ? "no better plan" : fmt::format("at most {:.2g} % better", 100 * gap);
}

HtmlTable table_of(const std::vector<Row>& rows) {
  HtmlTable table{"planners",
                  {{"planner"},
                   {"estimator"},
                   {"iterations/s", true},
                   {"USD/iteration", true},
                   {"GPUs", true},
                   {"memory, GiB", true},
                   {"utilisation, %", true},
                   {"search, s", true},
                   {"plans out of memory", true},
                   {"proved"},
                   {"plan, or why there is none"}},
                  {}};
  for (const Row& row : rows) {
    const auto number = [](const std::optional<double>& value, const char* form) {
      return value ? number_cell(*value, fmt::format(fmt::runtime(form), *value))
                   : HtmlTable::Cell{"-"};
    };
    std::optional<double> iters, usd, gpus, gib, share, search;
    if (row.figures) {
      const Prediction& p = row.figures->prediction;
      iters = p.iters_per_s();
      usd = p.usd_per_iter();
      gpus = row.figures->gpus;
      if (p.peak_memory_bytes > 0) gib = p.peak_memory_bytes / kGib;
      if (row.figures->model_flops_utilization) {
        share = 100 * *row.figures->model_flops_utilization;
      }
    }
    if (const auto found = row.node.find("search_s")) search = found->non_negative();
    const std::optional<double> oom = row.node.at("plans_rejected_oom").non_negative();
    table.rows.push_back(
        {{row.planner},
         {row.estimator},
         number(iters, "{:.5g}"),
         number(usd, "{:.4f}"),
         number(gpus, "{:.0f}"),
         number(gib, "{:.2f}"),
         number(share, "{:.1f}"),
         number(search, "{:.3g}"),
         number(oom, "{:.0f}"),
         {proof_text(row)},
         {row.plan ? summary(*row.plan) : "infeasible: " + row.node.at("reason").string()}});
  }
  return table;
}

}  // namespace

void add_plans_view(const JsonDocument& document, const ReportInputs& inputs,
                    std::vector<HtmlSection>& sections) {
  const JsonNode root = document.root_of_kind("plans", 1);
  const std::string model = root.at("model").string();
  const std::vector<Row> rows = rows_of(root);
  const auto best =
      std::find_if(rows.begin(), rows.end(), [](const Row& row) { return row.plan.has_value(); });
  const std::string evidence = best == rows.end() ? "" : best->figures->evidence;
  const std::string title = fmt::format("{} on {}", model, root.at("cluster").string());
  HtmlSection section("Planners: " + title, document.file(), evidence);
  section.paragraph(fmt::format("Best first by {}.", root.at("objective").string()));
  add_notes(root, section);
  if (best == rows.end()) {
    section.warning("No planner found a plan.");
  } else {
    add_bars(rows, title, evidence, section);
  }
  section.table(table_of(rows));
  add_prices(root, section);
  sections.push_back(std::move(section));
  if (best == rows.end()) return;
  const SimulatedPlan simulated = simulate(*best->plan, inputs);
  HtmlSection details(fmt::format("The best plan, by planner {}", best->planner), document.file(),
                      simulated.figures ? simulated.figures->evidence : evidence);
  if (const std::string proof = proof_text(*best); !proof.empty()) {
    const auto space = best->node.find("space");
    details.paragraph(fmt::format("Proved: {}{}{}.", proof, space ? " in the searched space: " : "",
                                  space ? space->string() : ""));
  }
  add_plan(*best->plan, best->figures, simulated, details);
  if (const auto explanation = best->node.find("explanation")) {
    add_explanation(*explanation, details);
  }
  sections.push_back(std::move(details));
}

}  // namespace sextant
