#include "analyzer/training/run_figures.h"

#include <cmath>
#include <map>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/profile/gpu.h"

namespace sextant {

namespace {

/// Peak FLOP/s of the GPUs in use; nothing where a data sheet is missing or says nothing of the
/// type.
std::optional<double> peak_flops(const Plan& plan, DataType dtype) {
  double sum = 0;
  for (const GpuUse& use : gpus_used(plan)) {
    const std::optional<GpuSpec> gpu = find_gpu(use.gpu);
    if (!gpu) return std::nullopt;
    const auto peak = gpu->peak_flops.find(dtype);
    if (peak == gpu->peak_flops.end()) return std::nullopt;
    sum += use.count * peak->second;
  }
  return sum;
}

/// 0 where it is not known.
int sequence_length(const TrainingProblem& problem) {
  if (problem.job.seq_len > 0) return problem.job.seq_len;
  return problem.model != nullptr ? problem.model->seq_len : 0;
}

}  // namespace

std::optional<double> tokens_per_iteration(const TrainingProblem& problem) {
  const int seq_len = sequence_length(problem);
  if (seq_len == 0) return std::nullopt;
  return static_cast<double>(problem.job.global_batch) * seq_len;
}

std::vector<GpuCount> quotas_used_up(const Cluster& cluster, const Plan& plan) {
  std::map<std::pair<std::string, std::string>, int> used;
  for (const GpuUse& use : gpus_used(plan)) used[{use.gpu, use.zone}] = use.count;
  std::vector<GpuCount> out;
  for (const GpuPool& pool : cluster.pools) {
    if (pool.quota && used[{pool.gpu, pool.zone}] >= *pool.quota) {
      out.push_back({pool.gpu, pool.zone, *pool.quota});
    }
  }
  return out;
}

std::string text_of(const std::vector<GpuCount>& gpus) {
  std::string out;
  for (const GpuCount& one : gpus) {
    out += fmt::format("{}{}x{}@{}", out.empty() ? "" : ", ", one.count, one.gpu, one.zone);
  }
  return out;
}

RunFigures run_figures(const TrainingInput& input, const Plan& plan, const Prediction& prediction,
                       double tokens) {
  RunFigures out;
  const int seq_len = sequence_length(input.problem());
  if (seq_len == 0) return out;
  const double tokens_per_iter = static_cast<double>(plan.global_batch) * seq_len;
  out.tokens_per_s = tokens_per_iter / prediction.iteration_s;
  out.usd_per_token = prediction.usd_per_iter() / tokens_per_iter;
  if (input.model) {
    if (const auto peak = peak_flops(plan, input.job.dtype)) {
      out.model_flops_utilization =
          training_flops_per_token(*input.model, seq_len) * *out.tokens_per_s / *peak;
    }
  }
  if (tokens > 0) {
    const double iterations = std::ceil(tokens / tokens_per_iter);
    out.seconds_for_tokens = iterations * prediction.iteration_s;
    out.usd_for_tokens = iterations * prediction.usd_per_iter();
  }
  return out;
}

}  // namespace sextant
