#include "analyzer/profile/roofline.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"

namespace sextant {

namespace {

/// Attainable shares of the data sheet's peaks.
/// Products: cuBLAS reaches 230 to 260 of an A100's 312 TFLOP/s on the shapes of a transformer.
constexpr double kMatmulShare = 0.75;
/// Fused attention: FlashAttention-2 reaches 50 to 70 % forward and 40 to 60 % backward on an A100
/// (Dao 2023, figures 4 to 6).
constexpr double kAttentionShare = 0.5;
/// Device memory: pointwise kernels and copies stream at 80 to 90 % of the peak.
constexpr double kMemoryShare = 0.8;
/// Links: nccl-tests shows a bus bandwidth of 235 of an A100's 300 GB/s of NVLink.
constexpr double kLinkShare = 0.8;
/// No operator is faster than its launch.
constexpr double kLaunchSeconds = 5e-6;
/// Adam reads the parameter, its gradient and two moments and writes all but the gradient, fp32; in
/// half precision it reads a 2-byte gradient and writes a 2-byte copy besides the fp32 masters.
constexpr double kAdamBytesPerParameter = 28;

/// One layer on one rank.
class LayerClock {
 public:
  LayerClock(const GpuSpec& gpu, const RooflineOptions& options)
      : clock_(gpu, options.dtype),
        link_bytes_per_s_(kLinkShare * link(gpu, options)),
        link_latency_s_(options.link_latency_s) {}

  double forward_s(const std::vector<OperatorCost>& operators, int tp) const {
    double sum = 0;
    for (const OperatorCost& op : operators) {
      sum += clock_.seconds(op.kind, op.forward_flops, op.forward_moved_bytes) +
             all_reduce_s(op.all_reduce_bytes_forward, tp);
    }
    return sum;
  }

  double backward_s(const std::vector<OperatorCost>& operators, int tp) const {
    double sum = 0;
    for (const OperatorCost& op : operators) {
      sum += clock_.seconds(op.kind, op.backward_flops, op.backward_moved_bytes) +
             all_reduce_s(op.all_reduce_bytes_backward, tp);
    }
    return sum;
  }

  double update_s(double parameters) const {
    return std::max(kLaunchSeconds, parameters * kAdamBytesPerParameter / clock_.bytes_per_s());
  }

 private:
  static double link(const GpuSpec& gpu, const RooflineOptions& options) {
    if (options.link_bytes_per_s > 0) return options.link_bytes_per_s;
    return gpu.nvlink_bytes_per_s > 0 ? gpu.nvlink_bytes_per_s : gpu.pcie_bytes_per_s;
  }

  /// A ring: 2 (tp - 1) steps of 1/tp of the data (Thakur et al. 2005).
  double all_reduce_s(double bytes, int tp) const {
    if (bytes <= 0) return 0;
    const double steps = 2.0 * (tp - 1);
    return steps * (link_latency_s_ + bytes / tp / link_bytes_per_s_);
  }

  OperatorClock clock_;
  double link_bytes_per_s_;
  double link_latency_s_;
};

double peak_flops(const GpuSpec& gpu, DataType dtype) {
  const auto found = gpu.peak_flops.find(dtype);
  if (found != gpu.peak_flops.end()) return found->second;
  std::vector<std::string_view> known;
  for (const auto& [other, peak] : gpu.peak_flops) known.push_back(to_string(other));
  throw_bad_input(fmt::format("{} does not compute in {}; it does in {}", gpu.name,
                              to_string(dtype), fmt::join(known, ", ")));
}

std::vector<int> powers_of_two(const ModelDescription& model, int most) {
  std::vector<int> out;
  for (const int tp : legal_tensor_degrees(model, most)) {
    if ((tp & (tp - 1)) == 0) out.push_back(tp);
  }
  return out;
}

std::string variant_of(const RooflineOptions& options) {
  std::string variant(to_string(options.dtype));
  if (options.recompute) variant += "-recompute";
  if (options.sequence_parallel) variant += "-sp";
  return variant;
}

LayerMemory memory_of(const LayerCost& cost) {
  return {cost.parameter_bytes, cost.input_bytes, cost.output_bytes, cost.saved_activation_bytes};
}

}  // namespace

OperatorClock::OperatorClock(const GpuSpec& gpu, DataType dtype)
    : flops_per_s_(peak_flops(gpu, dtype)),
      bytes_per_s_(gpu.memory_bandwidth_bytes_per_s * kMemoryShare) {}

double OperatorClock::seconds(OperatorClass kind, double flops, double moved_bytes) const {
  const double share = kind == OperatorClass::kAttention ? kAttentionShare : kMatmulShare;
  return std::max({kLaunchSeconds, flops / (flops_per_s_ * share), moved_bytes / bytes_per_s_});
}

ModelProfile estimate_profile(const ModelDescription& model, const GpuSpec& gpu,
                              const RooflineOptions& options) {
  if (options.microbatches.empty()) {
    throw_bad_input("a profile needs at least one microbatch size");
  }
  const LayerClock clock(gpu, options);
  const std::vector<LayerKind> layers = layer_sequence(model);
  ModelProfile profile;
  profile.model = model.name;
  profile.variant = variant_of(options);
  profile.layer_count = static_cast<int>(layers.size());

  LayerOptions layer;
  layer.seq_len = options.seq_len > 0 ? options.seq_len : model.seq_len;
  layer.dtype = options.dtype;
  layer.recompute = options.recompute;
  layer.sequence_parallel = options.sequence_parallel;
  const std::string source = fmt::format("roofline of the data sheet of {}, {}, {} tokens",
                                         gpu.name, profile.variant, layer.seq_len);

  for (const int tp : options.tensor_degrees.empty() ? powers_of_two(model, gpu.gpus_per_node)
                                                     : options.tensor_degrees) {
    layer.tp = tp;
    layer.microbatch = 1;
    std::vector<LayerMemory>& memory = profile.memory[tp];
    memory.clear();
    for (const LayerKind kind : layers) memory.push_back(memory_of(layer_cost(model, kind, layer)));

    for (const int microbatch : options.microbatches) {
      layer.microbatch = microbatch;
      ProfilePoint point;
      point.evidence = Evidence::kEstimated;
      point.source = source;
      int block = 0;
      for (const LayerKind kind : layers) {
        const int index = kind == LayerKind::kBlock ? block++ : 0;
        const std::vector<OperatorCost> operators = layer_operators(model, kind, layer, index);
        double parameters = 0;
        for (const OperatorCost& op : operators) parameters += op.parameters;
        LayerTime time;
        time.forward_s = clock.forward_s(operators, tp);
        time.backward_s = clock.backward_s(operators, tp);
        if (options.recompute && kind == LayerKind::kBlock) time.backward_s += time.forward_s;
        time.update_s = clock.update_s(parameters);
        point.layers.push_back(time);
      }
      profile.points[{gpu.name, tp, microbatch}] = std::move(point);
    }
  }
  return profile;
}

LayerRoofline layer_roofline(const ModelDescription& model, LayerKind kind,
                             const LayerOptions& options, const GpuSpec& gpu, int block) {
  const double flops_per_s = peak_flops(gpu, options.dtype);
  LayerRoofline roofline;
  for (const OperatorCost& op : layer_operators(model, kind, options, block)) {
    const auto bound = [&](double flops, double bytes) {
      return std::max(flops / flops_per_s, bytes / gpu.memory_bandwidth_bytes_per_s);
    };
    roofline.forward_s += bound(op.forward_flops, op.forward_moved_bytes);
    roofline.backward_s += bound(op.backward_flops, op.backward_moved_bytes);
  }
  if (options.recompute && kind == LayerKind::kBlock) roofline.backward_s += roofline.forward_s;
  return roofline;
}

}  // namespace sextant
