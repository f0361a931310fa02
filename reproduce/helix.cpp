#include "reproduce/helix.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "reproduce/helix_artifact.h"
#include "reproduce/helix_experiment.h"
#include "reproduce/helix_methods.h"
#include "reproduce/helix_published.h"
#include "reproduce/helix_report.h"
#include "reproduce/helix_simulation.h"

namespace sextant {

namespace {

void refuse_what_others_take(const std::string& experiment, const ReproduceOptions& options) {
  if (!options.planners.empty() || !options.estimators.empty() || !options.metric.empty() ||
      !options.measured_dir.empty() || !options.from.empty() ||
      options.search.max_evaluations > 0) {
    throw_usage(fmt::format(
        "helix {} has no planners (its methods are chosen with --method), estimators, metrics, "
        "measured runs, search budgets or documents to choose",
        experiment));
  }
}

const HelixExperiment& experiment_named(const std::string& name) {
  const std::vector<HelixExperiment>& all = helix_experiment_list();
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](const HelixExperiment& one) { return one.name == name; });
  if (found == all.end()) throw_usage("no experiment " + quote(name) + " of helix");
  return *found;
}

std::vector<HelixRow> joined(std::vector<HelixMethod> methods, std::vector<HelixOutcome> outcomes,
                             const std::vector<HelixPublished>& published) {
  std::vector<HelixRow> rows;
  for (std::size_t m = 0; m < methods.size(); ++m) {
    HelixRow row{std::move(methods[m]), std::move(outcomes[m])};
    for (const HelixPublished& one : published) {
      if (one.method == row.method.published) row.published = one;
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace

std::vector<ExperimentName> helix_experiments() {
  std::vector<ExperimentName> out;
  for (const HelixExperiment& one : helix_experiment_list()) {
    out.push_back({"helix", one.name, one.description});
  }
  return out;
}

Reproduction reproduce_helix(const std::string& name, const ReproduceOptions& options) {
  refuse_what_others_take(name, options);
  const HelixExperiment& experiment = experiment_named(name);
  const auto start = std::chrono::steady_clock::now();
  const std::filesystem::path root = options.artifact_dir;
  const std::vector<HelixPublished> published = read_helix_published(root, experiment);
  if (!options.layouts_dir.empty() &&
      (experiment.study != HelixExperiment::Study::kServing || experiment.cluster == "highhet")) {
    throw_usage("helix " + name + " has no layouts to replace");
  }
  const HelixArtifact artifact(root, experiment, options.layouts_dir);
  const RecordedRequests recorded = read_azure_conversations(root);
  const auto loaded = std::chrono::steady_clock::now();
  std::vector<HelixMethod> methods =
      helix_methods(experiment, artifact, recorded,
                    {.methods = options.methods,
                     .seed = options.search.seed,
                     .threads = static_cast<int>(options.search.threads),
                     .progress = options.progress});
  const auto placed = std::chrono::steady_clock::now();
  std::vector<HelixOutcome> outcomes =
      simulate_helix(experiment, methods, recorded, options.search.threads, options.progress);
  const auto simulated = std::chrono::steady_clock::now();
  const std::vector<HelixRow> rows = joined(std::move(methods), std::move(outcomes), published);

  Reproduction out;
  out.system = "helix";
  out.experiment = experiment.name;
  out.title = experiment.description;
  out.notes = helix_notes(experiment);
  for (const HelixRow& row : rows) out.rows.push_back(to_json(row, experiment, options.timing));
  out.summary = helix_summary(rows, experiment);
  const auto seconds = [](auto from, auto to) {
    return std::chrono::duration<double>(to - from).count();
  };
  out.timing = {{"load_s", seconds(start, loaded)},
                {"plan_s", seconds(loaded, placed)},
                {"simulate_s", seconds(placed, simulated)}};
  out.csv = helix_csv(rows, options.timing);
  if (options.latencies) out.latencies_csv = helix_latencies_csv(rows);
  out.plot_svg = svg(helix_chart(rows, experiment));
  out.text = fmt::format("Helix {}: {}\n", out.experiment, out.title);
  for (const std::string& note : out.notes) out.text += "- " + note + '\n';
  out.text += '\n' + helix_table(rows, experiment, options.timing);
  return out;
}

}  // namespace sextant
