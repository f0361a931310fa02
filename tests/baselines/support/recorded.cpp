#include "tests/baselines/support/recorded.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "analyzer/cluster/sailor_cluster.h"
#include "analyzer/core/error.h"
#include "analyzer/core/json_document.h"
#include "analyzer/measured/sailor_runs.h"
#include "analyzer/profile/sailor_format.h"
#include "analyzer/training/published_tables.h"
#include "analyzer/validation/validation.h"
#include "reproduce/sailor_planner_figures.h"
#include "tests/support/reference_data.h"

namespace sextant {

namespace {

JsonDocument records() {
  return JsonDocument::read(reference_data("baselines") / "reference_results.json");
}

std::string summary_of(const JsonNode& cluster) {
  std::string summary;
  for (const auto& [pool, count] : cluster.members()) {
    const std::size_t split = pool.find('_');
    summary += fmt::format("{}{}x{}@{}", summary.empty() ? "" : "+", count.count(),
                           pool.substr(0, split), pool.substr(split + 1));
  }
  return summary;
}

/// "4xV100-16@us-central1-a": tensor degree, GPU type and zone.
Replica replica_of(const std::string& text) {
  const GpuCount pool = gpu_count_from(text);
  return {{{pool.gpu, pool.zone, -1, pool.count}}, pool.count, 0};
}

Plan plan_of(const JsonNode& run) {
  Plan plan;
  const auto node = run.find("plan");
  if (!node || node->is_null() || !node->has("pipelines")) return plan;
  plan.model = run.at("model").string();
  plan.microbatch = node->at("micro_batch").count();
  for (const JsonNode& entry : node->at("pipelines").elements()) {
    Pipeline pipeline;
    int first = 0;
    for (const JsonNode& layers : entry.at("stages").elements()) {
      Stage& stage = pipeline.stages.emplace_back();
      const int end = first + layers.at("layers").count();
      stage.chunks = {{first, end}};
      first = end;
      for (const auto& [text, count] : layers.at("replicas").members()) {
        stage.replicas.insert(stage.replicas.end(), static_cast<std::size_t>(count.count()),
                              replica_of(text));
      }
    }
    plan.layer_count = first;
    plan.pipelines.insert(plan.pipelines.end(), static_cast<std::size_t>(entry.at("count").count()),
                          pipeline);
  }
  return plan;
}

void add_artifact(TrainingInput& input, const std::set<std::string>& gpus) {
  const std::filesystem::path artifact = reference_data("sailor");
  input.profile =
      read_sailor_simulator_profile(artifact, input.job.model, {gpus.begin(), gpus.end()});
  input.model = input.job.described;
  input.published_tables = published_tables_of(artifact);
}

}  // namespace

std::vector<RecordedAnswer> recorded_answers(std::string_view planner) {
  const JsonDocument document = records();
  std::vector<RecordedAnswer> out;
  for (const JsonNode& run : document.root().at("planner_runs").elements()) {
    if (run.at("planner").string() != planner || run.at("status").string() != "ok") continue;
    RecordedAnswer& answer = out.emplace_back();
    answer.figure = run.at("figure").string();
    answer.cluster = summary_of(run.at("cluster"));
    if (const auto variant = run.find("variant")) answer.variant = variant->string();
    answer.iters_per_s = run.at("throughput_iters_per_s").number();
    answer.found = answer.iters_per_s > 0;
    answer.usd_per_iter = run.at("usd_per_iter").number();
    answer.search_s = run.at("search_time_s").number();
    answer.plans_rejected_oom = static_cast<int>(run.at("oom_plans").integer(0, 1'000'000));
    answer.plan = plan_of(run);
  }
  return out;
}

std::map<std::string, double> recorded_estimates(std::string_view figure,
                                                 std::string_view estimator) {
  const JsonDocument document = records();
  const char* set = figure.starts_with("fig6") ? "mit" : "main";
  std::map<std::string, double> out;
  const JsonNode rows = document.root()
                            .at("validation")
                            .at(std::string(figure))
                            .at("main")
                            .at(std::string(estimator))
                            .at("rows");
  for (const JsonNode& row : rows.elements()) {
    if (row.at("estimated").is_null()) continue;
    out[fmt::format("{}/{}", set, row.at("config").string())] = row.at("estimated").number();
  }
  return out;
}

TrainingInput published_input(const std::string& figure, const std::string& cluster) {
  const std::filesystem::path artifact = reference_data("sailor");
  const PlannerFigure& of = planner_figure_named(figure);
  TrainingInput input;
  input.job = job_of(of, artifact);
  const std::vector<Cluster> clusters = clusters_of(of, artifact);
  const auto found = std::find_if(clusters.begin(), clusters.end(), [&](const Cluster& candidate) {
    return candidate.summary() == cluster;
  });
  if (found == clusters.end()) throw_bad_input(figure + " has no cluster " + cluster);
  input.cluster = *found;
  std::set<std::string> gpus;
  for (const GpuPool& pool : input.cluster.pools) gpus.insert(pool.gpu);
  add_artifact(input, gpus);
  return input;
}

PublishedRuns::PublishedRuns(std::string_view set) {
  const std::filesystem::path artifact = reference_data("sailor");
  input_.job = read_job(
      (artifact / "sailor/Planner/simulations/configs/training_config_opt_350.json").string());
  const ModelDescription& model = *input_.job.described;
  runs_ = read_sailor_set(
      artifact, set == "mit" ? kSailorMitRuns : kSailorMainRuns,
      {input_.job.model, model.layers + 2 + (model.final_norm ? 1 : 0), input_.job.seq_len});
  std::map<std::pair<std::string, std::string>, int> most;
  std::set<std::string> gpus;
  for (const MeasuredRun& run : runs_) {
    for (const GpuUse& use : gpus_used(run.plan)) {
      int& count = most[{use.gpu, use.zone}];
      count = std::max(count, use.count);
      gpus.insert(use.gpu);
    }
  }
  std::vector<GpuCount> pools;
  for (const auto& [pool, count] : most) pools.push_back({pool.first, pool.second, count});
  input_.cluster = SailorSite(artifact).cluster(pools);
  add_artifact(input_, gpus);
}

Prediction PublishedRuns::predict(const Estimator& estimator, const MeasuredRun& run) const {
  Contender contender;
  contender.estimator = &estimator;
  contender.profile = &input_.profile;
  contender.model = &*input_.model;
  contender.published_tables = input_.published_tables;
  return predict_run(contender, run, input_.job, input_.cluster, Calibration{});
}

}  // namespace sextant
