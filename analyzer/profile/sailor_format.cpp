#include "analyzer/profile/sailor_format.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"
#include "analyzer/core/files.h"
#include "analyzer/core/json_document.h"
#include "analyzer/profile/profile_grid.h"
#include "analyzer/profile/sailor_json.h"

namespace sextant {

namespace {

JsonNode named_member(const JsonNode& node, const std::string& name, std::string_view what) {
  if (node.has(name)) return node.at(name);
  std::vector<std::string> known;
  for (const auto& [key, value] : node.members()) known.push_back(key);
  node.fail(fmt::format("{} {}", what, quote(name)),
            fmt::format("only {}", fmt::join(known, ", ")));
}

std::map<int, std::vector<LayerMemory>> read_memory(const JsonNode& model, int& layer_count) {
  std::map<int, std::vector<LayerMemory>> out;
  layer_count = 0;
  for (const auto& [degree, table] : model.members()) {
    const int tp = sailor_key_number(model, degree, 1, kSailorLargestDegree);
    const std::vector<LayerMemory>& layers = out[tp] = read_sailor_memory(table);
    if (layer_count == 0) layer_count = static_cast<int>(layers.size());
    if (layers.empty() || static_cast<int>(layers.size()) != layer_count) {
      table.fail(fmt::format("{} layers, as at the other tensor degrees", layer_count));
    }
  }
  if (out.empty()) model.fail("memory tables by tensor degree", "none");
  return out;
}

/// Counts of what was odd in the table of one GPU type.
struct Oddities {
  int zero_updates = 0;
  int zero_embedding_backwards = 0;
  std::vector<std::string> without_memory;
};

/// Whether every point of a GPU type has the model's number of layers; where not, fails if the
/// type was asked for by name, and otherwise notes it.
bool has_all_layers(const JsonNode& table, const std::string& gpu, bool asked_for,
                    ModelProfile& profile) {
  for (const auto& [microbatch, by_degree] : table.members()) {
    for (const auto& [degree, layers] : by_degree.members()) {
      if (static_cast<int>(layers.size()) == profile.layer_count) continue;
      if (asked_for) {
        layers.fail(fmt::format("{} layers, as many as {} has in llm_info.json",
                                profile.layer_count, quote(profile.model)),
                    std::to_string(layers.size()));
      }
      profile.notes.push_back(
          fmt::format("{}: {} is left out: it has {} layers, {} has {} in llm_info.json",
                      table.file(), gpu, layers.size(), profile.model, profile.layer_count));
      return false;
    }
  }
  return true;
}

void note_oddities(const JsonNode& table, const std::string& gpu, const Oddities& odd,
                   ModelProfile& profile) {
  const std::string place = fmt::format("{}: {} on {}", table.file(), profile.model, gpu);
  if (odd.zero_updates > 0) {
    profile.notes.push_back(fmt::format(
        "{}: the optimizer step is 0 in {} points: it was not measured", place, odd.zero_updates));
  }
  if (odd.zero_embedding_backwards > 0) {
    profile.notes.push_back(
        fmt::format("{}: the backward time of layer 0, the embedding, is 0 in {} points", place,
                    odd.zero_embedding_backwards));
  }
  if (!odd.without_memory.empty()) {
    profile.notes.push_back(
        fmt::format("{}: left out for want of a memory table: (tp, microbatch) {}", place,
                    fmt::join(odd.without_memory, ", ")));
  }
  if (const auto holes = describe_holes(grid_holes(profile, gpu)); !holes.empty()) {
    profile.notes.push_back(fmt::format("{}: no point for {}", place, holes));
  }
}

void read_times(const JsonNode& table, const std::string& gpu, bool asked_for,
                ModelProfile& profile) {
  if (!has_all_layers(table, gpu, asked_for, profile)) return;
  Oddities odd;
  for (const auto& [microbatch_key, by_degree] : table.members()) {
    const int microbatch = sailor_key_number(table, microbatch_key, 1, kSailorLargestMicrobatch);
    for (const auto& [degree_key, layers] : by_degree.members()) {
      const int tp = sailor_key_number(by_degree, degree_key, 1, kSailorLargestDegree);
      ProfilePoint point;
      point.evidence = Evidence::kReplayed;
      point.source = table.file();
      point.layers = read_sailor_times(layers);
      if (profile.memory.count(tp) == 0) {
        odd.without_memory.push_back(fmt::format("({}, {})", tp, microbatch));
        continue;
      }
      if (point.layers.front().update_s == 0) ++odd.zero_updates;
      if (point.layers.front().backward_s == 0) ++odd.zero_embedding_backwards;
      if (!profile.points.emplace(PointKey{gpu, tp, microbatch}, std::move(point)).second) {
        layers.fail("one table for each tensor degree and microbatch", "a second one");
      }
    }
  }
  if (profile.microbatches(gpu).empty()) table.fail("at least one usable point", "none");
  note_oddities(table, gpu, odd, profile);
}

ModelProfile begin_profile(const SailorPaths& paths, const std::string& model,
                           std::string variant) {
  ModelProfile profile;
  profile.model = model;
  profile.variant = std::move(variant);
  profile.update_is_whole_step = true;
  const JsonDocument document = JsonDocument::read(paths.llm_info);
  profile.memory =
      read_memory(named_member(document.root(), model, "the model"), profile.layer_count);
  return profile;
}

bool is_name_of_folder(const std::string& name) {
  return !name.empty() && name == safe_file_name(name);
}

}  // namespace

SailorPaths::SailorPaths(const std::filesystem::path& artifact_dir)
    : llm_info(artifact_dir / "sailor/Planner/llm_info.json"),
      profiles_tmp(artifact_dir / "sailor/Planner/simulations/profiles_tmp.json"),
      profiles_root(artifact_dir / "sailor/Planner/sailor_planner/profiles") {}

std::filesystem::path SailorPaths::planner_profile(const std::string& model,
                                                   const std::string& gpu) const {
  return profiles_root / safe_file_name(model) / safe_file_name(gpu) / "profile.json";
}

std::vector<std::string> list_sailor_models(const std::filesystem::path& artifact_dir) {
  const JsonDocument document = JsonDocument::read(SailorPaths(artifact_dir).llm_info);
  std::vector<std::string> out;
  for (const auto& [model, tables] : document.root().members()) out.push_back(model);
  return out;
}

ModelProfile read_sailor_simulator_profile(const std::filesystem::path& artifact_dir,
                                           const std::string& model,
                                           const std::vector<std::string>& gpus) {
  const SailorPaths paths(artifact_dir);
  ModelProfile profile = begin_profile(paths, model, "artifact/simulator");
  const JsonDocument document = JsonDocument::read(paths.profiles_tmp);
  const JsonNode tables = named_member(document.root(), model, "the model");
  if (gpus.empty()) {
    for (const auto& [gpu, table] : tables.members()) read_times(table, gpu, false, profile);
  }
  for (const std::string& gpu : gpus) {
    if (!profile.microbatches(gpu).empty()) continue;  // named twice
    read_times(named_member(tables, gpu, "the GPU type"), gpu, true, profile);
  }
  return profile;
}

ModelProfile read_sailor_planner_profile(const std::filesystem::path& artifact_dir,
                                         const std::string& model,
                                         const std::vector<std::string>& gpus) {
  const SailorPaths paths(artifact_dir);
  ModelProfile profile = begin_profile(paths, model, "artifact/planner");
  const std::filesystem::path folder = paths.profiles_root / safe_file_name(model);
  std::vector<std::string> there;
  std::error_code failure;
  for (const auto& entry : std::filesystem::directory_iterator(folder, failure)) {
    const std::string name = entry.path().filename().string();
    if (is_name_of_folder(name) && std::filesystem::is_regular_file(entry.path() / "profile.json"))
      there.push_back(name);
  }
  std::sort(there.begin(), there.end());
  if (there.empty()) {
    throw_bad_input(fmt::format("{}: expected the planner's profiles GPU/profile.json, found none",
                                folder.string()));
  }
  for (const std::string& gpu : gpus.empty() ? there : gpus) {
    if (!profile.microbatches(gpu).empty()) continue;  // named twice
    if (std::find(there.begin(), there.end(), gpu) == there.end()) {
      throw_bad_input(fmt::format("{}: expected a profile of {} for GPU type {}, found only {}",
                                  folder.string(), quote(model), quote(gpu),
                                  fmt::join(there, ", ")));
    }
    const JsonDocument document = JsonDocument::read(paths.planner_profile(model, gpu));
    read_times(document.root(), gpu, !gpus.empty(), profile);
  }
  return profile;
}

}  // namespace sextant
