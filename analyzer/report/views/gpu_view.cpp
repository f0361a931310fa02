#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/table.h"
#include "analyzer/report/views/figure_text.h"
#include "analyzer/report/views/report_views.h"

namespace sextant {

void add_gpu_view(const JsonDocument& document, const ReportInputs&,
                  std::vector<HtmlSection>& sections) {
  const JsonNode root = document.root();
  HtmlSection section("GPU type: " + root.at("name").name(), document.file(), "");
  if (const auto aliases = root.find("aliases")) {
    std::vector<std::string> names;
    for (const JsonNode& alias : aliases->elements()) names.push_back(alias.name());
    if (!names.empty()) section.paragraph(fmt::format("Also {}.", fmt::join(names, ", ")));
  }
  HtmlTable table{"Data sheet", {{"figure"}, {"value", true}, {"unit"}, {"source"}}, {}};
  const auto add = [&](const std::string& name, const JsonNode& figure, std::string_view unit) {
    const auto date = figure.find("date");
    table.rows.push_back(
        {{name},
         number_cell(figure.at("value").positive()),
         {std::string(unit)},
         {figure.at("source").string() +
          (date && !date->string().empty() ? ", " + date->string() : std::string())}});
    return figure.at("value").number();
  };
  add("memory", root.at("memory_gib"), "GiB");
  std::vector<std::pair<std::string, double>> peaks;
  for (const auto& [dtype, figure] : root.at("peak_tflops").members()) {
    peaks.emplace_back(dtype, add("peak in " + dtype, figure, "TFLOP/s"));
  }
  const double gb_per_s = add("memory bandwidth", root.at("memory_bandwidth_gb_per_s"), "GB/s");
  if (const auto nvlink = root.find("nvlink_gb_per_s")) {
    add("NVLink, one direction", *nvlink, "GB/s");
  }
  add("PCIe, one direction", root.at("pcie_gb_per_s"), "GB/s");
  add("GPUs of a machine", root.at("gpus_per_node"), "");
  if (const auto price = root.find("usd_per_hour")) add("on demand", *price, "USD an hour");
  section.table(table);
  // Below this intensity the memory bounds an operator, above it the arithmetic.
  HtmlTable ridges{"Where the roofline bends", {{"dtype"}, {"FLOPs per byte", true}}, {}};
  for (const auto& [dtype, tflops] : peaks) {
    ridges.rows.push_back({{dtype}, number_cell(1e12 * tflops / (1e9 * gb_per_s))});
  }
  section.table(ridges);
  sections.push_back(std::move(section));
}

}  // namespace sextant
