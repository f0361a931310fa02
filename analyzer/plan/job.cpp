#include "analyzer/plan/job.h"

#include <algorithm>
#include <cctype>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "analyzer/core/error.h"

namespace sextant {

namespace {

constexpr int kLongestSequence = 1 << 24;  // tokens

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(c < 0x80 ? std::tolower(c) : c); });
  return text;
}

template <typename Value>
struct Choice {
  std::string_view name;
  Value value;
};

constexpr Choice<Optimizer> kOptimizers[] = {
    {"adam", Optimizer::kAdam}, {"adamw", Optimizer::kAdam}, {"sgd", Optimizer::kSgd}};
constexpr Choice<Objective> kObjectives[] = {
    {"throughput", Objective::kThroughput}, {"cost", Objective::kCost}, {"gpus", Objective::kGpus}};

/// The value of that name, whatever its case: the artifact writes "Adam".
template <typename Value, std::size_t N>
Value one_of(const JsonNode& node, const Choice<Value> (&choices)[N]) {
  const std::string wanted = lower(node.name());
  std::vector<std::string> names;
  for (const auto& choice : choices) {
    if (choice.name == wanted) return choice.value;
    names.push_back(fmt::format("\"{}\"", choice.name));
  }
  node.fail(fmt::format("one of {}", fmt::join(names, ", ")));
}

DataType data_type_of(const JsonNode& node) {
  try {
    return data_type_from(node.name());
  } catch (const Error& error) {
    node.fail(error.message());
  }
}

int sequence_length(const JsonNode& node) {
  return static_cast<int>(node.integer(1, kLongestSequence));
}

Freedom read_freedom(const JsonNode& node) {
  node.only({"schedules", "zero_stages", "recompute"});
  Freedom freedom;
  const auto some = [](const JsonNode& list) {
    if (list.size() == 0) list.fail("at least one choice");
    return list.size();
  };
  if (const auto list = node.find("schedules")) {
    freedom.schedules.clear();
    for (std::size_t i = 0; i < some(*list); ++i) {
      const JsonNode name = list->at(i);
      try {
        freedom.schedules.push_back(schedule_from(name.name()));
      } catch (const Error& error) {
        name.fail(error.message());
      }
    }
  }
  if (const auto list = node.find("zero_stages")) {
    freedom.zero_stages.clear();
    for (std::size_t i = 0; i < some(*list); ++i) {
      freedom.zero_stages.push_back(static_cast<int>(list->at(i).integer(0, 3)));
    }
  }
  if (const auto list = node.find("recompute")) {
    freedom.recompute.clear();
    for (std::size_t i = 0; i < some(*list); ++i) {
      freedom.recompute.push_back(list->at(i).boolean());
    }
  }
  return freedom;
}

Job read_document(const JsonDocument& document) {
  const JsonNode root = document.root_of_kind("job", 1);
  root.only({"schema", "name", "source", "model", "global_batch", "seq_len", "optimizer", "dtype",
             "framework", "objective", "constraints", "freedom"});
  for (const char* for_people : {"name", "source"}) {
    if (const auto text = root.find(for_people)) text->string();
  }
  Job job;
  job.source = document.file();
  job.model = root.at("model").name();
  job.global_batch = root.at("global_batch").count();
  if (const auto seq_len = root.find("seq_len")) job.seq_len = sequence_length(*seq_len);
  if (const auto name = root.find("optimizer")) job.optimizer = one_of(*name, kOptimizers);
  if (const auto name = root.find("dtype")) job.dtype = data_type_of(*name);
  if (const auto name = root.find("framework")) job.framework = name->name();
  if (const auto name = root.find("objective")) job.objective = one_of(*name, kObjectives);
  if (const auto constraints = root.find("constraints")) {
    constraints->only({"max_usd_per_iter", "min_iters_per_s"});
    if (const auto bound = constraints->find("max_usd_per_iter")) {
      job.max_usd_per_iter = bound->positive();
    }
    if (const auto bound = constraints->find("min_iters_per_s")) {
      job.min_iters_per_s = bound->positive();
    }
  }
  if (const auto freedom = root.find("freedom")) job.freedom = read_freedom(*freedom);
  return job;
}

/// The figures of the artifact's training configuration as a model description. Its "type" says
/// "gpt2" whatever the model is, so the family goes by the name.
ModelDescription describe(const JsonNode& root, const std::string& name) {
  ModelDescription model;
  model.name = name;
  model.family = name.starts_with("OPT")       ? "opt"
                 : name.starts_with("LLAMA")   ? "llama"
                 : name.starts_with("GPT-Neo") ? "gpt_neo"
                                               : "gpt2";
  constexpr int kMostLayers = 100000;
  model.layers = static_cast<int>(root.at("num_layers").integer(1, kMostLayers));
  model.hidden = root.at("hidden_size").count();
  model.heads = root.at("heads").count();
  model.kv_heads = model.heads;
  model.head_dim = root.at("head_dim").count();
  constexpr int kLargestWidth = 1 << 24;
  model.ffn = 4 * static_cast<int>(root.at("hidden_size").integer(1, kLargestWidth));
  model.vocab = root.at("vocab_size").count();
  model.seq_len = sequence_length(root.at("sequence_length"));
  if (const auto rows = root.find("max_position_embeddings")) {
    model.learned_positions = rows->count();
  }
  model.embedding_width = model.hidden;
  // The pipeline's layers: embedding, blocks, head; some models have their last norm between.
  const int blocks_and_ends = model.layers + 2;
  model.final_norm = false;
  model.tied_embeddings = false;  // its tables give the head weights of its own
  if (const auto all = root.find("num_all_layers")) {
    const int count = all->count();
    if (count != blocks_and_ends && count != blocks_and_ends + 1) {
      all->fail(fmt::format("{} or {} (num_layers, the embedding, the head and perhaps a norm)",
                            blocks_and_ends, blocks_and_ends + 1));
    }
    model.final_norm = count == blocks_and_ends + 1;
  }
  model.source = root.file();
  return model;
}

Job read_artifact_configuration(const JsonDocument& document) {
  const JsonNode root = document.root();
  root.only({"global_batch_size", "type", "hidden_size", "sequence_length", "num_layers",
             "num_all_layers", "num_hidden_layers", "vocab_size", "model", "model_name",
             "optimizer", "heads", "head_dim", "max_position_embeddings"});
  Job job;
  job.source = document.file();
  job.model = root.at("model").name();
  job.global_batch = root.at("global_batch_size").count();
  job.described = describe(root, job.model);
  job.seq_len = job.described->seq_len;
  job.optimizer = one_of(root.at("optimizer"), kOptimizers);
  job.framework = "deepspeed";  // the artifact trains with Megatron-DeepSpeed
  return job;
}

}  // namespace

Job read_job(const std::string& path) {
  const JsonDocument document = JsonDocument::read(path);
  const JsonNode root = document.root();
  if (root.has("schema")) return read_document(document);
  if (root.has("global_batch_size")) return read_artifact_configuration(document);
  root.fail("a job: \"schema\": \"sextant/job/1.0\", or the artifact's \"global_batch_size\"");
}

std::string_view to_string(Objective objective) {
  for (const auto& choice : kObjectives) {
    if (choice.value == objective) return choice.name;
  }
  throw Error(ErrorCode::kInternal, "an objective without a name");
}

Objective objective_from(std::string_view name) {
  std::string known;
  for (const auto& choice : kObjectives) {
    if (choice.name == name) return choice.value;
    known += fmt::format(" {}", choice.name);
  }
  throw_usage(fmt::format("no objective {}; there are:{}", quote(name), known));
}

}  // namespace sextant
