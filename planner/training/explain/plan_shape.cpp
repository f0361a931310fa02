#include "planner/training/explain/plan_shape.h"

#include <iterator>
#include <set>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace sextant {

namespace {

std::string counted(std::ptrdiff_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::ptrdiff_t stage_count(const Plan& plan) {
  std::ptrdiff_t count = 0;
  for (const Pipeline& pipeline : plan.pipelines) count += std::ssize(pipeline.stages);
  return count;
}

/// Of the first stages.
std::ptrdiff_t replica_count(const Plan& plan) {
  std::ptrdiff_t count = 0;
  for (const Pipeline& pipeline : plan.pipelines) {
    count += std::ssize(pipeline.stages.front().replicas);
  }
  return count;
}

/// In the order of their names.
std::set<std::string> gpu_types(const Plan& plan) {
  std::set<std::string> types;
  for (const GpuUse& use : gpus_used(plan)) types.insert(use.gpu);
  return types;
}

}  // namespace

std::string shape_text(const Plan& plan) {
  return fmt::format("microbatch {}, {}, {}, {}", plan.microbatch,
                     counted(stage_count(plan), "stage"), counted(replica_count(plan), "replica"),
                     fmt::join(gpu_types(plan), " + "));
}

std::string plan_change(const Plan& before, const Plan& after) {
  if (before == after) return "";
  std::vector<std::string> texts;
  if (after.microbatch != before.microbatch) {
    texts.push_back(
        fmt::format("microbatch {} instead of {}", after.microbatch, before.microbatch));
  }
  const auto count = [&](std::ptrdiff_t now, std::ptrdiff_t was, std::string_view noun) {
    if (now != was) texts.push_back(fmt::format("{} instead of {}", counted(now, noun), was));
  };
  count(stage_count(after), stage_count(before), "stage");
  count(replica_count(after), replica_count(before), "replica");
  count(gpu_count(after), gpu_count(before), "GPU");
  if (after.schedule != before.schedule) {
    texts.push_back(
        fmt::format("{} instead of {}", to_string(after.schedule), to_string(before.schedule)));
  }
  if (after.zero_stage != before.zero_stage) {
    texts.push_back(fmt::format("ZeRO {} instead of {}", after.zero_stage, before.zero_stage));
  }
  if (after.recompute != before.recompute) {
    texts.push_back(after.recompute ? "with recomputation" : "without recomputation");
  }
  if (texts.empty()) return "other layers, degrees or places";
  return fmt::format("{}", fmt::join(texts, ", "));
}

}  // namespace sextant
