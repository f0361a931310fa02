#include "launch/emit/training/megatron_arguments.h"

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "launch/emit/training/engine_grid.h"

namespace sextant {

std::vector<std::string> megatron_family_arguments(const LaunchJob& job,
                                                   const LaunchOptions& options) {
  const ModelDescription& model = job.model;
  const EngineGrid grid = engine_grid(job.plan);
  std::vector<std::string> out;
  const auto number = [&](const char* flag, int value) {
    out.push_back(fmt::format("{} {}", flag, value));
  };
  number("--tensor-model-parallel-size", grid.tp);
  number("--pipeline-model-parallel-size", grid.stages);
  number("--micro-batch-size", job.plan.microbatch);
  number("--global-batch-size", job.plan.global_batch);
  number("--num-layers", model.layers);
  number("--hidden-size", model.hidden);
  number("--ffn-hidden-size", model.ffn);
  number("--num-attention-heads", model.heads);
  if (model.head_dim * model.heads != model.hidden) number("--kv-channels", model.head_dim);
  number("--seq-length", job.job.seq_len);
  // Rows of the position table; rotary positions have none, and only a bound is checked.
  number("--max-position-embeddings",
         model.position == Position::kLearned ? model.learned_positions : job.job.seq_len);
  if (model.activation == Activation::kSwiGlu) out.emplace_back("--swiglu");
  if (!model.output_bias) out.emplace_back("--disable-bias-linear");
  if (!model.tied_embeddings) out.emplace_back("--untie-embeddings-and-output-weights");
  // No dropout: neither the profile nor the plan has it.
  out.emplace_back("--attention-dropout 0.0");
  out.emplace_back("--hidden-dropout 0.0");
  if (job.job.dtype == DataType::kBf16) out.emplace_back("--bf16");
  if (job.job.dtype == DataType::kFp16) out.emplace_back("--fp16");
  out.push_back(
      fmt::format("--optimizer {}", job.job.optimizer == Optimizer::kAdam ? "adam" : "sgd"));
  out.emplace_back("--lr 1e-5");
  out.emplace_back("--lr-decay-style constant");
  if (job.plan.sequence_parallel && grid.tp > 1) out.emplace_back("--sequence-parallel");
  if (job.plan.recompute) {
    // Each block keeps its input, as in the plan.
    out.emplace_back("--recompute-granularity full");
    out.emplace_back("--recompute-method uniform");
    out.emplace_back("--recompute-num-layers 1");
  }
  number("--train-iters", options.iterations);
  out.emplace_back("--eval-iters 0");
  out.emplace_back("--log-interval 1");
  // The null tokenizer adds one entry, the end of a document. Padded to 128 tp, as in the plan.
  out.emplace_back("--tokenizer-type NullTokenizer");
  number("--vocab-size", model.vocab - 1);
  out.emplace_back("--make-vocab-size-divisible-by 128");
  return out;
}

std::vector<std::string> megatron_family_obstacles(const LaunchJob& job, std::string_view engine) {
  const ModelDescription& model = job.model;
  const int tp = job.plan.pipelines.front().stages.front().replicas.front().tp;
  std::vector<std::string> out;
  const auto no = [&](bool there, std::string_view what, std::string_view instead) {
    if (there) out.push_back(fmt::format("model: has {}: {} has {}", what, engine, instead));
  };
  no(model.activation == Activation::kRelu, "ReLU in its feed-forward blocks",
     "GELU, squared ReLU and SwiGLU");
  no(model.norm_after, "its norms after the residual sums",
     "them before attention and feed-forward");
  no(!model.final_norm, "no norm before the head", "one");
  no(model.embedding_width != model.hidden,
     fmt::format("a token table {} wide before {} hidden", model.embedding_width, model.hidden),
     "tables as wide as the hidden size");
  no(model.output_bias != model.ffn_bias, "a bias in only one of attention output and feed-forward",
     "it in both or in none");
  no(model.experts > 0, "experts", "them in expert-parallel groups, of which a plan says nothing");
  if (model.kv_heads % tp != 0) {
    out.push_back(
        fmt::format("plan: {} key-value heads cannot be divided among {} ranks: {} needs "
                    "the same number of them on each",
                    model.kv_heads, tp, engine));
  }
  if (model.position == Position::kLearned && job.job.seq_len > model.learned_positions) {
    out.push_back(fmt::format("job: sequences of {} tokens, but the model has {} positions",
                              job.job.seq_len, model.learned_positions));
  }
  const std::string layers = layer_count_obstacle(job.plan, model);
  if (!layers.empty()) out.push_back(layers);
  return out;
}

}  // namespace sextant
