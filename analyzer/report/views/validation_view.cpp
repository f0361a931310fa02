#include <algorithm>
#include <iterator>
#include <set>

#include <fmt/format.h>

#include "analyzer/report/prediction_chart.h"
#include "analyzer/report/views/figure_text.h"
#include "analyzer/report/views/report_views.h"
#include "analyzer/validation/validation.h"
#include "analyzer/validation/validation_document.h"
#include "analyzer/validation/validation_report.h"

namespace sextant {

namespace {

HtmlTable::Cell amount_cell(Quantity quantity, double value) {
  if (!(value > 0)) return no_cell();
  return quantity == Quantity::kTime ? seconds_cell(value) : memory_cell(value);
}

/// A point for each run that has both figures, a series for each estimator.
std::optional<PredictionChart> scatter_of(const std::vector<ValidationRow>& rows,
                                          Quantity quantity) {
  double largest = 0;
  for (const ValidationRow& row : rows) {
    if (row.quantity == quantity && row.ok()) largest = std::max(largest, row.measured);
  }
  if (largest == 0) return std::nullopt;
  const PlotUnit unit = quantity == Quantity::kTime ? time_unit(largest) : memory_unit(largest);
  PredictionChart chart;
  chart.title = quantity == Quantity::kTime ? "Time of an iteration: predicted against measured"
                                            : "Memory of the largest process: predicted against "
                                              "measured";
  chart.unit = unit.name;
  Evidence weakest = Evidence::kMeasuredGpu;
  for (const ValidationRow& row : rows) {
    if (row.quantity != quantity || !row.ok()) continue;
    auto series =
        std::find_if(chart.series.begin(), chart.series.end(),
                     [&](const PredictionChart::Series& one) { return one.name == row.estimator; });
    if (series == chart.series.end()) {
      series = chart.series.insert(chart.series.end(), {row.estimator, {}});
    }
    series->points.push_back({unit.of(row.measured), unit.of(row.predicted), row.config});
    weakest = weaker(weakest, row.evidence);
  }
  chart.evidence = to_string(weakest);
  return chart;
}

void add_rows(const std::vector<ValidationRow>& rows, HtmlSection& section) {
  HtmlTable table{"Runs",
                  {{"config"},
                   {"quantity"},
                   {"estimator"},
                   {"measured", true},
                   {"predicted", true},
                   {"error", true},
                   {"at most", true},
                   {"expected between", true},
                   {"evidence"},
                   {"remark"}},
                  {}};
  for (const ValidationRow& row : rows) {
    std::string interval = "-";
    if (row.interval.has_spread) {
      interval = fmt::format("{} and {}{}", seconds_cell(row.interval.low_s).text,
                             seconds_cell(row.interval.high_s).text,
                             row.covered().value_or(true) ? "" : " (it is not)");
    }
    table.rows.push_back({{row.config},
                          {std::string(to_string(row.quantity))},
                          {row.estimator},
                          amount_cell(row.quantity, row.measured),
                          amount_cell(row.quantity, row.predicted),
                          row.ok() ? signed_percent_cell(row.relative_error()) : no_cell(),
                          amount_cell(row.quantity, row.upper_bound),
                          {interval},
                          {std::string(to_string(row.evidence))},
                          {row.ok() ? row.suspicion : row.reason}});
  }
  section.table(table);
}

void add_summary(const std::vector<ValidationRow>& rows, HtmlSection& section) {
  HtmlTable table{"Errors, |predicted / measured - 1|",
                  {{"quantity"},
                   {"estimator"},
                   {"runs of"},
                   {"rows", true},
                   {"mean", true},
                   {"median", true},
                   {"95th percentile", true},
                   {"largest", true},
                   {"under-predicted", true},
                   {"above the bound", true},
                   {"in the interval", true},
                   {"without a figure", true}},
                  {}};
  for (const ValidationSummary& one : summarize(rows)) {
    std::vector<HtmlTable::Cell> row = {{std::string(to_string(one.quantity))},
                                        {one.estimator},
                                        {one.set.empty() ? "all" : one.set},
                                        integer_cell(one.rows)};
    if (one.rows > 0) {
      for (const double error : {one.mean, one.median, one.p95, one.max}) {
        row.push_back(percent_cell(error));
      }
      row.push_back(integer_cell(one.under_predicted));
      row.push_back(integer_cell(one.bound_exceeded));
      row.push_back(one.with_interval > 0
                        ? HtmlTable::Cell{fmt::format("{} of {}", one.covered, one.with_interval),
                                          static_cast<double>(one.covered)}
                        : no_cell());
    } else {
      row.insert(row.end(), 7, no_cell());
    }
    row.push_back(integer_cell(one.unpredicted + one.unmeasured));
    table.rows.push_back(std::move(row));
  }
  section.table(table);
}

void add_ranking(const JsonNode& ranking, HtmlSection& section) {
  constexpr std::int64_t kMost = 1'000'000'000;
  HtmlTable table{"Whether runs are put in the order in which they are fast",
                  {{"estimator"},
                   {"runs", true},
                   {"pairs that differ", true},
                   {"Kendall's tau", true},
                   {"predicted fastest"},
                   {"measured fastest"},
                   {"regret", true}},
                  {}};
  for (const JsonNode& one : ranking.elements()) {
    table.rows.push_back({{one.at("estimator").string()},
                          integer_cell(one.at("runs").count()),
                          integer_cell(one.at("separable_pairs").integer(0, kMost)),
                          number_cell(one.at("kendall_tau").number()),
                          {one.at("first").string()},
                          {one.at("fastest").string()},
                          percent_cell(one.at("regret").non_negative())});
  }
  if (!table.rows.empty()) section.table(table);
}

}  // namespace

void add_validation_view(const JsonDocument& document, const ReportInputs&,
                         std::vector<HtmlSection>& sections) {
  const JsonNode root = document.root();
  const std::vector<ValidationRow> rows = validation_rows_from(root);
  Evidence weakest = Evidence::kMeasuredGpu;
  for (const ValidationRow& row : rows) weakest = weaker(weakest, row.evidence);
  HtmlSection section("Predicted against measured", document.file(),
                      std::string(to_string(weakest)));
  std::set<std::string> suspicions;
  for (const ValidationRow& row : rows) {
    if (!row.suspicion.empty()) suspicions.insert(fmt::format("{}: {}", row.config, row.suspicion));
  }
  for (const std::string& suspicion : suspicions) section.warning(suspicion);
  add_summary(rows, section);
  if (const auto ranking = root.find("ranking")) add_ranking(*ranking, section);
  for (const Quantity quantity : {Quantity::kTime, Quantity::kMemory}) {
    const auto chart = scatter_of(rows, quantity);
    if (chart) section.figure(fmt::format("predicted-{}", to_string(quantity)), svg(*chart));
  }
  for (const Quantity quantity : {Quantity::kTime, Quantity::kMemory}) {
    std::vector<ValidationRow> of_quantity;  // errors of both on one axis hide the smaller ones
    std::copy_if(rows.begin(), rows.end(), std::back_inserter(of_quantity),
                 [&](const ValidationRow& row) { return row.quantity == quantity; });
    if (std::none_of(of_quantity.begin(), of_quantity.end(),
                     [](const ValidationRow& row) { return row.ok(); })) {
      continue;
    }
    section.figure(fmt::format("errors-{}", to_string(quantity)),
                   svg(validation_plot(
                       of_quantity, fmt::format("Errors of predicted {}", to_string(quantity)))));
  }
  add_rows(rows, section);
  sections.push_back(std::move(section));
}

}  // namespace sextant
