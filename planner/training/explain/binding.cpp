#include "planner/training/explain/binding.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/table.h"

namespace sextant {

namespace {

/// The largest part of the iteration.
Binding time_binding(const Prediction& p) {
  if (p.breakdown) {
    const TimeBreakdown& b = *p.breakdown;
    const double most = std::max({b.compute_s, b.bubble_s, b.exposed_transfer_s, b.exposed_sync_s,
                                  b.update_s, b.overhead_s});
    return {"time", p.binds, most / p.iteration_s};
  }
  const std::pair<double, std::string> parts[] = {
      {p.steady_s,
       fmt::format("{} microbatches at the pace of stage {}", p.microbatches - 1, p.slowest_stage)},
      {p.fill_s, "the first microbatch's way through all stages"},
      {p.sync_s, "the exchange of gradients among replicas"},
      {p.update_s, "the optimizer"}};
  const auto* most = std::max_element(std::begin(parts), std::end(parts));
  return {"time",
          fmt::format("{}: {} of {}", most->second, format_seconds(most->first),
                      format_seconds(p.iteration_s)),
          most->first / p.iteration_s};
}

/// What the slowest stage takes against all.
Binding stage_binding(const Plan& plan, const Prediction& p) {
  const auto slowest = static_cast<std::size_t>(p.slowest_stage);
  const StagePrediction& stage = p.stages[slowest];
  double sum = 0;
  for (const StagePrediction& each : p.stages) sum += each.compute_s + each.transfer_s;
  const double mean = sum / static_cast<double>(p.stages.size());
  const double turn = stage.compute_s + stage.transfer_s;
  return {"stage",
          fmt::format("stage {} ({}) is the slowest: {} of computation and {} of transfers a "
                      "microbatch; the average of all stages is {}",
                      slowest, replica_texts(plan)[slowest], format_seconds(stage.compute_s),
                      format_seconds(stage.transfer_s), format_seconds(mean)),
          std::max(0.0, turn / mean - 1)};
}

Binding memory_binding(const Plan& plan, const Prediction& p) {
  const auto share = [](const StagePrediction& stage) {
    return stage.memory_bound_bytes / stage.memory_capacity_bytes;
  };
  const auto fullest = std::max_element(
      p.stages.begin(), p.stages.end(),
      [&](const StagePrediction& a, const StagePrediction& b) { return share(a) < share(b); });
  const auto s = static_cast<std::size_t>(fullest - p.stages.begin());
  return {"memory",
          fmt::format("stage {} ({}) is the fullest: {} of {}, {:.0f} %", s, replica_texts(plan)[s],
                      format_gib(fullest->memory_bound_bytes),
                      format_gib(fullest->memory_capacity_bytes), 100 * share(*fullest)),
          share(*fullest)};
}

Binding gpu_binding(const Cluster& cluster, const Plan& plan) {
  std::vector<std::string> unused;
  const std::vector<GpuUse> used = gpus_used(plan);
  for (const GpuPool& pool : cluster.pools) {
    int left = pool.count;
    for (const GpuUse& use : used) {
      if (use.gpu == pool.gpu && use.zone == pool.zone) left -= use.count;
    }
    if (left > 0) unused.push_back(fmt::format("{} {}@{}", left, pool.gpu, pool.zone));
  }
  std::string text = fmt::format("GPUs in use: {} of {}", gpu_count(plan), cluster.gpu_count());
  if (!unused.empty()) text += fmt::format(", not {}", fmt::join(unused, ", "));
  return {"gpus", text, static_cast<double>(gpu_count(plan)) / cluster.gpu_count()};
}

}  // namespace

std::vector<Binding> bindings(const TrainingProblem& problem, const Plan& plan,
                              const Prediction& prediction) {
  std::vector<Binding> out = {time_binding(prediction)};
  if (prediction.stages.size() > 1) out.push_back(stage_binding(plan, prediction));
  out.push_back(memory_binding(plan, prediction));
  out.push_back(gpu_binding(problem.cluster, plan));
  const Job& job = problem.job;
  if (job.max_usd_per_iter) {
    const double share = prediction.usd_per_iter() / *job.max_usd_per_iter;
    out.push_back({"bound",
                   fmt::format("{:.5g} of at most {:.5g} USD per iteration, {:.1f} %",
                               prediction.usd_per_iter(), *job.max_usd_per_iter, 100 * share),
                   share});
  }
  if (job.min_iters_per_s) {
    const double share = *job.min_iters_per_s / prediction.iters_per_s();
    out.push_back({"bound",
                   fmt::format("{:.5g} of at least {:.5g} iterations/s are asked, {:.1f} % of what "
                               "the plan does",
                               prediction.iters_per_s(), *job.min_iters_per_s, 100 * share),
                   share});
  }
  return out;
}

}  // namespace sextant
