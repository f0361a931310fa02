#include "analyzer/profile/export/galvatron_export.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "analyzer/core/error.h"

namespace sextant {

namespace {

/// The layers of a model that Galvatron tells apart: blocks, which it stacks, and what comes before
/// and after them.
struct ModelParts {
  const PointDocument* point = nullptr;
  const LayerKindProfile* block = nullptr;
  std::vector<const LayerKindProfile*> before;
  std::vector<const LayerKindProfile*> after;
};

/// The kind with most layers stands for all blocks.
ModelParts parts_of(const PointDocument& point) {
  ModelParts parts;
  parts.point = &point;
  int most = 0;
  for (const LayerRun& run : point.sequence) {
    const LayerKindProfile& kind = point.kinds[static_cast<std::size_t>(run.kind)];
    if (role_of(kind) == LayerRole::kBlock) {
      if (run.count > most) {
        most = run.count;
        parts.block = &kind;
      }
    } else {
      auto& side = role_of(kind) == LayerRole::kEmbedding ? parts.before : parts.after;
      side.insert(side.end(), static_cast<std::size_t>(run.count), &kind);
    }
  }
  if (parts.block == nullptr) {
    throw_bad_input(fmt::format("{}: galvatron: expected a block, found none", point.key.text()));
  }
  return parts;
}

/// MiB that a list of layers takes on a rank.
struct Memory {
  double states = 0;
  double activations = 0;
  double workspace = 0;  ///< the largest transient of a layer beside them

  void add(const PointDocument& point, const LayerKindProfile& layer) {
    states += model_state_bytes(point, layer) / kBytesPerMib;
    activations += layer.saved_activation_bytes / kBytesPerMib;
    workspace = std::max({workspace, layer.training_memory->forward_workspace_bytes / kBytesPerMib,
                          layer.training_memory->backward_workspace_bytes / kBytesPerMib});
  }
};

/// Of a rank with these layers and `blocks` blocks.
Memory memory_of(const ModelParts& parts, bool before, bool after, int blocks) {
  Memory memory;
  if (before) {
    for (const LayerKindProfile* layer : parts.before) memory.add(*parts.point, *layer);
  }
  for (int b = 0; b < blocks; ++b) memory.add(*parts.point, *parts.block);
  if (after) {
    for (const LayerKindProfile* layer : parts.after) memory.add(*parts.point, *layer);
  }
  return memory;
}

/// First and last rank of a run of `pp` stages with one and with two blocks. With two stages all
/// blocks are on the last, as in the published runs.
OrderedJson run_of(const ModelParts& parts, int pp) {
  const int last_rank = pp * parts.point->key.tp - 1;
  OrderedJson out = OrderedJson::object();
  for (const int blocks : {1, 2}) {
    const auto put = [&](int rank, const Memory& memory) {
      const std::string name = fmt::format("layernum[{}]_bsz1_rank{}_", blocks, rank);
      out[name + "ms"] = memory.states;
      out[name + "act"] = memory.activations;
      out[name + "act_peak"] = memory.activations + memory.workspace;
    };
    put(0, memory_of(parts, true, pp == 1, pp == 1 ? blocks : 0));
    if (last_rank > 0) put(last_rank, memory_of(parts, pp == 1, true, blocks));
  }
  return out;
}

OrderedJson other_memory(double states_mib, double activation_mib) {
  return {{"model_states", states_mib}, {"activation", activation_mib}};
}

OrderedJson memory_profile(const std::map<int, ModelParts>& by_degree, int world) {
  OrderedJson out = OrderedJson::object();
  for (const auto& [tp, parts] : by_degree) {
    for (const int pp : {1, 2}) {
      if (pp * tp <= std::max(world, 2)) out[fmt::format("{}_{}_1", pp, tp)] = run_of(parts, pp);
    }
  }
  const ModelParts& whole = by_degree.at(1);
  OrderedJson activations = OrderedJson::object();
  for (const auto& [tp, parts] : by_degree) {
    activations[std::to_string(tp)] = parts.block->saved_activation_bytes / kBytesPerMib;
  }
  out["layertype_0"] = {{"parameter_size", whole.block->parameter_bytes / kBytesPerMib},
                        {"tp_activation_per_bsz_dict", activations}};
  // Model states as they are on one GPU of the machine, activations before they are divided by tp:
  // its cost model divides the ones and not the others.
  const ModelParts& spread = by_degree.rbegin()->second;
  const ModelParts& halves = by_degree.size() > 1 ? std::prev(by_degree.end(), 2)->second : spread;
  out["other_memory_pp_off"] = other_memory(memory_of(spread, true, true, 0).states,
                                            memory_of(whole, true, true, 0).activations);
  out["other_memory_pp_on_first"] = other_memory(memory_of(halves, true, false, 0).states,
                                                 memory_of(whole, true, false, 0).activations);
  out["other_memory_pp_on_last"] = other_memory(memory_of(halves, false, true, 0).states,
                                                memory_of(whole, false, true, 0).activations);
  return out;
}

OrderedJson compute_profile(const ModelParts& parts) {
  double other_s = 0;
  for (const auto* side : {&parts.before, &parts.after}) {
    for (const LayerKindProfile* layer : *side) other_s += layer->forward.median_s;
  }
  return {{"layertype_0", kMsPerSecond * parts.block->forward.median_s},
          {"layertype_other_0", kMsPerSecond * other_s}};
}

/// The slowdowns that the artifact uses for every GPU type it did not measure, by GPUs of a
/// machine; 8 is the V100's.
const std::map<int, double> kPublishedOverlap = {{1, 1.0}, {2, 1.513}, {4, 1.227}, {8, 1.59}};

void put_overlap(const ExportInput& input, ExportFiles& files, std::vector<std::string>& notes) {
  const std::filesystem::path path = "Galvatron/overlap_coe_dicts.json";
  OrderedJson table = files.shared_table(path);
  OrderedJson entry = OrderedJson::object();
  for (const auto& [gpus, published] : kPublishedOverlap) {
    if (gpus > input.gpus_per_node()) break;
    // One GPU has nobody to talk to.
    const double coefficient =
        gpus == 1 ? 1.0 : input.options().overlap_coefficient.value_or(published);
    entry[std::to_string(gpus)] = coefficient;
  }
  table[input.gpu()] = entry;
  files.put(path, table.dump(4, ' ', true));
  if (!input.options().overlap_coefficient) {
    notes.push_back(fmt::format(
        "{}: the overlap coefficients are the published ones of other GPU types; a profile does "
        "not have them (--overlap-coefficient)",
        quote(input.gpu())));
  }
}

void put(const ExportInput& input, ExportFiles& files, std::vector<std::string>& notes) {
  MissingParts missing(input);
  std::map<int, ModelParts> by_degree;
  for (int tp = 1; tp <= std::min(input.gpus_per_node(), input.degrees().back()); tp *= 2) {
    const PointDocument* point = input.find(tp, 1);
    if (point == nullptr) {
      missing.need_point(tp, 1);
      continue;
    }
    missing.need_training_memory(*point);
    by_degree[tp] = parts_of(*point);
  }
  missing.throw_if_any("galvatron");
  const std::filesystem::path folder = tool_folder("Galvatron", input);
  files.put(folder / "compute_profile.json", python_json(compute_profile(by_degree.at(1))));
  files.put(folder / "memory_profile.json",
            memory_profile(by_degree, by_degree.rbegin()->first).dump(4, ' ', true));
  put_overlap(input, files, notes);
  notes.push_back("galvatron: hw_prof.json is a measurement of the network and is not written");
}

}  // namespace

Exporter galvatron_exporter() {
  return {"galvatron",
          "Galvatron/profiles/<model>/<gpu>/{compute,memory}_profile.json, "
          "Galvatron/overlap_coe_dicts.json",
          "microbatch 1 and training_memory at tensor degrees 1, 2, 4, … of a machine", put};
}

}  // namespace sextant
