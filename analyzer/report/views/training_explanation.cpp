#include "analyzer/report/views/training_explanation.h"

#include <fmt/format.h>

#include "analyzer/report/views/training_parts.h"

namespace sextant {

namespace {

HtmlTable table_named(const char* name, const char* what) {
  return {name,
          {{what},
           {"gain, %", true},
           {"iterations/s", true},
           {"USD/iteration", true},
           {"GPUs", true},
           {"remarks"}},
          {}};
}

void add_row(const JsonNode& node, std::string remarks, HtmlTable& table) {
  const double gain = 100 * node.at("gain").number();
  const JsonNode figures = node.at("figures");
  const double iters = figures.at("throughput_iters_per_s").positive();
  const double usd = figures.at("usd_per_iter").non_negative();
  const int gpus = figures.at("gpus").count();
  table.rows.push_back({{node.at("what").string()},
                        number_cell(gain, fmt::format("{:+.1f}", gain)),
                        number_cell(iters, fmt::format("{:.5g}", iters)),
                        number_cell(usd, fmt::format("{:.4g}", usd)),
                        number_cell(gpus, std::to_string(gpus)),
                        {std::move(remarks)}});
}

std::string remarks_of_change(const JsonNode& node) {
  if (node.at("same_plan").boolean()) return "the same plan";
  std::string text = "planned again";
  if (const auto proved = node.find("proved"); proved && proved->boolean()) text += ", proved";
  if (const auto change = node.find("plan_change")) text += ": " + change->string();
  return text;
}

std::string remarks_of_rival(const JsonNode& node) {
  if (const auto impossible = node.find("impossible")) return impossible->string();
  std::string text;
  for (const JsonNode& part : node.at("parts").elements()) {
    text += fmt::format("{}{} {:+.3g} {}", text.empty() ? "" : ", ", part.at("part").string(),
                        part.at("more").number(), part.at("unit").string());
  }
  return text;
}

}  // namespace

void add_explanation(const JsonNode& explanation, HtmlSection& section) {
  section.heading("Why this plan");
  for (const JsonNode& binding : explanation.at("binds").elements()) {
    section.paragraph(binding.at("text").string());
  }
  if (const auto most = explanation.find("most")) {
    section.paragraph("Of the changes tried, the most would come of: " + most->string());
  }
  HtmlTable changes = table_named("what changes would bring", "change");
  for (const JsonNode& node : explanation.at("changes").elements()) {
    add_row(node, remarks_of_change(node), changes);
  }
  HtmlTable nodes = table_named("one more node", "node");
  for (const JsonNode& node : explanation.at("one_more_node").elements()) {
    add_row(node, remarks_of_change(node), nodes);
  }
  HtmlTable rivals = table_named("plans that came close", "plan");
  for (const JsonNode& node : explanation.at("rivals").elements()) {
    add_row(node, remarks_of_rival(node), rivals);
  }
  for (const HtmlTable* table : {&changes, &nodes, &rivals}) {
    if (!table->rows.empty()) section.table(*table);
  }
}

}  // namespace sextant
