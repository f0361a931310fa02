#include <fmt/format.h>

#include "analyzer/core/evidence.h"
#include "analyzer/report/prediction_chart.h"
#include "analyzer/report/views/figure_text.h"
#include "analyzer/report/views/network_sections.h"
#include "analyzer/report/views/report_views.h"
#include "analyzer/training/calibration.h"

namespace sextant {

namespace {

constexpr std::int64_t kMostRuns = 1'000'000;

/// A bare number is a share or a factor.
std::string parameter_text(const std::string& name, double value) {
  return name.find("bytes") != std::string::npos ? memory_text(value)
                                                 : coefficient_text(name, value);
}

void add_parameters(const JsonNode& parameters, HtmlSection& section) {
  HtmlTable table{
      "Parameters", {{"parameter"}, {"value", true}, {"default", true}, {"meaning"}}, {}};
  for (const CalibrationParameter& parameter : calibration_parameters()) {
    const std::string name(parameter.name);
    const double usual = Calibration{}.*parameter.member;
    const auto given = parameters.find(name);
    const double value = given ? given->number() : usual;
    table.rows.push_back({{name},
                          {parameter_text(name, value), value},
                          {parameter_text(name, usual), usual},
                          {std::string(parameter.meaning)}});
  }
  section.table(table);
}

void add_fitted(const JsonNode& parameters, HtmlSection& section) {
  HtmlTable table{
      "How they were fitted",
      {{"parameter"}, {"before", true}, {"after", true}, {"adopted"}, {"runs", true}, {"note"}},
      {}};
  for (const JsonNode& one : parameters.elements()) {
    const std::string& name = one.at("name").string();
    const double before = one.at("before").number(), after = one.at("after").number();
    table.rows.push_back({{name},
                          {parameter_text(name, before), before},
                          {parameter_text(name, after), after},
                          {one.at("adopted").boolean() ? "yes" : "no"},
                          integer_cell(one.at("runs").integer(0, kMostRuns)),
                          {one.at("note").string()}});
  }
  if (!table.rows.empty()) section.table(table);
}

void add_errors(const JsonNode& errors, HtmlSection& section) {
  HtmlTable table{"Mean error of runs that were left out",
                  {{"quantity"}, {"runs", true}, {"before", true}, {"after", true}},
                  {}};
  for (const char* quantity : {"time", "memory"}) {
    const JsonNode one = errors.at(quantity);
    const std::int64_t runs = one.at("runs").integer(0, kMostRuns);
    if (runs == 0) continue;
    table.rows.push_back({{quantity},
                          integer_cell(runs),
                          percent_cell(one.at("before").non_negative()),
                          percent_cell(one.at("after").non_negative())});
  }
  if (!table.rows.empty()) section.table(table);
}

/// Before the fit and after it, each run by a calibration that was fitted to the others.
void add_runs(const JsonNode& runs, const std::string& evidence, HtmlSection& section) {
  HtmlTable table{"Runs",
                  {{"run"},
                   {"measured, s", true},
                   {"before", true},
                   {"after, left out", true},
                   {"measured, B", true},
                   {"before", true},
                   {"after, left out", true},
                   {"at most, B", true},
                   {"remark"}},
                  {}};
  PredictionChart times{.title = "Time of an iteration: predicted against measured",
                        .unit = "s",
                        .evidence = evidence,
                        .caption = "",
                        .series = {{"before", {}}, {"after, left out", {}}}};
  PredictionChart memory = times;
  memory.title = "Memory of the largest process: predicted against measured";
  memory.unit = "GiB";
  const double gib = memory_unit(1e12).size;
  const auto put = [](PredictionChart& chart, std::size_t series, double measured, double predicted,
                      const std::string& name) {
    if (predicted > 0) chart.series[series].points.push_back({measured, predicted, name});
  };
  for (const JsonNode& run : runs.elements()) {
    const std::string& name = run.at("name").string();
    const double measured_s = run.at("measured_s").positive();
    const double before_s = run.at("before_s").number(), after_s = run.at("after_s").number();
    put(times, 0, measured_s, before_s, name);
    put(times, 1, measured_s, after_s, name);
    const auto suspicion = run.find("suspicion");
    std::vector<HtmlTable::Cell> row = {{name},
                                        seconds_cell(measured_s),
                                        signed_percent_cell(before_s / measured_s - 1),
                                        signed_percent_cell(after_s / measured_s - 1)};
    const auto measured_bytes = run.find("measured_bytes");
    if (measured_bytes && run.has("before_bytes") && run.has("after_bytes")) {
      const double bytes = measured_bytes->positive();
      const double before = run.at("before_bytes").number(), after = run.at("after_bytes").number();
      put(memory, 0, bytes / gib, before / gib, name);
      put(memory, 1, bytes / gib, after / gib, name);
      row.push_back(memory_cell(bytes));
      row.push_back(signed_percent_cell(before / bytes - 1));
      row.push_back(signed_percent_cell(after / bytes - 1));
      const auto bound = run.find("bound_bytes");
      row.push_back(bound ? memory_cell(bound->number()) : no_cell());
    } else {
      row.insert(row.end(), 4, no_cell());
    }
    row.push_back({suspicion ? suspicion->string() : ""});
    table.rows.push_back(std::move(row));
  }
  for (const PredictionChart* chart : {&times, &memory}) {
    if (chart->series[0].points.empty() && chart->series[1].points.empty()) continue;
    section.figure(chart == &times ? "time" : "memory", svg(*chart));
  }
  if (!table.rows.empty()) section.table(table);
}

}  // namespace

void add_calibration_view(const JsonDocument& document, const ReportInputs&,
                          std::vector<HtmlSection>& sections) {
  const JsonNode root = document.root();
  const auto name = root.find("name");
  const auto evidence = root.find("evidence");
  const std::string class_of_runs =
      evidence ? std::string(to_string(read_evidence(*evidence))) : "";
  HtmlSection section("Calibration" + (name ? ": " + name->string() : std::string()),
                      document.file(), class_of_runs);
  if (const auto source = root.find("source")) section.paragraph(source->string());
  add_parameters(root.at("parameters"), section);
  if (const auto fit = root.find("fit")) {
    add_errors(fit->at("left_out_error"), section);
    add_fitted(fit->at("parameters"), section);
    add_runs(fit->at("runs"), class_of_runs.empty() ? "not said" : class_of_runs, section);
  }
  sections.push_back(std::move(section));
}

}  // namespace sextant
