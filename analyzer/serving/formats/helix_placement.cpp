#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"
#include "analyzer/serving/formats/helix_files.h"
#include "analyzer/serving/formats/ini_file.h"

namespace sextant {

namespace {

constexpr int kMostLayers = 10'000;

LayerInterval read_layers(const IniValue& value) {
  const std::vector<int> layers = value.integers(0, kMostLayers - 1);
  if (layers.empty()) return {};
  for (std::size_t i = 1; i < layers.size(); ++i) {
    if (layers[i] != layers[i - 1] + 1) {
      value.fail(fmt::format("layers without a gap, {} after {}", layers[i - 1] + 1, layers[i - 1]),
                 std::to_string(layers[i]));
    }
  }
  return {layers.front(), layers.back() + 1};
}

}  // namespace

Placement read_helix_placement(const std::filesystem::path& path,
                               std::optional<std::size_t> expected_machines) {
  const IniFile file = IniFile::read(path);
  const IniSection& settings = file.at("Settings");
  settings.only({"offset"});
  const long long offset = settings.at("offset").integer(0, 1'000'000);
  const IniSection& solution = file.at("Solution");
  for (const IniSection& section : file.sections()) {
    if (&section != &settings && &section != &solution) {
      section.fail("Settings and Solution", "another section");
    }
  }
  const std::size_t machines = expected_machines.value_or(solution.values().size());
  Placement placement;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < machines; ++i) {
    names.push_back(fmt::format("compute_node_{}", static_cast<long long>(i) + offset));
    placement.push_back(read_layers(solution.at(names.back())));
  }
  if (solution.values().size() != machines) {
    std::sort(names.begin(), names.end());
    for (const auto& [key, value] : solution.values()) {
      if (std::binary_search(names.begin(), names.end(), key)) continue;
      value.fail(fmt::format("{} machines, as the cluster has", machines), quote(key));
    }
  }
  return placement;
}

std::string helix_placement_text(const Placement& placement) {
  std::string text = fmt::format("[Settings]\noffset={}\n\n[Solution]\n", kHelixNodeOffset);
  for (std::size_t i = 0; i < placement.size(); ++i) {
    std::vector<int> layers;
    for (int k = placement[i].first; k < placement[i].end; ++k) layers.push_back(k);
    text += fmt::format("compute_node_{}=[{}]\n", i + static_cast<std::size_t>(kHelixNodeOffset),
                        fmt::join(layers, ", "));
  }
  return text;
}

}  // namespace sextant
