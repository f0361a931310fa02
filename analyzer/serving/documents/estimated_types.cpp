#include "analyzer/serving/documents/estimated_types.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"
#include "analyzer/model/operators.h"
#include "analyzer/profile/gpu.h"
#include "analyzer/profile/roofline.h"

namespace sextant {

namespace {

/// Of a GPU's memory that vLLM was given when the published tables were measured; the rest is for
/// the context, workspace and fragmentation.
constexpr double kUsableMemory = 0.8;
/// Of it that weights take at most: with the published tables' limits (12 layers of LLaMA-70B on an
/// A100, 7 on an L4, 4 on a T4) and a KV cache worth having.
constexpr double kMostWeights = 0.6;
/// What nccl-tests shows of a link's peak.
constexpr double kLinkShare = 0.8;
constexpr double kAllReduceStepSeconds = 3e-6;
constexpr double kDiskBytesPerS = 1e9;
/// vLLM's default of max_num_seqs.
constexpr int kMostSequences = 256;
/// Prompts of kMaxInputTokens that a batch may hold: together vLLM's usual limit of 4096 tokens.
constexpr int kPromptsOfBatch = 2;
/// Layers that a machine typically holds, of the most that it can.
constexpr double kTypicalShare = 2.0 / 3;
constexpr int kPromptPoints[] = {1, 16, 64, 128, 256, 512, 1024, 2048};
constexpr int kDecodePoints[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512};
/// The batch whose pace the estimate of typical throughput starts from.
constexpr double kFirstBatch = 32;

DataType half_precision(const GpuSpec& gpu) {
  return gpu.peak_flops.contains(DataType::kBf16) ? DataType::kBf16 : DataType::kFp16;
}

/// One layer on a machine.
class LayerClock {
 public:
  LayerClock(const ModelDescription& model, const GpuSpec& gpu, int gpus)
      : model_(model),
        clock_(gpu, half_precision(gpu)),
        link_bytes_per_s_(kLinkShare * (gpu.nvlink_bytes_per_s > 0 ? gpu.nvlink_bytes_per_s
                                                                   : gpu.pcie_bytes_per_s)) {
    options_.tp = gpus;
    options_.dtype = half_precision(gpu);
  }

  double seconds(int sequences, int tokens) const {
    LayerOptions options = options_;
    options.microbatch = sequences;
    options.seq_len = tokens;
    double sum = 0;
    for (const OperatorCost& op : layer_operators(model_, LayerKind::kBlock, options)) {
      sum += clock_.seconds(op.kind, op.forward_flops, op.forward_moved_bytes) +
             all_reduce_s(op.all_reduce_bytes_forward);
    }
    return sum;
  }

  double memory_bytes_per_s() const { return clock_.bytes_per_s(); }

 private:
  /// A ring (Thakur et al. 2005).
  double all_reduce_s(double bytes) const {
    if (bytes <= 0) return 0;
    const double steps = 2.0 * (options_.tp - 1);
    return steps * (kAllReduceStepSeconds + bytes / options_.tp / link_bytes_per_s_);
  }

  const ModelDescription& model_;
  OperatorClock clock_;
  double link_bytes_per_s_;
  LayerOptions options_;
};

/// Of one layer and token, on all GPUs: key-value heads are repeated where these are more.
double kv_bytes_per_token(const ModelDescription& model, int gpus) {
  return 2.0 * std::max(model.kv_heads, gpus) * model.head_dim * element_bytes(DataType::kFp16);
}

void check_degree(const ModelDescription& model, const MachineKind& kind) {
  const std::vector<int> legal = legal_tensor_degrees(model, kind.gpus);
  if (std::find(legal.begin(), legal.end(), kind.gpus) != legal.end()) return;
  throw_bad_input(fmt::format("machine type {}: {} GPUs cannot share a layer of {}; {} can",
                              quote(kind.type), kind.gpus, quote(model.name),
                              fmt::join(legal, ", ")));
}

}  // namespace

ServedModel served_model(const ModelDescription& model) {
  LayerOptions options;
  options.dtype = DataType::kFp16;
  ServedModel served;
  served.name = model.name;
  served.layers = model.layers;
  served.layer_bytes = layer_cost(model, LayerKind::kBlock, options).parameter_bytes;
  served.activation_bytes = double{1} * model.hidden * element_bytes(DataType::kFp16);
  return served;
}

MachineType estimated_type(const ModelDescription& model, const MachineKind& kind,
                           double context_tokens) {
  check_degree(model, kind);
  const GpuSpec gpu = gpu_named(kind.gpu);
  const LayerClock clock(model, gpu, kind.gpus);
  MachineType type;
  type.name = kind.type;
  std::vector<std::pair<double, double>> points = {{0, 0}};
  const int longest =
      model.learned_positions > 0 ? model.learned_positions : std::max(model.seq_len, 1);
  for (const int tokens : kPromptPoints) {
    if (tokens > longest) break;
    points.emplace_back(tokens, clock.seconds(1, tokens));
  }
  type.prompt_s = TimeCurve(std::move(points), kind.type + ", prompts");
  const double kv_bytes = kv_bytes_per_token(model, kind.gpus);
  type.decode_s_per_context_token = kv_bytes / kind.gpus / clock.memory_bytes_per_s();
  points = {{0, 0}};
  for (const int sequences : kDecodePoints) {
    points.emplace_back(
        sequences,
        clock.seconds(sequences, 1) + sequences * context_tokens * type.decode_s_per_context_token);
  }
  type.decode_s = TimeCurve(std::move(points), kind.type + ", decode steps");

  const double layer_bytes = served_model(model).layer_bytes;
  type.vram_bytes = kind.memory_bytes > 0 ? kind.memory_bytes : kind.gpus * gpu.memory_bytes;
  const double usable = kUsableMemory * type.vram_bytes;
  type.max_layers = std::min(model.layers, static_cast<int>(kMostWeights * usable / layer_bytes));
  type.kv_blocks = {0};
  type.prompt_max_requests = {kPromptsOfBatch};
  type.decode_max_requests = {kMostSequences};
  constexpr double kTokensOfSequence = kTypicalInputTokens + kTypicalOutputTokens;
  for (int k = 1; k <= type.max_layers; ++k) {
    const double tokens = (usable - k * layer_bytes) / (k * kv_bytes);
    type.kv_blocks.push_back(static_cast<std::int64_t>(tokens / kKvBlockTokens));
    type.prompt_max_requests.push_back(kPromptsOfBatch);
    type.decode_max_requests.push_back(
        std::clamp(static_cast<int>(tokens / kTokensOfSequence), 1, kMostSequences));
  }
  type.nic_in_bytes_per_s = kind.nic_bytes_per_s;
  type.nic_out_bytes_per_s = kind.nic_bytes_per_s;
  type.disk_bytes_per_s = kDiskBytesPerS;
  type.typical_layers = std::max(1, static_cast<int>(std::round(kTypicalShare * type.max_layers)));
  type.typical_layers_if_tight = std::max(1, type.max_layers);
  type.first_layer_tokens_per_s = kFirstBatch / type.decode_s.at(kFirstBatch);
  return type;
}

}  // namespace sextant
