#include <fmt/format.h>

#include "analyzer/core/evidence.h"
#include "analyzer/report/stack_chart.h"
#include "analyzer/report/views/figure_text.h"
#include "analyzer/report/views/report_views.h"

namespace sextant {

namespace {

/// The bandwidth of large messages, a bar each sweep that has one.
StackChart plateau_chart(const JsonNode& root) {
  StackChart chart;
  chart.title = "Bus bandwidth of large messages";
  chart.x_label = "GB/s";
  chart.evidence = root.at("evidence").string();
  chart.parts = {"bus bandwidth"};
  for (const JsonNode& sweep : root.at("sweeps").elements()) {
    const auto plateau = sweep.find("plateau_bytes_per_s");
    if (!plateau) continue;
    chart.rows.push_back({sweep.at("sweep").string(), {plateau->non_negative() / 1e9}});
  }
  return chart;
}

HtmlTable sweep_table(const JsonNode& root) {
  HtmlTable table{"sweeps",
                  {{"sweep"},
                   {"operation"},
                   {"pattern"},
                   {"ranks", true},
                   {"level"},
                   {"GPU"},
                   {"sizes", true},
                   {"failures", true},
                   {"smallest takes, µs", true},
                   {"large messages, GB/s", true},
                   {"shape"}},
                  {}};
  for (const JsonNode& sweep : root.at("sweeps").elements()) {
    const auto text = [&](const char* member) {
      const auto found = sweep.find(member);
      return HtmlTable::Cell{found ? found->string() : ""};
    };
    const auto whole = [&](const char* member) {
      return count_cell(sweep.at(member).non_negative());
    };
    const auto number = [&](const char* member, double unit) {
      const auto found = sweep.find(member);
      return number_cell(found ? std::optional(found->non_negative() / unit) : std::nullopt);
    };
    table.rows.push_back({text("sweep"), text("op"), text("pattern"), whole("world_size"),
                          text("level"), text("gpu"), whole("points"), whole("failures"),
                          number("smallest_s", 1e-6), number("plateau_bytes_per_s", 1e9),
                          text("shape")});
  }
  return table;
}

}  // namespace

void add_bandwidth_summary_view(const JsonDocument& document, const ReportInputs&,
                                std::vector<HtmlSection>& sections) {
  const JsonNode root = document.root();
  HtmlSection section("Measured bandwidth in short", document.file(),
                      std::string(to_string(read_evidence(root.at("evidence")))));
  const double ranks = root.at("ranks").non_negative();
  section.facts({{"tool", root.at("tool").string()},
                 {"ranks", ranks > 0 ? count_cell(ranks).text : "unknown"},
                 {"sweeps", std::to_string(root.at("sweeps").size())},
                 {"measurements of overlap", count_cell(root.at("overlaps").non_negative()).text}});
  if (!root.at("complete").boolean()) section.warning("Not all that was to be measured was.");
  for (const JsonNode& problem : root.at("problems").elements()) section.warning(problem.string());
  if (const StackChart chart = plateau_chart(root); !chart.rows.empty()) {
    section.figure("bandwidth of sweeps", svg(chart));
  }
  if (root.at("sweeps").size() > 0) section.table(sweep_table(root));
  sections.push_back(std::move(section));
}

}  // namespace sextant
