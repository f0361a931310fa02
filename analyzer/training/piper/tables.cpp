#include "analyzer/training/piper/tables.h"

#include <optional>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/json_document.h"
#include "analyzer/training/published_tables.h"

namespace sextant::piper {

namespace {

/// Bytes that a parameter costs beside activations, as the published profiles count them: states of
/// Adam 8 (of SGD 4), fp32 weights 4, gradient 4, communication buffer 4.
constexpr double kAdamBytesPerParameter = 20;
constexpr double kSgdBytesPerParameter = 16;

/// Nothing where the node was not profiled at that degree.
std::optional<Layer> read_node(const JsonNode& node, int tp) {
  const auto configurations = node.at("TMPCs").find(std::to_string(tp));
  if (!configurations) return std::nullopt;
  if (configurations->size() != 1) {
    configurations->fail("one configuration", fmt::format("{}", configurations->size()));
  }
  const JsonNode only = configurations->at(std::size_t{0});
  Layer layer;
  layer.compute_s = only.at("timePerSample").non_negative();
  layer.parameter_bytes = only.at("parameterSize").non_negative();
  layer.activation_bytes = only.at("memoryUsageA").non_negative();
  layer.state_bytes = only.at("memoryUsageB").non_negative();
  return layer;
}

/// Empty where the tool has no profile at that microbatch and degree. One of another number of
/// layers is of another cut of the model (LLaMA-3's has no head), which says nothing of these.
std::vector<Layer> published_layers(const TrainingProblem& problem, const std::string& gpu, int tp,
                                    int microbatch) {
  const auto file = find_published_table(
      problem, {fmt::format("Piper/profiles/{}/{}/profile.json", problem.profile.model, gpu)});
  if (!file) return {};
  const JsonDocument document = JsonDocument::read(*file);
  const auto graph = document.root().find(std::to_string(microbatch));
  if (!graph) return {};
  std::vector<Layer> layers;
  for (const JsonNode& node : graph->at("nodes").elements()) {
    const JsonNode id = node.at("id");
    const auto expected = static_cast<std::int64_t>(layers.size());
    if (id.integer(0, 1'000'000) != expected) id.fail(fmt::format("{}, in order", expected));
    const std::optional<Layer> layer = read_node(node, tp);
    if (!layer) return {};
    layers.push_back(*layer);
  }
  if (layers.size() != static_cast<std::size_t>(problem.profile.layer_count)) return {};
  for (const JsonNode& edge : graph->at("edges").elements()) {
    const auto last = static_cast<std::int64_t>(layers.size()) - 1;
    const std::int64_t source = edge.at("sourceId").integer(0, last);
    const JsonNode target = edge.at("destId");
    if (target.integer(0, last) != source + 1) {
      target.fail(fmt::format("{}: layers are a chain", source + 1));
    }
    layers[static_cast<std::size_t>(source)].sent_bytes +=
        edge.at("communicationCost").non_negative();
  }
  return layers;
}

LayerTables profiled_layers(const TrainingProblem& problem, const std::string& gpu, int tp,
                            int microbatch) {
  const ProfilePoint* point = problem.profile.find(gpu, tp, microbatch);
  const std::vector<LayerMemory>& memory = problem.profile.memory_at(tp);
  const double state_per_parameter_byte =
      (problem.job.optimizer == Optimizer::kAdam ? kAdamBytesPerParameter : kSgdBytesPerParameter) /
      element_bytes(problem.job.dtype);
  LayerTables out;
  out.timed = point != nullptr;
  for (std::size_t l = 0; l < memory.size(); ++l) {
    Layer& layer = out.layers.emplace_back();
    if (out.timed) layer.compute_s = point->layers[l].forward_s + point->layers[l].backward_s;
    layer.parameter_bytes = memory[l].parameter_bytes;
    layer.activation_bytes = memory[l].saved_activation_bytes * microbatch;
    layer.state_bytes = memory[l].parameter_bytes * state_per_parameter_byte;
    layer.sent_bytes = memory[l].output_bytes;
  }
  return out;
}

}  // namespace

LayerTables layer_tables(const TrainingProblem& problem, const std::string& gpu, int tp,
                         int microbatch) {
  LayerTables published{published_layers(problem, gpu, tp, microbatch)};
  return published.layers.empty() ? profiled_layers(problem, gpu, tp, microbatch) : published;
}

}  // namespace sextant::piper
