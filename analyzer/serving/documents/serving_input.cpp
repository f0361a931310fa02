#include "analyzer/serving/documents/serving_input.h"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <optional>

#include <fmt/format.h>

#include "analyzer/cluster/cluster_document.h"
#include "analyzer/core/error.h"
#include "analyzer/model/zoo.h"
#include "analyzer/profile/gpu.h"
#include "analyzer/serving/documents/estimated_types.h"
#include "analyzer/serving/documents/served_site.h"
#include "analyzer/serving/formats/helix_files.h"
#include "analyzer/serving/formats/machine_profiles.h"
#include "analyzer/serving/formats/measured_types.h"
#include "analyzer/training/shipped_gpus.h"

namespace sextant {

namespace {

namespace fs = std::filesystem;

/// The artifact's names of its models, by ours.
constexpr std::pair<std::string_view, std::string_view> kArtifactModels[] = {
    {"LLaMA-1-30B", "llama30b"}, {"Llama-2-70B", "llama70b"}};

/// Nothing where the artifact has no such model.
std::optional<std::string> artifact_model(const std::string& name) {
  const ModelDescription known = model_named(name);
  for (const auto& [ours, theirs] : kArtifactModels) {
    if (known.name == ours) return std::string(theirs);
  }
  return std::nullopt;
}

bool is_ini(const std::string& path) {
  return fs::path(path).extension() == ".ini";
}

class InputReader {
 public:
  explicit InputReader(const ServingInputOptions& options) : options_(options) {}

  ServingInput read() {
    model_ = model_named(options_.model);
    if (!options_.artifact.empty()) {
      const auto name = artifact_model(options_.model);
      if (!name) {
        throw_bad_input(
            fmt::format("{}: no profiles of {}; there are LLaMA-1-30B (llama30b) and "
                        "Llama-2-70B (llama70b)",
                        options_.artifact, quote(model_.name)));
      }
      published_ = read_helix_profiles(options_.artifact, *name);
      input_.profiles.model = published_->model;
      input_.profiles.model.name = model_.name;
    } else {
      input_.profiles.model = served_model(model_);
    }
    if (!options_.profiles.empty()) {
      measured_ = read_serving_documents(options_.profiles, model_.name);
    }
    const bool ini = is_ini(options_.cluster);
    const std::vector<MachineKind> kinds = ini ? read_ini() : read_document();
    input_.evidence = published_ ? Evidence::kReplayed : Evidence::kMeasuredGpu;
    for (const MachineKind& kind : kinds) add_type(kind);
    if (ini && published_) add_unused_types();
    check_reachable(input_.cluster);
    return std::move(input_);
  }

 private:
  std::vector<MachineKind> read_ini() {
    fs::path hardware = options_.machine_profiles;
    if (hardware.empty() && !options_.artifact.empty()) {
      hardware = fs::path(options_.artifact) / "clusters/single/machine_profiles.ini";
    }
    if (hardware.empty()) {
      throw_usage(
          "--cluster of the artifact's form needs --machine-profiles, its "
          "machine_profiles.ini");
    }
    input_.cluster = read_helix_cluster(options_.cluster, hardware);
    input_.cluster_name = fs::path(options_.cluster).stem().string();
    std::vector<MachineKind> kinds;
    const MachineProfiles known = read_machine_profiles(hardware);
    for (const ServingMachine& machine : input_.cluster.machines) {
      if (std::any_of(kinds.begin(), kinds.end(),
                      [&](const MachineKind& kind) { return kind.type == machine.type; })) {
        continue;
      }
      const auto found =
          std::find_if(known.types.begin(), known.types.end(),
                       [&](const MachineHardware& one) { return one.type == machine.type; });
      if (found == known.types.end()) {
        throw_bad_input(fmt::format("{}: machine {}: {} has no machine type {}", options_.cluster,
                                    quote(machine.name), hardware.string(), quote(machine.type)));
      }
      MachineKind kind = machine_kind_of(machine.type);
      kind.memory_bytes = found->vram_bytes;
      kind.nic_bytes_per_s = std::min(found->nic_in_bytes_per_s, found->nic_out_bytes_per_s);
      kinds.push_back(kind);
    }
    return kinds;
  }

  std::vector<MachineKind> read_document() {
    const Cluster cluster = read_cluster(options_.cluster, shipped_gpu);
    ServedSite site =
        served_site(cluster, input_.profiles.model.activation_bytes, options_.coordinator_zone);
    input_.cluster = std::move(site.cluster);
    input_.cluster.source = options_.cluster;
    input_.cluster_name = cluster.name;
    return site.kinds;
  }

  void add_type(const MachineKind& kind) {
    if (published_) {
      for (const MachineType& type : published_->types) {
        const MachineKind other = machine_kind_of(type.name);
        if (other.gpu != machine_kind_of(kind.type).gpu || other.gpus != kind.gpus) continue;
        add(type, kind, Evidence::kReplayed, "published");
        return;
      }
    }
    if (const ServingDocument* document = find_serving_document(measured_, kind.gpu, kind.gpus)) {
      MeasuredType measured =
          measured_type(*document, input_.profiles.model, measured_options(kind));
      add(std::move(measured.type), kind, measured.evidence, measured.note);
      return;
    }
    add(estimated_type(model_, kind, context_tokens()), kind, Evidence::kEstimated,
        "estimated from data-sheet figures, not measured");
  }

  double context_tokens() const { return options_.context_costs ? 0 : kTypicalContextTokens; }

  MeasuredTypeOptions measured_options(const MachineKind& kind) const {
    MeasuredTypeOptions options;
    options.memory_bytes = kind.memory_bytes;
    options.nic_bytes_per_s = kind.nic_bytes_per_s;
    options.context_tokens = context_tokens();
    if (const auto gpu = find_gpu(kind.gpu)) {
      // What nccl-tests shows of a link's peak.
      constexpr double kLinkShare = 0.8;
      options.tensor_link = TensorLink{.bytes_per_s = kLinkShare * (gpu->nvlink_bytes_per_s > 0
                                                                        ? gpu->nvlink_bytes_per_s
                                                                        : gpu->pcie_bytes_per_s)};
    }
    return options;
  }

  /// The artifact's files list all of its types, in its order, whether machines have them or not.
  void add_unused_types() {
    std::vector<MachineType>& types = input_.profiles.types;
    std::vector<MachineType> ordered;
    for (const MachineType& published : published_->types) {
      const auto found = std::find_if(types.begin(), types.end(), [&](const MachineType& type) {
        return type.name == published.name;
      });
      ordered.push_back(found == types.end() ? published : std::move(*found));
      if (found != types.end()) types.erase(found);
    }
    std::move(types.begin(), types.end(), std::back_inserter(ordered));
    types = std::move(ordered);
  }

  void add(MachineType type, const MachineKind& kind, Evidence evidence, std::string_view what) {
    type.name = kind.type;
    type.nic_in_bytes_per_s = kind.nic_bytes_per_s;
    type.nic_out_bytes_per_s = kind.nic_bytes_per_s;
    input_.evidence = weaker(input_.evidence, evidence);
    input_.notes.push_back(fmt::format("{}: {}", type.name, what));
    input_.profiles.types.push_back(std::move(type));
  }

  const ServingInputOptions& options_;
  ModelDescription model_;
  std::optional<ServingProfiles> published_;
  std::vector<ServingDocument> measured_;
  ServingInput input_;
};

}  // namespace

ServingInput read_serving_input(const ServingInputOptions& options) {
  return InputReader(options).read();
}

ServingProfiles artifact_profiles(const std::string& artifact, const std::string& model) {
  const auto name = artifact_model(model);
  if (!name) {
    throw_bad_input(
        fmt::format("{}: no profiles of {}; there are LLaMA-1-30B (llama30b) and "
                    "Llama-2-70B (llama70b)",
                    artifact, quote(model)));
  }
  ServingProfiles profiles = read_helix_profiles(artifact, *name);
  profiles.model.name = model_named(model).name;
  return profiles;
}

}  // namespace sextant
