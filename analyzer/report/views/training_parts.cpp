#include "analyzer/report/views/training_parts.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/evidence.h"
#include "analyzer/core/table.h"
#include "analyzer/report/html/timeline_data.h"
#include "analyzer/report/pipeline_chart.h"
#include "analyzer/report/stack_chart.h"
#include "analyzer/training/run_figures.h"
#include "analyzer/training/sextant/sextant.h"

namespace sextant {

namespace {

constexpr double kGib = 1 << 30;

std::string iteration_text(const Prediction& p) {
  if (!p.interval.has_spread) return format_seconds(p.iteration_s);
  return fmt::format("{} ({} to {})", format_seconds(p.iteration_s),
                     format_seconds(p.interval.low_s), format_seconds(p.interval.high_s));
}

/// "6.08 GiB of 16.0 GiB", "6.08 GiB (at most 7.10 GiB) of 16.0 GiB".
std::string memory_text(double expected, double bound, double capacity) {
  return fmt::format("{}{} of {}", format_gib(expected),
                     bound > expected ? fmt::format(" (at most {})", format_gib(bound)) : "",
                     format_gib(capacity));
}

std::string memory_text(const StagePrediction& stage) {
  return memory_text(stage.peak_memory_bytes, stage.memory_bound_bytes,
                     stage.memory_capacity_bytes);
}

bool models_memory(const Prediction& p) {
  return std::any_of(p.stages.begin(), p.stages.end(), [](const StagePrediction& stage) {
    return stage.memory_bound_bytes > 0 && stage.memory_capacity_bytes > 0;
  });
}

void add_facts(const TrainingFigures& figures, HtmlSection& section) {
  const Prediction& p = figures.prediction;
  std::vector<std::pair<std::string, std::string>> facts = {
      {"iteration", iteration_text(p)},
      {"throughput", fmt::format("{:.5g} iterations/s", p.iters_per_s())},
      {"cost of an iteration", usd_text(p.usd_per_iter())}};
  if (figures.tokens_per_s) {
    facts.emplace_back("tokens", format_count(*figures.tokens_per_s) + "/s");
  }
  if (figures.usd_per_million_tokens) {
    facts.emplace_back("cost of a million tokens", usd_text(*figures.usd_per_million_tokens));
  }
  if (figures.model_flops_utilization) {
    facts.emplace_back("model FLOPs utilisation",
                       fmt::format("{:.1f} %", 100 * *figures.model_flops_utilization));
  }
  if (figures.gpus > 0) facts.emplace_back("GPUs in use", std::to_string(figures.gpus));
  if (p.peak_memory_bytes > 0) {
    facts.emplace_back("memory of the fullest GPU",
                       format_gib(p.peak_memory_bytes) +
                           (p.memory_bound_bytes > p.peak_memory_bytes
                                ? fmt::format(" (at most {})", format_gib(p.memory_bound_bytes))
                                : ""));
  }
  facts.emplace_back("estimator", figures.estimator);
  if (!figures.planner.empty()) facts.emplace_back("planner", figures.planner);
  section.facts(facts);
}

/// Exclusive parts of the iteration, or the sum that the published model has.
void add_time(const TrainingFigures& figures, HtmlSection& section) {
  const Prediction& p = figures.prediction;
  StackChart chart;
  chart.title = "Where the time of an iteration goes";
  chart.x_label = "seconds";
  chart.evidence = figures.evidence;
  StackChart::Row row;
  row.name = "iteration";
  row.remark = format_seconds(p.iteration_s);
  const auto add = [&](const char* name, double seconds) {
    chart.parts.emplace_back(name);
    row.parts.push_back(seconds);
  };
  if (p.breakdown) {
    for (const TimePart& part : kTimeParts) add(part.text, (*p.breakdown).*part.seconds);
    chart.caption = "Exclusive parts, on the stage replica that ends the iteration.";
  } else {
    add("steady", p.steady_s);
    add("fill and drain", p.fill_s);
    add("update", p.update_s);
    add("sync", p.sync_s);
    chart.caption = fmt::format("Estimator {} adds these up.", figures.estimator);
  }
  HtmlTable table{"time of an iteration", {{"part"}, {"time, s", true}, {"share, %", true}}, {}};
  for (std::size_t i = 0; i < row.parts.size(); ++i) {
    const double share = 100 * row.parts[i] / p.iteration_s;
    table.rows.push_back({{chart.parts[i]},
                          number_cell(row.parts[i], fmt::format("{:.4g}", row.parts[i])),
                          number_cell(share, fmt::format("{:.1f}", share))});
  }
  chart.rows.push_back(std::move(row));
  section.heading("Where the time goes");
  if (!p.binds.empty()) section.paragraph("A faster iteration first needs: " + p.binds);
  section.figure("time of an iteration", svg(chart));
  section.table(table);
}

void add_memory(const TrainingFigures& figures, HtmlSection& section) {
  const Prediction& p = figures.prediction;
  section.heading("Memory");
  if (!models_memory(p)) {
    section.paragraph(fmt::format("Estimator {} has no model of memory.", figures.estimator));
    return;
  }
  StackChart chart;
  chart.title = "Memory of each stage's fullest GPU";
  chart.x_label = "GiB";
  chart.limit_name = "capacity";
  chart.evidence = figures.evidence;
  for (const StagePrediction& stage : p.stages) {
    for (const MemoryTerm& term : stage.memory_terms) {
      if (std::find(chart.parts.begin(), chart.parts.end(), term.name) == chart.parts.end()) {
        chart.parts.push_back(term.name);
      }
    }
  }
  const bool has_terms = !chart.parts.empty();
  if (!has_terms) {
    chart.parts = {"expected"};
    chart.caption = fmt::format("Estimator {} does not say what it is made of.", figures.estimator);
  }
  chart.parts.emplace_back("above that, at most");
  HtmlTable table{"memory by term", {{"stage", true}, {"term"}, {"GiB", true}, {"source"}}, {}};
  for (std::size_t s = 0; s < p.stages.size(); ++s) {
    const StagePrediction& stage = p.stages[s];
    StackChart::Row row{fmt::format("stage {}", s), std::vector<double>(chart.parts.size()),
                        stage.memory_capacity_bytes / kGib, memory_text(stage)};
    row.parts.front() = has_terms ? 0 : stage.peak_memory_bytes / kGib;
    for (const MemoryTerm& term : stage.memory_terms) {
      const auto part = std::find(chart.parts.begin(), chart.parts.end(), term.name);
      row.parts[static_cast<std::size_t>(part - chart.parts.begin())] += term.bytes / kGib;
      table.rows.push_back(
          {number_cell(static_cast<double>(s), std::to_string(s)),
           {term.name},
           number_cell(term.bytes / kGib, fmt::format("{:.3f}", term.bytes / kGib)),
           {term.source}});
    }
    row.parts.back() = std::max(0.0, stage.memory_bound_bytes - stage.peak_memory_bytes) / kGib;
    chart.rows.push_back(std::move(row));
  }
  section.figure("memory by stage", svg(chart));
  if (has_terms) section.table(table);
}

void add_cost(const TrainingFigures& figures, HtmlSection& section) {
  const Prediction& p = figures.prediction;
  if (!(p.usd_per_iter() > 0)) return;
  StackChart chart{
      .title = "Cost of an iteration",
      .x_label = "USD",
      .limit_name = "",
      .evidence = figures.evidence,
      .caption = "",
      .parts = {"GPUs", "egress"},
      .rows = {{"iteration", {p.compute_usd, p.egress_usd}, {}, usd_text(p.usd_per_iter())}}};
  section.heading("Cost");
  section.figure("cost of an iteration", svg(chart));
}

/// By stage, pipeline after pipeline.
void add_stages(const Plan& plan, const TrainingFigures* figures, HtmlSection& section) {
  HtmlTable table{"stages",
                  {{"stage", true},
                   {"layers"},
                   {"replicas"},
                   {"zones"},
                   {"compute of a microbatch, ms", true},
                   {"transfer, ms", true},
                   {"sync, ms", true},
                   {"memory of the fullest GPU, GiB", true}},
                  {}};
  const std::vector<std::string> replicas = replica_texts(plan);
  std::size_t s = 0;
  for (const Pipeline& pipeline : plan.pipelines) {
    for (const Stage& stage : pipeline.stages) {
      std::string layers;
      for (const LayerRange& range : stage.chunks) {
        layers += fmt::format("{}{}-{}", layers.empty() ? "" : ", ", range.first, range.end - 1);
      }
      std::vector<std::string> zones;
      for (const Replica& replica : stage.replicas) {
        for (const Machine& machine : replica.machines) {
          if (std::find(zones.begin(), zones.end(), machine.zone) == zones.end()) {
            zones.push_back(machine.zone);
          }
        }
      }
      std::vector<HtmlTable::Cell> row = {number_cell(static_cast<double>(s), std::to_string(s)),
                                          {layers},
                                          {replicas[s]},
                                          {fmt::format("{}", fmt::join(zones, ", "))}};
      if (figures != nullptr) {
        const StagePrediction& cost = figures->prediction.stages[s];
        for (const double seconds : {cost.compute_s, cost.transfer_s, cost.sync_s}) {
          row.push_back(number_cell(seconds * 1e3, fmt::format("{:.4g}", seconds * 1e3)));
        }
        row.push_back(cost.memory_bound_bytes > 0
                          ? number_cell(cost.memory_bound_bytes / kGib, memory_text(cost))
                          : HtmlTable::Cell{"-"});
      } else {
        row.insert(row.end(), 4, HtmlTable::Cell{"-"});
      }
      table.rows.push_back(std::move(row));
      ++s;
    }
  }
  section.table(table);
}

std::size_t stage_count(const Plan& plan) {
  std::size_t stages = 0;
  for (const Pipeline& pipeline : plan.pipelines) stages += pipeline.stages.size();
  return stages;
}

void add_picture(const Plan& plan, const TrainingFigures* figures, HtmlSection& section) {
  PipelineChart chart{plan, fmt::format("Plan for {}", plan.model)};
  if (figures != nullptr) {
    chart.evidence = figures->evidence;
    chart.caption = "Under each stage: what a microbatch takes there, forward and backward.";
    for (const StagePrediction& stage : figures->prediction.stages) {
      chart.remarks.push_back(format_seconds(stage.compute_s));
    }
  }
  section.figure("pipeline", svg(chart));
}

void add_timeline(const Plan& plan, const SimulatedPlan& simulated, HtmlSection& section) {
  section.heading("Timeline of an iteration");
  if (!simulated.timeline) {
    section.paragraph(simulated.why_not);
    return;
  }
  const Prediction& p = simulated.figures->prediction;
  const std::vector<std::string> replicas = replica_texts(plan);
  std::vector<std::size_t> first_stages = {0};
  for (const Pipeline& pipeline : plan.pipelines) {
    first_stages.push_back(first_stages.back() + pipeline.stages.size());
  }
  TimelineFigure figure{*simulated.timeline, simulated.figures->evidence,
                        fmt::format("Simulated by estimator {}.", simulated.figures->estimator)};
  for (const TimelineTrack& track : simulated.timeline->tracks) {
    const std::size_t stage = first_stages[static_cast<std::size_t>(track.pipeline)] +
                              static_cast<std::size_t>(track.stage);
    const Replica& replica = plan.pipelines[static_cast<std::size_t>(track.pipeline)]
                                 .stages[static_cast<std::size_t>(track.stage)]
                                 .replicas[static_cast<std::size_t>(track.replica)];
    figure.notes.push_back(fmt::format("{} TP{}", replica.machines.front().gpu, replica.tp));
    figure.capacity_bytes.push_back(p.stages[stage].memory_capacity_bytes);
  }
  section.drawn("timeline", "timeline", timeline_data(figure));
}

/// Recorded and simulated, where there are both.
void add_predictions(const TrainingFigures& recorded, const TrainingFigures& simulated,
                     HtmlSection& section) {
  HtmlTable table{"predictions of this plan",
                  {{"prediction"},
                   {"estimator"},
                   {"iteration, s", true},
                   {"iterations/s", true},
                   {"USD/iteration", true},
                   {"memory, GiB", true},
                   {"evidence"}},
                  {}};
  const auto add = [&](const char* name, const TrainingFigures& figures) {
    const Prediction& p = figures.prediction;
    const double gib = p.peak_memory_bytes / kGib;
    table.rows.push_back(
        {{name},
         {figures.estimator},
         number_cell(p.iteration_s, fmt::format("{:.5g}", p.iteration_s)),
         number_cell(p.iters_per_s(), fmt::format("{:.5g}", p.iters_per_s())),
         number_cell(p.usd_per_iter(), fmt::format("{:.4g}", p.usd_per_iter())),
         gib > 0 ? number_cell(gib, fmt::format("{:.2f}", gib)) : HtmlTable::Cell{"-"},
         {figures.evidence}});
  };
  add("recorded in the document", recorded);
  add("simulated for this page", simulated);
  section.table(table);
}

std::string text(bool value) {
  return value ? "yes" : "no";
}

}  // namespace

HtmlTable::Cell number_cell(double value, std::string text) {
  return {std::move(text), value};
}

std::string usd_text(double usd) {
  return usd < 1 ? fmt::format("{:.4g} USD", usd) : fmt::format("{:.2f} USD", usd);
}

std::string gpus_text(const Plan& plan) {
  std::string out;
  for (const GpuUse& use : gpus_used(plan)) {
    out += fmt::format("{}{}×{}@{}", out.empty() ? "" : ", ", use.count, use.gpu, use.zone);
  }
  return out;
}

SimulatedPlan simulate(const Plan& plan, const ReportInputs& inputs) {
  SimulatedPlan simulated;
  if (!inputs.training) {
    simulated.why_not =
        "The timeline needs the cluster and the job: give their documents too, or --cluster and "
        "--job.";
    if (!inputs.not_simulated.empty()) simulated.why_not = inputs.not_simulated;
    return simulated;
  }
  const TrainingInput& input = *inputs.training;
  if (input.job.model != plan.model) {
    simulated.failed = true;
    simulated.why_not =
        fmt::format("Not simulated: the job trains {}, this plan {}.", input.job.model, plan.model);
    return simulated;
  }
  const Estimator& estimator =
      inputs.estimator == nullptr ? sextant_estimator() : *inputs.estimator;
  try {
    const Prediction prediction = estimator.predict(input.problem(), plan);
    const RunFigures run = run_figures(input, plan, prediction, 0);
    TrainingFigures figures;
    figures.estimator = estimator.name();
    figures.evidence = to_string(input.evidence);
    figures.prediction = prediction;
    figures.tokens_per_s = run.tokens_per_s;
    if (run.usd_per_token) figures.usd_per_million_tokens = 1e6 * *run.usd_per_token;
    figures.model_flops_utilization = run.model_flops_utilization;
    figures.gpus = gpu_count(plan);
    simulated.figures = std::move(figures);
    simulated.timeline = estimator.timeline(input.problem(), plan);
    if (!simulated.timeline) {
      simulated.why_not =
          fmt::format("Estimator {} knows no times of single microbatches.", estimator.name());
    }
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kInternal) throw;
    // Said on the page: other documents of the report can still be shown.
    simulated.failed = true;
    simulated.why_not = fmt::format("Not simulated: {}", error.what());
  }
  return simulated;
}

void add_figures(const TrainingFigures& figures, HtmlSection& section) {
  add_facts(figures, section);
  add_time(figures, section);
  add_memory(figures, section);
  add_cost(figures, section);
}

void add_plan(const Plan& plan, const std::optional<TrainingFigures>& recorded,
              const SimulatedPlan& simulated, HtmlSection& section) {
  const TrainingFigures* figures = simulated.figures ? &*simulated.figures
                                   : recorded        ? &*recorded
                                                     : nullptr;
  if (figures != nullptr && figures->prediction.stages.size() != stage_count(plan)) {
    throw_bad_input(fmt::format("{}: the prediction is of {} stages, the plan has {}",
                                section.source_file(), figures->prediction.stages.size(),
                                stage_count(plan)));
  }
  section.paragraph(summary(plan));
  if (simulated.failed) section.warning(simulated.why_not);
  if (figures != nullptr && !figures->prediction.fits) {
    section.warning(
        "The plan does not fit in memory" +
        (figures->prediction.memory_note.empty() ? "." : ": " + figures->prediction.memory_note));
  }
  if (figures != nullptr) add_facts(*figures, section);
  section.facts({{"microbatch", std::to_string(plan.microbatch)},
                 {"global batch", std::to_string(plan.global_batch)},
                 {"schedule", std::string(to_string(plan.schedule))},
                 {"recomputation", text(plan.recompute)},
                 {"ZeRO stage", std::to_string(plan.zero_stage)},
                 {"sequence parallelism", text(plan.sequence_parallel)}});
  section.paragraph("GPUs: " + gpus_text(plan));
  add_picture(plan, figures, section);
  add_timeline(plan, simulated, section);
  if (figures != nullptr) {
    add_time(*figures, section);
    add_memory(*figures, section);
    add_cost(*figures, section);
  }
  section.heading("Stages");
  add_stages(plan, figures, section);
  if (recorded && simulated.figures) add_predictions(*recorded, *simulated.figures, section);
}

void add_notes(const JsonNode& root, HtmlSection& section) {
  const auto notes = root.find("notes");
  if (!notes) return;
  for (const JsonNode& note : notes->elements()) section.paragraph("Note: " + note.string());
}

void add_prices(const JsonNode& root, HtmlSection& section) {
  const auto prices = root.find("prices");
  if (!prices) return;
  const auto date = prices->find("date");
  const auto source = prices->find("source");
  if (date && source) {
    section.paragraph(fmt::format("Prices of {}: {}", date->string(), source->string()));
  }
}

}  // namespace sextant
