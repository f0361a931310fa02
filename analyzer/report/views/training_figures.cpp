#include "analyzer/report/views/training_figures.h"

#include "analyzer/core/evidence.h"

namespace sextant {

namespace {

StagePrediction read_stage(const JsonNode& node) {
  StagePrediction stage;
  stage.compute_s = node.at("compute_s").non_negative();
  stage.transfer_s = node.at("transfer_s").non_negative();
  stage.sync_s = node.at("sync_s").non_negative();
  stage.update_s = node.at("update_s").non_negative();
  const auto bytes = [&](const char* member, double& value) {
    if (const auto found = node.find(member)) value = found->non_negative();
  };
  bytes("peak_memory_bytes", stage.peak_memory_bytes);
  bytes("memory_bound_bytes", stage.memory_bound_bytes);
  bytes("memory_capacity_bytes", stage.memory_capacity_bytes);
  if (const auto terms = node.find("memory_terms")) {
    for (const JsonNode& term : terms->elements()) {
      stage.memory_terms.push_back(
          {term.at("name").string(), term.at("bytes").non_negative(), term.at("source").string()});
    }
  }
  return stage;
}

std::optional<double> optional_number(const JsonNode& node, const char* member) {
  const auto found = node.find(member);
  return found ? std::optional(found->non_negative()) : std::nullopt;
}

}  // namespace

TrainingFigures read_training_figures(const JsonNode& node) {
  TrainingFigures figures;
  if (const auto planner = node.find("planner")) figures.planner = planner->string();
  figures.estimator = node.at("estimator").string();
  figures.evidence = to_string(read_evidence(node.at("evidence")));
  Prediction& p = figures.prediction;
  p.iteration_s = node.at("iteration_s").positive();
  const JsonNode parts = node.at("parts_s");
  p.steady_s = parts.at("steady").non_negative();
  p.fill_s = parts.at("fill").non_negative();
  p.update_s = parts.at("update").non_negative();
  p.sync_s = parts.at("sync").non_negative();
  p.microbatches = node.at("microbatches").count();
  for (const JsonNode& stage : node.at("stages").elements()) p.stages.push_back(read_stage(stage));
  p.slowest_stage = static_cast<int>(
      node.at("slowest_stage").integer(0, static_cast<std::int64_t>(p.stages.size()) - 1));
  p.compute_usd = node.at("usd_parts").at("compute").non_negative();
  p.egress_usd = node.at("usd_parts").at("egress").non_negative();
  p.peak_memory_bytes = optional_number(node, "peak_memory_bytes").value_or(0);
  p.memory_bound_bytes = optional_number(node, "memory_bound_bytes").value_or(0);
  if (const auto fits = node.find("fits")) p.fits = fits->boolean();
  if (const auto interval = node.find("interval_s")) {
    p.interval.low_s = interval->at("low").positive();
    p.interval.high_s = interval->at("high").positive();
    p.interval.has_spread = true;
  }
  if (const auto breakdown = node.find("breakdown_s")) {
    p.breakdown.emplace();
    for (const TimePart& part : kTimeParts) {
      (*p.breakdown).*part.seconds = breakdown->at(part.member).non_negative();
    }
  }
  if (const auto binds = node.find("binds")) p.binds = binds->string();
  figures.tokens_per_s = optional_number(node, "tokens_per_s");
  figures.usd_per_million_tokens = optional_number(node, "usd_per_million_tokens");
  figures.model_flops_utilization = optional_number(node, "model_flops_utilization");
  for (const auto& [gpus, count] : node.at("gpus_used").members()) figures.gpus += count.count();
  return figures;
}

}  // namespace sextant
