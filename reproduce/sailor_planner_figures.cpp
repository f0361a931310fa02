#include "reproduce/sailor_planner_figures.h"

#include <algorithm>

#include "analyzer/cluster/sailor_cluster.h"
#include "analyzer/core/error.h"
#include "analyzer/core/json_document.h"

namespace sextant {

namespace {

constexpr const char* kConfigurations = "sailor/Planner/simulations/configs";
constexpr const char* kBounds = "ae_scripts/planner";

/// The one number of a file that holds a list of bounds, one for each row of the trace.
double bound_from(const std::filesystem::path& file) {
  const JsonDocument document = JsonDocument::read(file);
  return document.root().at(std::size_t{0}).positive();
}

std::vector<GpuCount> balanced(int gpus) {
  return {{"A100-40", "us-central1-a", gpus}, {"V100-16", "us-central1-a", gpus}};
}

std::vector<PlannerFigure> make_figures() {
  const char* opt = "training_config_opt_350.json";
  const char* neo = "training_config_gpt_neo27.json";
  const std::vector<std::vector<GpuCount>> pairs = {balanced(32), balanced(80), balanced(128)};
  const char* shared_trace = "gpu_trace_heterogeneous_imbalanced.csv";
  // The groups of the artifact's evaluation; Atlas is in its simulator, but in no group.
  const std::vector<const char*> all = {"amp",   "varuna",    "piper", "galvatron",
                                        "aceso", "flashflex", "metis", "dtfm"};
  const std::vector<const char*> heterogeneous = {"amp", "flashflex", "metis"};
  const std::vector<const char*> geo_distributed = {"dtfm", "atlas"};
  const std::vector<const char*> by_cost = {"amp", "galvatron", "flashflex", "metis", "dtfm"};
  return {
      {.name = "fig7",
       .description = "OPT-350M on 32, 80, 128 A100: throughput",
       .job = opt,
       .trace = "gpu_trace_scaled.csv",
       .baselines = all},
      {.name = "fig8a",
       .description = "OPT-350M on as many V100 as A100: throughput",
       .job = opt,
       .clusters = pairs,
       .baselines = heterogeneous},
      {.name = "fig8b",
       .description = "OPT-350M on three times as many V100 as A100: throughput",
       .job = opt,
       .trace = shared_trace,
       .baselines = heterogeneous},
      {.name = "fig9a",
       .description = "GPT-Neo-2.7B on as many V100 as A100: throughput",
       .job = neo,
       .clusters = pairs,
       .baselines = heterogeneous},
      {.name = "fig9b",
       .description = "GPT-Neo-2.7B on three times as many V100 as A100: throughput",
       .job = neo,
       .trace = shared_trace,
       .baselines = heterogeneous},
      {.name = "fig10",
       .description = "OPT-350M on A100 in five zones: throughput",
       .job = opt,
       .trace = "gpu_trace_multizone.csv",
       .shows_cost = true,
       .baselines = geo_distributed},
      {.name = "fig11",
       .description = "OPT-350M in two zones, at least 0.2 iterations/s: USD per iteration",
       .job = opt,
       .trace = "gpu_trace_2zones_2gpus.csv",
       .objective = Objective::kCost,
       .min_iters_per_s = "min_throughput_file.json",
       .shows_cost = true,
       .baselines = by_cost},
      {.name = "fig12",
       .description = "OPT-350M in two zones, at most 1.2 USD per iteration: throughput",
       .job = opt,
       .trace = "gpu_trace_2zones_2gpus.csv",
       .max_usd_per_iter = "max_budget_file.json",
       .shows_cost = true,
       .baselines = by_cost},
  };
}

}  // namespace

const std::vector<PlannerFigure>& planner_figures() {
  static const std::vector<PlannerFigure> all = make_figures();
  return all;
}

const PlannerFigure& planner_figure_named(const std::string& name) {
  const auto& all = planner_figures();
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](const PlannerFigure& figure) { return name == figure.name; });
  if (found == all.end()) throw_usage("no planner figure " + quote(name));
  return *found;
}

Job job_of(const PlannerFigure& figure, const std::filesystem::path& artifact) {
  Job job = read_job((artifact / kConfigurations / figure.job).string());
  job.objective = figure.objective;
  const std::filesystem::path bounds = artifact / kBounds;
  if (figure.min_iters_per_s != nullptr) {
    job.min_iters_per_s = bound_from(bounds / figure.min_iters_per_s);
  }
  if (figure.max_usd_per_iter != nullptr) {
    job.max_usd_per_iter = bound_from(bounds / figure.max_usd_per_iter);
  }
  return job;
}

std::vector<Cluster> clusters_of(const PlannerFigure& figure,
                                 const std::filesystem::path& artifact) {
  const SailorSite site(artifact);
  std::vector<Cluster> out;
  if (!figure.clusters.empty()) {
    for (const auto& gpus : figure.clusters) out.push_back(site.cluster(gpus));
    return out;
  }
  const AvailabilityTrace trace = read_trace_csv(artifact / kConfigurations / figure.trace);
  for (std::size_t row = 0; row < trace.rows.size(); ++row) {
    out.push_back(site.cluster(trace.available(row)));
  }
  return out;
}

}  // namespace sextant
