#include "profiler/sweep/time_estimate.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "analyzer/core/error.h"
#include "analyzer/profile/gpu.h"
#include "analyzer/profile/roofline.h"

namespace sextant::profiler {

namespace {

/// Samples after which a quiet GPU's spread is usually within half a percent, with warm-up.
constexpr int kUsualSamples = 40;
/// Parameters are made and filled, memory is counted, and the document is put together.
constexpr double kSetupSeconds = 2;

/// Seconds of one run of the distinct layers, forward and backward and update; forward alone when
/// serving.
struct RooflineStep {
  double forward_s = 0;
  double all_s = 0;
};

std::optional<RooflineStep> roofline_step(const ModelDescription& model, const std::string& gpu,
                                          const LayerOptions& layer) {
  try {
    RooflineOptions options;
    options.tensor_degrees = {layer.tp};
    options.microbatches = {layer.microbatch};
    options.dtype = layer.dtype;
    options.seq_len = layer.seq_len;
    options.recompute = layer.recompute;
    options.sequence_parallel = layer.sequence_parallel;
    const ModelProfile profile = estimate_profile(model, gpu_named(gpu), options);
    const ProfilePoint& point = profile.points.begin()->second;
    // Layers of a kind have the very same estimate.
    std::set<std::tuple<double, double, double>> distinct;
    RooflineStep step;
    for (const LayerTime& time : point.layers) {
      if (!distinct.emplace(time.forward_s, time.backward_s, time.update_s).second) continue;
      step.forward_s += time.forward_s;
      step.all_s += time.forward_s + time.backward_s + time.update_s;
    }
    return step;
  } catch (const Error&) {
    return std::nullopt;  // somebody's own GPU type, or one without this data type
  }
}

double measured_s(double step_s, const StoppingRule& stopping) {
  return std::min(stopping.time_limit_s, step_s * std::max(stopping.min_samples, kUsualSamples));
}

}  // namespace

std::optional<double> estimated_point_s(const ModelDescription& model, const std::string& gpu,
                                        const LayerOptions& options, const SweepOptions& sweep) {
  const auto step = roofline_step(model, gpu, options);
  if (!step) return std::nullopt;
  // Layer by layer and without clocks, then operator by operator, then with CUPTI's records.
  const int passes = 2 + (sweep.operators ? 1 : 0) + (sweep.kernels ? 1 : 0);
  return kSetupSeconds + passes * measured_s(step->all_s, sweep.stopping);
}

std::optional<double> estimated_serving_s(const ModelDescription& model, const std::string& gpu,
                                          DataType dtype, int tp, const SweepOptions& sweep) {
  double sum = kSetupSeconds;
  for (const int tokens : sweep.prefill_tokens) {
    LayerOptions options;
    options.tp = tp;
    options.seq_len = tokens;
    options.dtype = dtype;
    const auto step = roofline_step(model, gpu, options);
    if (!step) return std::nullopt;
    sum += measured_s(step->forward_s, sweep.stopping);
  }
  // A decode step reads the weights once, as a prefill of one token does.
  LayerOptions one_token;
  one_token.tp = tp;
  one_token.seq_len = 1;
  one_token.dtype = dtype;
  const auto step = roofline_step(model, gpu, one_token);
  if (!step) return std::nullopt;
  const auto decodes =
      static_cast<double>(sweep.decode_batches.size() * sweep.decode_contexts.size());
  return sum + decodes * measured_s(step->forward_s, sweep.stopping);
}

double estimated_start_s(DeviceKind device) {
  return device == DeviceKind::kCuda ? 6 : 1;
}

}  // namespace sextant::profiler
