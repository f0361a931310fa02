#include "analyzer/profile/layer_sequence_json.h"

#include <algorithm>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/profile/measurement_json.h"

namespace sextant {

OrderedJson layer_sequence_json(const std::vector<LayerRun>& sequence,
                                const std::vector<std::string>& kinds) {
  OrderedJson out = OrderedJson::array();
  for (const LayerRun& run : sequence) {
    out.push_back({{"kind", kinds.at(static_cast<std::size_t>(run.kind))}, {"count", run.count}});
  }
  return out;
}

std::vector<LayerRun> read_layer_sequence(const JsonNode& node,
                                          const std::vector<std::string>& kinds, bool lenient) {
  constexpr int kMostLayers = 100'000;
  std::vector<LayerRun> out;
  int layers = 0;
  for (const JsonNode& element : node.elements()) {
    expect_known(element, lenient, {"kind", "count"});
    const auto found = std::find(kinds.begin(), kinds.end(), element.at("kind").string());
    if (found == kinds.end()) element.at("kind").fail("a name that layer_kinds defines");
    out.push_back({static_cast<int>(found - kinds.begin()),
                   static_cast<int>(element.at("count").integer(1, kMostLayers))});
    layers += out.back().count;
    if (layers > kMostLayers) node.fail(fmt::format("at most {} layers", kMostLayers));
  }
  for (std::size_t k = 0; k < kinds.size(); ++k) {
    if (std::none_of(out.begin(), out.end(),
                     [&](const LayerRun& run) { return run.kind == static_cast<int>(k); })) {
      node.fail(fmt::format("a place for {}", quote(kinds[k])));
    }
  }
  if (out.empty()) node.fail("at least one layer");
  return out;
}

std::vector<std::string> read_kind_names(const JsonNode& layer_kinds) {
  std::vector<std::string> out;
  for (const JsonNode& element : layer_kinds.elements()) {
    const std::string& name = element.at("kind").name();
    if (std::find(out.begin(), out.end(), name) != out.end()) {
      element.at("kind").fail("layer kinds with different names");
    }
    out.push_back(name);
  }
  return out;
}

}  // namespace sextant
