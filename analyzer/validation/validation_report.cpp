#include "analyzer/validation/validation_report.h"

#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "analyzer/core/table.h"

namespace sextant {

namespace {

using Align = Table::Align;

/// "+0.4 %"; what rounds to nothing has no minus sign.
std::string signed_percent(double fraction) {
  return fmt::format("{:+.1f} %", std::round(1000 * fraction) / 10 + 0.0);
}

std::string percent(double fraction) {
  return fmt::format("{:.1f} %", 100 * fraction);
}

/// Times of minutes in seconds too: they stand below each other.
std::string amount(Quantity quantity, double value) {
  if (quantity == Quantity::kMemory) return format_bytes(value);
  return value < 100 ? format_seconds(value) : fmt::format("{:.0f} s", value);
}

std::string with_error(Quantity quantity, double predicted, double measured) {
  return fmt::format("{} {:>8}", amount(quantity, predicted),
                     measured > 0 ? signed_percent(predicted / measured - 1) : "-");
}

/// The rows of one quantity as a grid: runs down, estimators across, in their order.
struct Grid {
  std::vector<std::string> configs;
  std::vector<std::string> estimators;
  std::map<std::pair<std::string, std::string>, const ValidationRow*> cells;

  const ValidationRow* at(const std::string& config, const std::string& estimator) const {
    const auto found = cells.find({config, estimator});
    return found == cells.end() ? nullptr : found->second;
  }
};

Grid grid_of(const std::vector<ValidationRow>& rows, Quantity quantity) {
  Grid grid;
  const auto add = [](std::vector<std::string>& names, const std::string& name) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  };
  for (const ValidationRow& row : rows) {
    if (row.quantity != quantity) continue;
    add(grid.configs, row.config);
    add(grid.estimators, row.estimator);
    grid.cells[{row.config, row.estimator}] = &row;
  }
  return grid;
}

/// Bounds that say more than the prediction does; those of times are in the intervals.
bool has_bounds(const Grid& grid, const std::string& estimator) {
  return std::any_of(grid.cells.begin(), grid.cells.end(), [&](const auto& cell) {
    const ValidationRow& row = *cell.second;
    return row.estimator == estimator && row.quantity == Quantity::kMemory &&
           row.upper_bound != row.predicted;
  });
}

std::string prediction_cell(const ValidationRow* row) {
  if (row == nullptr || row->status == ValidationRow::Status::kUnpredicted) return "-";
  return with_error(row->quantity, row->predicted, row->measured);
}

std::string grid_text(const Grid& grid, Quantity quantity, const PublishedPredictions& published) {
  std::vector<Table::Column> columns = {{std::string(to_string(quantity)), Align::kLeft},
                                        {"measured"}};
  if (!published.empty()) columns.push_back({"published"});
  for (const std::string& estimator : grid.estimators) {
    columns.push_back({estimator});
    if (has_bounds(grid, estimator)) columns.push_back({"at most"});
  }
  Table table(columns);
  for (const std::string& config : grid.configs) {
    const ValidationRow* any = nullptr;
    for (const std::string& estimator : grid.estimators) {
      if (any == nullptr) any = grid.at(config, estimator);
    }
    std::vector<std::string> cells = {
        config + (any->suspicion.empty() ? "" : " ?"),
        any->measured > 0 ? amount(quantity, any->measured) : std::string("-")};
    if (!published.empty()) {
      const auto found = published.find(config);
      cells.push_back(
          found == published.end() ? "-" : with_error(quantity, found->second, any->measured));
    }
    for (const std::string& estimator : grid.estimators) {
      const ValidationRow* row = grid.at(config, estimator);
      cells.push_back(prediction_cell(row));
      if (!has_bounds(grid, estimator)) continue;
      cells.push_back(row == nullptr || !(row->upper_bound > 0)
                          ? "-"
                          : with_error(quantity, row->upper_bound, row->measured));
    }
    table.add_row(std::move(cells));
  }
  return table.text();
}

/// What is odd about runs and why figures are missing, each once.
std::string remarks_text(const std::vector<ValidationRow>& rows) {
  std::string text;
  std::set<std::string> said;
  const auto say = [&](const std::string& line) {
    if (said.insert(line).second) text += line;
  };
  for (const ValidationRow& row : rows) {
    if (!row.suspicion.empty()) say(fmt::format("? {}: {}\n", row.config, row.suspicion));
  }
  for (const ValidationRow& row : rows) {
    if (row.status == ValidationRow::Status::kUnmeasured) {
      say(fmt::format("- {}: {}\n", row.config, row.reason));
    } else if (!row.ok()) {
      say(fmt::format("- {}, {}: {}\n", row.config, row.estimator, row.reason));
    }
  }
  return text;
}

std::string summary_text(const std::vector<ValidationSummary>& summaries) {
  Table table({{"|error|", Align::kLeft},
               {"estimator", Align::kLeft},
               {"runs", Align::kLeft},
               {"n"},
               {"mean"},
               {"median"},
               {"p95"},
               {"max"},
               {"under-predicted"},
               {"above bound"},
               {"bound is above by"},
               {"in interval"},
               {"no figure"}});
  for (const ValidationSummary& one : summaries) {
    std::vector<std::string> cells = {std::string(to_string(one.quantity)), one.estimator,
                                      one.set.empty() ? "all" : one.set, std::to_string(one.rows)};
    if (one.rows > 0) {
      for (const double error : {one.mean, one.median, one.p95, one.max}) {
        cells.push_back(percent(error));
      }
      cells.push_back(std::to_string(one.under_predicted));
      // Of times there is no bound but the intervals' ends.
      const bool has_bound = one.quantity == Quantity::kMemory || one.with_interval > 0;
      cells.push_back(has_bound ? std::to_string(one.bound_exceeded) : "-");
      cells.push_back(has_bound ? signed_percent(one.bound_mean_above) : "-");
      cells.push_back(
          one.with_interval == 0 ? "-" : fmt::format("{}/{}", one.covered, one.with_interval));
    } else {
      cells.resize(12, "-");
    }
    cells.push_back(std::to_string(one.unpredicted + one.unmeasured));
    table.add_row(std::move(cells));
  }
  return table.text();
}

std::string csv_number(bool present, double value) {
  return present ? fmt::format("{}", value) : "";
}

}  // namespace

std::string validation_text(const std::vector<ValidationRow>& rows,
                            const PublishedPredictions& published) {
  std::string text;
  for (const Quantity quantity : {Quantity::kTime, Quantity::kMemory}) {
    const Grid grid = grid_of(rows, quantity);
    if (!grid.configs.empty()) text += grid_text(grid, quantity, published) + '\n';
  }
  const std::string remarks = remarks_text(rows);
  if (!remarks.empty()) text += remarks + '\n';
  return text + summary_text(summarize(rows));
}

std::string validation_csv(const std::vector<ValidationRow>& rows) {
  std::string text =
      "config,quantity,estimator,status,evidence,measured,predicted,upper_bound,relative_error,"
      "interval_low_s,interval_high_s,covered,suspicion,reason\n";
  for (const ValidationRow& row : rows) {
    const bool predicted = row.status != ValidationRow::Status::kUnpredicted;
    const std::optional<bool> covered = row.covered();
    text +=
        fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{},{}\n", csv_field(row.config),
                    to_string(row.quantity), csv_field(row.estimator), to_string(row.status),
                    to_string(row.evidence), csv_number(row.measured > 0, row.measured),
                    csv_number(predicted, row.predicted), csv_number(predicted, row.upper_bound),
                    row.ok() ? fmt::format("{}", row.relative_error()) : "",
                    csv_number(row.interval.has_spread, row.interval.low_s),
                    csv_number(row.interval.has_spread, row.interval.high_s),
                    !covered   ? ""
                    : *covered ? "true"
                               : "false",
                    csv_field(row.suspicion), csv_field(row.reason));
  }
  return text;
}

BoxPlot validation_plot(const std::vector<ValidationRow>& rows, const std::string& title) {
  const bool both = std::any_of(rows.begin(), rows.end(), [&](const ValidationRow& row) {
    return row.quantity != rows.front().quantity;
  });
  BoxPlot plot;
  plot.title = title;
  plot.y_label = "|predicted - measured| / measured, %";
  Evidence evidence = Evidence::kMeasuredGpu;
  std::set<std::string> odd;
  for (const Quantity quantity : {Quantity::kTime, Quantity::kMemory}) {
    const Grid grid = grid_of(rows, quantity);
    for (const std::string& estimator : grid.estimators) {
      BoxPlot::Box box;
      box.name = both ? fmt::format("{}, {}", estimator, to_string(quantity)) : estimator;
      int under = 0;
      for (const std::string& config : grid.configs) {
        const ValidationRow* row = grid.at(config, estimator);
        if (row == nullptr) continue;
        evidence = weaker(evidence, row->evidence);
        if (!row->ok()) continue;
        if (!row->suspicion.empty()) odd.insert(config);
        if (row->predicted < row->measured) ++under;
        box.values.push_back({100 * std::abs(row->relative_error()), config});
      }
      box.remark = fmt::format("{} under-predicted", under);
      plot.boxes.push_back(std::move(box));
    }
  }
  plot.evidence = to_string(evidence);
  if (odd.size() == 1) plot.caption = "One run is suspicious; it is not left out.";
  if (odd.size() > 1) {
    plot.caption = fmt::format("{} runs are suspicious; none is left out.", odd.size());
  }
  return plot;
}

}  // namespace sextant
