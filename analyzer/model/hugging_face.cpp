#include "analyzer/model/hugging_face.h"

#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"

namespace sextant {

namespace {

constexpr std::int64_t kLargestSize = std::int64_t{1} << 24;

/// Members that change neither shapes nor work: generation, initialisation, training, bookkeeping.
constexpr std::array kNeutral{"_attn_implementation",
                              "_attn_implementation_autoset",
                              "_commit_hash",
                              "_name_or_path",
                              "architectures",
                              "attention_dropout",
                              "attn_implementation",
                              "attn_pdrop",
                              "begin_suppress_tokens",
                              "bos_token_id",
                              "chunk_size_feed_forward",
                              "classifier_dropout",
                              "dropout",
                              "dtype",
                              "embd_pdrop",
                              "embed_dropout",
                              "eos_token_id",
                              "gradient_checkpointing",
                              "id2label",
                              "init_std",
                              "initializer_range",
                              "label2id",
                              "layer_norm_epsilon",
                              "layer_norm_eps",
                              "layerdrop",
                              "max_length",
                              "model_type",
                              "n_ctx",
                              "original_max_position_embeddings",
                              "output_attentions",
                              "output_hidden_states",
                              "output_router_logits",
                              "pad_token_id",
                              "prefix",
                              "pretraining_tp",
                              "reorder_and_upcast_attn",
                              "resid_dropout",
                              "resid_pdrop",
                              "return_dict",
                              "rms_norm_eps",
                              "rope_parameters",
                              "rope_theta",
                              "router_aux_loss_coef",
                              "router_jitter_noise",
                              "scale_attn_by_inverse_layer_idx",
                              "scale_attn_weights",
                              "summary_activation",
                              "summary_first_dropout",
                              "summary_proj_to_labels",
                              "summary_type",
                              "summary_use_proj",
                              "task_specific_params",
                              "torch_dtype",
                              "transformers_version",
                              "use_cache",
                              "vocab_size",
                              "tie_word_embeddings",
                              "activation_dropout",
                              "attention_layers"};

/// Reads members of a configuration and remembers which were asked for, so that what is left can be
/// reported.
class Config {
 public:
  explicit Config(const JsonNode& node) : node_(node) {
    for (const char* key : kNeutral) seen_.insert(key);
  }

  const JsonNode& node() const { return node_; }
  std::optional<JsonNode> find(const char* key) {
    seen_.insert(key);
    return node_.find(key);
  }
  int size(const char* key) {
    seen_.insert(key);
    return static_cast<int>(node_.at(key).integer(1, kLargestSize));
  }
  int size_or(const char* key, int otherwise) {
    const auto member = find(key);
    return member ? static_cast<int>(member->integer(1, kLargestSize)) : otherwise;
  }
  bool flag_or(const char* key, bool otherwise) {
    const auto member = find(key);
    return member ? member->boolean() : otherwise;
  }
  /// Refuses a flag whose other value builds a model that is not counted here.
  void require(const char* key, bool expected) {
    const auto member = find(key);
    if (member && member->boolean() != expected) {
      member->fail(fmt::format("{}; the other value is not modelled", expected));
    }
  }
  std::vector<std::string> unread() const {
    std::vector<std::string> out;
    for (const auto& [key, value] : node_.members()) {
      if (!seen_.contains(key)) out.push_back(key);
    }
    return out;
  }

 private:
  JsonNode node_;
  std::set<std::string, std::less<>> seen_;
};

/// Plain activations, of which only the width and what is kept matter: everything that keeps its
/// input as GELU does counts as one.
Activation plain_activation(const std::optional<JsonNode>& member, Activation otherwise) {
  if (!member) return otherwise;
  const std::string& name = member->string();
  if (name == "relu") return Activation::kRelu;
  for (const std::string_view gelu :
       {"gelu", "gelu_new", "gelu_fast", "gelu_pytorch_tanh", "quick_gelu"}) {
    if (name == gelu) return Activation::kGelu;
  }
  member->fail("relu, gelu, gelu_new, gelu_fast, gelu_pytorch_tanh or quick_gelu");
}

void require_head_dim(Config& config, ModelDescription& model) {
  if (model.hidden % model.heads != 0) {
    config.node().fail(fmt::format("attention heads that divide the hidden width {}", model.hidden),
                       fmt::format("{} heads", model.heads));
  }
  model.head_dim = model.hidden / model.heads;
  model.kv_heads = model.heads;
}

void read_opt(Config& config, ModelDescription& model, std::vector<std::string>&) {
  constexpr int kSpareRows = 2;  // OPT numbers positions from 2
  model.layers = config.size("num_hidden_layers");
  model.hidden = config.size("hidden_size");
  model.heads = config.size("num_attention_heads");
  model.ffn = config.size("ffn_dim");
  model.seq_len = config.size("max_position_embeddings");
  model.learned_positions = model.seq_len + kSpareRows;
  model.embedding_width = config.size_or("word_embed_proj_dim", model.hidden);
  model.activation = plain_activation(config.find("activation_function"), Activation::kRelu);
  const bool bias = config.flag_or("enable_bias", true);
  model.attention_bias = model.output_bias = model.ffn_bias = bias;
  model.norm_after = !config.flag_or("do_layer_norm_before", true);
  const bool removed = config.flag_or("_remove_final_layer_norm", false);
  model.final_norm = !model.norm_after && !removed;
  config.require("layer_norm_elementwise_affine", true);
  require_head_dim(config, model);
}

/// GPT-Neo's blocks are listed as [[["global", "local"], 16]]: all of them full, all windowed, or
/// the second of each pair windowed.
void read_attention_types(Config& config, ModelDescription& model) {
  const int window = config.size_or("window_size", 256);
  const auto types = config.find("attention_types");
  if (!types) {
    model.attention_window = window;
    model.window_every = 2;
    return;
  }
  std::vector<std::string> blocks;
  for (const JsonNode& group : types->elements()) {
    const std::int64_t repeats = group.at(std::size_t{1}).integer(0, model.layers);
    for (std::int64_t i = 0; i < repeats; ++i) {
      for (const JsonNode& kind : group.at(std::size_t{0}).elements()) {
        if (kind.string() != "global" && kind.string() != "local") kind.fail("global or local");
        blocks.push_back(kind.string());
      }
    }
  }
  if (blocks.size() != static_cast<std::size_t>(model.layers)) {
    types->fail(fmt::format("the kinds of {} blocks", model.layers),
                fmt::format("{}", blocks.size()));
  }
  const auto locals = std::count(blocks.begin(), blocks.end(), "local");
  if (locals == 0) return;
  model.attention_window = window;
  if (locals == model.layers) return;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    if ((blocks[i] == "local") != (i % 2 == 1)) {
      types->fail("global and local in turns, or one kind alone", "another pattern");
    }
  }
  model.window_every = 2;
}

void read_gpt_neo(Config& config, ModelDescription& model, std::vector<std::string>&) {
  model.layers = config.size("num_layers");
  model.hidden = config.size("hidden_size");
  model.heads = config.size("num_heads");
  const auto inner = config.find("intermediate_size");
  model.ffn = inner ? static_cast<int>(inner->integer(1, kLargestSize)) : 4 * model.hidden;
  model.seq_len = config.size("max_position_embeddings");
  model.learned_positions = model.seq_len;
  model.embedding_width = model.hidden;
  model.activation = plain_activation(config.find("activation_function"), Activation::kGelu);
  model.attention_bias = false;
  read_attention_types(config, model);
  require_head_dim(config, model);
}

void read_gpt2(Config& config, ModelDescription& model, std::vector<std::string>&) {
  model.layers = config.size("n_layer");
  model.hidden = config.size("n_embd");
  model.heads = config.size("n_head");
  model.ffn = config.size_or("n_inner", 4 * model.hidden);
  model.seq_len = config.size("n_positions");
  model.learned_positions = model.seq_len;
  model.embedding_width = model.hidden;
  model.activation = plain_activation(config.find("activation_function"), Activation::kGelu);
  config.require("add_cross_attention", false);
  require_head_dim(config, model);
}

/// What Llama, Mistral, Qwen2 and Mixtral share.
void read_rotary(Config& config, ModelDescription& model, std::vector<std::string>& notes) {
  model.layers = config.size("num_hidden_layers");
  model.hidden = config.size("hidden_size");
  model.heads = config.size("num_attention_heads");
  if (!config.find("head_dim")) require_head_dim(config, model);
  model.head_dim = config.size_or("head_dim", model.head_dim);
  model.kv_heads = config.size_or("num_key_value_heads", model.heads);
  model.ffn = config.size("intermediate_size");
  model.seq_len = config.size("max_position_embeddings");
  model.embedding_width = model.hidden;
  model.position = Position::kRotary;
  model.norm = Normalization::kRmsNorm;
  model.activation = Activation::kSwiGlu;
  model.attention_bias = model.output_bias = model.ffn_bias = false;
  if (const auto activation = config.find("hidden_act");
      activation && activation->string() != "silu") {
    activation->fail("silu, the gate of SwiGLU");
  }
  if (config.find("rope_scaling")) {
    notes.emplace_back(
        "rope_scaling changes neither parameters nor work; the sequence length is "
        "max_position_embeddings as it stands");
  }
}

void read_llama(Config& config, ModelDescription& model, std::vector<std::string>& notes) {
  read_rotary(config, model, notes);
  model.attention_bias = model.output_bias = config.flag_or("attention_bias", false);
  model.ffn_bias = config.flag_or("mlp_bias", false);
}

void read_mistral(Config& config, ModelDescription& model, std::vector<std::string>& notes) {
  read_rotary(config, model, notes);
  if (const auto window = config.find("sliding_window")) {
    model.attention_window = static_cast<int>(window->integer(1, kLargestSize));
  }
}

void read_qwen2(Config& config, ModelDescription& model, std::vector<std::string>& notes) {
  read_rotary(config, model, notes);
  model.attention_bias = true;  // of query, key and value; the output has none
  const auto window = config.find("sliding_window");
  const int full_layers =
      config.find("max_window_layers")
          ? static_cast<int>(config.find("max_window_layers")->integer(0, kLargestSize))
          : 0;
  config.find("layer_types");
  if (!config.flag_or("use_sliding_window", false) || !window) return;
  if (full_layers >= model.layers) return;
  if (full_layers == 0) {
    model.attention_window = static_cast<int>(window->integer(1, kLargestSize));
    return;
  }
  notes.push_back(
      fmt::format("max_window_layers: the window of the blocks from {} on is not modelled; their "
                  "attention is counted in full, which over-estimates its work",
                  full_layers));
}

void read_mixtral(Config& config, ModelDescription& model, std::vector<std::string>& notes) {
  read_mistral(config, model, notes);
  model.experts = config.size_or("num_local_experts", 8);
  model.experts_per_token = config.size_or("num_experts_per_tok", 2);
}

struct Family {
  const char* type;
  void (*read)(Config&, ModelDescription&, std::vector<std::string>&);
  bool tied_by_default;
};

constexpr std::array kFamilies{
    Family{"opt", read_opt, true},          Family{"gpt_neo", read_gpt_neo, true},
    Family{"gpt2", read_gpt2, true},        Family{"llama", read_llama, false},
    Family{"mistral", read_mistral, false}, Family{"qwen2", read_qwen2, false},
    Family{"mixtral", read_mixtral, false}};

const Family& family_of(const JsonNode& config) {
  std::vector<std::string> types;
  const JsonNode type = config.at("model_type");
  for (const Family& family : kFamilies) {
    if (type.string() == family.type) return family;
    types.emplace_back(family.type);
  }
  type.fail(fmt::format("one of the supported types {}", fmt::join(types, ", ")));
}

/// Members that any type may have and that say the model is not what its type says.
void read_common(Config& config, std::vector<std::string>& notes) {
  config.require("is_encoder_decoder", false);
  config.require("add_cross_attention", false);
  if (config.find("quantization_config")) {
    notes.emplace_back(
        "quantization_config is ignored; sizes are of the weights before quantisation");
  }
  if (const auto classes = config.node().find("architectures")) {
    for (const JsonNode& name : classes->elements()) {
      const bool language_model =
          name.string().ends_with("ForCausalLM") || name.string().ends_with("LMHeadModel");
      if (language_model) continue;
      notes.push_back(fmt::format(
          "architectures names {}; the model is counted as a language model with its head",
          quote(name.string())));
    }
  }
}

}  // namespace

ImportedModel import_hugging_face(const JsonNode& node, const std::string& name) {
  const Family& family = family_of(node);
  Config config(node);
  ImportedModel imported;
  ModelDescription& model = imported.model;
  model.name = name;
  model.family = family.type;
  model.vocab = config.size("vocab_size");
  model.tied_embeddings = config.flag_or("tie_word_embeddings", family.tied_by_default);
  family.read(config, model, imported.notes);
  read_common(config, imported.notes);
  for (const std::string& key : config.unread()) {
    imported.notes.push_back(fmt::format("{} is not understood and was ignored", quote(key)));
  }
  model.source = fmt::format("Hugging Face configuration {}", node.file());
  try {
    check(model);
  } catch (Error& error) {
    throw std::move(error.in(node.file()));
  }
  return imported;
}

ImportedModel import_hugging_face(const std::filesystem::path& path, const std::string& name) {
  const JsonDocument document = JsonDocument::read(path);
  const JsonNode root = document.root();
  std::string chosen = name;
  if (const auto origin = root.find("_name_or_path"); chosen.empty() && origin) {
    chosen = std::filesystem::path(origin->string()).filename().string();
  }
  if (chosen.empty()) {
    chosen = std::filesystem::absolute(path).lexically_normal().parent_path().filename().string();
  }
  return import_hugging_face(root, chosen.empty() ? "imported" : chosen);
}

}  // namespace sextant
