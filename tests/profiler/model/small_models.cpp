#include "tests/profiler/model/small_models.h"

#include <stdexcept>

#include <fmt/format.h>

namespace sextant::testing {

namespace {

ModelDescription plain(const std::string& name, const std::string& family) {
  ModelDescription model;
  model.name = name;
  model.family = family;
  model.layers = 2;
  model.hidden = 32;
  model.heads = model.kv_heads = 4;
  model.head_dim = 8;
  model.ffn = 48;
  model.vocab = 500;
  model.seq_len = 16;
  model.learned_positions = 16;
  model.embedding_width = model.hidden;
  return model;
}

ModelDescription rotary(const std::string& name, const std::string& family) {
  ModelDescription model = plain(name, family);
  model.learned_positions = 0;
  model.position = Position::kRotary;
  model.norm = Normalization::kRmsNorm;
  model.activation = Activation::kSwiGlu;
  model.attention_bias = model.output_bias = model.ffn_bias = false;
  model.tied_embeddings = false;
  return model;
}

}  // namespace

std::vector<ModelDescription> small_models() {
  std::vector<ModelDescription> models;
  {
    ModelDescription& opt = models.emplace_back(plain("opt", "opt"));
    opt.activation = Activation::kRelu;
    opt.learned_positions = opt.seq_len + 2;
  }
  {
    ModelDescription& small_opt = models.emplace_back(models.front());
    small_opt.name = "opt_post_norm";
    small_opt.embedding_width = 16;
    small_opt.norm_after = true;
    small_opt.final_norm = false;
  }
  {
    ModelDescription& neo = models.emplace_back(plain("gpt_neo", "gpt_neo"));
    neo.attention_bias = false;
    neo.attention_window = 5;
    neo.window_every = 2;
  }
  models.push_back(plain("gpt2", "gpt2"));
  models.push_back(rotary("llama", "llama"));
  {
    ModelDescription& grouped = models.emplace_back(rotary("llama_grouped", "llama"));
    grouped.kv_heads = 2;
    grouped.attention_bias = grouped.output_bias = grouped.ffn_bias = true;
  }
  {
    ModelDescription& mistral = models.emplace_back(rotary("mistral", "mistral"));
    mistral.kv_heads = 1;
    mistral.head_dim = 16;  // heads wider than hidden / heads
    mistral.attention_window = 6;
  }
  {
    ModelDescription& qwen = models.emplace_back(rotary("qwen2", "qwen2"));
    qwen.kv_heads = 2;
    qwen.attention_bias = true;
    qwen.tied_embeddings = true;
  }
  {
    ModelDescription& mixtral = models.emplace_back(rotary("mixtral", "mixtral"));
    mixtral.kv_heads = 2;
    mixtral.experts = 5;
    mixtral.experts_per_token = 2;
  }
  return models;
}

ModelDescription small_model(const std::string& name) {
  for (const ModelDescription& model : small_models()) {
    if (model.name == name) return model;
  }
  throw std::out_of_range(name);
}

std::vector<std::string> small_model_names() {
  std::vector<std::string> names;
  for (const ModelDescription& model : small_models()) names.push_back(model.name);
  return names;
}

std::string LayerCase::text() const {
  return fmt::format("{} {}", to_string(kind), block);
}

LayerOptions options_of(const ModelDescription& model, int tp, bool sequence_parallel) {
  LayerOptions options;
  options.tp = tp;
  options.microbatch = 2;
  options.seq_len = model.seq_len;
  options.sequence_parallel = sequence_parallel;
  return options;
}

std::vector<LayerCase> layer_cases(const ModelDescription& model) {
  std::vector<LayerCase> cases{{LayerKind::kEmbedding, 0}, {LayerKind::kBlock, 0}};
  if (has_window(model, 1) != has_window(model, 0)) cases.push_back({LayerKind::kBlock, 1});
  if (model.final_norm) cases.push_back({LayerKind::kFinalNorm, 0});
  cases.push_back({LayerKind::kHead, 0});
  return cases;
}

}  // namespace sextant::testing
