#include "analyzer/serving/formats/measured_types.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/network/collective_cost.h"
#include "analyzer/profile/gpu.h"
#include "analyzer/serving/formats/measured_curves.h"

namespace sextant {

namespace {

constexpr double kUsableMemory = 0.8;
constexpr double kMostWeights = 0.6;
constexpr double kTypicalShare = 2.0 / 3;
constexpr double kFirstBatch = 32;
constexpr double kTokensOfSequence = kTypicalInputTokens + kTypicalOutputTokens;

[[noreturn]] void refuse(const ServingDocument& document, std::string_view what) {
  throw_bad_input(fmt::format("{}: {}: {}",
                              document.source.empty() ? "serving profile" : document.source,
                              document.key.text(), what));
}

/// Collectives of one block that no rank ran, seconds by their sizes.
class RecordedCollectives {
 public:
  RecordedCollectives(const ServingDocument& document, const std::optional<TensorLink>& link) {
    if (document.collectives_are_timed || document.key.tp == 1) return;
    world_ = document.key.tp;
    int kinds = 0;
    for (const ServingLayerProfile& kind : document.kinds) {
      // All kinds of blocks call the same.
      if (kind.kind == "block" && kinds++ == 0) calls_ = kind.collectives;
    }
    if (calls_.empty()) return;
    if (!link || !(link->bytes_per_s > 0)) {
      refuse(document,
             "its collectives were recorded and not run; expected the bandwidth between the GPUs "
             "of a machine to price them with, or a profile with timed collectives");
    }
    terms_.step_s = link->step_s;
    terms_.bandwidth_bytes_per_s = link->bytes_per_s;
  }

  bool any() const { return !calls_.empty(); }
  double seconds(std::string_view phase, double tokens, double sequences) const {
    double sum = 0;
    for (const ServingCollective& call : calls_) {
      const double bytes = tokens * call.bytes_per_token + sequences * call.bytes_per_sequence;
      if (call.phase != phase || bytes <= 0) continue;
      sum += terms_.seconds(communication_op_from(call.operation), world_, bytes);
    }
    return sum;
  }

 private:
  int world_ = 1;
  std::vector<ServingCollective> calls_;
  CollectiveTerms terms_;
};

/// Bytes of a machine, all its GPUs together.
struct MachineMemory {
  double usable = 0;
  double ends = 0;   ///< what a pipeline's first or last machine holds beside blocks
  double layer = 0;  ///< weights
  double kv_of_token = 0;
};

MachineMemory memory_of(const ServingDocument& document, double total) {
  const double gpus = document.key.tp;
  double blocks = 0;
  double embedding = 0;
  double head = 0;
  double workspace = 0;
  double kv = 0;
  for (const LayerRun& run : document.sequence) {
    const ServingLayerProfile& kind = document.kinds[static_cast<std::size_t>(run.kind)];
    workspace = std::max({workspace, kind.prefill_workspace_bytes, kind.decode_workspace_bytes});
    if (kind.kind == "block") {
      blocks += run.count * kind.weight_bytes;
      kv += run.count * kind.kv_bytes_per_token;
    } else {
      (kind.kind == "embedding" ? embedding : head) += run.count * kind.weight_bytes;
    }
  }
  const double context = document.process_memory
                             ? document.process_memory->context_bytes +
                                   document.process_memory->collective_buffer_bytes
                             : 0;
  const int layers = block_count(document);
  MachineMemory memory;
  memory.usable = std::min(kUsableMemory * total, total - gpus * (workspace + context));
  memory.ends = gpus * std::max(embedding, head);
  memory.layer = gpus * blocks / layers;
  memory.kv_of_token = gpus * kv / layers;
  return memory;
}

double total_memory(const ServingDocument& document, const MeasuredTypeOptions& options) {
  if (options.memory_bytes > 0) return options.memory_bytes;
  const auto gpu = find_gpu(document.key.gpu);
  if (!gpu) {
    refuse(document,
           fmt::format("no data sheet says how much memory {} has", quote(document.key.gpu)));
  }
  return document.key.tp * gpu->memory_bytes;
}

void set_limits(MachineType& type, const MachineMemory& memory, const ServingLimits& limits,
                const ServedModel& model) {
  const int most = static_cast<int>(kMostWeights * std::max(0.0, memory.usable) / memory.layer);
  const int prompts = std::max(1, limits.prefill_tokens / kMaxInputTokens);
  type.kv_blocks = {0};
  type.prompt_max_requests = {prompts};
  type.decode_max_requests = {limits.decode_batch};
  for (int k = 1; k <= std::min(model.layers, most); ++k) {
    const double tokens =
        (memory.usable - memory.ends - k * memory.layer) / (k * memory.kv_of_token);
    if (tokens < kKvBlockTokens) break;
    type.max_layers = k;
    type.kv_blocks.push_back(static_cast<std::int64_t>(tokens / kKvBlockTokens));
    type.prompt_max_requests.push_back(prompts);
    const double sequences = std::floor(tokens / kTokensOfSequence);
    type.decode_max_requests.push_back(
        static_cast<int>(std::clamp(sequences, 1.0, static_cast<double>(limits.decode_batch))));
  }
}

}  // namespace

MeasuredType measured_type(const ServingDocument& document, const ServedModel& model,
                           const MeasuredTypeOptions& options) {
  if (document.status != PointStatus::kOk) {
    refuse(document, fmt::format("it has no times: {}", document.reason));
  }
  const int blocks = block_count(document);
  if (blocks != model.layers) {
    refuse(document, fmt::format("expected the {} blocks of {}, found {}", model.layers,
                                 quote(model.name), blocks));
  }
  const PrefillTable prefill = block_prefill(document);
  const DecodeTable decode = block_decode(document);
  if (prefill.empty() || decode.empty()) {
    refuse(document, "expected times of prefill and of decode of every kind of block");
  }
  const RecordedCollectives collectives(document, options.tensor_link);
  MeasuredType measured;
  MachineType& type = measured.type;
  type.name = document.key.tp == 1 ? document.key.gpu
                                   : fmt::format("{}x{}", document.key.gpu, document.key.tp);
  std::vector<std::pair<double, double>> points = {{0, 0}};
  for (const auto& [tokens, seconds] : prefill) {
    points.emplace_back(tokens, seconds + collectives.seconds("prefill", tokens, 1));
  }
  type.prompt_s = TimeCurve(std::move(points), type.name + ", prompts");
  type.decode_s_per_context_token = seconds_per_context_token(decode);
  points = {{0, 0}};
  for (const auto& [batch, seconds] :
       decode_at_context(decode, options.context_tokens, type.decode_s_per_context_token)) {
    points.emplace_back(batch, seconds + collectives.seconds("decode", batch, batch));
  }
  type.decode_s = TimeCurve(std::move(points), type.name + ", decode steps");

  type.vram_bytes = total_memory(document, options);
  const MachineMemory memory = memory_of(document, type.vram_bytes);
  if (memory.layer <= 0 || memory.kv_of_token <= 0) {
    refuse(document, "expected blocks with weights and a KV cache");
  }
  set_limits(type, memory, document.limits(), model);
  if (type.max_layers < 1) {
    refuse(document, fmt::format("a layer of {:.3g} GB and a KV cache do not fit into {:.3g} GB",
                                 memory.layer / 1e9, type.vram_bytes / 1e9));
  }
  type.nic_in_bytes_per_s = options.nic_bytes_per_s;
  type.nic_out_bytes_per_s = options.nic_bytes_per_s;
  type.disk_bytes_per_s = options.disk_bytes_per_s;
  type.typical_layers = std::max(1, static_cast<int>(std::round(kTypicalShare * type.max_layers)));
  type.typical_layers_if_tight = type.max_layers;
  type.first_layer_tokens_per_s = kFirstBatch / type.decode_s.at(kFirstBatch);
  measured.evidence =
      collectives.any() ? weaker(document.evidence, Evidence::kEstimated) : document.evidence;
  measured.note = fmt::format("{}, {}{}", document.key.text(), to_string(document.evidence),
                              collectives.any() ? ", collectives estimated" : "");
  if (const int longest = document.limits().prefill_tokens; longest < kMaxInputTokens) {
    measured.note += fmt::format(", prompts of more than {} tokens extrapolated", longest);
  }
  return measured;
}

}  // namespace sextant
