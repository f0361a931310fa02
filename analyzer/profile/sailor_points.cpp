#include "analyzer/profile/sailor_points.h"

#include <charconv>

#include <fmt/format.h>

#include "analyzer/core/files.h"
#include "analyzer/core/json_document.h"
#include "analyzer/profile/layer_kinds.h"
#include "analyzer/profile/sailor_json.h"

namespace sextant {

namespace {

constexpr const char* kMemoryBasis =
    "torch.cuda.memory_allocated() after less before a module's forward, fp32 elements times four";

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
    put_layers(measured.layers, scaled_memory(profile.memory_at(key.tp), key.microbatch), {},
               point);
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
  put_layers(times, memory, {}, point);
  return point;
}

}  // namespace sextant
