#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/evidence.h"
#include "analyzer/core/table.h"
#include "analyzer/report/bar_chart.h"
#include "analyzer/report/log_chart.h"
#include "analyzer/report/views/figure_text.h"
#include "analyzer/report/views/report_views.h"

namespace sextant {

namespace {

constexpr std::int64_t kMostLinks = 1'000'000'000;

void add_peaks(const JsonNode& peaks, const std::string& evidence, HtmlSection& section) {
  HtmlTable table{"Against peaks",
                  {{"sweep"},
                   {"level"},
                   {"links", true},
                   {"bus bandwidth, B/s", true},
                   {"shape"},
                   {"peak, B/s", true},
                   {"of it", true},
                   {"which is"},
                   {"verdict"},
                   {"reason"}},
                  {}};
  BarChart chart;
  chart.title = "Bus bandwidth of large messages and its peak";
  chart.evidence = evidence;
  chart.caption = "Peaks are those of data sheets and standards.";
  chart.series = {"measured", "peak"};
  BarChart::Panel panel;
  double most = 0;
  std::vector<std::pair<std::string, std::pair<double, double>>> bars;
  for (const JsonNode& row : peaks.elements()) {
    const double plateau = row.at("plateau_bytes_per_s").non_negative();
    const auto peak = row.find("peak");
    const std::string& sweep = row.at("sweep").string();
    if (peak) {
      bars.push_back({sweep, {plateau, peak->at("bytes_per_s").positive()}});
      most = std::max({most, plateau, bars.back().second.second});
    }
    table.rows.push_back(
        {{sweep},
         {row.at("level").string()},
         integer_cell(row.at("links").integer(1, kMostLinks)),
         bandwidth_cell(plateau),
         {row.at("shape").string()},
         peak ? bandwidth_cell(peak->at("bytes_per_s").positive()) : no_cell(),
         peak ? percent_cell(row.at("fraction").non_negative()) : no_cell(),
         {peak ? fmt::format("{} ({})", peak->at("name").string(), peak->at("source").string())
               : ""},
         {row.at("verdict").string()},
         {row.at("reason").string()}});
  }
  constexpr std::size_t kMostBars = 16;  // more do not fit; the table has them all
  if (!bars.empty() && bars.size() <= kMostBars) {
    const PlotUnit unit = bandwidth_unit(most);
    panel.y_label = unit.name;
    for (const auto& [name, values] : bars) {
      panel.groups.push_back({name, {unit.of(values.first), unit.of(values.second)}});
    }
    chart.panels.push_back(std::move(panel));
    section.figure("bandwidth-and-peak", svg(chart));
  }
  if (!table.rows.empty()) section.table(table);
}

std::string link_text(const JsonNode& link) {
  return fmt::format("rank {} to rank {}", link.at("from").integer(0, kMostLinks),
                     link.at("to").integer(0, kMostLinks));
}

void add_link_class(const JsonNode& node, HtmlSection& section) {
  section.heading(fmt::format("Pairs {}", node.at("class").string()));
  std::string text = fmt::format("{} links", node.at("links").integer(0, kMostLinks));
  if (const auto typical = node.find("typical_bytes_per_s")) {
    text += ", usually " + format_bandwidth(typical->positive());
  }
  if (!node.at("judged").boolean()) {
    text += fmt::format("; not judged: {}.", node.at("reason").string());
  } else {
    text += fmt::format(" ± {}; beyond {:.1f} times that stands out.",
                        percent_text(node.at("spread").positive()), node.at("bound").positive());
  }
  section.paragraph(text);
  for (const JsonNode& end : node.at("suspects").elements()) {
    std::vector<std::int64_t> ranks;
    for (const JsonNode& rank : end.at("ranks").elements()) {
      ranks.push_back(rank.integer(0, kMostLinks));
    }
    const auto host = end.find("host");
    section.warning(fmt::format("{}{} {} at {:.2f} times the usual bandwidth on all links.",
                                host ? host->string() + ", " : "",
                                fmt::format("rank {}", fmt::join(ranks, ", ")),
                                end.at("role").string(), end.at("ratio").positive()));
  }
  HtmlTable table{"Links that stand out",
                  {{"link"}, {"bandwidth, B/s", true}, {"ratio", true}, {"compared with"}},
                  {}};
  for (const JsonNode& link : node.at("outliers").elements()) {
    table.rows.push_back({{link_text(link)},
                          bandwidth_cell(link.at("bytes_per_s").positive()),
                          number_cell(link.at("ratio").positive()),
                          {"what is usual"}});
  }
  for (const JsonNode& pair : node.at("asymmetric").elements()) {
    const JsonNode slow = pair.at("slow");
    table.rows.push_back({{link_text(slow)},
                          bandwidth_cell(slow.at("bytes_per_s").positive()),
                          number_cell(pair.at("ratio").positive()),
                          {"the way back"}});
  }
  if (!table.rows.empty()) section.table(table);
  for (const JsonNode& pair : node.at("left_out").elements()) {
    section.paragraph("Left out: ranks " + pair.string());
  }
}

void add_runs(const JsonNode& runs, const std::string& evidence, HtmlSection& section) {
  section.heading("B against the baseline A");
  HtmlTable totals{
      "Sweeps", {{"sweep"}, {"sizes", true}, {"change", true}, {"between"}, {"B is"}}, {}};
  HtmlTable sizes{
      "Sizes",
      {{"sweep"}, {"message, B", true}, {"A, s", true}, {"B, s", true}, {"change", true}, {"B is"}},
      {}};
  LogChart chart;
  chart.title = "What messages take, B and the baseline A";
  chart.x_label = "message";
  chart.x_unit = "B";
  chart.evidence = evidence;
  chart.series = {{.name = "A"}, {.name = "B"}};
  chart.columns = 2;
  for (const JsonNode& sweep : runs.at("sweeps").elements()) {
    const std::string& name = sweep.at("sweep").string();
    const auto change = sweep.find("change");
    const auto low = sweep.find("change_low");
    totals.rows.push_back({{name},
                           integer_cell(static_cast<long long>(sweep.at("sizes").size())),
                           change ? signed_percent_cell(change->number()) : no_cell(),
                           {low ? fmt::format("{} and {}", signed_percent_text(low->number()),
                                              signed_percent_text(sweep.at("change_high").number()))
                                : "-"},
                           {sweep.at("verdict").string()}});
    LogChart::Panel panel{name, "time", "s", {{}, {}}};
    for (const JsonNode& size : sweep.at("sizes").elements()) {
      const double bytes = size.at("bytes").positive();
      const double a_s = size.at("a_s").positive(), b_s = size.at("b_s").positive();
      panel.lines[0].push_back({.x = bytes, .y = a_s});
      panel.lines[1].push_back({.x = bytes, .y = b_s});
      sizes.rows.push_back({{name},
                            bytes_cell(bytes),
                            seconds_cell(a_s),
                            seconds_cell(b_s),
                            signed_percent_cell(size.at("change").number()),
                            {size.at("verdict").string()}});
    }
    for (auto& line : panel.lines) {
      std::sort(line.begin(), line.end(), [](const auto& a, const auto& b) { return a.x < b.x; });
    }
    if (!panel.lines[0].empty()) chart.panels.push_back(std::move(panel));
  }
  constexpr std::size_t kMostPanels = 12;  // more say little; the table has them all
  if (!chart.panels.empty() && chart.panels.size() <= kMostPanels) {
    section.figure("baseline", svg(chart));
  }
  if (!totals.rows.empty()) section.table(totals);
  if (!sizes.rows.empty()) section.table(sizes);
  for (const auto& [member, where] : {std::pair("only_in_a", "A"), {"only_in_b", "B"}}) {
    for (const JsonNode& what : runs.at(member).elements()) {
      section.paragraph(fmt::format("Only in {}: {}", where, what.string()));
    }
  }
}

}  // namespace

void add_network_comparison_view(const JsonDocument& document, const ReportInputs&,
                                 std::vector<HtmlSection>& sections) {
  const JsonNode root = document.root();
  const std::string evidence(to_string(read_evidence(root.at("evidence"))));
  HtmlSection section("Whether links are as they should be", document.file(), evidence);
  add_peaks(root.at("peaks"), evidence, section);
  for (const JsonNode& node : root.at("link_classes").elements()) add_link_class(node, section);
  if (const auto runs = root.find("runs")) add_runs(*runs, evidence, section);
  sections.push_back(std::move(section));
}

}  // namespace sextant
