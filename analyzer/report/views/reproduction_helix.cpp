#include <array>

#include <fmt/format.h>

#include "analyzer/report/bar_chart.h"
#include "analyzer/report/views/reproduction_parts.h"

namespace sextant {

namespace {

constexpr RowColumn kColumns[] = {{"method", "method"},
                                  {"status", "status"},
                                  {"decode_tokens_per_s", "decode tokens/s"},
                                  {"published/decode_tokens_per_s", "published"},
                                  {"prompt_latency_s/p50", "prompt p50, s"},
                                  {"published/prompt_latency_s/p50", "published prompt p50, s"},
                                  {"prompt_latency_s/p95", "prompt p95, s"},
                                  {"published/prompt_latency_s/p95", "published prompt p95, s"},
                                  {"decode_latency_s/p50", "decode p50, s"},
                                  {"published/decode_latency_s/p50", "published decode p50, s"},
                                  {"decode_latency_s/p95", "decode p95, s"},
                                  {"published/decode_latency_s/p95", "published decode p95, s"},
                                  {"finished_requests", "finished"},
                                  {"rejected_requests", "rejected"},
                                  {"flow_tokens_per_s", "flow, tokens/s"},
                                  {"upper_bound_tokens_per_s", "bound, tokens/s"},
                                  {"search_s", "search, s"},
                                  {"reason", "reason"}};

constexpr RowColumn kSummaryColumns[] = {{"method", "method"},
                                         {"relative_to", "over"},
                                         {"decode_throughput", "decode throughput"},
                                         {"prompt_latency_p50", "prompt p50"},
                                         {"prompt_latency_p95", "prompt p95"},
                                         {"decode_latency_p50", "decode p50"},
                                         {"decode_latency_p95", "decode p95"},
                                         {"published_figures", "published figures"},
                                         {"published_figures_met", "met to the digit"}};

/// A group each member, a bar each method, marks what was published.
BarChart::Panel panel_of(const std::vector<JsonNode>& rows, const std::string& y_label,
                         const std::vector<std::pair<std::string, std::string>>& groups) {
  BarChart::Panel panel{"", y_label, {}};
  for (const auto& [name, path] : groups) {
    BarChart::Group group{name, {}, {}};
    for (const JsonNode& row : rows) {
      group.values.push_back(number_at(row, path.c_str()));
      group.published.push_back(number_at(row, ("published/" + path).c_str()));
    }
    panel.groups.push_back(std::move(group));
  }
  return panel;
}

bool has_any(const BarChart::Panel& panel) {
  for (const BarChart::Group& group : panel.groups) {
    for (const std::optional<double>& value : group.values) {
      if (value) return true;
    }
  }
  return false;
}

}  // namespace

void show_served(const JsonNode& root, const std::vector<JsonNode>& rows, HtmlSection& section) {
  BarChart chart;
  chart.title = experiment_of(root);
  chart.evidence = evidence_of(rows);
  chart.caption = "Simulated as Helix's artifact does. Marks: its published figures.";
  for (const JsonNode& row : rows) chart.series.push_back(text_at(row, "method"));
  BarChart::Panel throughput =
      panel_of(rows, "decode tokens/s", {{"decode throughput", "decode_tokens_per_s"}});
  if (has_any(throughput)) {
    BarChart alone = chart;
    alone.title += ": throughput";
    alone.panels.push_back(std::move(throughput));
    section.figure("throughput", svg(alone));
  }
  constexpr std::array<const char*, 5> kShares = {"p5", "p25", "p50", "p75", "p95"};
  for (const auto& [member, name] : {std::pair("prompt_latency_s", "prompt latency"),
                                     std::pair("decode_latency_s", "decode latency")}) {
    std::vector<std::pair<std::string, std::string>> groups;
    for (const char* share : kShares)
      groups.emplace_back(share, fmt::format("{}/{}", member, share));
    BarChart::Panel panel = panel_of(rows, fmt::format("{}, s", name), groups);
    if (!has_any(panel)) continue;
    BarChart alone = chart;
    alone.title += fmt::format(": {}", name);
    alone.panels.push_back(std::move(panel));
    section.figure(name, svg(alone));
  }
  if (const auto summary = root.find("summary")) {
    section.table(row_table("methods", summary->elements(), kSummaryColumns));
  }
  section.table(row_table("rows", rows, kColumns));
}

}  // namespace sextant
