#include "launch/emit/training/plan_changes.h"

#include <cmath>
#include <set>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/table.h"

namespace sextant {

namespace {

template <typename Property>
std::string of_replicas(const Plan& plan, const Property& property) {
  std::set<int> values;
  for (const Pipeline& pipeline : plan.pipelines) {
    for (const Stage& stage : pipeline.stages) {
      for (const Replica& replica : stage.replicas) values.insert(property(replica));
    }
  }
  return fmt::format("{}", fmt::join(values, " and "));
}

std::string tensor_degrees(const Plan& plan) {
  return of_replicas(plan, [](const Replica& replica) { return replica.tp; });
}

std::string replica_counts(const Plan& plan) {
  std::set<std::size_t> counts;
  for (const Pipeline& pipeline : plan.pipelines) {
    for (const Stage& stage : pipeline.stages) counts.insert(stage.replicas.size());
  }
  return fmt::format("{}", fmt::join(counts, " and "));
}

std::string stage_counts(const Plan& plan) {
  std::set<std::size_t> counts;
  for (const Pipeline& pipeline : plan.pipelines) counts.insert(pipeline.stages.size());
  return fmt::format("{}", fmt::join(counts, " and "));
}

std::string layer_counts(const Plan& plan) {
  std::vector<int> counts;
  for (const Stage& stage : plan.pipelines.front().stages) counts.push_back(stage.layer_count());
  return fmt::format("{}", fmt::join(counts, "+"));
}

std::string gpus(const Plan& plan) {
  std::vector<std::string> terms;
  for (const GpuUse& use : gpus_used(plan)) {
    terms.push_back(fmt::format("{}x{}@{}", use.count, use.gpu, use.zone));
  }
  return fmt::format("{}", fmt::join(terms, "+"));
}

std::string shares(const Plan& plan) {
  return of_replicas(plan, [](const Replica& replica) { return replica.share; }) == "0" ? "equal"
                                                                                        : "unequal";
}

std::string on_or_off(bool on) {
  return on ? "on" : "off";
}

/// "(3.6 % more)".
std::string change_text(double from, double to) {
  const double percent = 100 * (to / from - 1);
  if (std::abs(percent) < 0.05) return "as long";
  return fmt::format("{:.1f} % {}", std::abs(percent), percent > 0 ? "more" : "less");
}

}  // namespace

std::string plan_changes(const Plan& from, const Prediction& from_prediction, const Plan& to,
                         const Prediction& to_prediction) {
  std::vector<std::string> parts = {fmt::format(
      "{} instead of {} an iteration ({}), {:.4g} USD instead of {:.4g}",
      format_seconds(to_prediction.iteration_s), format_seconds(from_prediction.iteration_s),
      change_text(from_prediction.iteration_s, to_prediction.iteration_s),
      to_prediction.usd_per_iter(), from_prediction.usd_per_iter())};
  const auto add = [&](const char* what, const std::string& was, const std::string& is) {
    if (was != is) parts.push_back(fmt::format("{} {} instead of {}", what, is, was));
  };
  add("pipelines", std::to_string(from.pipelines.size()), std::to_string(to.pipelines.size()));
  add("stages", stage_counts(from), stage_counts(to));
  add("layers", layer_counts(from), layer_counts(to));
  add("replicas of a stage", replica_counts(from), replica_counts(to));
  add("tensor degree", tensor_degrees(from), tensor_degrees(to));
  add("GPUs", gpus(from), gpus(to));
  add("microbatch", std::to_string(from.microbatch), std::to_string(to.microbatch));
  add("shares", shares(from), shares(to));
  add("schedule", std::string(to_string(from.schedule)), std::string(to_string(to.schedule)));
  add("virtual chunks", std::to_string(from.pipelines.front().stages.front().chunks.size()),
      std::to_string(to.pipelines.front().stages.front().chunks.size()));
  add("ZeRO stage", std::to_string(from.zero_stage), std::to_string(to.zero_stage));
  add("recomputation", on_or_off(from.recompute), on_or_off(to.recompute));
  add("sequence parallelism", on_or_off(from.sequence_parallel), on_or_off(to.sequence_parallel));
  return fmt::format("{}", fmt::join(parts, "; "));
}

}  // namespace sextant
