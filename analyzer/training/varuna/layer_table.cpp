#include "analyzer/training/varuna/layer_table.h"

#include <charconv>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"
#include "analyzer/core/json_document.h"
#include "analyzer/training/published_tables.h"

namespace sextant::varuna {

namespace {

int microbatch_from(const JsonNode& node, const std::string& key) {
  int microbatch = 0;
  const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), microbatch);
  if (error != std::errc{} || end != key.data() + key.size() || microbatch < 1) {
    node.fail("a microbatch size >= 1 as the key", quote(key));
  }
  return microbatch;
}

LayerTable read_published(const std::string& path, int layer_count) {
  const JsonDocument document = JsonDocument::read(path);
  const JsonNode root = document.root();
  if (!root.is_object() || root.size() != static_cast<std::size_t>(layer_count)) {
    root.fail(fmt::format("an object of {} layers", layer_count),
              fmt::format("{} members", root.size()));
  }
  LayerTable table;
  table.source = path;
  for (int layer = 0; layer < layer_count; ++layer) {
    for (const auto& [key, node] : root.at(std::to_string(layer)).members()) {
      const int microbatch = microbatch_from(node, key);
      if (node.is_object() && node.size() == 0) continue;  // it did not fit when it was measured
      std::vector<LayerFigures>& layers = table.by_microbatch[microbatch];
      if (layers.size() != static_cast<std::size_t>(layer)) continue;
      layers.push_back({node.at("forward").non_negative(), node.at("backward").non_negative(),
                        node.at("params_bytes").non_negative(),
                        node.at("mem_required").non_negative(),
                        node.at("output_activation").non_negative()});
    }
  }
  std::erase_if(table.by_microbatch, [&](const auto& entry) {
    return entry.second.size() != static_cast<std::size_t>(layer_count);
  });
  if (table.by_microbatch.empty()) root.fail("a microbatch size that every layer has");
  return table;
}

LayerTable derived(const ModelProfile& profile, std::string_view gpu, int tp) {
  const std::vector<LayerMemory>& sharded = profile.memory_at(tp);
  // The published tool trained whole layers alone and divided what a stage needs by the degree.
  const auto whole = profile.memory.find(1);
  const std::vector<LayerMemory>& alone = whole == profile.memory.end() ? sharded : whole->second;
  const int parts = whole == profile.memory.end() ? tp : 1;
  LayerTable table;
  table.source = "profile of " + quote(profile.model);
  for (const auto& [key, point] : profile.points) {
    if (key.gpu != gpu || key.tp != tp) continue;
    std::vector<LayerFigures>& layers = table.by_microbatch[key.microbatch];
    for (std::size_t l = 0; l < point.layers.size(); ++l) {
      const double saved = alone[l].saved_activation_bytes * key.microbatch;
      layers.push_back({point.layers[l].forward_s, point.layers[l].backward_s,
                        sharded[l].parameter_bytes, (alone[l].parameter_bytes + saved) * parts,
                        sharded[l].output_bytes * key.microbatch / tp});
    }
  }
  if (table.by_microbatch.empty()) {
    throw_bad_input(fmt::format("profile of {}: has no point of {} at tensor degree {}",
                                quote(profile.model), quote(gpu), tp));
  }
  return table;
}

}  // namespace

const std::vector<LayerFigures>& LayerTable::at(int microbatch) const {
  const auto found = by_microbatch.find(microbatch);
  if (found == by_microbatch.end()) {
    std::vector<int> sizes;
    for (const auto& entry : by_microbatch) sizes.push_back(entry.first);
    throw_bad_input(fmt::format("{}: expected microbatch {}, found {}", source, microbatch,
                                fmt::join(sizes, ", ")));
  }
  return found->second;
}

LayerTable layer_table(const TrainingProblem& problem, std::string_view gpu, int tp) {
  const std::optional<std::filesystem::path> path = find_published_table(
      problem,
      {fmt::format("Varuna/profiles/{}/{}/profile_{}.json", problem.profile.model, gpu, tp)});
  return path ? read_published(path->string(), problem.profile.layer_count)
              : derived(problem.profile, gpu, tp);
}

}  // namespace sextant::varuna
