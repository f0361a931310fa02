#include "analyzer/training/run_figures.h"

#include <cmath>

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

}  // namespace

RunFigures run_figures(const TrainingInput& input, const Plan& plan, const Prediction& prediction,
                       double tokens) {
  RunFigures out;
  const int seq_len = input.job.seq_len > 0 ? input.job.seq_len
                      : input.model         ? input.model->seq_len
                                            : 0;
  if (seq_len == 0) return out;
  const double tokens_per_iter = static_cast<double>(plan.global_batch) * seq_len;
  out.tokens_per_s = tokens_per_iter / prediction.iteration_s;
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
