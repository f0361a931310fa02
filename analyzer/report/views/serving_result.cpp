#include <algorithm>
#include <array>
#include <map>

#include <fmt/format.h>

#include "analyzer/core/evidence.h"
#include "analyzer/core/table.h"
#include "analyzer/report/bar_chart.h"
#include "analyzer/report/line_chart.h"
#include "analyzer/report/views/figure_text.h"
#include "analyzer/report/views/report_views.h"

namespace sextant {

namespace {

/// A latency whose percentiles a document may have.
struct Latency {
  const char* member;
  const char* name;
};
constexpr std::array<Latency, 5> kLatencies = {{{"prompt_latency_s", "a prompt"},
                                                {"decode_latency_s", "a decode step"},
                                                {"time_to_first_token_s", "first token"},
                                                {"time_per_output_token_s", "each token after it"},
                                                {"end_to_end_s", "a whole request"}}};

/// Percent and member, ascending.
constexpr std::array<std::pair<double, const char*>, 6> kPercentiles = {
    {{5, "p5"}, {25, "p25"}, {50, "p50"}, {75, "p75"}, {95, "p95"}, {99, "p99"}}};

/// Whoever serves by which rules: what tells results apart.
struct NamedResult {
  std::string name;
  JsonNode root;
};

std::string name_of(const JsonNode& root) {
  return fmt::format("{}, {}", root.at("placement").string(),
                     root.at("options").at("scheduler").string());
}

/// Names that several have get their file besides.
std::vector<NamedResult> named(const std::vector<const JsonDocument*>& documents) {
  std::map<std::string, int> times;
  std::vector<NamedResult> results;
  for (const JsonDocument* document : documents) {
    results.push_back({name_of(document->root()), document->root()});
    ++times[results.back().name];
  }
  for (NamedResult& result : results) {
    if (times[result.name] > 1) result.name += " (" + result.root.file() + ")";
  }
  return results;
}

std::optional<double> figure_of(const JsonNode& figures, const char* member) {
  const auto found = figures.find(member);
  return found ? std::optional(found->non_negative()) : std::nullopt;
}

std::vector<LineChart::Point> percentile_line(const JsonNode& figures, const Latency& latency) {
  std::vector<LineChart::Point> line;
  const auto found = figures.find(latency.member);
  if (!found) return line;
  for (const auto& [percent, member] : kPercentiles) {
    if (const auto value = figure_of(*found, member)) line.push_back({percent, *value});
  }
  return line;
}

/// A panel each latency that somebody has; none where nobody has any.
std::optional<LineChart> latency_chart(const std::vector<NamedResult>& results,
                                       const std::string& title, std::string_view evidence) {
  LineChart chart;
  chart.title = title;
  chart.x_label = "percentile";
  chart.evidence = evidence;
  chart.caption =
      "A prompt and a decode step from their issue at the coordinator; the first token from the "
      "request's arrival. Lines join the percentiles that were kept.";
  chart.columns = 3;
  for (const NamedResult& result : results) chart.series.push_back(result.name);
  for (const Latency& latency : kLatencies) {
    LineChart::Panel panel{latency.name, std::string(latency.name) + ", s", {}};
    bool any = false;
    for (const NamedResult& result : results) {
      panel.lines.push_back(percentile_line(result.root.at("figures"), latency));
      any = any || !panel.lines.back().empty();
    }
    if (any) chart.panels.push_back(std::move(panel));
  }
  return chart.panels.empty() ? std::nullopt : std::optional(std::move(chart));
}

HtmlTable latency_table(const std::vector<NamedResult>& results) {
  HtmlTable table{"latencies, s", {{"method"}, {"latency"}}, {}};
  for (const auto& [percent, member] : kPercentiles) table.columns.push_back({member, true});
  for (const NamedResult& result : results) {
    for (const Latency& latency : kLatencies) {
      const auto found = result.root.at("figures").find(latency.member);
      if (!found || found->size() == 0) continue;
      std::vector<HtmlTable::Cell> row = {{result.name}, {latency.name}};
      for (const auto& [percent, member] : kPercentiles) {
        row.push_back(number_cell(figure_of(*found, member)));
      }
      table.rows.push_back(std::move(row));
    }
  }
  return table;
}

struct Count {
  const char* member;
  const char* name;
};
constexpr std::array<Count, 8> kFigures = {{{"decode_tokens_per_s", "decode tokens/s"},
                                            {"requests_per_s", "requests/s"},
                                            {"good_requests_per_s", "good requests/s"},
                                            {"good_share", "good share"},
                                            {"finished", "finished"},
                                            {"rejected", "rejected"},
                                            {"dropped", "dropped"},
                                            {"preempted", "preempted"}}};

/// A row each result; a column each figure that somebody has.
HtmlTable figures_table(const std::vector<NamedResult>& results) {
  HtmlTable table{"throughput and counts", {{"method"}}, {}};
  std::vector<const char*> members;
  for (const auto& [member, name] : kFigures) {
    const bool any = std::any_of(results.begin(), results.end(), [&](const NamedResult& result) {
      return result.root.at("figures").has(member);
    });
    if (!any) continue;
    members.push_back(member);
    table.columns.push_back({name, true});
  }
  for (const NamedResult& result : results) {
    std::vector<HtmlTable::Cell> row = {{result.name}};
    for (const char* member : members) {
      row.push_back(number_cell(figure_of(result.root.at("figures"), member)));
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

/// A value of a figure with the half width of its confidence interval where there is one.
std::string with_half_width(const JsonNode& root, const char* member, const char* unit) {
  const auto value = figure_of(root.at("figures"), member);
  if (!value) return "";
  std::string text = format_count(*value);
  if (const auto widths = root.find("half_width_95")) {
    if (const auto half = figure_of(*widths, member)) text += " ± " + format_count(*half);
  }
  return text + unit;
}

std::vector<std::pair<std::string, std::string>> facts_of(const JsonNode& root) {
  const JsonNode options = root.at("options");
  std::vector<std::pair<std::string, std::string>> facts = {
      {"decode throughput", with_half_width(root, "decode_tokens_per_s", " tokens/s")},
      {"requests", with_half_width(root, "requests_per_s", "/s")}};
  if (const auto share = figure_of(root.at("figures"), "good_share")) {
    facts.emplace_back("within targets", fmt::format("{:.1f} % of requests", 100 * *share));
  }
  if (const auto targets = root.find("targets")) {
    if (const auto target = figure_of(*targets, "time_to_first_token_s")) {
      facts.emplace_back("target, first token", format_seconds(*target));
    }
    if (const auto target = figure_of(*targets, "time_per_output_token_s")) {
      facts.emplace_back("target, each token after it", format_seconds(*target));
    }
  }
  facts.emplace_back(
      "load", fmt::format("{} ({})", options.at("load").string(), options.at("requests").string()));
  facts.emplace_back("scheduler", options.at("scheduler").string());
  facts.emplace_back("where a KV cache is full", options.at("overflow").string());
  facts.emplace_back(
      "window", fmt::format("{} after {}", format_seconds(options.at("duration_s").non_negative()),
                            format_seconds(options.at("warm_up_s").non_negative())));
  facts.emplace_back("seeds", std::to_string(root.at("seeds").size()));
  return facts;
}

/// Names of nodes would not fit beside each other: they are numbered as the table is.
std::string number_of(std::size_t node) {
  return std::to_string(node + 1);
}

BarChart share_chart(const JsonNode& root) {
  BarChart chart;
  chart.title = "Load of machines";
  chart.evidence = root.at("evidence").string();
  chart.caption =
      "Machines have the numbers of the table below. Within the window, of the time "
      "and of the KV cache's capacity.";
  chart.series = {"busy", "KV cache, mean", "KV cache, peak"};
  BarChart::Panel panel{"", "%", {}};
  std::size_t n = 0;
  for (const JsonNode& node : root.at("nodes").elements()) {
    panel.groups.push_back(
        {number_of(n++),
         {100 * node.at("busy_share").non_negative(), 100 * node.at("mean_kv_share").non_negative(),
          100 * node.at("peak_kv_share").non_negative()}});
  }
  chart.panels.push_back(std::move(panel));
  return chart;
}

BarChart queue_chart(const JsonNode& root) {
  BarChart chart;
  chart.title = "Requests that wait for a batch";
  chart.evidence = root.at("evidence").string();
  chart.caption = "Machines have the numbers of the table below. Within the window.";
  chart.series = {"mean", "peak"};
  BarChart::Panel panel{"", "requests", {}};
  std::size_t n = 0;
  for (const JsonNode& node : root.at("nodes").elements()) {
    panel.groups.push_back(
        {number_of(n++),
         {node.at("mean_queue").non_negative(), node.at("peak_queue").non_negative()}});
  }
  chart.panels.push_back(std::move(panel));
  return chart;
}

HtmlTable node_table(const JsonNode& root) {
  HtmlTable table{"machines",
                  {{"number", true},
                   {"machine"},
                   {"type"},
                   {"first layer", true},
                   {"last layer", true},
                   {"busy, %", true},
                   {"mean batch", true},
                   {"mean queue", true},
                   {"peak queue", true},
                   {"mean KV, %", true},
                   {"peak KV, %", true}},
                  {}};
  double number = 0;
  for (const JsonNode& node : root.at("nodes").elements()) {
    const JsonNode layers = node.at("layers");
    table.rows.push_back({count_cell(++number),
                          {node.at("machine").string()},
                          {node.at("type").string()},
                          count_cell(layers.at(0).non_negative()),
                          count_cell(layers.at(1).non_negative() - 1),
                          per_cent_cell(node.at("busy_share").non_negative()),
                          number_cell(node.at("mean_batch").non_negative()),
                          number_cell(node.at("mean_queue").non_negative()),
                          count_cell(node.at("peak_queue").non_negative()),
                          per_cent_cell(node.at("mean_kv_share").non_negative()),
                          per_cent_cell(node.at("peak_kv_share").non_negative())});
  }
  return table;
}

/// What the seeds' runs were, each.
HtmlTable run_table(const JsonNode& runs) {
  HtmlTable table{"seeds", {{"seed", true}}, {}};
  for (const auto& [member, name] : kFigures) table.columns.push_back({name, true});
  for (const JsonNode& run : runs.elements()) {
    std::vector<HtmlTable::Cell> row = {count_cell(run.at("seed").non_negative())};
    for (const auto& [member, name] : kFigures) row.push_back(number_cell(figure_of(run, member)));
    table.rows.push_back(std::move(row));
  }
  return table;
}

BarChart throughput_chart(const std::vector<NamedResult>& results, std::string_view evidence) {
  BarChart chart;
  chart.title = "Decode throughput";
  chart.evidence = evidence;
  for (const NamedResult& result : results) chart.series.push_back(result.name);
  BarChart::Group group{"", {}};
  for (const NamedResult& result : results) {
    group.values.push_back(figure_of(result.root.at("figures"), "decode_tokens_per_s"));
  }
  chart.panels.push_back({"", "decode tokens/s", {group}});
  return chart;
}

/// All results of the report in one section, before the first of them.
void add_comparison(const std::vector<const JsonDocument*>& documents,
                    std::vector<HtmlSection>& sections) {
  const std::vector<NamedResult> results = named(documents);
  Evidence evidence = Evidence::kMeasuredGpu;
  std::string files;
  for (const JsonDocument* document : documents) {
    evidence = weaker(evidence, read_evidence(document->root().at("evidence")));
    files += (files.empty() ? "" : ", ") + document->file();
  }
  HtmlSection section("Serving: results side by side", files, std::string(to_string(evidence)));
  section.figure("throughput of methods", svg(throughput_chart(results, to_string(evidence))));
  if (const auto chart = latency_chart(results, "Latencies", to_string(evidence))) {
    section.figure("latencies of methods", svg(*chart));
  }
  section.table(figures_table(results));
  section.table(latency_table(results));
  sections.push_back(std::move(section));
}

}  // namespace

void add_serving_result_view(const JsonDocument& document, const ReportInputs& inputs,
                             std::vector<HtmlSection>& sections) {
  std::vector<const JsonDocument*> all;
  for (const auto& one : inputs.documents) {
    if (one->kind() == document.kind()) all.push_back(one.get());
  }
  if (all.size() > 1 && all.front() == &document) add_comparison(all, sections);

  const JsonNode root = document.root();
  const std::string evidence(to_string(read_evidence(root.at("evidence"))));
  HtmlSection section(fmt::format("Serving: {} on {}, placement {}", root.at("model").string(),
                                  root.at("cluster").string(), root.at("placement").string()),
                      document.file(), evidence);
  section.facts(facts_of(root));
  const std::vector<NamedResult> alone = {{name_of(root), root}};
  if (const auto chart = latency_chart(alone, "Latencies by percentile", evidence)) {
    section.figure("latencies", svg(*chart));
  } else {
    section.warning("No request got a token within the window.");
  }
  section.table(latency_table(alone));
  section.table(figures_table(alone));
  if (root.at("nodes").size() > 0) {
    section.figure("load of machines", svg(share_chart(root)));
    section.figure("queues of machines", svg(queue_chart(root)));
    section.table(node_table(root));
  }
  if (const auto runs = root.find("runs")) section.table(run_table(*runs));
  sections.push_back(std::move(section));
}

}  // namespace sextant
