#include "reproduce/sailor_planning.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iterator>
#include <optional>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/progress.h"
#include "analyzer/core/table.h"
#include "analyzer/profile/sailor_format.h"
#include "analyzer/training/framework.h"
#include "analyzer/training/published_tables.h"
#include "analyzer/training/sailor/sailor.h"
#include "planner/training/flashflex/graph_partition.h"
#include "planner/training/planner.h"
#include "reproduce/planned_row.h"
#include "reproduce/planning_report.h"
#include "reproduce/sailor_planner_figures.h"
#include "reproduce/sailor_published.h"

namespace sextant {

namespace {

constexpr int kPublishedMetisBits = 64;
/// Whose judgement the published figures are.
constexpr std::string_view kPublishedEstimator = "sailor";

std::vector<const Planner*> chosen_planners(const PlannerFigure& figure,
                                            const ReproduceOptions& options) {
  std::vector<const Planner*> chosen;
  for (const std::string& name : options.planners) chosen.push_back(&planner_named(name));
  if (!chosen.empty()) return chosen;
  chosen = {&planner_named("sextant"), &planner_named("sailor")};
  for (const char* name : figure.baselines) chosen.push_back(&planner_named(name));
  return chosen;
}

/// The published judge first. What published tools believe of each other's plans is nobody's
/// question: they judge where they are named.
std::vector<const Estimator*> chosen_estimators(const ReproduceOptions& options) {
  std::vector<const Estimator*> chosen;
  for (const std::string& name : options.estimators) chosen.push_back(&estimator_named(name));
  if (!chosen.empty()) return chosen;
  return {&estimator_named(kPublishedEstimator), &estimator_named("sextant")};
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
std::vector<std::string> notes_on(const Job& job, const std::filesystem::path& tables) {
  std::vector<std::string> notes = {
      "Profiles, network and prices are the artifact's (evidence: replayed). They have every GPU "
      "type of the figure, so that nothing is estimated from data sheets.",
      "Estimator sailor is the published simulator with its quirks; 'published' is what the "
      "published planner was recorded to reach in it, on two shared cores.",
      fmt::format(
          "Estimator sextant simulates the same profiles and network as framework {} sends, "
          "synchronises and holds memory, which the artifact's jobs run on; without a calibration, "
          "so that a process holds {} beside tensors.",
          job.framework, format_bytes(framework_named(job.framework).process_bytes)),
      "Planner sextant searches for the estimator that judges. All others search by their own "
      "model whoever judges; the first of their plans that fits in memory and meets the bounds "
      "counts. Those that see one GPU type or one zone only get the first or the last of the "
      "cluster, as in the published evaluation.",
      "'as published' is what the published evaluation makes of the same plan where it judges that "
      "planner otherwise: replicas of several GPUs of Metis and FlashFlex lose their compute there "
      "(they are listed GPU by GPU), and plans of Aceso are judged operator by operator."};
  if (tables.empty()) {
    notes.emplace_back(
        "The artifact's own tables of the compared tools are neither in it nor beside it: what "
        "they want is derived from its profiles, so that their plans need not be the published "
        "ones.");
  }
  if (flashflex::metis_index_bits() != kPublishedMetisBits) {
    notes.emplace_back(
        "FlashFlex cuts graphs with another METIS than the published one, which has 64-bit indices "
        "(./setup builds it): it finds other plans.");
  }
  return notes;
}

/// Planners whose plans the published harness lists GPU by GPU.
bool is_listed_by_gpu(std::string_view planner) {
  return planner == "metis" || planner == "flashflex";
}

/// Adds what the published evaluation makes of the answer where it judges that planner otherwise.
void judge_as_published(const TrainingProblem& problem, PlannedJob& answer) {
  if (!answer.feasible || !is_listed_by_gpu(answer.planner->name())) return;
  const Prediction published = sailor_prediction_listed_by_gpu(problem, answer.plan);
  if (published.iteration_s == answer.prediction.iteration_s) return;
  answer.published = {published.iters_per_s(), published.fits, "compute of tp > 1 dropped"};
}

std::optional<PlannedRow::Published> published_answer(const PlannerFigure& figure,
                                                      const Cluster& cluster,
                                                      const Planner& planner,
                                                      const ReproduceOptions& options) {
  // Ours has no record: what it has to beat is Sailor's.
  const std::string_view whose = planner.name() == "sextant" ? "sailor" : planner.name();
  const auto record = sailor_published(figure.name, cluster.summary(), whose);
  if (!record) return std::nullopt;
  PlannedRow::Published out;
  out.planner = whose;
  if (record->iters_per_s > 0) {
    out.worth = PlannedRow::Worth{record->iters_per_s, record->usd_per_iter};
  }
  if (options.timing) out.search_s = record->search_s;
  out.plans_rejected_oom = record->plans_rejected_oom;
  return out;
}

Reproduction planned(const PlannerFigure& figure, const ReproduceOptions& options,
                     std::vector<PlannedRow>& rows) {
  const auto seconds = [](auto from, auto to) {
    return std::chrono::duration<double>(to - from).count();
  };
  const auto start = std::chrono::steady_clock::now();
  const std::vector<const Planner*> with = chosen_planners(figure, options);
  const std::vector<const Estimator*> judges = chosen_estimators(options);
  const Job job = job_of(figure, options.artifact_dir);
  const std::vector<Cluster> clusters = clusters_of(figure, options.artifact_dir);
  const ModelProfile profile =
      read_sailor_simulator_profile(options.artifact_dir, job.model, gpu_types(clusters));
  Calibration calibration;
  calibration.process_bytes = framework_named(job.framework).process_bytes;
  const ModelDescription* model = job.described ? &*job.described : nullptr;

  const std::filesystem::path tables = published_tables_of(options.artifact_dir);
  Progress progress(fmt::format("sailor {}", figure.name), clusters.size() * with.size(),
                    options.progress);
  const auto loaded = std::chrono::steady_clock::now();
  std::vector<std::vector<PlannedRow>> by_judge(judges.size());
  std::size_t done = 0;
  for (const Cluster& cluster : clusters) {
    const TrainingProblem problem{job, profile, cluster, calibration, {}, model, tables};
    for (const Planner* planner : with) {
      std::vector<PlannedJob> answers = plan_job(*planner, problem, judges, options.search);
      for (std::size_t j = 0; j < judges.size(); ++j) {
        PlannedJob& answer = answers[j];
        if (judges[j]->name() == kPublishedEstimator) {
          judge_as_published(problem, answer);
        } else {
          answer.published.reset();
        }
        by_judge[j].push_back(planned_row(answer, cluster, figure.objective, options.timing));
        if (judges[j]->name() == kPublishedEstimator) {
          by_judge[j].back().published = published_answer(figure, cluster, *planner, options);
        }
      }
      progress.update(++done, fmt::format("{} {}", cluster.summary(), planner->name()));
    }
  }
  for (std::vector<PlannedRow>& of_judge : by_judge) {
    std::move(of_judge.begin(), of_judge.end(), std::back_inserter(rows));
  }
  compare_with_sailor(rows, figure.objective);
  Reproduction out;
  out.notes = notes_on(job, tables);
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
