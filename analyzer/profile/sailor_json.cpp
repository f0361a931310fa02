#include "analyzer/profile/sailor_json.h"

#include <charconv>

#include <fmt/format.h>

#include "analyzer/core/error.h"

namespace sextant {

namespace {

/// The members of an object whose keys are 0 … n-1, in numeric order.
std::vector<JsonNode> numbered_layers(const JsonNode& node) {
  if (!node.is_object()) node.fail("an object of layers");
  std::vector<JsonNode> out;
  for (std::size_t l = 0; l < node.size(); ++l) {
    const std::string key = std::to_string(l);
    if (!node.has(key)) {
      node.fail(fmt::format("layers numbered 0 to {}", node.size() - 1),
                fmt::format("no layer {}", l));
    }
    out.push_back(node.at(key));
  }
  return out;
}

}  // namespace

int sailor_key_number(const JsonNode& node, const std::string& key, int low, int high) {
  int value = 0;
  const char* end = key.data() + key.size();
  const auto parsed = std::from_chars(key.data(), end, value);
  if (parsed.ec != std::errc() || parsed.ptr != end || value < low || value > high) {
    node.fail(fmt::format("a key that is an integer from {} to {}", low, high), quote(key));
  }
  return value;
}

std::vector<LayerTime> read_sailor_times(const JsonNode& layers) {
  std::vector<LayerTime> out;
  for (const JsonNode& node : numbered_layers(layers)) {
    if (!node.is_array() || node.size() != 3) node.fail("[forward s, backward s, update s]");
    const LayerTime time{node.at(0).positive(), node.at(1).non_negative(),
                         node.at(2).non_negative()};
    // The embedding's backward is an index add that the artifact's hooks often miss.
    if (time.backward_s == 0 && !out.empty()) {
      node.at(1).fail("a backward time greater than zero");
    }
    out.push_back(time);
  }
  return out;
}

std::vector<LayerMemory> read_sailor_memory(const JsonNode& layers) {
  std::vector<LayerMemory> out;
  for (const JsonNode& layer : numbered_layers(layers)) {
    const auto bytes = [&](std::string_view name) {
      return layer.at(name).non_negative() * kSailorBytesPerElement;
    };
    out.push_back({bytes("params_floats"), bytes("act_input_floats"), bytes("act_output_floats"),
                   bytes("act_mem_floats")});
  }
  return out;
}

}  // namespace sextant
