#include "analyzer/validation/validation_document.h"

#include "analyzer/core/error.h"

namespace sextant {

namespace {

using Status = ValidationRow::Status;

OrderedJson figure(Quantity quantity, double value) {
  return quantity == Quantity::kMemory ? bytes_json(value) : OrderedJson(value);
}

ValidationRow row_from(const JsonNode& node) {
  ValidationRow row;
  row.config = node.at("config").name();
  row.estimator = node.at("estimator").name();
  row.quantity =
      node.at("quantity").one_of({to_string(Quantity::kTime), to_string(Quantity::kMemory)}) == 0
          ? Quantity::kTime
          : Quantity::kMemory;
  constexpr Status kStatuses[] = {Status::kOk, Status::kUnpredicted, Status::kUnmeasured};
  row.status = kStatuses[node.at("status").one_of(
      {to_string(Status::kOk), to_string(Status::kUnpredicted), to_string(Status::kUnmeasured)})];
  row.evidence = read_evidence(node.at("evidence"));
  if (!row.ok()) row.reason = node.at("reason").string();
  if (row.ok() || node.has("measured")) row.measured = node.at("measured").positive();
  if (row.status != Status::kUnpredicted) {
    row.predicted = node.at("predicted").positive();
    row.upper_bound = node.at("upper_bound").positive();
  }
  if (const auto interval = node.find("interval")) {
    row.interval = {row.predicted, interval->at("low_s").non_negative(),
                    interval->at("high_s").non_negative(), true};
  }
  if (const auto suspicion = node.find("suspicion")) row.suspicion = suspicion->string();
  return row;
}

}  // namespace

OrderedJson to_json(const ValidationRow& row) {
  OrderedJson out = {{"status", to_string(row.status)},
                     {"config", row.config},
                     {"quantity", to_string(row.quantity)},
                     {"estimator", row.estimator},
                     {"evidence", to_string(row.evidence)}};
  if (!row.reason.empty()) out["reason"] = row.reason;
  if (row.measured > 0) out["measured"] = figure(row.quantity, row.measured);
  if (row.status != Status::kUnpredicted) {
    out["predicted"] = figure(row.quantity, row.predicted);
    out["upper_bound"] = figure(row.quantity, row.upper_bound);
  }
  if (row.ok()) out["relative_error"] = row.relative_error();
  if (row.interval.has_spread) {
    out["interval"] = {{"low_s", row.interval.low_s}, {"high_s", row.interval.high_s}};
  }
  if (const auto covered = row.covered()) out["covered"] = *covered;
  if (!row.suspicion.empty()) out["suspicion"] = row.suspicion;
  return out;
}

OrderedJson to_json(const ValidationSummary& summary) {
  OrderedJson out = {{"estimator", summary.estimator}, {"quantity", to_string(summary.quantity)}};
  if (!summary.set.empty()) out["set"] = summary.set;
  out["rows"] = summary.rows;
  out["unpredicted"] = summary.unpredicted;
  out["unmeasured"] = summary.unmeasured;
  if (summary.rows > 0) {
    out["mean"] = summary.mean;
    out["median"] = summary.median;
    out["p95"] = summary.p95;
    out["max"] = summary.max;
    out["under_predicted"] = summary.under_predicted;
    out["bound_exceeded"] = summary.bound_exceeded;
    out["bound_mean_above"] = summary.bound_mean_above;
    out["with_interval"] = summary.with_interval;
    out["covered"] = summary.covered;
  }
  return out;
}

OrderedJson validation_json(const std::vector<ValidationRow>& rows) {
  OrderedJson out = {{"schema", schema_id("validation")},
                     {"rows", OrderedJson::array()},
                     {"summary", OrderedJson::array()}};
  for (const ValidationRow& row : rows) out["rows"].push_back(to_json(row));
  for (const ValidationSummary& summary : summarize(rows)) {
    out["summary"].push_back(to_json(summary));
  }
  return out;
}

std::vector<ValidationRow> read_validation(const std::filesystem::path& path) {
  const JsonDocument document = JsonDocument::read(path);
  return validation_rows_from(
      document.root_of_kind(document.kind() == "reproduction" ? "reproduction" : "validation", 1));
}

std::vector<ValidationRow> validation_rows_from(const JsonNode& root) {
  std::vector<ValidationRow> rows;
  for (const JsonNode& row : root.at("rows").elements()) rows.push_back(row_from(row));
  if (rows.empty()) root.at("rows").fail("at least one row");
  return rows;
}

}  // namespace sextant
