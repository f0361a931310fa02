#include "cli/plan_output.h"

#include <algorithm>
#include <cstdio>
#include <iterator>

#include <fmt/format.h>

#include "analyzer/core/table.h"
#include "analyzer/training/plan_origin.h"

namespace sextant::cli {

namespace {

/// Expected, not exceeded where the model tells the two apart, and there.
std::string memory_text(const StagePrediction& stage) {
  if (!(stage.memory_bound_bytes > 0)) return "not modelled";
  const std::string bound = stage.memory_bound_bytes > stage.peak_memory_bytes
                                ? fmt::format(" (at most {})", format_gib(stage.memory_bound_bytes))
                                : "";
  return fmt::format("{}{} of {}", format_gib(stage.peak_memory_bytes), bound,
                     format_gib(stage.memory_capacity_bytes));
}

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
                     format_seconds(cost.sync_s), memory_text(cost)});
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

/// "1.23 s", "1.23 s (1.20 s to 1.30 s)".
std::string iteration_text(const Prediction& p) {
  if (!p.interval.has_spread) return format_seconds(p.iteration_s);
  return fmt::format("{} ({} to {})", format_seconds(p.iteration_s),
                     format_seconds(p.interval.low_s), format_seconds(p.interval.high_s));
}

/// Names of the exclusive parts, for people and for documents, in the order of both.
struct TimePart {
  const char* text;
  const char* member;
  double TimeBreakdown::*seconds;
};
constexpr TimePart kTimeParts[] = {
    {"compute", "compute", &TimeBreakdown::compute_s},
    {"bubble", "bubble", &TimeBreakdown::bubble_s},
    {"exposed transfer", "exposed_transfer", &TimeBreakdown::exposed_transfer_s},
    {"exposed sync", "exposed_sync", &TimeBreakdown::exposed_sync_s},
    {"update", "update", &TimeBreakdown::update_s},
    {"overhead", "overhead", &TimeBreakdown::overhead_s},
};

/// Where the iteration goes: exclusive parts where the model tells them, else the artifact's sum.
std::string time_text(const Prediction& p) {
  const std::string microbatches =
      p.microbatches == 1 ? "1 microbatch" : fmt::format("{} microbatches", p.microbatches);
  if (!p.breakdown) {
    return fmt::format("iteration {} = steady {} ({}) + fill and drain {} + update {} + sync {}\n",
                       iteration_text(p), format_seconds(p.steady_s), microbatches,
                       format_seconds(p.fill_s), format_seconds(p.update_s),
                       format_seconds(p.sync_s));
  }
  std::string text = fmt::format("iteration {}, {}\n\n", iteration_text(p), microbatches);
  Table table({{"where it goes", Table::Align::kLeft}, {"time"}, {"share"}});
  for (const TimePart& part : kTimeParts) {
    const double seconds = (*p.breakdown).*part.seconds;
    table.add_row({part.text, format_seconds(seconds),
                   fmt::format("{:.1f} %", 100 * seconds / p.iteration_s)});
  }
  text += table.text();
  if (!p.binds.empty()) text += fmt::format("binds: {}\n", p.binds);
  return text + "\n";
}

std::string memory_terms_text(const Prediction& p, std::size_t stage) {
  const StagePrediction& cost = p.stages[stage];
  Table table({{"memory", Table::Align::kLeft}, {"size"}, {"source", Table::Align::kLeft}});
  for (const MemoryTerm& term : cost.memory_terms) {
    table.add_row({term.name, format_gib(term.bytes), term.source});
  }
  return fmt::format("stage {}, fullest GPU: {}\n\n{}\n", stage, memory_text(cost), table.text());
}

std::string_view ignored_by(std::string_view name) {
  for (const Estimator* estimator : estimators()) {
    if (estimator->name() == name) return estimator->ignores();
  }
  return "";
}

/// The stage nearest to its capacity.
std::size_t fullest_stage(const Prediction& p) {
  const auto fuller = [](const StagePrediction& a, const StagePrediction& b) {
    return a.memory_bound_bytes * b.memory_capacity_bytes <
           b.memory_bound_bytes * a.memory_capacity_bytes;
  };
  return static_cast<std::size_t>(
      std::distance(p.stages.begin(), std::max_element(p.stages.begin(), p.stages.end(), fuller)));
}

/// What memory is made of, on the fullest stage or on all; "" where the model does not say.
std::string memory_breakdown(const PlanOutput& output) {
  const Prediction& p = output.prediction;
  std::string text;
  for (std::size_t s = 0; s < p.stages.size(); ++s) {
    if (p.stages[s].memory_terms.empty()) continue;
    if (output.all_memory || s == fullest_stage(p)) text += memory_terms_text(p, s);
  }
  if (text.empty() && output.all_memory) {
    text = fmt::format("estimator {} does not say what memory is made of\n", output.estimator);
  }
  return text;
}

/// ", 0.42 USD per million tokens"; "" where the sequence length is not known.
std::string token_price_text(const PlanOutput& output) {
  const RunFigures run = run_figures(output.input, output.plan, output.prediction, 0);
  if (!run.usd_per_token) return "";
  return fmt::format(", {:.4g} USD per million tokens", 1e6 * *run.usd_per_token);
}

std::string quota_text(const PlanOutput& output) {
  const std::string gpus = text_of(quotas_used_up(output.input.cluster, output.plan));
  return gpus.empty() ? "" : fmt::format("quotas used up: {}\n", gpus);
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
  text += time_text(p);
  const std::string_view ignored = ignored_by(output.estimator);
  if (!ignored.empty()) text += fmt::format("not in this model: {}\n", ignored);
  text += memory_breakdown(output);
  text += fmt::format("{:.5g} iterations/s{}\n", p.iters_per_s(), run_text(output));
  text += fmt::format("{} USD/iteration (GPUs {}, egress {}){} on {} of {}\n",
                      usd_text(p.usd_per_iter()), usd_text(p.compute_usd), usd_text(p.egress_usd),
                      token_price_text(output), counted(gpu_count(output.plan), "GPU"),
                      output.input.cluster.gpu_count());
  return text + prices_text(output.input.cluster) + quota_text(output);
}

std::string prices_text(const Cluster& cluster) {
  if (cluster.price_date.empty() || cluster.price_source.empty()) return "";
  return fmt::format("prices of {}: {}\n", cluster.price_date, cluster.price_source);
}

OrderedJson prices_json(const Cluster& cluster) {
  OrderedJson out = OrderedJson::object();
  if (!cluster.price_date.empty()) out["date"] = cluster.price_date;
  if (!cluster.price_source.empty()) out["source"] = cluster.price_source;
  return out;
}

OrderedJson plan_document(const PlanOutput& output, std::string_view planner) {
  OrderedJson document = to_json(output.plan);
  put_origin(output.input.job, output.input.model, output.input.cluster, document);
  document["prediction"] = prediction_json(output);
  document["prediction"]["planner"] = planner;
  return document;
}

OrderedJson prediction_json(const PlanOutput& output) {
  const Prediction& p = output.prediction;
  OrderedJson out = {{"estimator", output.estimator},
                     {"evidence", to_string(output.input.evidence)},
                     {"throughput_iters_per_s", p.iters_per_s()},
                     {"usd_per_iter", p.usd_per_iter()}};
  const bool has_memory = p.peak_memory_bytes > 0;
  if (has_memory) {
    out["peak_memory_bytes"] = p.peak_memory_bytes;
    out["memory_bound_bytes"] = p.memory_bound_bytes;
    out["fits"] = p.fits;
  }
  out["iteration_s"] = p.iteration_s;
  out["parts_s"] = {
      {"steady", p.steady_s}, {"fill", p.fill_s}, {"update", p.update_s}, {"sync", p.sync_s}};
  out["microbatches"] = p.microbatches;
  out["slowest_stage"] = p.slowest_stage;
  out["usd_parts"] = {{"compute", p.compute_usd}, {"egress", p.egress_usd}};
  if (p.interval.has_spread) {
    out["interval_s"] = {{"low", p.interval.low_s}, {"high", p.interval.high_s}};
  }
  if (p.breakdown) {
    for (const TimePart& part : kTimeParts) {
      out["breakdown_s"][part.member] = (*p.breakdown).*part.seconds;
    }
  }
  if (!p.binds.empty()) out["binds"] = p.binds;
  OrderedJson stages = OrderedJson::array();
  for (const StagePrediction& stage : p.stages) {
    stages.push_back({{"compute_s", stage.compute_s},
                      {"transfer_s", stage.transfer_s},
                      {"sync_s", stage.sync_s},
                      {"update_s", stage.update_s}});
    if (has_memory) {
      stages.back()["peak_memory_bytes"] = stage.peak_memory_bytes;
      stages.back()["memory_bound_bytes"] = stage.memory_bound_bytes;
      stages.back()["memory_capacity_bytes"] = stage.memory_capacity_bytes;
    }
    for (const MemoryTerm& term : stage.memory_terms) {
      stages.back()["memory_terms"].push_back(
          {{"name", term.name}, {"bytes", bytes_json(term.bytes)}, {"source", term.source}});
    }
  }
  out["stages"] = std::move(stages);
  const RunFigures run = run_figures(output.input, output.plan, p, output.tokens);
  if (run.tokens_per_s) out["tokens_per_s"] = *run.tokens_per_s;
  if (run.usd_per_token) out["usd_per_million_tokens"] = 1e6 * *run.usd_per_token;
  if (run.model_flops_utilization) out["model_flops_utilization"] = *run.model_flops_utilization;
  if (run.seconds_for_tokens) {
    out["run"] = {{"tokens", output.tokens},
                  {"time_s", *run.seconds_for_tokens},
                  {"usd", *run.usd_for_tokens}};
  }
  OrderedJson used = OrderedJson::object();
  for (const GpuUse& use : gpus_used(output.plan)) used[use.gpu + "@" + use.zone] = use.count;
  out["gpus_used"] = std::move(used);
  for (const GpuCount& gpus : quotas_used_up(output.input.cluster, output.plan)) {
    out["quotas_used_up"][gpus.gpu + "@" + gpus.zone] = gpus.count;
  }
  return out;
}

void print_notes(const TrainingInput& input) {
  for (const std::string& note : input.notes) fmt::print(stderr, "note: {}\n", note);
}

}  // namespace sextant::cli
