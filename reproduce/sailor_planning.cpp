#include "reproduce/sailor_planning.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <optional>

#include <fmt/format.h>

#include "analyzer/cluster/sailor_cluster.h"
#include "analyzer/core/error.h"
#include "analyzer/core/progress.h"
#include "analyzer/core/table.h"
#include "analyzer/plan/job.h"
#include "analyzer/profile/sailor_format.h"
#include "analyzer/report/bar_chart.h"
#include "planner/training/planner.h"
#include "reproduce/sailor_published.h"

namespace sextant {

namespace {

/// "+18.5 %" where ours is 1.185 of theirs; what rounds to nothing has no minus sign.
std::string gain_text(double ratio) {
  const double tenths = std::round(1000 * (ratio - 1)) + 0.0;
  return fmt::format("{:+.1f} %", tenths / 10);
}

/// Inputs of one figure of Sailor's evaluation.
struct Figure {
  const char* name;
  const char* description;
  const char* job;    ///< below simulations/configs
  const char* trace;  ///< likewise
  /// Instead of the trace where it was never published: the counts that the figure's labels give.
  std::vector<std::vector<GpuCount>> clusters;
  Objective objective = Objective::kThroughput;
  const char* min_iters_per_s = nullptr;   ///< file with the bound, below ae_scripts/planner
  const char* max_usd_per_iter = nullptr;  ///< likewise
};

const std::vector<Figure>& figures() {
  const char* opt = "training_config_opt_350.json";
  const char* neo = "training_config_gpt_neo27.json";
  const auto balanced = [](int gpus) {
    return std::vector<GpuCount>{{"A100-40", "us-central1-a", gpus},
                                 {"V100-16", "us-central1-a", gpus}};
  };
  static const std::vector<Figure> all = {
      {"fig7", "OPT-350M on 32, 80, 128 A100: throughput", opt, "gpu_trace_scaled.csv", {}},
      {"fig8a",
       "OPT-350M on as many V100 as A100: throughput",
       opt,
       "",
       {balanced(32), balanced(80), balanced(128)}},
      {"fig8b",
       "OPT-350M on three times as many V100 as A100: throughput",
       opt,
       "gpu_trace_heterogeneous_imbalanced.csv",
       {}},
      {"fig9a",
       "GPT-Neo-2.7B on as many V100 as A100: throughput",
       neo,
       "",
       {balanced(32), balanced(80), balanced(128)}},
      {"fig9b",
       "GPT-Neo-2.7B on three times as many V100 as A100: throughput",
       neo,
       "gpu_trace_heterogeneous_imbalanced.csv",
       {}},
      {"fig10", "OPT-350M on A100 in five zones: throughput", opt, "gpu_trace_multizone.csv", {}},
      {"fig11",
       "OPT-350M in two zones, at least 0.2 iterations/s: USD per iteration",
       opt,
       "gpu_trace_2zones_2gpus.csv",
       {},
       Objective::kCost,
       "min_throughput_file.json",
       nullptr},
      {"fig12",
       "OPT-350M in two zones, at most 1.2 USD per iteration: throughput",
       opt,
       "gpu_trace_2zones_2gpus.csv",
       {},
       Objective::kThroughput,
       nullptr,
       "max_budget_file.json"},
  };
  return all;
}

const Figure& figure_named(const std::string& name) {
  const auto found = std::find_if(figures().begin(), figures().end(),
                                  [&](const Figure& figure) { return name == figure.name; });
  if (found == figures().end()) throw_usage("no planner figure " + quote(name));
  return *found;
}

std::vector<Cluster> clusters_of(const Figure& figure, const std::filesystem::path& configs,
                                 const SailorSite& site) {
  std::vector<Cluster> out;
  if (!figure.clusters.empty()) {
    for (const auto& gpus : figure.clusters) out.push_back(site.cluster(gpus));
    return out;
  }
  const AvailabilityTrace trace = read_trace_csv(configs / figure.trace);
  for (std::size_t row = 0; row < trace.rows.size(); ++row) {
    out.push_back(site.cluster(trace.available(row)));
  }
  return out;
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

/// The one number of a file that holds a list of bounds, one for each row of the trace.
double bound_from(const std::filesystem::path& file) {
  const JsonDocument document = JsonDocument::read(file);
  return document.root().at(std::size_t{0}).positive();
}

Job job_of(const Figure& figure, const std::filesystem::path& artifact) {
  Job job = read_job((artifact / "sailor/Planner/simulations/configs" / figure.job).string());
  job.objective = figure.objective;
  const std::filesystem::path bounds = artifact / "ae_scripts/planner";
  if (figure.min_iters_per_s != nullptr) {
    job.min_iters_per_s = bound_from(bounds / figure.min_iters_per_s);
  }
  if (figure.max_usd_per_iter != nullptr) {
    job.max_usd_per_iter = bound_from(bounds / figure.max_usd_per_iter);
  }
  return job;
}

OrderedJson row_of(const PlannedJob& job, const Cluster& cluster,
                   const std::optional<PublishedPlan>& published) {
  OrderedJson row;
  row["status"] = job.feasible ? "ok" : "infeasible";
  row["cluster"] = cluster.summary();
  row["planner"] = job.planner->name();
  row["estimator"] = job.estimator->name();
  row["evidence"] = "replayed";
  if (!job.feasible) row["reason"] = job.reason;
  if (job.feasible) {
    row["throughput_iters_per_s"] = job.prediction.iters_per_s();
    row["usd_per_iter"] = job.prediction.usd_per_iter();
    row["peak_memory_bytes"] = job.prediction.peak_memory_bytes;
    if (job.search.bound_iters_per_s) row["bound_iters_per_s"] = *job.search.bound_iters_per_s;
    if (job.search.bound_usd_per_iter) row["bound_usd_per_iter"] = *job.search.bound_usd_per_iter;
  }
  row["complete"] = job.search.complete;
  row["evaluations"] = job.search.evaluations;
  row["search_s"] = job.search_s;
  row["plans_rejected_oom"] = job.plans_rejected_oom;
  if (job.feasible) {
    OrderedJson used = OrderedJson::object();
    for (const GpuUse& use : gpus_used(job.plan)) used[use.gpu + "@" + use.zone] = use.count;
    row["gpus_used"] = std::move(used);
  }
  if (published) {
    row["published"] = {{"throughput_iters_per_s", published->iters_per_s},
                        {"usd_per_iter", published->usd_per_iter}};
  }
  if (job.feasible) row["artifact_plan"] = to_artifact_json(job.plan);
  return row;
}

/// One group a cluster; the published planner's own result hatched beside ours.
BarChart chart_of(const Figure& figure, const std::vector<Cluster>& clusters,
                  const std::vector<const Planner*>& chosen, const OrderedJson& rows) {
  const bool cost = figure.objective == Objective::kCost;
  const char* field = cost ? "usd_per_iter" : "throughput_iters_per_s";
  BarChart chart;
  chart.title = fmt::format("Sailor {}: {}", figure.name, figure.description);
  chart.y_label = cost ? "USD per iteration" : "iterations/s";
  chart.evidence = to_string(Evidence::kReplayed);
  chart.caption = "Judged by estimator sailor";
  for (const Planner* planner : chosen)
    chart.series.push_back({std::string(planner->name()), false});
  chart.series.push_back({"sailor", true});
  std::size_t next = 0;
  for (const Cluster& cluster : clusters) {
    BarChart::Group group{cluster.summary(), {}};
    std::optional<double> published;
    for (std::size_t p = 0; p < chosen.size(); ++p) {
      const OrderedJson& row = rows[next++];
      group.values.push_back(row.contains(field) ? std::optional(row[field].get<double>())
                                                 : std::nullopt);
      if (row.contains("published")) published = row["published"][field].get<double>();
    }
    group.values.push_back(published);
    chart.groups.push_back(std::move(group));
  }
  return chart;
}

}  // namespace

std::vector<ExperimentName> sailor_planning_experiments() {
  std::vector<ExperimentName> out;
  for (const Figure& figure : figures()) out.push_back({"sailor", figure.name, figure.description});
  return out;
}

Reproduction reproduce_sailor_planning(const std::string& experiment,
                                       const ReproduceOptions& options) {
  const Figure& figure = figure_named(experiment);
  if (!options.measured_dir.empty()) {
    throw_usage(fmt::format("sailor {} rests on no measured runs", figure.name));
  }
  const auto start = std::chrono::steady_clock::now();
  const std::filesystem::path artifact = options.artifact_dir;
  const std::filesystem::path configs = artifact / "sailor/Planner/simulations/configs";
  const Job job = job_of(figure, artifact);
  const std::vector<Cluster> clusters = clusters_of(figure, configs, SailorSite(artifact));
  const ModelProfile profile =
      read_sailor_simulator_profile(artifact, job.model, gpu_types(clusters));
  const Estimator& judge = estimator_named("sailor");

  std::vector<const Planner*> chosen;
  for (const std::string& name : options.planners) chosen.push_back(&planner_named(name));
  if (chosen.empty()) chosen = planners();

  Reproduction out;
  out.system = "sailor";
  out.experiment = figure.name;
  out.title = figure.description;
  Table table({{"cluster", Table::Align::kLeft},
               {"planner", Table::Align::kLeft},
               {"iterations/s"},
               {"published"},
               {"gain"},
               {"USD/iteration"},
               {"GPUs"},
               {"OOM plans"},
               {"plan", Table::Align::kLeft}});
  Progress progress(fmt::format("sailor {}", figure.name), clusters.size() * chosen.size(),
                    options.progress);
  std::size_t done = 0;
  const auto loaded = std::chrono::steady_clock::now();
  for (const Cluster& cluster : clusters) {
    const auto published = sailor_published(figure.name, cluster.summary());
    for (const Planner* planner : chosen) {
      const TrainingProblem problem{job, profile, cluster};
      const PlannedJob answer = plan_job(*planner, problem, judge, {});
      out.rows.push_back(row_of(answer, cluster, published));
      if (answer.feasible) {
        const double rate = answer.prediction.iters_per_s();
        table.add_row({cluster.summary(), std::string(planner->name()), fmt::format("{:.5f}", rate),
                       published ? fmt::format("{:.5f}", published->iters_per_s) : "-",
                       published ? gain_text(rate / published->iters_per_s) : "-",
                       fmt::format("{:.4f}", answer.prediction.usd_per_iter()),
                       fmt::format("{}", gpu_count(answer.plan)),
                       fmt::format("{}", answer.plans_rejected_oom), summary(answer.plan)});
      } else {
        table.add_row({cluster.summary(), std::string(planner->name()), "infeasible", "-", "-", "-",
                       "-", fmt::format("{}", answer.plans_rejected_oom), answer.reason});
      }
      progress.update(++done, fmt::format("{} {}", cluster.summary(), planner->name()));
    }
  }
  const auto seconds = [](auto from, auto to) {
    return std::chrono::duration<double>(to - from).count();
  };
  out.timing = {{"load_s", seconds(start, loaded)},
                {"plan_s", seconds(loaded, std::chrono::steady_clock::now())}};
  out.plot_svg = svg(chart_of(figure, clusters, chosen, out.rows));
  out.text = fmt::format(
      "Sailor {}: {}\njudged by estimator sailor on its published profiles (evidence: "
      "replayed)\n\n{}",
      figure.name, figure.description, table.text());
  return out;
}

}  // namespace sextant
