#include "analyzer/profile/export/piper_export.h"

#include <fmt/format.h>

#include "analyzer/profile/gpu.h"
#include "analyzer/profile/measurement_json.h"

namespace sextant {

namespace {

const char* node_name(const LayerKindProfile& kind) {
  switch (role_of(kind)) {
    case LayerRole::kEmbedding:
      return "Embedding";
    case LayerRole::kHead:
      return "Head";
    case LayerRole::kFinalNorm:
      return "FinalNorm";
    case LayerRole::kBlock:
      break;
  }
  return "Transformer";
}

/// Costs of layer `l` in one point; its neighbours on the chain cost no synchronisation.
OrderedJson costs(const PointDocument& point, const std::vector<const LayerKindProfile*>& layers,
                  std::size_t l) {
  const LayerKindProfile& layer = *layers[l];
  OrderedJson out = {{"id", "vanilla"},
                     {"timePerSample", layer.forward.median_s + layer.backward.median_s},
                     {"parameterSize", bytes_json(layer.parameter_bytes)},
                     {"memoryUsageA", bytes_json(layer.saved_activation_bytes)},
                     {"memoryUsageB", bytes_json(model_state_bytes(point, layer))},
                     {"syncTimeFw", OrderedJson::object()},
                     {"syncTimeBw", OrderedJson::object()}};
  if (l > 0) out["syncTimeFw"][std::to_string(l - 1)] = 0;
  if (l + 1 < layers.size()) out["syncTimeBw"][std::to_string(l + 1)] = 0;
  return out;
}

OrderedJson graph(const ExportInput& input, int microbatch, double memory_bytes) {
  OrderedJson nodes = OrderedJson::array();
  OrderedJson edges = OrderedJson::array();
  for (const int tp : input.degrees()) {
    const PointDocument* point = input.find(tp, microbatch);
    if (point == nullptr) continue;
    const std::vector<const LayerKindProfile*> layers = layers_of(*point);
    const bool first = nodes.empty();
    for (std::size_t l = 0; l < layers.size(); ++l) {
      if (first) {
        nodes.push_back(
            {{"id", l}, {"name", node_name(*layers[l])}, {"TMPCs", OrderedJson::object()}});
      }
      if (first && l > 0) {
        edges.push_back(
            {{"sourceId", l - 1},
             {"destId", l},
             {"communicationCost", bytes_json(layers[l - 1]->output_bytes / microbatch)}});
      }
      nodes.at(l)["TMPCs"][std::to_string(tp)].push_back(costs(*point, layers, l));
    }
  }
  return {{"maxDevices", 1}, {"maxMemoryPerDevice", bytes_json(memory_bytes)},
          {"bandwidth", 1},  {"mbsInBatch", 1},
          {"nodes", nodes},  {"edges", edges}};
}

void put(const ExportInput& input, ExportFiles& files, std::vector<std::string>&) {
  const double memory_bytes = gpu_named(input.gpu()).memory_bytes;
  OrderedJson graphs = OrderedJson::object();
  for (const int microbatch : input.microbatches()) {
    graphs[std::to_string(microbatch)] = graph(input, microbatch, memory_bytes);
  }
  files.put(tool_folder("Piper", input) / "profile.json", python_json(graphs));
}

}  // namespace

Exporter piper_exporter() {
  return {"piper", "Piper/profiles/<model>/<gpu>/profile.json",
          "training_memory, save for fp32 with AdamW; a GPU type with a data sheet here", put};
}

}  // namespace sextant
