#include "analyzer/profile/export/varuna_export.h"

#include <fmt/format.h>

#include "analyzer/profile/measurement_json.h"

namespace sextant {

namespace {

void put(const ExportInput& input, ExportFiles& files, std::vector<std::string>&) {
  MissingParts missing(input);
  for (const PointDocument& point : input.points()) missing.need_training_memory(point);
  missing.throw_if_any("varuna");
  for (const int tp : input.degrees()) {
    OrderedJson layers = OrderedJson::object();
    for (const int microbatch : input.microbatches()) {
      const PointDocument* point = input.find(tp, microbatch);
      if (point == nullptr) continue;
      int number = 0;
      for (const LayerKindProfile* layer : layers_of(*point)) {
        layers[std::to_string(number++)][std::to_string(microbatch)] = {
            {"forward", layer->forward.median_s},
            {"backward", layer->backward.median_s},
            {"params_bytes", bytes_json(layer->parameter_bytes)},
            {"mem_required", tp * layer->training_memory->alone_peak_bytes},
            {"output_activation", layer->output_bytes / tp}};
      }
    }
    files.put(tool_folder("Varuna", input) / fmt::format("profile_{}.json", tp),
              python_json(layers));
  }
}

}  // namespace

Exporter varuna_exporter() {
  return {"varuna", "Varuna/profiles/<model>/<gpu>/profile_<tp>.json",
          "training_memory of every layer kind", put};
}

}  // namespace sextant
