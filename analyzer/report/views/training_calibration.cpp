// Document kind calibration.
#include <fmt/format.h>

#include "analyzer/report/views/training_parts.h"

namespace sextant {

namespace {

HtmlTable::Cell optional_cell(const JsonNode& node, const char* member, double unit) {
  const auto found = node.find(member);
  if (!found) return {"-"};
  return number_cell(found->number() / unit, fmt::format("{:.4g}", found->number() / unit));
}

/// Errors of runs that were left out of the fit.
void add_errors(const JsonNode& errors, HtmlSection& section) {
  HtmlTable table{"errors of runs that were left out",
                  {{"figure"}, {"runs", true}, {"before, %", true}, {"after, %", true}},
                  {}};
  for (const char* figure : {"time", "memory"}) {
    const JsonNode node = errors.at(figure);
    table.rows.push_back({{figure},
                          optional_cell(node, "runs", 1),
                          optional_cell(node, "before", 0.01),
                          optional_cell(node, "after", 0.01)});
  }
  section.table(table);
}

void add_runs(const JsonNode& runs, HtmlSection& section) {
  constexpr double kGib = 1 << 30;
  HtmlTable table{"runs",
                  {{"run"},
                   {"measured, s", true},
                   {"before, s", true},
                   {"after, s", true},
                   {"measured, GiB", true},
                   {"before, GiB", true},
                   {"after, GiB", true},
                   {"not fitted to, since"}},
                  {}};
  for (const JsonNode& run : runs.elements()) {
    const auto suspicion = run.find("suspicion");
    table.rows.push_back({{run.at("name").string()},
                          optional_cell(run, "measured_s", 1),
                          optional_cell(run, "before_s", 1),
                          optional_cell(run, "after_s", 1),
                          optional_cell(run, "measured_bytes", kGib),
                          optional_cell(run, "before_bytes", kGib),
                          optional_cell(run, "after_bytes", kGib),
                          {suspicion ? suspicion->string() : ""}});
  }
  section.table(table);
}

}  // namespace

void add_calibration_view(const JsonDocument& document, const ReportInputs& /*inputs*/,
                          std::vector<HtmlSection>& sections) {
  const JsonNode root = document.root_of_kind("calibration", 1);
  const auto evidence = root.find("evidence");
  const auto name = root.find("name");
  HtmlSection section(name ? "Calibration: " + name->string() : "Calibration", document.file(),
                      evidence ? evidence->string() : "");
  if (const auto source = root.find("source")) section.paragraph(source->string());
  HtmlTable parameters{"parameters", {{"parameter"}, {"value", true}, {"meaning"}}, {}};
  for (const CalibrationParameter& parameter : calibration_parameters()) {
    const auto found = root.at("parameters").find(parameter.name);
    const double value = found ? found->number() : Calibration().*parameter.member;
    parameters.rows.push_back(
        {{std::string(parameter.name)},
         number_cell(value, fmt::format("{:.6g}{}", value, found ? "" : " (default)")),
         {std::string(parameter.meaning)}});
  }
  section.table(parameters);
  if (const auto fit = root.find("fit")) {
    HtmlTable fitted{
        "fit",
        {{"parameter"}, {"before", true}, {"after", true}, {"adopted"}, {"runs", true}, {"note"}},
        {}};
    for (const JsonNode& node : fit->at("parameters").elements()) {
      fitted.rows.push_back({{node.at("name").string()},
                             optional_cell(node, "before", 1),
                             optional_cell(node, "after", 1),
                             {node.at("adopted").boolean() ? "yes" : "no"},
                             optional_cell(node, "runs", 1),
                             {node.at("note").string()}});
    }
    section.table(fitted);
    add_errors(fit->at("left_out_error"), section);
    add_runs(fit->at("runs"), section);
  }
  sections.push_back(std::move(section));
}

}  // namespace sextant
