#include "reproduce/sailor_validation.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/cluster/sailor_cluster.h"
#include "analyzer/core/error.h"
#include "analyzer/measured/sailor_runs.h"
#include "analyzer/measured/suspicion.h"
#include "analyzer/plan/job.h"
#include "analyzer/profile/sailor_format.h"
#include "analyzer/validation/leave_one_out.h"
#include "analyzer/validation/validation_document.h"
#include "analyzer/validation/validation_report.h"
#include "analyzer/validation/validation_runs.h"
#include "reproduce/sailor_contenders.h"
#include "reproduce/sailor_published.h"

namespace sextant {

namespace {

struct Figure {
  const char* name;
  const char* description;
  Quantity quantity;
  std::vector<SailorRunSet> sets;
  /// Whom the figure compares beside Sailor's simulator and ours.
  std::vector<const char*> baselines;
  /// Those of them that the paper does not draw: their errors would leave no room for the others.
  std::vector<const char*> not_drawn = {};
};

const std::vector<Figure>& figures() {
  static const std::vector<Figure> all = {
      {"fig5a",
       "OPT-350M on 1 to 32 nodes of four GH200: memory, predicted and measured",
       Quantity::kMemory,
       {kSailorAeRuns, kSailorMainRuns},
       {"varuna", "piper", "galvatron", "aceso", "flashflex", "metis"},
       {"galvatron"}},
      {"fig5b",
       "OPT-350M on 1 to 32 nodes of four GH200: time, predicted and measured",
       Quantity::kTime,
       {kSailorAeRuns, kSailorMainRuns},
       {"amp", "varuna", "piper", "galvatron", "aceso", "flashflex", "metis"},
       {"amp", "galvatron"}},
      {"fig6",
       "OPT-350M on RTX 3090, RTX 2080 and Titan RTX mixed: time, predicted and measured",
       Quantity::kTime,
       {kSailorMitRuns},
       {"amp", "flashflex", "metis"}},
  };
  return all;
}

const Figure& figure_named(const std::string& name) {
  const auto found = std::find_if(figures().begin(), figures().end(),
                                  [&](const Figure& figure) { return name == figure.name; });
  if (found == figures().end()) throw_usage("no validation figure " + quote(name));
  return *found;
}

/// Pipeline layers of the model that a configuration of the artifact describes: its blocks, the
/// embedding, the head, and the last norm where it is one of them.
int layer_count(const Job& job) {
  return job.described->layers + 2 + (job.described->final_norm ? 1 : 0);
}

bool contains(const std::vector<const char*>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// The zone of all published validation plans, whose links the artifact knows.
constexpr const char* kPublishedZone = "us-central1-a";

/// A site of one zone has its own name for it; between zones the artifact's links count, so that
/// several must be zones that it knows.
void rename_only_zone(std::vector<MeasuredRun>& runs) {
  std::set<std::string> zones;
  for (const MeasuredRun& run : runs) {
    for (const GpuUse& use : gpus_used(run.plan)) zones.insert(use.zone);
  }
  if (zones.size() != 1) return;
  for (MeasuredRun& run : runs) {
    for (Pipeline& pipeline : run.plan.pipelines) {
      for (Stage& stage : pipeline.stages) {
        for (Replica& replica : stage.replicas) {
          for (Machine& machine : replica.machines) machine.zone = kPublishedZone;
        }
      }
    }
  }
}

std::vector<MeasuredRun> runs_of(const Figure& figure, const Job& job,
                                 const ReproduceOptions& options) {
  if (!options.measured_dir.empty()) {
    std::vector<MeasuredRun> own =
        read_validation_runs(options.measured_dir, job, layer_count(job));
    rename_only_zone(own);
    for (MeasuredRun& run : own) {
      // Files of the artifact's form do not say what ran them: what ran the figure's own.
      if (run.evidence == Evidence::kReplayed) run.framework = figure.sets.front().framework;
    }
    return own;
  }
  std::vector<MeasuredRun> runs;
  for (const SailorRunSet& set : figure.sets) {
    for (MeasuredRun& run :
         read_sailor_set(options.artifact_dir, set, {job.model, layer_count(job), job.seq_len})) {
      runs.push_back(std::move(run));
    }
  }
  mark_suspicions(runs);
  return runs;
}

/// The largest number of GPUs of each type and zone that a run uses.
std::vector<GpuCount> gpus_of(const std::vector<MeasuredRun>& runs) {
  std::map<std::pair<std::string, std::string>, int> most;
  for (const MeasuredRun& run : runs) {
    for (const GpuUse& use : gpus_used(run.plan)) {
      int& count = most[{use.gpu, use.zone}];
      count = std::max(count, use.count);
    }
  }
  std::vector<GpuCount> gpus;
  for (const auto& [pool, count] : most) gpus.push_back({pool.first, pool.second, count});
  return gpus;
}

std::vector<std::string> types_of(const std::vector<GpuCount>& gpus) {
  std::vector<std::string> types;
  for (const GpuCount& gpu : gpus) {
    if (std::find(types.begin(), types.end(), gpu.gpu) == types.end()) types.push_back(gpu.gpu);
  }
  return types;
}

/// Gives ours a calibration for each run, from the other configurations; returns what was fitted,
/// for people. Published models have their own constants.
std::string calibrate(std::vector<Contender>& contenders, const std::vector<MeasuredRun>& runs,
                      const Job& job, const Cluster& cluster) {
  std::string text;
  for (Contender& contender : contenders) {
    if (contender.estimator->name() != "sextant") continue;
    const auto fit = calibrate_leaving_out(contender, runs, job, cluster);
    if (!fit) continue;
    for (const FittedParameter& parameter : fit->parameters) {
      if (!parameter.adopted) continue;
      text += fmt::format("  {}: {} {:.4g}, unfitted {:.4g} ({} runs)\n", contender.name,
                          parameter.name, parameter.after, parameter.before, parameter.runs);
    }
  }
  if (text.empty()) return text;
  return "Fitted, for each row to the other configurations alone (what all of them give):\n" + text;
}

double figure_of(const PublishedPrediction& prediction, Quantity quantity) {
  return quantity == Quantity::kTime ? prediction.iteration_s : prediction.memory_bytes;
}

/// Of Sailor's simulator, by run.
PublishedPredictions published_of(const std::vector<MeasuredRun>& runs, Quantity quantity) {
  PublishedPredictions published;
  for (const MeasuredRun& run : runs) {
    if (const auto found = sailor_published_prediction(run.name, "sailor")) {
      published[run.name] = figure_of(*found, quantity);
    }
  }
  return published;
}

/// The estimator of a row, whatever its profile.
std::string_view tool_of(const ValidationRow& row) {
  return std::string_view(row.estimator).substr(0, row.estimator.find('@'));
}

/// Beside the row what the same tool was recorded to predict, of ours what Sailor's simulator was.
OrderedJson json_of(const ValidationRow& row, bool published_runs) {
  OrderedJson out = to_json(row);
  if (!published_runs || !row.ok()) return out;
  const std::string_view tool = tool_of(row);
  const auto found = sailor_published_prediction(row.config, tool == "sextant" ? "sailor" : tool);
  if (found && figure_of(*found, row.quantity) > 0) {
    const double predicted = figure_of(*found, row.quantity);
    out["published"] = {{"predicted", predicted}, {"relative_error", predicted / row.measured - 1}};
  }
  return out;
}

constexpr std::string_view kProfilesText =
    "Estimators read the profile of the published simulator, with @planner-profile the one of the "
    "published planner.\nThe headline is sextant@planner-profile: that profile is as it was "
    "measured, "
    "while the simulator's differs from it in\ntimes rounded to four digits for exactly the GH200 "
    "configurations that are validated.\n";

std::string text_of(const Figure& figure, const ReproduceOptions& options,
                    const std::vector<ValidationRow>& rows, const PublishedPredictions& published,
                    const std::string& calibrated) {
  std::string text = fmt::format("Sailor {}: {}\n", figure.name, figure.description);
  if (options.measured_dir.empty()) {
    text += "Measurements as published with the artifact (evidence: replayed).\n";
  } else {
    text += fmt::format("Measurements of {}.\n", options.measured_dir);
  }
  text += kProfilesText;
  if (!published.empty()) {
    text += "published: what the artifact's own simulator was recorded to predict.\n";
    if (!figure.baselines.empty()) {
      text +=
          "The other tools read the tables that the artifact made for them, and are not "
          "calibrated.\n";
    }
    if (contains(figure.baselines, "aceso")) {
      text += "aceso/…: runs of Aceso's own runtime, nodes-batch-D-P-microbatch.\n";
    }
    text +=
        "What the engine sends between stages (whole tensors on the GH200 nodes, shares of them on "
        "the others) is not recorded:\nit was inferred from these measurements.\n";
  }
  return text + calibrated + '\n' + validation_text(rows, published);
}

BoxPlot plot_of(const Figure& figure, std::vector<ValidationRow> rows) {
  std::erase_if(
      rows, [&](const ValidationRow& row) { return contains(figure.not_drawn, row.estimator); });
  BoxPlot plot =
      validation_plot(rows, fmt::format("Sailor {}: {}", figure.name, figure.description));
  if (!figure.not_drawn.empty()) {
    plot.caption += fmt::format("{}Not drawn, as in the paper, for errors of more than 100 %: {}.",
                                plot.caption.empty() ? "" : " ", fmt::join(figure.not_drawn, ", "));
  }
  return plot;
}

}  // namespace

std::vector<ExperimentName> sailor_validation_experiments() {
  std::vector<ExperimentName> out;
  for (const Figure& figure : figures()) out.push_back({"sailor", figure.name, figure.description});
  return out;
}

Reproduction reproduce_sailor_validation(const std::string& experiment,
                                         const ReproduceOptions& options) {
  const Figure& figure = figure_named(experiment);
  if (!options.planners.empty()) {
    throw_usage(fmt::format("sailor {} has no planners to choose from", figure.name));
  }
  if (!options.from.empty() || !options.estimators.empty() || !options.metric.empty()) {
    throw_usage(fmt::format(
        "sailor {} is shown again, and its estimators are chosen, by sextant validate --from",
        figure.name));
  }
  if (options.search.max_evaluations > 0) {
    throw_usage(fmt::format("sailor {} plans nothing that a budget could be for", figure.name));
  }
  const auto start = std::chrono::steady_clock::now();
  const std::filesystem::path artifact = options.artifact_dir;
  const Job job = read_job(
      (artifact / "sailor/Planner/simulations/configs/training_config_opt_350.json").string());
  const std::vector<MeasuredRun> runs = runs_of(figure, job, options);
  const std::vector<GpuCount> gpus = gpus_of(runs);
  const Cluster cluster = SailorSite(artifact).cluster(gpus);
  const ModelProfile simulator = read_sailor_simulator_profile(artifact, job.model, types_of(gpus));
  const ModelProfile planner = read_sailor_planner_profile(artifact, job.model, types_of(gpus));
  for (const MeasuredRun& run : runs) check_suits(run, job, simulator);
  std::vector<Contender> contenders =
      sailor_contenders(figure.baselines, artifact, *job.described, simulator, planner);
  const PublishedPredictions published =
      options.measured_dir.empty() ? published_of(runs, figure.quantity) : PublishedPredictions();
  const auto loaded = std::chrono::steady_clock::now();
  const std::string calibrated = calibrate(contenders, runs, job, cluster);
  std::vector<ValidationRow> rows = validate(runs, contenders, job, cluster, {figure.quantity});
  if (contains(figure.baselines, "aceso") && options.measured_dir.empty()) {
    for (ValidationRow& row : aceso_rows(figure.quantity, artifact)) rows.push_back(std::move(row));
  }

  Reproduction out;
  out.system = "sailor";
  out.experiment = figure.name;
  out.title = figure.description;
  for (const ValidationRow& row : rows) {
    out.rows.push_back(json_of(row, options.measured_dir.empty()));
    const bool compared = tool_of(row) != "sextant" && tool_of(row) != "sailor";
    if (row.status == ValidationRow::Status::kUnpredicted && !compared) ++out.unpredicted;
  }
  for (const ValidationSummary& summary : summarize(rows)) out.summary.push_back(to_json(summary));
  const auto seconds = [](auto from, auto to) {
    return std::chrono::duration<double>(to - from).count();
  };
  out.timing = {{"load_s", seconds(start, loaded)},
                {"predict_s", seconds(loaded, std::chrono::steady_clock::now())}};
  out.text = text_of(figure, options, rows, published, calibrated);
  out.csv = validation_csv(rows);
  out.plot_svg = svg(plot_of(figure, rows));
  return out;
}

}  // namespace sextant
