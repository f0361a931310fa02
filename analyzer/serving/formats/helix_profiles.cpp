#include <algorithm>
#include <cctype>
#include <cmath>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/files.h"
#include "analyzer/core/json_document.h"
#include "analyzer/network/import/text_lines.h"
#include "analyzer/serving/formats/helix_files.h"
#include "analyzer/serving/formats/ini_text.h"
#include "analyzer/serving/formats/machine_profiles.h"

namespace sextant {

namespace {

constexpr double kSecondsPerMs = 1e-3;
constexpr int kMostLayers = 10'000;

/// The name of a model's folder for the name that commands have.
std::string folder_of(const std::string& model) {
  if (model == "llama30b") return "llama1_30b";
  if (model == "llama70b") return "llama2_70b";
  return model;
}

/// A product of numbers and Byte, MB or GB, as "8192 * 2 * Byte".
double bytes_in(const JsonNode& node, std::string_view text) {
  double bytes = 1;
  while (true) {
    const std::size_t star = text.find('*');
    const std::string_view factor = without_blanks(text.substr(0, star));
    if (const auto number = number_in(factor)) {
      bytes *= *number;
    } else if (factor == "MB") {
      bytes *= 1e6;
    } else if (factor == "GB") {
      bytes *= 1e9;
    } else if (factor != "Byte") {
      node.fail("numbers and a unit (Byte, MB or GB) with '*' between them", quote(factor));
    }
    if (star == std::string_view::npos) break;
    text.remove_prefix(star + 1);
  }
  if (!std::isfinite(bytes) || bytes <= 0) node.fail("more than 0 bytes");
  return bytes;
}

/// "[1.53 * GB] * 80": the bytes of each of so many layers.
void read_layers(const JsonNode& node, ServedModel& model) {
  const std::string& text = node.string();
  const std::size_t end = text.find(']');
  const std::size_t star = end == std::string::npos ? end : text.find('*', end);
  long long layers = 0;
  if (star != std::string::npos) {
    layers = unsigned_integer(without_blanks(std::string_view(text).substr(star + 1))).value_or(0);
  }
  if (!text.starts_with('[') || layers < 1 || layers > kMostLayers) {
    node.fail("\"[bytes of a layer] * layers\"", quote(text));
  }
  model.layers = static_cast<int>(layers);
  model.layer_bytes = bytes_in(node, std::string_view(text).substr(1, end - 1));
}

TimeCurve read_curve(const std::filesystem::path& path) {
  const std::string text = read_file(path);
  const std::string name = path.string();
  TextPlace place = {name};
  std::vector<std::pair<double, double>> points;
  for (const std::string_view line : lines_of(text)) {
    ++place.line;
    if (place.line == 1) {
      if (line != "tokens,layer_time_ms") place.fail("\"tokens,layer_time_ms\"", quote(line));
      continue;
    }
    if (without_blanks(line).empty()) continue;
    const std::size_t comma = line.find(',');
    const auto number = number_in(without_blanks(line.substr(0, comma)));
    const auto ms = comma == std::string_view::npos
                        ? std::nullopt
                        : number_in(without_blanks(line.substr(comma + 1)));
    if (!number || !ms || !std::isfinite(*number) || !std::isfinite(*ms) || *ms < 0) {
      place.fail("a number of tokens and milliseconds of at least 0", quote(line));
    }
    if (!points.empty() && *number <= points.back().first) {
      place.fail(fmt::format("more than {} tokens", points.back().first),
                 fmt::format("{}", *number));
    }
    points.emplace_back(*number, *ms * kSecondsPerMs);
  }
  return TimeCurve(std::move(points), name);
}

/// Values of 1 to `layers` layers; index 0 is unused.
template <typename Value>
std::vector<Value> by_layers(const JsonNode& node, int layers) {
  std::vector<Value> values = {0};
  for (int k = 1; k <= layers; ++k) {
    values.push_back(static_cast<Value>(node.at(std::to_string(k)).count()));
  }
  return values;
}

MachineType read_type(const JsonNode& limits, const JsonNode& model,
                      const MachineHardware& hardware, const std::filesystem::path& curves) {
  MachineType type;
  type.name = hardware.type;
  type.nic_in_bytes_per_s = hardware.nic_in_bytes_per_s;
  type.nic_out_bytes_per_s = hardware.nic_out_bytes_per_s;
  type.disk_bytes_per_s = hardware.disk_bytes_per_s;
  type.vram_bytes = hardware.vram_bytes;
  std::string file_name = hardware.type;
  for (char& c : file_name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  type.prompt_s = read_curve(curves / (file_name + "_prompt.csv"));
  type.decode_s = read_curve(curves / (file_name + "_decode.csv"));
  type.max_layers = static_cast<int>(limits.at("max_num_layers").integer(1, kMostLayers));
  type.kv_blocks = by_layers<std::int64_t>(limits.at("vllm_num_blocks"), type.max_layers);
  type.prompt_max_requests = by_layers<int>(limits.at("prompt_max_requests"), type.max_layers);
  type.decode_max_requests = by_layers<int>(limits.at("decode_max_tokens"), type.max_layers);
  const auto layers = [&](const char* key) {
    return static_cast<int>(model.at(key).at(type.name).integer(1, type.max_layers));
  };
  type.typical_layers = layers("typical_layers_default");
  type.typical_layers_if_tight = layers("typical_layers_if_tight");
  type.first_layer_tokens_per_s = model.at("normalized_perf_initial").at(type.name).positive();
  return type;
}

}  // namespace

ServingProfiles read_helix_profiles(const std::filesystem::path& artifact,
                                    const std::string& model) {
  const std::filesystem::path folder = artifact / "profiles";
  const JsonDocument document = JsonDocument::read(folder / "machine_limits.json");
  const std::string name = folder_of(model);
  const auto limits = document.root().find(name);
  if (!limits) {
    std::string known;
    for (const auto& [other, node] : document.root().members()) {
      known += (known.empty() ? "" : ", ") + other;
    }
    throw_bad_input(fmt::format("{}: no model {}; there are {}", document.file(), quote(model),
                                known.empty() ? "none" : known));
  }
  const JsonNode facts = limits->at("_model");
  ServingProfiles profiles;
  profiles.model.name = model;
  profiles.model.token_bytes = bytes_in(facts.at("token_size"), facts.at("token_size").string());
  profiles.model.activation_bytes =
      bytes_in(facts.at("activation_size"), facts.at("activation_size").string());
  read_layers(facts.at("params"), profiles.model);
  std::vector<std::string> names;
  const MachineProfiles machines =
      read_machine_profiles(artifact / "clusters" / "single" / "machine_profiles.ini");
  for (const MachineHardware& hardware : machines.types) names.push_back(hardware.type);
  for (const std::size_t i : last_gpu_first(names)) {
    if (const auto node = limits->find(names[i])) {
      profiles.types.push_back(read_type(*node, facts, machines.types[i], folder / name));
    }
  }
  if (profiles.types.empty()) limits->fail("a type of machine_profiles.ini", "none");
  return profiles;
}

}  // namespace sextant
