#include <algorithm>
#include <functional>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "analyzer/core/quantile.h"
#include "analyzer/core/table.h"
#include "analyzer/measured/measured_run.h"
#include "analyzer/report/bar_chart.h"
#include "analyzer/report/line_chart.h"
#include "analyzer/report/stack_chart.h"
#include "analyzer/report/views/figure_text.h"
#include "analyzer/report/views/provenance_facts.h"
#include "analyzer/report/views/report_views.h"

namespace sextant {

namespace {

/// More bars than these cannot be told apart: then one for each stage.
constexpr std::size_t kMostBars = 48;

/// Iterations in order, so that drift and stragglers show, and losses; nothing of fewer than two.
std::optional<LineChart> iterations_chart(const MeasuredRun& run) {
  if (run.iteration_samples_s.size() < 2) return std::nullopt;
  const PlotUnit unit =
      time_unit(*std::max_element(run.iteration_samples_s.begin(), run.iteration_samples_s.end()));
  LineChart chart;
  chart.title = "Measured iterations";
  chart.x_label = "iteration";
  chart.evidence = to_string(run.evidence);
  chart.caption =
      fmt::format("Median {}, standard deviation / mean {}.",
                  format_seconds(run.iteration.median_s), percent_text(run.iteration.rel_stdev));
  chart.series = {run.name};
  LineChart::Panel panel{"", fmt::format("iteration, {}", unit.name), {{}}};
  for (std::size_t i = 0; i < run.iteration_samples_s.size(); ++i) {
    panel.lines[0].push_back({static_cast<double>(i + 1), unit.of(run.iteration_samples_s[i])});
  }
  chart.panels.push_back(std::move(panel));
  return chart;
}

std::optional<LineChart> losses_chart(const MeasuredRun& run) {
  const bool drawable =
      std::all_of(run.losses.begin(), run.losses.end(), [](double loss) { return loss >= 0; });
  if (run.losses.size() < 2 || !drawable) return std::nullopt;
  LineChart chart;
  chart.title = "Losses";
  chart.x_label = "update, warm-up first";
  chart.evidence = to_string(run.evidence);
  chart.caption = "Mean over the global batch before each update.";
  chart.series = {run.name};
  chart.panels = {{"", "loss", {{}}}};
  for (std::size_t i = 0; i < run.losses.size(); ++i) {
    chart.panels[0].lines[0].push_back({static_cast<double>(i + 1), run.losses[i]});
  }
  return chart;
}

std::string stage_name(const MeasuredRun& run, const MeasuredRank& rank) {
  return run.plan.pipelines.size() > 1
             ? fmt::format("pipeline {} stage {}", rank.pipeline, rank.stage)
             : fmt::format("stage {}", rank.stage);
}

std::string rank_name(const MeasuredRun& run, const MeasuredRank& rank) {
  const auto& stage = run.plan.pipelines[static_cast<std::size_t>(rank.pipeline)]
                          .stages[static_cast<std::size_t>(rank.stage)];
  std::string name = stage_name(run, rank);
  if (stage.replicas.size() > 1) name += fmt::format(" replica {}", rank.replica);
  if (stage.replicas[static_cast<std::size_t>(rank.replica)].tp > 1) {
    name += fmt::format(" tp {}", rank.tp_rank);
  }
  return name;
}

/// A bar for each rank, or of many the medians of each stage's.
std::vector<StackChart::Row> bars_of(
    const MeasuredRun& run, const std::vector<const MeasuredRank*>& ranks,
    const std::function<std::vector<double>(const MeasuredRank&)>& parts_of) {
  std::vector<StackChart::Row> bars;
  if (ranks.size() <= kMostBars) {
    for (const MeasuredRank* rank : ranks) bars.push_back({rank_name(run, *rank), parts_of(*rank)});
    return bars;
  }
  std::map<std::pair<int, int>, std::vector<const MeasuredRank*>> stages;
  for (const MeasuredRank* rank : ranks) stages[{rank->pipeline, rank->stage}].push_back(rank);
  for (const auto& [key, of_stage] : stages) {
    std::vector<std::vector<double>> columns;
    for (const MeasuredRank* rank : of_stage) {
      const std::vector<double> parts = parts_of(*rank);
      columns.resize(parts.size());
      for (std::size_t p = 0; p < parts.size(); ++p) columns[p].push_back(parts[p]);
    }
    StackChart::Row bar{
        fmt::format("{}, {} ranks", stage_name(run, *of_stage.front()), of_stage.size()), {}};
    for (std::vector<double>& column : columns) bar.parts.push_back(median_of(std::move(column)));
    bars.push_back(std::move(bar));
  }
  return bars;
}

/// How the bars of so many ranks come about, before what they are.
std::string medians_text(std::size_t ranks) {
  return ranks > kMostBars ? "Medians over the ranks of a stage and the iterations; "
                           : "Medians over the iterations; ";
}

double sum_of(const RankPhases& phases) {
  return phases.forward_s + phases.backward_s + phases.receive_s + phases.send_s + phases.sync_s +
         phases.update_s;
}

StackChart phases_chart(const MeasuredRun& run) {
  const PlotUnit unit = time_unit(run.iteration.median_s);
  StackChart chart;
  chart.title = "Where the time of an iteration goes";
  chart.x_label = fmt::format("of an iteration, {}", unit.name);
  chart.evidence = to_string(run.evidence);
  chart.caption =
      medians_text(run.ranks.size()) + "receive is waiting: bubbles and exposed transfers.";
  chart.parts = {"forward", "backward", "receive", "send", "sync", "update", "executor"};
  std::vector<const MeasuredRank*> ranks;
  for (const MeasuredRank& rank : run.ranks) ranks.push_back(&rank);
  chart.rows = bars_of(run, ranks, [&](const MeasuredRank& rank) {
    const RankPhases& phases = rank.phases;
    const double rest_s = std::max(0.0, run.iteration.median_s - sum_of(phases));
    std::vector<double> parts = {phases.forward_s,
                                 phases.backward_s,
                                 phases.receive_s,
                                 phases.send_s,
                                 phases.sync_s,
                                 phases.update_s,
                                 rest_s};
    for (double& part : parts) part = unit.of(part);
    return parts;
  });
  return chart;
}

StackChart memory_chart(const MeasuredRun& run, std::vector<const MeasuredRank*> ranks) {
  double most = 0;
  for (const MeasuredRank* rank : ranks) {
    most = std::max({most, rank->peak_reserved_bytes, rank->process_bytes.value_or(0)});
  }
  const PlotUnit unit = memory_unit(most);
  StackChart chart;
  chart.title = "Memory of each rank";
  chart.x_label = fmt::format("peak, {}", unit.name);
  chart.evidence = to_string(run.evidence);
  chart.caption =
      "Reserved but not allocated is fragmentation; the rest of the process is context and "
      "libraries.";
  if (ranks.size() > kMostBars) chart.caption += " Medians over the ranks of a stage.";
  chart.parts = {"tensors", "reserved beside them", "rest of the process"};
  chart.rows = bars_of(run, ranks, [&](const MeasuredRank& rank) {
    const double rest = std::max(0.0, rank.process_bytes.value_or(0) - rank.peak_reserved_bytes);
    return std::vector<double>{unit.of(rank.peak_allocated_bytes),
                               unit.of(rank.peak_reserved_bytes - rank.peak_allocated_bytes),
                               unit.of(rest)};
  });
  return chart;
}

void add_ranks(const MeasuredRun& run, HtmlSection& section) {
  if (run.ranks.empty()) return;
  section.figure("phases", svg(phases_chart(run)));
  std::vector<const MeasuredRank*> with_memory;
  HtmlTable table{"Ranks",
                  {{"rank"},
                   {"host"},
                   {"GPU type"},
                   {"forward, s", true},
                   {"backward, s", true},
                   {"receive, s", true},
                   {"send, s", true},
                   {"sync, s", true},
                   {"update, s", true},
                   {"busy", true},
                   {"peak allocated, B", true},
                   {"peak reserved, B", true},
                   {"process, B", true}},
                  {}};
  for (const MeasuredRank& rank : run.ranks) {
    if (rank.peak_reserved_bytes > 0 || rank.process_bytes) with_memory.push_back(&rank);
    const RankPhases& phases = rank.phases;
    table.rows.push_back({{rank_name(run, rank)},
                          {rank.host},
                          {rank.gpu},
                          seconds_cell(phases.forward_s),
                          seconds_cell(phases.backward_s),
                          seconds_cell(phases.receive_s),
                          seconds_cell(phases.send_s),
                          seconds_cell(phases.sync_s),
                          seconds_cell(phases.update_s),
                          percent_cell((phases.forward_s + phases.backward_s + phases.update_s) /
                                       run.iteration.median_s),
                          memory_cell(rank.peak_allocated_bytes),
                          memory_cell(rank.peak_reserved_bytes),
                          rank.process_bytes ? memory_cell(*rank.process_bytes) : no_cell()});
  }
  if (!with_memory.empty()) section.figure("memory", svg(memory_chart(run, with_memory)));
  section.table(table);
}

Facts facts_of(const MeasuredRun& run) {
  const TimeSummary& iteration = run.iteration;
  Facts facts = {{"iteration", format_seconds(iteration.median_s)}};
  if (iteration.samples > 0) {
    facts.emplace_back(
        "10th to 90th percentile",
        fmt::format("{} to {}", format_seconds(iteration.p10_s), format_seconds(iteration.p90_s)));
    facts.emplace_back("iterations", fmt::format("{}", iteration.samples));
    facts.emplace_back("standard deviation / mean", percent_text(iteration.rel_stdev));
  }
  facts.emplace_back("tokens/s", format_count(static_cast<double>(run.plan.global_batch) *
                                              run.seq_len / iteration.median_s));
  if (const auto bytes = run.largest_process_bytes()) {
    facts.emplace_back("largest process", memory_text(*bytes));
  }
  if (run.sync_s) facts.emplace_back("gradients among replicas", format_seconds(*run.sync_s));
  facts.emplace_back("model", run.model);
  facts.emplace_back("dtype", run.dtype);
  facts.emplace_back("tokens a sequence", fmt::format("{}", run.seq_len));
  facts.emplace_back("optimizer", run.optimizer);
  facts.emplace_back("run by", run.framework);
  facts.emplace_back("GPUs", fmt::format("{}", gpu_count(run.plan)));
  facts.emplace_back("global batch", fmt::format("{}", run.plan.global_batch));
  facts.emplace_back("schedule", to_string(run.plan.schedule));
  facts.emplace_back("plan", summary(run.plan));
  return facts;
}

}  // namespace

void add_measured_view(const JsonDocument& document, const ReportInputs&,
                       std::vector<HtmlSection>& sections) {
  const MeasuredRun run = measured_from(document.root());
  HtmlSection section("Measured: " + run.name, document.file(),
                      std::string(to_string(run.evidence)));
  if (!run.incomplete.empty()) section.warning("Ended early: " + run.incomplete);
  if (!run.suspicion.empty()) section.warning(run.suspicion);
  section.facts(facts_of(run));
  if (const auto chart = iterations_chart(run)) section.figure("iterations", svg(*chart));
  add_ranks(run, section);
  if (const auto chart = losses_chart(run)) section.figure("losses", svg(*chart));
  if (!run.provenance.empty()) section.facts(provenance_facts(run.provenance));
  sections.push_back(std::move(section));
}

void add_measured_set_view(const JsonDocument& document, const ReportInputs&,
                           std::vector<HtmlSection>& sections) {
  constexpr std::size_t kMostRuns = 24;  // more bars do not fit; the table has them all
  HtmlTable table{"Runs",
                  {{"name"},
                   {"model"},
                   {"GPUs", true},
                   {"iteration, s", true},
                   {"largest process, B", true},
                   {"evidence"},
                   {"remark"},
                   {"source"}},
                  {}};
  BarChart chart;
  chart.title = "Iteration time of the runs";
  chart.series = {"measured"};
  std::vector<std::pair<std::string, double>> times;
  double most = 0;
  std::optional<Evidence> weakest;
  for (const JsonNode& run : document.root().at("runs").elements()) {
    const Evidence evidence = read_evidence(run.at("evidence"));
    weakest = weakest ? weaker(*weakest, evidence) : evidence;
    const double iteration_s = run.at("iteration_s").positive();
    times.emplace_back(run.at("name").string(), iteration_s);
    most = std::max(most, iteration_s);
    const auto bytes = run.find("process_bytes");
    std::string remark;
    for (const char* member : {"incomplete", "suspicion"}) {
      const auto text = run.find(member);
      if (text) remark += (remark.empty() ? "" : "; ") + text->string();
    }
    table.rows.push_back({{times.back().first},
                          {run.at("model").string()},
                          integer_cell(run.at("gpus").count()),
                          seconds_cell(iteration_s),
                          bytes ? memory_cell(bytes->positive()) : no_cell(),
                          {std::string(to_string(evidence))},
                          {remark},
                          {run.at("source").string()}});
  }
  HtmlSection section("Measured runs", document.file(),
                      weakest ? std::string(to_string(*weakest)) : "");
  if (!times.empty() && times.size() <= kMostRuns) {
    const PlotUnit unit = time_unit(most);
    BarChart::Panel panel;
    panel.y_label = fmt::format("iteration, {}", unit.name);
    for (const auto& [name, time_s] : times) panel.groups.push_back({name, {unit.of(time_s)}});
    chart.evidence = to_string(*weakest);
    chart.panels.push_back(std::move(panel));
    section.figure("runs", svg(chart));
  }
  if (!table.rows.empty()) section.table(table);
  sections.push_back(std::move(section));
}

}  // namespace sextant
