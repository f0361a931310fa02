#include "cli/plan_output.h"

#include <cstdio>

#include <fmt/format.h>

#include "analyzer/core/table.h"

namespace sextant::cli {

namespace {

std::string stages_table(const PlanOutput& output) {
  Table table({{"stage"},
               {"layers", Table::Align::kLeft},
               {"replicas", Table::Align::kLeft},
               {"compute"},
               {"transfer"},
               {"sync"},
               {"memory of the fullest GPU", Table::Align::kLeft}});
  const std::vector<std::string> replicas = replica_texts(output.plan);
  std::size_t s = 0;
  for (const Pipeline& pipeline : output.plan.pipelines) {
    for (const Stage& stage : pipeline.stages) {
      const StagePrediction& cost = output.prediction.stages[s];
      table.add_row({fmt::format("{}{}", s,
                                 static_cast<int>(s) == output.prediction.slowest_stage ? "*" : ""),
                     fmt::format("{}-{}", stage.chunks.front().first, stage.chunks.back().end - 1),
                     replicas[s], format_seconds(cost.compute_s), format_seconds(cost.transfer_s),
                     format_seconds(cost.sync_s),
                     fmt::format("{} of {}", format_gib(cost.peak_memory_bytes),
                                 format_gib(cost.memory_capacity_bytes))});
      ++s;
    }
  }
  return table.text();
}

std::string run_text(const PlanOutput& output) {
  const RunFigures run = run_figures(output.input, output.plan, output.prediction, output.tokens);
  std::string text;
  if (run.tokens_per_s) text += fmt::format(", {} tokens/s", format_count(*run.tokens_per_s));
  if (run.model_flops_utilization) {
    text += fmt::format(", model FLOPs utilisation {:.1f} %", 100 * *run.model_flops_utilization);
  }
  if (run.seconds_for_tokens) {
    // Runs are spoken of in billions of tokens, not in G.
    text += fmt::format("\n{:g} billion tokens: {}, {:.0f} USD", output.tokens / 1e9,
                        format_seconds(*run.seconds_for_tokens), *run.usd_for_tokens);
  }
  return text;
}

/// Cents where there are dollars, four digits where there are none.
std::string usd_text(double usd) {
  return usd < 1 ? fmt::format("{:.4g}", usd) : fmt::format("{:.4f}", usd);
}

}  // namespace

std::string counted(long long count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string describe(const PlanOutput& output) {
  const Prediction& p = output.prediction;
  std::string text = stages_table(output);
  text += fmt::format("* the slowest stage; compute and transfer are of one microbatch of {}\n\n",
                      output.plan.microbatch);
  text += fmt::format(
      "iteration {} = steady {} ({}) + fill and drain {} + update {} + sync {}\n",
      format_seconds(p.iteration_s), format_seconds(p.steady_s),
      p.microbatches == 1 ? "1 microbatch" : fmt::format("{} microbatches", p.microbatches),
      format_seconds(p.fill_s), format_seconds(p.update_s), format_seconds(p.sync_s));
  text += fmt::format("{:.5g} iterations/s{}\n", p.iters_per_s(), run_text(output));
  text += fmt::format("{} USD/iteration (GPUs {}, egress {}) on {} of {}\n",
                      usd_text(p.usd_per_iter()), usd_text(p.compute_usd), usd_text(p.egress_usd),
                      counted(gpu_count(output.plan), "GPU"), output.input.cluster.gpu_count());
  return text;
}

OrderedJson prediction_json(const PlanOutput& output) {
  const Prediction& p = output.prediction;
  OrderedJson out = {
      {"estimator", output.estimator},
      {"evidence", to_string(output.input.evidence)},
      {"throughput_iters_per_s", p.iters_per_s()},
      {"usd_per_iter", p.usd_per_iter()},
      {"peak_memory_bytes", p.peak_memory_bytes},
      {"fits", p.fits},
      {"iteration_s", p.iteration_s},
      {"parts_s",
       {{"steady", p.steady_s}, {"fill", p.fill_s}, {"update", p.update_s}, {"sync", p.sync_s}}},
      {"microbatches", p.microbatches},
      {"slowest_stage", p.slowest_stage},
      {"usd_parts", {{"compute", p.compute_usd}, {"egress", p.egress_usd}}}};
  OrderedJson stages = OrderedJson::array();
  for (const StagePrediction& stage : p.stages) {
    stages.push_back({{"compute_s", stage.compute_s},
                      {"transfer_s", stage.transfer_s},
                      {"sync_s", stage.sync_s},
                      {"update_s", stage.update_s},
                      {"peak_memory_bytes", stage.peak_memory_bytes},
                      {"memory_capacity_bytes", stage.memory_capacity_bytes}});
  }
  out["stages"] = std::move(stages);
  const RunFigures run = run_figures(output.input, output.plan, p, output.tokens);
  if (run.tokens_per_s) out["tokens_per_s"] = *run.tokens_per_s;
  if (run.model_flops_utilization) out["model_flops_utilization"] = *run.model_flops_utilization;
  if (run.seconds_for_tokens) {
    out["run"] = {{"tokens", output.tokens},
                  {"time_s", *run.seconds_for_tokens},
                  {"usd", *run.usd_for_tokens}};
  }
  OrderedJson used = OrderedJson::object();
  for (const GpuUse& use : gpus_used(output.plan)) used[use.gpu + "@" + use.zone] = use.count;
  out["gpus_used"] = std::move(used);
  return out;
}

void print_notes(const TrainingInput& input) {
  for (const std::string& note : input.notes) fmt::print(stderr, "note: {}\n", note);
}

}  // namespace sextant::cli
