#include "analyzer/model/model_document.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"

namespace sextant {

namespace {

/// Keeps every product of two sizes within a double's exact integers, and every sum within an int.
constexpr std::int64_t kLargestSize = std::int64_t{1} << 24;

int size_or(const JsonNode& node, std::string_view key, int otherwise, std::int64_t low = 1) {
  const auto member = node.find(key);
  return member ? static_cast<int>(member->integer(low, kLargestSize)) : otherwise;
}

int size_at(const JsonNode& node, std::string_view key) {
  return static_cast<int>(node.at(key).integer(1, kLargestSize));
}

bool flag_or(const JsonNode& node, std::string_view key, bool otherwise) {
  const auto member = node.find(key);
  return member ? member->boolean() : otherwise;
}

template <typename T>
T choice_or(const JsonNode& node, std::string_view key, std::initializer_list<T> choices,
            T otherwise) {
  const auto member = node.find(key);
  if (!member) return otherwise;
  std::vector<std::string_view> names;
  for (const T choice : choices) {
    if (member->string() == to_string(choice)) return choice;
    names.push_back(to_string(choice));
  }
  member->fail(fmt::format("one of {}", fmt::join(names, ", ")));
}

}  // namespace

ModelDescription model_from_json(const JsonNode& node) {
  node.only({"schema",
             "name",
             "aliases",
             "family",
             "layers",
             "hidden",
             "heads",
             "kv_heads",
             "head_dim",
             "ffn",
             "vocab",
             "seq_len",
             "position",
             "learned_positions",
             "embedding_width",
             "norm",
             "activation",
             "tied_embeddings",
             "attention_bias",
             "output_bias",
             "ffn_bias",
             "final_norm",
             "norm_after",
             "attention_window",
             "window_every",
             "experts",
             "experts_per_token",
             "source"});
  ModelDescription model;
  model.name = node.at("name").name();
  model.family = node.at("family").name();
  model.layers = size_at(node, "layers");
  model.hidden = size_at(node, "hidden");
  model.heads = size_at(node, "heads");
  model.kv_heads = size_or(node, "kv_heads", model.heads);
  if (!node.find("head_dim") && model.hidden % model.heads != 0) {
    node.fail("head_dim, since the heads do not divide the hidden width", "none");
  }
  model.head_dim = size_or(node, "head_dim", model.hidden / model.heads);
  model.ffn = size_at(node, "ffn");
  model.vocab = size_at(node, "vocab");
  model.seq_len = size_at(node, "seq_len");
  model.position =
      choice_or(node, "position", {Position::kLearned, Position::kRotary}, Position::kLearned);
  model.learned_positions = size_or(node, "learned_positions",
                                    model.position == Position::kLearned ? model.seq_len : 0, 0);
  model.embedding_width = size_or(node, "embedding_width", model.hidden);
  model.norm = choice_or(node, "norm", {Normalization::kLayerNorm, Normalization::kRmsNorm},
                         Normalization::kLayerNorm);
  model.activation =
      choice_or(node, "activation", {Activation::kRelu, Activation::kGelu, Activation::kSwiGlu},
                Activation::kGelu);
  model.tied_embeddings = flag_or(node, "tied_embeddings", true);
  model.attention_bias = flag_or(node, "attention_bias", true);
  model.output_bias = flag_or(node, "output_bias", true);
  model.ffn_bias = flag_or(node, "ffn_bias", true);
  model.final_norm = flag_or(node, "final_norm", true);
  model.norm_after = flag_or(node, "norm_after", false);
  model.attention_window = size_or(node, "attention_window", 0, 0);
  model.window_every = size_or(node, "window_every", 1);
  model.experts = size_or(node, "experts", 0, 0);
  model.experts_per_token = size_or(node, "experts_per_token", 0, 0);
  if (const auto source = node.find("source")) model.source = source->string();
  try {
    check(model);
  } catch (Error& error) {
    throw std::move(error.in(node.file()));
  }
  return model;
}

ModelDescription read_model(const std::filesystem::path& path) {
  const JsonDocument document = JsonDocument::read(path);
  return model_from_json(document.root_of_kind("model", 1));
}

OrderedJson to_json(const ModelDescription& model) {
  OrderedJson out;
  out["schema"] = schema_id("model");
  out["name"] = model.name;
  out["family"] = model.family;
  out["layers"] = model.layers;
  out["hidden"] = model.hidden;
  out["heads"] = model.heads;
  out["kv_heads"] = model.kv_heads;
  out["head_dim"] = model.head_dim;
  out["ffn"] = model.ffn;
  out["vocab"] = model.vocab;
  out["seq_len"] = model.seq_len;
  out["position"] = to_string(model.position);
  out["learned_positions"] = model.learned_positions;
  out["embedding_width"] = model.embedding_width;
  out["norm"] = to_string(model.norm);
  out["activation"] = to_string(model.activation);
  out["tied_embeddings"] = model.tied_embeddings;
  out["attention_bias"] = model.attention_bias;
  out["output_bias"] = model.output_bias;
  out["ffn_bias"] = model.ffn_bias;
  out["final_norm"] = model.final_norm;
  out["norm_after"] = model.norm_after;
  out["attention_window"] = model.attention_window;
  out["window_every"] = model.window_every;
  out["experts"] = model.experts;
  out["experts_per_token"] = model.experts_per_token;
  out["source"] = model.source;
  return out;
}

}  // namespace sextant
