#include <cmath>

#include <fmt/format.h>

#include "analyzer/core/evidence.h"
#include "analyzer/core/table.h"
#include "analyzer/report/stack_chart.h"
#include "analyzer/report/views/figure_text.h"
#include "analyzer/report/views/report_views.h"
#include "analyzer/report/views/topology_parts.h"

namespace sextant {

namespace {

std::string joined(const JsonNode& names) {
  std::string text;
  for (const JsonNode& name : names.elements()) {
    text += (text.empty() ? "" : ", ") + name.string();
  }
  return text;
}

/// "B0 Ring(8) Package".
std::vector<std::string> dimension_names(const JsonNode& root) {
  std::vector<std::string> names;
  for (const JsonNode& dimension : root.at("dimensions").elements()) {
    names.push_back(fmt::format("B{} {}", names.size(), dimension_text(dimension)));
  }
  return names;
}

StackChart division_chart(const JsonNode& root) {
  StackChart chart;
  chart.title = "Bandwidth by dimension";
  chart.x_label = "GB/s of each NPU";
  chart.evidence = root.at("evidence").string();
  chart.parts = dimension_names(root);
  chart.rows.push_back({"here", root.at("bandwidth_gb_per_s").numbers()});
  double total = 0;
  for (const double part : chart.rows[0].parts) total += part;
  const auto count = static_cast<double>(chart.parts.size());
  chart.rows.push_back({"in equal parts", std::vector<double>(chart.parts.size(), total / count)});
  return chart;
}

/// What a step consists of: its computation and what it waits for each group.
StackChart time_chart(const JsonNode& root) {
  StackChart chart;
  chart.title = "A training step";
  chart.x_label = "ms";
  chart.evidence = root.at("evidence").string();
  chart.caption =
      "Closed form: computation, and what each group's communication adds. Simulated: "
      "chunk by chunk, with latencies.";
  chart.parts = {"computation"};
  const std::vector<JsonNode> workloads = root.at("workloads").elements();
  const auto series_of = [&](const std::string& name) {
    for (std::size_t s = 0; s < chart.parts.size(); ++s) {
      if (chart.parts[s] == name) return s;
    }
    chart.parts.push_back(name);
    return chart.parts.size() - 1;
  };
  for (const JsonNode& workload : workloads) {
    const std::string& name = workload.at("workload").string();
    StackChart::Row bar{name, {1e3 * workload.at("compute_s").non_negative()}};
    for (const JsonNode& group : workload.at("groups").elements()) {
      const auto exposed = group.find("exposed_s");
      if (!exposed) continue;
      const std::size_t s = series_of("waits for " + group.at("group").string());
      if (bar.parts.size() <= s) bar.parts.resize(s + 1);
      bar.parts[s] += 1e3 * exposed->non_negative();
    }
    bar.remark = fmt::format("{:.4g} ms", 1e3 * workload.at("time_s").non_negative());
    chart.rows.push_back(std::move(bar));
    if (const auto simulated = workload.find("simulated")) {
      StackChart::Row steps{name + ", simulated",
                            {1e3 * simulated->at("compute_s").non_negative()}};
      const std::size_t s = series_of("waits");
      steps.parts.resize(s + 1);
      steps.parts[s] = 1e3 * simulated->at("exposed_s").non_negative();
      steps.remark = fmt::format("{:.4g} ms", 1e3 * simulated->at("time_s").non_negative());
      chart.rows.push_back(std::move(steps));
    }
  }
  for (StackChart::Row& bar : chart.rows) bar.parts.resize(chart.parts.size());
  return chart;
}

HtmlTable dimension_table(const JsonNode& root) {
  HtmlTable table{
      "dimensions",
      {{"dimension"}, {"block"}, {"NPUs", true}, {"tier"}, {"GB/s", true}, {"share, %", true}},
      {}};
  const std::vector<JsonNode> workloads = root.at("workloads").elements();
  for (const JsonNode& workload : workloads) {
    const std::string of = workloads.size() > 1 ? " by " + workload.at("workload").string() : "";
    table.columns.push_back({"links busy" + of + ", %", true});
  }
  table.columns.push_back({"bottleneck of"});
  const std::vector<double> bandwidth = root.at("bandwidth_gb_per_s").numbers();
  double total = 0;
  for (const double part : bandwidth) total += part;
  const std::vector<JsonNode> dimensions = root.at("dimensions").elements();
  for (std::size_t d = 0; d < dimensions.size(); ++d) {
    const JsonNode& dimension = dimensions[d];
    std::vector<HtmlTable::Cell> row = {{fmt::format("B{}", d)},
                                        {dimension.at("block").string()},
                                        count_cell(dimension.at("npus").count()),
                                        {dimension.at("tier").string()},
                                        number_cell(bandwidth[d]),
                                        per_cent_cell(total > 0 ? bandwidth[d] / total : 0)};
    for (const JsonNode& workload : workloads) {
      row.push_back(per_cent_cell(workload.at("utilisation").at(d).non_negative()));
    }
    row.push_back({joined(dimension.at("bottleneck_of"))});
    table.rows.push_back(std::move(row));
  }
  return table;
}

HtmlTable group_table(const JsonNode& root) {
  HtmlTable table{"groups",
                  {{"workload"},
                   {"group"},
                   {"NPUs", true},
                   {"by dimension"},
                   {"waits, ms", true},
                   {"sent by an NPU, GB", true}},
                  {}};
  for (const JsonNode& workload : root.at("workloads").elements()) {
    for (const JsonNode& group : workload.at("groups").elements()) {
      const auto exposed = group.find("exposed_s");
      std::optional<double> sent;
      if (const auto bytes = group.find("sent_bytes")) {
        sent = 0;
        for (const double part : bytes->numbers()) *sent += part / 1e9;
      }
      table.rows.push_back(
          {{workload.at("workload").string()},
           {group.at("group").string()},
           count_cell(group.at("npus").count()),
           {product_text(group.at("shape"))},
           number_cell(exposed ? std::optional(1e3 * exposed->non_negative()) : std::nullopt),
           number_cell(sent)});
    }
  }
  return table;
}

std::vector<std::pair<std::string, std::string>> facts_of(const JsonNode& root) {
  std::vector<std::pair<std::string, std::string>> facts = {
      {"network", root.at("network").string()},
      {"NPUs", count_cell(root.at("npus").count()).text},
      {"mean step", format_seconds(root.at("time_s").non_negative())}};
  if (const auto cost = root.find("cost_usd")) {
    facts.emplace_back("network costs", count_cell(cost->non_negative()).text + " USD");
  }
  facts.emplace_back("loop", root.at("loop").string());
  return facts;
}

void check_dimensions(const JsonNode& root) {
  const std::size_t dimensions = root.at("dimensions").size();
  if (dimensions == 0) root.at("dimensions").fail("at least one dimension");
  if (root.at("bandwidth_gb_per_s").size() != dimensions) {
    root.at("bandwidth_gb_per_s").fail("a bandwidth for each dimension");
  }
  for (const JsonNode& part : root.at("bandwidth_gb_per_s").elements()) part.non_negative();
}

/// What both documents have.
void add_figures(const JsonNode& root, HtmlSection& section) {
  section.figure("bandwidth", svg(division_chart(root)));
  if (root.at("workloads").size() > 0) section.figure("step", svg(time_chart(root)));
  section.table(dimension_table(root));
  section.table(group_table(root));
}

HtmlTable constraint_table(const JsonNode& constraints) {
  HtmlTable table{
      "constraints", {{"constraint"}, {"binding"}, {"objective gained for a GB/s more", true}}, {}};
  for (const JsonNode& one : constraints.elements()) {
    const double gain = one.at("gain_per_gb_per_s").number();
    table.rows.push_back({{one.at("constraint").string()},
                          {one.at("binding").boolean() ? "yes" : "no"},
                          {fmt::format("{:.4g}", gain), gain}});
  }
  return table;
}

}  // namespace

std::string dimension_text(const JsonNode& dimension) {
  return fmt::format("{}({}) {}", dimension.at("block").string(), dimension.at("npus").count(),
                     dimension.at("tier").string());
}

std::string product_text(const JsonNode& factors) {
  std::string text;
  for (const JsonNode& factor : factors.elements()) {
    text += fmt::format("{}{}", text.empty() ? "" : " × ", factor.count());
  }
  return text;
}

void add_topology_evaluation_view(const JsonDocument& document, const ReportInputs&,
                                  std::vector<HtmlSection>& sections) {
  const JsonNode root = document.root();
  check_dimensions(root);
  HtmlSection section(fmt::format("Training on network {}", root.at("network").string()),
                      document.file(), std::string(to_string(read_evidence(root.at("evidence")))));
  section.facts(facts_of(root));
  add_figures(root, section);
  sections.push_back(std::move(section));
}

void add_bandwidth_division_view(const JsonDocument& document, const ReportInputs&,
                                 std::vector<HtmlSection>& sections) {
  const JsonNode root = document.root();
  check_dimensions(root);
  HtmlSection section(fmt::format("Bandwidth divided over {}", root.at("network").string()),
                      document.file(), std::string(to_string(read_evidence(root.at("evidence")))));
  std::vector<std::pair<std::string, std::string>> facts = facts_of(root);
  const double objective = root.at("objective").positive();
  const std::string& unit = root.at("objective_unit").string();
  facts.emplace_back("target",
                     root.at("target").string() == "Perf" ? "least time" : "least time × cost");
  facts.emplace_back("objective", fmt::format("{:.6g} {}", objective, unit));
  if (const auto bound = root.find("lower_bound")) {
    facts.emplace_back("no division has less than",
                       fmt::format("{:.6g} {}", bound->non_negative(), unit));
    facts.emplace_back(
        "gap", fmt::format("{:.2g} %", 100 * std::max(0.0, 1 - bound->number() / objective)));
  } else {
    facts.emplace_back("gap", "none is known: a local search");
  }
  if (const auto equal = root.find("equal_split_objective")) {
    facts.emplace_back("equal parts have",
                       fmt::format("{:.3g} times as much", equal->positive() / objective));
  }
  section.facts(facts);
  add_figures(root, section);
  if (const auto constraints = root.find("constraints"); constraints && constraints->size() > 0) {
    section.table(constraint_table(*constraints));
  }
  sections.push_back(std::move(section));
}

}  // namespace sextant
