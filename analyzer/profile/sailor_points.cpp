#include "analyzer/profile/sailor_points.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "analyzer/core/files.h"
#include "analyzer/core/json_document.h"
#include "analyzer/profile/sailor_json.h"

namespace sextant {

namespace {

constexpr const char* kMemoryBasis =
    "torch.cuda.memory_allocated() after less before a module's forward, fp32 elements times four";

struct Layer {
  LayerTime time;
  LayerMemory memory;  ///< at the point's microbatch

  bool costs_the_same(const Layer& other) const {
    const auto values = [](const Layer& layer) {
      return std::array<double, 7>{layer.time.forward_s,
                                   layer.time.backward_s,
                                   layer.time.update_s,
                                   layer.memory.parameter_bytes,
                                   layer.memory.input_bytes,
                                   layer.memory.output_bytes,
                                   layer.memory.saved_activation_bytes};
    };
    return values(*this) == values(other);
  }
};

PhaseTime median_only(double seconds) {
  return {seconds, seconds, seconds, 0, 0};
}

LayerKindProfile kind_of(std::string name, const Layer& layer) {
  LayerKindProfile kind;
  kind.kind = std::move(name);
  kind.forward = median_only(layer.time.forward_s);
  kind.backward = median_only(layer.time.backward_s);
  kind.update = median_only(layer.time.update_s);
  kind.parameter_bytes = layer.memory.parameter_bytes;
  kind.input_bytes = layer.memory.input_bytes;
  kind.output_bytes = layer.memory.output_bytes;
  kind.saved_activation_bytes = layer.memory.saved_activation_bytes;
  return kind;
}

/// Names the kinds between embedding and head: the most frequent large one is "block".
void name_inner_kinds(PointDocument& point) {
  std::vector<int> layers(point.kinds.size(), 0);
  double largest = 0;
  for (const LayerRun& run : point.sequence) {
    const auto k = static_cast<std::size_t>(run.kind);
    if (!point.kinds[k].kind.empty()) continue;
    layers[k] += run.count;
    largest = std::max(largest, point.kinds[k].parameter_bytes);
  }
  const auto is_norm = [&](std::size_t k) {
    constexpr double kNormFraction = 0.01;  // a norm has 2 h parameters, a block about 12 h^2
    return point.kinds[k].parameter_bytes < kNormFraction * largest;
  };
  std::size_t main_kind = point.kinds.size();
  for (std::size_t k = 0; k < point.kinds.size(); ++k) {
    if (layers[k] == 0 || is_norm(k)) continue;
    if (main_kind == point.kinds.size() || layers[k] > layers[main_kind]) main_kind = k;
  }
  int blocks = 1;
  int norms = 0;
  for (std::size_t k = 0; k < point.kinds.size(); ++k) {
    if (layers[k] == 0) continue;
    if (k == main_kind) {
      point.kinds[k].kind = "block";
    } else if (is_norm(k)) {
      point.kinds[k].kind = ++norms == 1 ? "final_norm" : fmt::format("final_norm_{}", norms);
    } else {
      point.kinds[k].kind = fmt::format("block_{}", ++blocks);
    }
  }
}

void put_layers(const std::vector<Layer>& layers, PointDocument& point) {
  std::vector<Layer> representatives;
  for (std::size_t l = 0; l < layers.size(); ++l) {
    const bool outer = l == 0 || l + 1 == layers.size();
    std::size_t k = outer ? representatives.size() : 1;
    while (k < representatives.size() && !representatives[k].costs_the_same(layers[l])) ++k;
    if (k == representatives.size()) {
      representatives.push_back(layers[l]);
      point.kinds.push_back(kind_of(l == 0 ? "embedding" : outer ? "head" : "", layers[l]));
    }
    const int kind = static_cast<int>(k);
    if (!point.sequence.empty() && point.sequence.back().kind == kind) {
      ++point.sequence.back().count;
    } else {
      point.sequence.push_back({kind, 1});
    }
  }
  name_inner_kinds(point);
}

PointDocument replayed_point(const std::string& model, const std::string& gpu,
                             const std::string& variant, int tp, int microbatch) {
  PointDocument point;
  point.key.model = model;
  point.key.gpu = gpu;
  point.key.variant = variant;
  point.key.tp = tp;
  point.key.microbatch = microbatch;
  point.evidence = Evidence::kReplayed;
  point.update_is_whole_step = true;
  point.memory_basis = kMemoryBasis;
  return point;
}

bool take_number(std::string& text, int high, int& value) {
  const std::size_t underscore = text.rfind('_');
  if (underscore == std::string::npos) return false;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data() + underscore + 1, end, value);
  if (parsed.ec != std::errc() || parsed.ptr != end || value < 1 || value > high) return false;
  text.resize(underscore);
  return true;
}

}  // namespace

std::vector<PointDocument> sailor_point_documents(const ModelProfile& profile) {
  std::vector<PointDocument> out;
  for (const auto& [key, measured] : profile.points) {
    PointDocument point =
        replayed_point(profile.model, key.gpu, profile.variant, key.tp, key.microbatch);
    point.source = measured.source;
    const std::vector<LayerMemory>& memory = profile.memory_at(key.tp);
    std::vector<Layer> layers;
    for (std::size_t l = 0; l < measured.layers.size(); ++l) {
      const LayerMemory& one = memory[l];
      layers.push_back(
          {measured.layers[l],
           {one.parameter_bytes, one.input_bytes * key.microbatch,
            one.output_bytes * key.microbatch, one.saved_activation_bytes * key.microbatch}});
    }
    put_layers(layers, point);
    out.push_back(std::move(point));
  }
  return out;
}

std::optional<PointFileName> point_file_name_parts(const std::string& file_name,
                                                   const std::string& gpu) {
  constexpr std::string_view kBegin = "profile_";
  constexpr std::string_view kEnd = ".json";
  if (!file_name.starts_with(kBegin) || !file_name.ends_with(kEnd) ||
      file_name.size() <= kBegin.size() + kEnd.size()) {
    return std::nullopt;
  }
  std::string rest =
      file_name.substr(kBegin.size(), file_name.size() - kBegin.size() - kEnd.size());
  PointFileName name;
  if (!take_number(rest, kSailorLargestMicrobatch, name.microbatch)) return std::nullopt;
  if (!take_number(rest, kSailorLargestDegree, name.tp)) return std::nullopt;
  const std::string of_gpu = "_" + safe_file_name(gpu);
  if (!rest.ends_with(of_gpu) || rest.size() == of_gpu.size()) return std::nullopt;
  name.id = rest.substr(0, rest.size() - of_gpu.size());
  return name;
}

PointDocument read_sailor_point(const JsonDocument& document, const PointFileName& name,
                                const std::string& model, const std::string& gpu) {
  const JsonNode root = document.root();
  root.only({"timing", "memory"});
  const std::vector<LayerTime> times = read_sailor_times(root.at("timing"));
  const std::vector<LayerMemory> memory = read_sailor_memory(root.at("memory"));
  if (times.empty()) root.at("timing").fail("at least one layer");
  if (memory.size() != times.size()) {
    root.at("memory").fail(fmt::format("{} layers, as many as \"timing\" has", times.size()),
                           std::to_string(memory.size()));
  }
  PointDocument point = replayed_point(model, gpu, "artifact/points", name.tp, name.microbatch);
  point.source = document.file();
  std::vector<Layer> layers;
  for (std::size_t l = 0; l < times.size(); ++l) layers.push_back({times[l], memory[l]});
  put_layers(layers, point);
  return point;
}

}  // namespace sextant
