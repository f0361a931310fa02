#include "analyzer/profile/export/metis_export.h"

#include <fmt/format.h>

#include "analyzer/profile/measurement_json.h"

namespace sextant {

namespace {

OrderedJson point_tables(const PointDocument& point) {
  OrderedJson parameters = OrderedJson::array();
  OrderedJson activations = OrderedJson::array();
  OrderedJson compute_ms = OrderedJson::array();
  OrderedJson memory_mib = OrderedJson::array();
  double total_parameters = 0;
  double forward_backward_ms = 0;
  for (const LayerKindProfile* layer : layers_of(point)) {
    const double ms = kMsPerSecond * (layer->forward.median_s + layer->backward.median_s);
    const double memory = model_state_bytes(point, *layer) + layer->saved_activation_bytes;
    parameters.push_back(bytes_json(layer->parameter_bytes));
    activations.push_back(bytes_json(layer->output_bytes));
    compute_ms.push_back(ms);
    memory_mib.push_back(memory / kBytesPerMib);
    total_parameters += layer->parameter_bytes;
    forward_backward_ms += ms;
  }
  const double optimizer_ms = kMsPerSecond * optimizer_step_s(point);
  return {{"model",
           {{"model_name", point.key.model},
            {"num_layers", point.layer_count()},
            {"parameters",
             {{"total_parameters_bytes", bytes_json(total_parameters)},
              {"parameters_per_layer_bytes", parameters},
              {"activation_parameters_bytes", activations}}}}},
          {"execution_time",
           {{"total_time_ms", forward_backward_ms + optimizer_ms},
            {"forward_backward_time_ms", forward_backward_ms},
            {"batch_generator_time_ms", 0.0},
            {"optimizer_time_ms", optimizer_ms},
            {"layer_compute_total_ms", compute_ms}}},
          {"execution_memory", {{"layer_memory_total_mb", memory_mib}}}};
}

void put(const ExportInput& input, ExportFiles& files, std::vector<std::string>&) {
  for (const PointDocument& point : input.points()) {
    files.put(tool_folder("Metis", input) /
                  fmt::format("mbs{}_tmp{}.json", point.key.microbatch, point.key.tp),
              python_json(point_tables(point)));
  }
}

}  // namespace

Exporter metis_exporter() {
  return {"metis", "Metis/profiles/<model>/<gpu>/mbs<m>_tmp<tp>.json",
          "training_memory, save for fp32 with AdamW", put};
}

}  // namespace sextant
