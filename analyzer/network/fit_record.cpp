#include "analyzer/network/fit_record.h"

namespace sextant {

namespace {

constexpr int kMostPoints = 100'000'000;

void set_if(OrderedJson& out, const char* key, const std::optional<double>& value) {
  if (value) out[key] = *value;
}

std::optional<double> optional_number(const JsonNode& node, std::string_view key) {
  const auto found = node.find(key);
  return found ? std::optional(found->non_negative()) : std::nullopt;
}

}  // namespace

OrderedJson fit_record_json(const FitRecord& record) {
  OrderedJson out = {{"method", record.method}, {"points", record.points}};
  out["sweeps"] = record.sweeps;
  set_if(out, "spread_between_sweeps", record.spread_between_sweeps);
  out["coefficients"] = OrderedJson::array();
  for (const FitRecord::Coefficient& coefficient : record.coefficients) {
    OrderedJson row = {{"name", coefficient.name}, {"value", coefficient.value}};
    set_if(row, "standard_error", coefficient.standard_error);
    out["coefficients"].push_back(std::move(row));
  }
  out["median_residual"] = record.median_residual;
  out["largest_residual"] = record.largest_residual;
  out["residual_scale"] = record.residual_scale;
  if (!record.candidates.empty()) out["candidates"] = OrderedJson::array();
  for (const FitRecord::Candidate& candidate : record.candidates) {
    OrderedJson row = {{"model", candidate.model}};
    set_if(row, "left_out_median", candidate.left_out_median);
    set_if(row, "left_out_p90", candidate.left_out_p90);
    if (!candidate.reason.empty()) row["reason"] = candidate.reason;
    out["candidates"].push_back(std::move(row));
  }
  if (!record.held_out.empty()) out["held_out"] = OrderedJson::array();
  for (const FitRecord::HeldOut& part : record.held_out) {
    out["held_out"].push_back({{"what", part.what},
                               {"median_error", part.median_error},
                               {"largest_error", part.largest_error}});
  }
  out["sources"] = record.sources;
  return out;
}

FitRecord read_fit_record(const JsonNode& node, bool lenient) {
  expect_known(
      node, lenient,
      {"method", "points", "sweeps", "spread_between_sweeps", "coefficients", "median_residual",
       "largest_residual", "residual_scale", "candidates", "held_out", "sources"});
  FitRecord record;
  record.method = node.at("method").string();
  record.points = static_cast<int>(node.at("points").integer(1, kMostPoints));
  record.sweeps = static_cast<int>(node.at("sweeps").integer(1, kMostPoints));
  record.spread_between_sweeps = optional_number(node, "spread_between_sweeps");
  for (const JsonNode& row : node.at("coefficients").elements()) {
    expect_known(row, lenient, {"name", "value", "standard_error"});
    record.coefficients.push_back(
        {row.at("name").name(), row.at("value").number(), optional_number(row, "standard_error")});
  }
  record.median_residual = node.at("median_residual").non_negative();
  record.largest_residual = node.at("largest_residual").non_negative();
  record.residual_scale = node.at("residual_scale").non_negative();
  if (const auto candidates = node.find("candidates")) {
    for (const JsonNode& row : candidates->elements()) {
      expect_known(row, lenient, {"model", "left_out_median", "left_out_p90", "reason"});
      FitRecord::Candidate candidate;
      candidate.model = row.at("model").name();
      candidate.left_out_median = optional_number(row, "left_out_median");
      candidate.left_out_p90 = optional_number(row, "left_out_p90");
      if (const auto reason = row.find("reason")) candidate.reason = reason->string();
      record.candidates.push_back(std::move(candidate));
    }
  }
  if (const auto held_out = node.find("held_out")) {
    for (const JsonNode& row : held_out->elements()) {
      expect_known(row, lenient, {"what", "median_error", "largest_error"});
      record.held_out.push_back({row.at("what").name(), row.at("median_error").non_negative(),
                                 row.at("largest_error").non_negative()});
    }
  }
  for (const JsonNode& source : node.at("sources").elements()) {
    record.sources.push_back(source.string());
  }
  return record;
}

}  // namespace sextant
