#include "reproduce/sailor_planning.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <optional>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/progress.h"
#include "analyzer/core/table.h"
#include "analyzer/profile/sailor_format.h"
#include "analyzer/training/framework.h"
#include "analyzer/training/published_tables.h"
#include "planner/training/planner.h"
#include "reproduce/planned_row.h"
#include "reproduce/planning_report.h"
#include "reproduce/sailor_planner_figures.h"
#include "reproduce/sailor_published.h"

namespace sextant {

namespace {

/// Whose judgement the published figures are.
constexpr std::string_view kPublishedEstimator = "sailor";

std::vector<const Planner*> chosen_planners(const ReproduceOptions& options) {
  std::vector<const Planner*> chosen;
  for (const std::string& name : options.planners) chosen.push_back(&planner_named(name));
  return chosen.empty() ? planners() : chosen;
}

std::vector<const Estimator*> chosen_estimators(const ReproduceOptions& options) {
  std::vector<const Estimator*> chosen;
  for (const std::string& name : options.estimators) chosen.push_back(&estimator_named(name));
  if (!chosen.empty()) return chosen;
  chosen = estimators();
  std::stable_partition(chosen.begin(), chosen.end(), [](const Estimator* estimator) {
    return estimator->name() == kPublishedEstimator;
  });
  return chosen;
}

std::vector<std::string> gpu_types(const std::vector<Cluster>& clusters) {
  std::vector<std::string> out;
  for (const Cluster& cluster : clusters) {
    for (const GpuPool& pool : cluster.pools) {
      if (std::find(out.begin(), out.end(), pool.gpu) == out.end()) out.push_back(pool.gpu);
    }
  }
  return out;
}

/// What has to be said of all rows.
std::vector<std::string> notes_on(const Job& job) {
  return {
      "Profiles, network and prices are the artifact's (evidence: replayed). They have every GPU "
      "type of the figure, so that nothing is estimated from data sheets.",
      "Estimator sailor is the published simulator with its quirks; 'published' is what the "
      "published planner was recorded to reach in it.",
      fmt::format(
          "Estimator sextant simulates the same profiles and network as framework {} sends, "
          "synchronises and holds memory, which the artifact's jobs run on; without a calibration, "
          "so that a process holds {} beside tensors.",
          job.framework, format_bytes(framework_named(job.framework).process_bytes)),
      "Planner sextant searches for the estimator that judges. Planner sailor searches by its own "
      "model of time whoever judges; the first of its plans that fits in memory and meets the "
      "bounds counts."};
}

Reproduction planned(const PlannerFigure& figure, const ReproduceOptions& options,
                     std::vector<PlannedRow>& rows) {
  const auto seconds = [](auto from, auto to) {
    return std::chrono::duration<double>(to - from).count();
  };
  const auto start = std::chrono::steady_clock::now();
  const std::vector<const Planner*> with = chosen_planners(options);
  const std::vector<const Estimator*> judges = chosen_estimators(options);
  const Job job = job_of(figure, options.artifact_dir);
  const std::vector<Cluster> clusters = clusters_of(figure, options.artifact_dir);
  const ModelProfile profile =
      read_sailor_simulator_profile(options.artifact_dir, job.model, gpu_types(clusters));
  Calibration calibration;
  calibration.process_bytes = framework_named(job.framework).process_bytes;
  const ModelDescription* model = job.described ? &*job.described : nullptr;

  Progress progress(fmt::format("sailor {}", figure.name),
                    clusters.size() * with.size() * judges.size(), options.progress);
  const auto loaded = std::chrono::steady_clock::now();
  for (const Estimator* judge : judges) {
    for (const Cluster& cluster : clusters) {
      const TrainingProblem problem{
          job, profile, cluster, calibration, {}, model, published_tables_of(options.artifact_dir)};
      const auto published = judge->name() == kPublishedEstimator
                                 ? sailor_published(figure.name, cluster.summary())
                                 : std::nullopt;
      for (const Planner* planner : with) {
        const PlannedJob answer = plan_job(*planner, problem, *judge, options.search);
        rows.push_back(planned_row(answer, cluster, figure.objective, options.timing));
        if (published) rows.back().published = {published->iters_per_s, published->usd_per_iter};
        progress.update(rows.size(), fmt::format("{} {}, judge {}", cluster.summary(),
                                                 planner->name(), judge->name()));
      }
    }
  }
  compare_with_sailor(rows, figure.objective);
  Reproduction out;
  out.notes = notes_on(job);
  out.timing = {{"load_s", seconds(start, loaded)},
                {"plan_s", seconds(loaded, std::chrono::steady_clock::now())}};
  return out;
}

/// Rows of an earlier run: those of the chosen planners and estimators.
Reproduction recorded(const PlannerFigure& figure, const ReproduceOptions& options,
                      std::vector<PlannedRow>& rows) {
  const auto wanted = [](const std::vector<std::string>& chosen, const std::string& name) {
    return chosen.empty() || std::find(chosen.begin(), chosen.end(), name) != chosen.end();
  };
  const JsonDocument document = JsonDocument::read(options.from);
  const JsonNode root = document.root_of_kind("reproduction", 1);
  if (root.at("system").string() != "sailor") root.at("system").fail("\"sailor\"");
  if (root.at("experiment").string() != figure.name) {
    root.at("experiment").fail(quote(figure.name));
  }
  Reproduction out;
  if (const auto notes = root.find("notes")) {
    for (const JsonNode& note : notes->elements()) out.notes.push_back(note.string());
  }
  for (const JsonNode& node : root.at("rows").elements()) {
    PlannedRow row = planned_row_from(node);
    if (wanted(options.planners, row.planner) && wanted(options.estimators, row.estimator)) {
      rows.push_back(std::move(row));
    }
  }
  if (rows.empty()) root.at("rows").fail("at least one row that is asked for");
  return out;
}

std::vector<PlanMetric> chosen_metrics(const PlannerFigure& figure,
                                       const ReproduceOptions& options) {
  if (options.metric.empty()) return metrics_of(figure);
  return {options.metric == "cost" ? PlanMetric::kCost : PlanMetric::kThroughput};
}

}  // namespace

std::vector<ExperimentName> sailor_planning_experiments() {
  std::vector<ExperimentName> out;
  for (const PlannerFigure& figure : planner_figures()) {
    out.push_back({"sailor", figure.name, figure.description});
  }
  return out;
}

Reproduction reproduce_sailor_planning(const std::string& experiment,
                                       const ReproduceOptions& options) {
  const PlannerFigure& figure = planner_figure_named(experiment);
  if (!options.measured_dir.empty()) {
    throw_usage(fmt::format("sailor {} rests on no measured runs", figure.name));
  }
  std::vector<PlannedRow> rows;
  Reproduction out =
      options.from.empty() ? planned(figure, options, rows) : recorded(figure, options, rows);
  out.system = "sailor";
  out.experiment = figure.name;
  out.title = figure.description;
  for (const PlannedRow& row : rows) out.rows.push_back(to_json(row));
  out.csv = planned_csv(rows);
  out.plot_svg = svg(planning_chart(figure, rows, chosen_metrics(figure, options)));
  out.text = fmt::format("Sailor {}: {}\n", figure.name, figure.description);
  for (const std::string& note : out.notes) out.text += "- " + note + '\n';
  out.text += planning_tables(figure, rows);
  return out;
}

}  // namespace sextant
