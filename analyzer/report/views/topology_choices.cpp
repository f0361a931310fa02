#include <fmt/format.h>

#include "analyzer/core/evidence.h"
#include "analyzer/core/table.h"
#include "analyzer/report/bar_chart.h"
#include "analyzer/report/front_chart.h"
#include "analyzer/report/stack_chart.h"
#include "analyzer/report/views/figure_text.h"
#include "analyzer/report/views/report_views.h"
#include "analyzer/report/views/topology_parts.h"

namespace sextant {

namespace {

constexpr const char* kFrontRemark =
    "Divisions of bandwidth of which none is both faster and cheaper.";

bool is_best(const JsonNode& root, std::size_t point) {
  const auto best = root.find("best_time_times_cost");
  return best && static_cast<std::size_t>(best->integer(0, 1'000'000)) == point;
}

FrontChart front_chart(const JsonNode& root) {
  FrontChart chart;
  chart.title = fmt::format("Time against cost on {}", root.at("network").string());
  chart.x_label = "USD for the network";
  chart.y_label = "steps/s";
  chart.evidence = root.at("evidence").string();
  chart.caption = kFrontRemark;
  for (const JsonNode& point : root.at("points").elements()) {
    chart.points.push_back({point.at("cost_usd").non_negative(), 1 / point.at("time_s").positive(),
                            is_best(root, chart.points.size()) ? "least time × cost" : "", true});
  }
  return chart;
}

/// Bandwidth by dimension of every point of the front.
StackChart shares_chart(const JsonNode& root) {
  StackChart chart;
  chart.title = "Bandwidth by dimension, fastest first";
  chart.x_label = "GB/s of each NPU";
  chart.evidence = root.at("evidence").string();
  for (const JsonNode& point : root.at("points").elements()) {
    StackChart::Row bar{fmt::format("{:.4g} ms", 1e3 * point.at("time_s").positive()),
                        point.at("bandwidth_gb_per_s").numbers(),
                        {},
                        count_cell(point.at("cost_usd").non_negative()).text + " USD"};
    if (is_best(root, chart.rows.size())) bar.remark += ", least time × cost";
    chart.rows.push_back(std::move(bar));
  }
  const std::size_t dimensions = chart.rows.front().parts.size();
  for (const StackChart::Row& bar : chart.rows) {
    if (bar.parts.size() != dimensions) root.at("points").fail("equally many dimensions each");
  }
  for (std::size_t d = 0; d < dimensions; ++d) chart.parts.push_back(fmt::format("B{}", d));
  return chart;
}

HtmlTable front_table(const JsonNode& root) {
  HtmlTable table{"front", {{"step, ms", true}, {"network, USD", true}}, {}};
  const std::size_t dimensions = root.at("points").at(0).at("bandwidth_gb_per_s").size();
  for (std::size_t d = 0; d < dimensions; ++d) {
    table.columns.push_back({fmt::format("B{}, GB/s", d), true});
  }
  table.columns.push_back({"a step's ms for 1000 USD more", true});
  for (const JsonNode& point : root.at("points").elements()) {
    const double cost = point.at("cost_usd").non_negative();
    std::vector<HtmlTable::Cell> row = {number_cell(1e3 * point.at("time_s").positive()),
                                        count_cell(cost)};
    for (const double part : point.at("bandwidth_gb_per_s").numbers()) {
      row.push_back(number_cell(part));
    }
    row.push_back(number_cell(1e6 * point.at("seconds_per_usd").non_negative()));
    table.rows.push_back(std::move(row));
  }
  return table;
}

/// "Ring(8) Package | Switch(16) Pod".
std::string dimensions_text(const JsonNode& topology) {
  std::string text;
  for (const JsonNode& dimension : topology.at("dimensions").elements()) {
    text += (text.empty() ? "" : " | ") + dimension_text(dimension);
  }
  return text;
}

std::string groups_text(const JsonNode& groups) {
  std::string text;
  for (const JsonNode& group : groups.elements()) {
    if (group.at("npus").count() == 1) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", group.at("group").string(),
                        product_text(group.at("shape")));
  }
  return text;
}

std::string numbers_text(const JsonNode& numbers) {
  std::string text;
  for (const double number : numbers.numbers()) {
    text += fmt::format("{}{:.4g}", text.empty() ? "" : " / ", number);
  }
  return text;
}

HtmlTable shape_table(const JsonNode& root) {
  HtmlTable table{"shapes",
                  {{"place", true},
                   {"network, innermost first"},
                   {"groups lie"},
                   {"GB/s"},
                   {"step, ms", true},
                   {"network, USD", true},
                   {fmt::format("objective, {}", root.at("objective_unit").string()), true}},
                  {}};
  for (const JsonNode& shape : root.at("shapes").elements()) {
    const JsonNode topology = shape.at("topology");
    const auto bandwidth = topology.find("bandwidth_gb_per_s");
    const double cost = shape.at("cost_usd").non_negative();
    const double objective = shape.at("objective").number();
    table.rows.push_back({count_cell(static_cast<double>(table.rows.size() + 1)),
                          {dimensions_text(topology)},
                          {groups_text(shape.at("groups"))},
                          {bandwidth ? numbers_text(*bandwidth) : ""},
                          number_cell(1e3 * shape.at("time_s").positive()),
                          count_cell(cost),
                          {fmt::format("{:.6g}", objective), objective}});
  }
  return table;
}

/// Numbered as in the table.
BarChart shape_chart(const JsonNode& root) {
  BarChart chart;
  chart.title = "Time and cost of the best shapes";
  chart.evidence = root.at("evidence").string();
  chart.caption = "Numbered as in the table, the best first.";
  chart.series = {"shape"};
  chart.columns = 2;
  BarChart::Panel time{"", "step, ms", {}};
  BarChart::Panel cost{"", "network, million USD", {}};
  for (const JsonNode& shape : root.at("shapes").elements()) {
    const std::string number = std::to_string(time.groups.size() + 1);
    time.groups.push_back({number, {1e3 * shape.at("time_s").positive()}});
    cost.groups.push_back({number, {1e-6 * shape.at("cost_usd").non_negative()}});
  }
  chart.panels = {std::move(time), std::move(cost)};
  return chart;
}

/// Prices of tiers, USD for each GB/s of one link.
HtmlTable price_table(const JsonNode& prices) {
  HtmlTable table{"prices of tiers, USD for each GB/s of a link",
                  {{"tier"}, {"link", true}, {"switch port", true}, {"NIC", true}},
                  {}};
  for (const auto& [tier, price] : prices.members()) {
    const auto part = [&price = price](const char* member) {
      const auto value = price.find(member);
      return number_cell(value ? std::optional(value->non_negative()) : std::nullopt);
    };
    table.rows.push_back({{tier}, part("link"), part("switch"), part("nic")});
  }
  return table;
}

}  // namespace

void add_bandwidth_front_view(const JsonDocument& document, const ReportInputs&,
                              std::vector<HtmlSection>& sections) {
  const JsonNode root = document.root();
  HtmlSection section(fmt::format("Front of time and cost on {}", root.at("network").string()),
                      document.file(), std::string(to_string(read_evidence(root.at("evidence")))));
  section.facts({{"NPUs", count_cell(root.at("npus").count()).text},
                 {"loop", root.at("loop").string()},
                 {"divisions", std::to_string(root.at("points").size())},
                 {"between neighbours at most",
                  fmt::format("{:.2g} % faster", 100 * root.at("gap").non_negative())}});
  if (root.at("points").size() == 0) root.at("points").fail("at least one division");
  section.figure("front", svg(front_chart(root)));
  section.figure("bandwidth along the front", svg(shares_chart(root)));
  section.table(front_table(root));
  sections.push_back(std::move(section));
}

void add_network_shapes_view(const JsonDocument& document, const ReportInputs&,
                             std::vector<HtmlSection>& sections) {
  const JsonNode root = document.root();
  HtmlSection section(fmt::format("Shapes of a network for {}", root.at("workload").string()),
                      document.file(), std::string(to_string(read_evidence(root.at("evidence")))));
  section.facts(
      {{"NPUs", count_cell(root.at("npus").count()).text},
       {"of each NPU", format_count(root.at("total_gb_per_s").positive()) + " GB/s"},
       {"target", root.at("target").string() == "Perf" ? "least time" : "least time × cost"},
       {"shapes divided", count_cell(root.at("evaluated").non_negative()).text},
       {"excluded by a bound", count_cell(root.at("pruned").non_negative()).text}});
  if (root.at("shapes").size() > 0) {
    section.figure("shapes", svg(shape_chart(root)));
    section.table(shape_table(root));
  }
  sections.push_back(std::move(section));
}

void add_topology_view(const JsonDocument& document, const ReportInputs&,
                       std::vector<HtmlSection>& sections) {
  const JsonNode root = document.root();
  HtmlSection section(fmt::format("Network {}", root.at("name").string()), document.file(), "");
  if (const auto source = root.find("source")) section.paragraph(source->string());
  HtmlTable table{
      "dimensions",
      {{"dimension"}, {"block"}, {"NPUs", true}, {"tier"}, {"GB/s", true}, {"latency, ns", true}},
      {}};
  double npus = 1;
  const auto of = [&root](const char* list, std::size_t d) {
    const auto found = root.find(list);
    return number_cell(found ? std::optional(found->at(d).non_negative()) : std::nullopt);
  };
  for (const JsonNode& dimension : root.at("dimensions").elements()) {
    const std::size_t d = table.rows.size();
    npus *= dimension.at("npus").count();
    table.rows.push_back({{fmt::format("B{}", d)},
                          {dimension.at("block").string()},
                          count_cell(dimension.at("npus").count()),
                          {dimension.at("tier").string()},
                          of("bandwidth_gb_per_s", d),
                          of("latency_ns", d)});
  }
  section.facts(
      {{"NPUs", count_cell(npus).text}, {"dimensions", std::to_string(table.rows.size())}});
  section.table(table);
  if (const auto prices = root.find("prices")) section.table(price_table(*prices));
  sections.push_back(std::move(section));
}

}  // namespace sextant
