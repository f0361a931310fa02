#include "analyzer/training/galvatron/tables.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/json_document.h"
#include "analyzer/training/published_tables.h"

namespace sextant::galvatron {

namespace {

std::optional<int> whole(std::string_view text) {
  int value = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value);
  if (parsed.ec != std::errc() || parsed.ptr != end || value < 1) return std::nullopt;
  return value;
}

OtherMemory other_memory(const JsonNode& node) {
  return {node.at("model_states").non_negative(), node.at("activation").non_negative()};
}

void read_memory(const std::filesystem::path& file, Tables& out) {
  const JsonDocument document = JsonDocument::read(file);
  const JsonNode root = document.root();
  const JsonNode block = root.at("layertype_0");
  out.state_mb = block.at("parameter_size").positive();
  const JsonNode activations = block.at("tp_activation_per_bsz_dict");
  for (const auto& [degree, mb] : activations.members()) {
    // Beside the degrees may stand "checkpoint", which the harness disables.
    if (const auto tp = whole(degree)) out.activation_mb[*tp] = mb.non_negative();
  }
  if (out.activation_mb.empty()) activations.fail("activations of at least one tensor degree");
  out.only = other_memory(root.at("other_memory_pp_off"));
  out.first = other_memory(root.at("other_memory_pp_on_first"));
  out.last = other_memory(root.at("other_memory_pp_on_last"));
}

void read_hardware(const std::filesystem::path& file, Tables& out) {
  constexpr std::string_view kGroup = "allreduce_size_";
  constexpr std::string_view kKind = "_consec_";
  const JsonDocument document = JsonDocument::read(file);
  const JsonNode root = document.root();
  out.overlap_slowdown = root.at("overlap_coe").positive();
  for (const auto& [key, value] : root.members()) {
    const std::size_t kind = key.find(kKind);
    if (!key.starts_with(kGroup) || kind == std::string::npos) continue;
    const auto size = whole(std::string_view(key).substr(kGroup.size(), kind - kGroup.size()));
    const std::string_view consecutive = std::string_view(key).substr(kind + kKind.size());
    if (!size || (consecutive != "0" && consecutive != "1")) {
      value.fail("a key allreduce_size_<GPUs>_consec_<0 or 1>", quote(key));
    }
    out.groups.set_bandwidth(*size, consecutive == "1", value.positive());
  }
  if (out.groups.empty()) {
    root.fail("bandwidths of groups, consecutive and not: allreduce_size_2_consec_1, …");
  }
}

const ModelDescription& model_of(const TrainingProblem& problem) {
  if (problem.model == nullptr) {
    throw_bad_input(
        fmt::format("galvatron: needs the description of {}: its blocks and hidden size",
                    quote(problem.profile.model)));
  }
  return *problem.model;
}

/// What does not come from tables.
void describe_model(const TrainingProblem& problem, Tables& out) {
  const ModelDescription& model = model_of(problem);
  const int seq_len = problem.job.seq_len > 0 ? problem.job.seq_len : model.seq_len;
  out.blocks = model.layers;
  if (problem.profile.layer_count < out.blocks + 2 || out.blocks < 1) {
    throw_bad_input(fmt::format(
        "galvatron: the profile of {} has {} layers; its {} blocks, an embedding and a head are {}",
        quote(problem.profile.model), problem.profile.layer_count, out.blocks, out.blocks + 2));
  }
  out.output_mb =
      static_cast<double>(seq_len) * model.hidden * element_bytes(problem.job.dtype) / kBytesPerMb;
}

/// Bytes of state per parameter in the published tables: Adam's moments 8, weights 4, gradients 4,
/// communication buffer 4; SGD keeps one moment less.
double state_bytes_per_parameter(const Job& job) {
  return job.optimizer == Optimizer::kAdam ? 20 : 16;
}

/// The block whose memory stands for all: the second, which holds nothing of the embedding.
std::size_t sized_block(const Tables& tables) {
  return tables.blocks > 1 ? 2 : 1;
}

/// Degrees that are not there yet, from the profile.
void add_activations(const ModelProfile& profile, Tables& out) {
  const std::size_t block = sized_block(out);
  for (const auto& [tp, layers] : profile.memory) {
    out.activation_mb.emplace(tp, layers[block].saved_activation_bytes / kBytesPerMb);
  }
}

/// The point of least degree and microbatch: the tool wants those of 1.
const ProfilePoint& smallest_point(const ModelProfile& profile, const std::string& gpu,
                                   double& samples_per_rank) {
  for (const auto& [key, point] : profile.points) {
    if (key.gpu != gpu) continue;  // degrees, then microbatches, ascend within a GPU type
    samples_per_rank = static_cast<double>(key.microbatch) / key.tp;
    return point;
  }
  throw_bad_input(fmt::format("galvatron: the profile of {} has no point on {}",
                              quote(profile.model), quote(gpu)));
}

/// A ring moves its message in as many parts as it has GPUs, 2 (size - 1) of them after each other.
double ring_gb_per_s(const LinkModel& link, int size, double bytes) {
  const double part = std::clamp(bytes / size, link.low_bytes(), link.high_bytes());
  const double seconds = link.transfer_s(part);
  if (!(seconds > 0)) {
    throw_bad_input(
        fmt::format("galvatron: a message of {:.0f} bytes takes {} s on a link of the "
                    "network, so groups of {} GPUs cannot be priced",
                    part, seconds, size));
  }
  return part * size / (2.0 * (size - 1) * seconds) / 1e9;
}

void derive_groups(const TrainingProblem& problem, const GpuPool& pool, int largest_group,
                   double bytes, GroupCosts& out) {
  if (problem.cluster.network == nullptr) {
    throw_bad_input("galvatron: needs a cluster with a network");
  }
  const Network& network = *problem.cluster.network;
  const LinkEnd end = {pool.zone, pool.gpu, 1};
  for (int size = 2; size <= largest_group; ++size) {
    const auto inside =
        size <= pool.gpus_per_node ? network.inside_node(pool.gpu, size) : std::nullopt;
    const bool one_node = inside && pool.node_count() == 1;
    const LinkModel apart = one_node ? *inside : network.between(end, end);
    out.set_bandwidth(size, false, ring_gb_per_s(apart, size, bytes));
    out.set_bandwidth(size, true, ring_gb_per_s(inside.value_or(apart), size, bytes));
  }
}

}  // namespace

double GroupCosts::ms_per_mb(int size, bool consecutive) const {
  if (size == 1) return 0;
  const std::map<int, double>& known = ms_[consecutive ? 1 : 0];
  const auto at = known.lower_bound(size);
  return at != known.end() ? at->second : known.rbegin()->second;
}

void GroupCosts::set_bandwidth(int size, bool consecutive, double gb_per_s) {
  ms_[consecutive ? 1 : 0][size] = 1 / gb_per_s;
}

Tables derived_tables(const TrainingProblem& problem, const GpuPool& pool, int largest_group) {
  Tables out;
  describe_model(problem, out);
  const ModelProfile& profile = problem.profile;
  // As in the published tables: the time of the first block, the memory of the second.
  constexpr std::size_t kTimed = 1;
  const std::size_t sized = sized_block(out);
  double samples_per_rank = 1;
  const ProfilePoint& point = smallest_point(profile, pool.gpu, samples_per_rank);
  out.forward_ms = point.layers[kTimed].forward_s * 1000 / samples_per_rank;
  if (!(out.forward_ms > 0)) {
    throw_bad_input(fmt::format("{}: the forward pass of a block takes {} s on {}", point.source,
                                point.layers[kTimed].forward_s, quote(pool.gpu)));
  }

  const double state = state_bytes_per_parameter(problem.job) / element_bytes(problem.job.dtype);
  // What the least profiled degree shards, times that degree, stands for whole layers.
  const int least_tp = profile.memory.empty() ? 1 : profile.memory.begin()->first;
  const std::vector<LayerMemory>& sharded = profile.memory_at(least_tp);
  const auto state_mb = [&](std::size_t layer) {
    return sharded[layer].parameter_bytes * least_tp * state / kBytesPerMb;
  };
  out.state_mb = state_mb(sized);
  if (!(out.state_mb > 0)) {
    throw_bad_input(
        fmt::format("galvatron: the profile of {} has a block (layer {}) without "
                    "parameters",
                    quote(profile.model), sized));
  }
  add_activations(profile, out);
  const auto activation_mb = [&](std::size_t layer) {
    return sharded[layer].saved_activation_bytes * least_tp / kBytesPerMb;
  };
  out.first = {state_mb(0), activation_mb(0)};
  for (std::size_t l = static_cast<std::size_t>(out.blocks) + 1; l < sharded.size(); ++l) {
    out.last.states_mb += state_mb(l);
    out.last.activation_mb += activation_mb(l);
  }
  out.only = {out.first.states_mb + out.last.states_mb,
              out.first.activation_mb + out.last.activation_mb};
  derive_groups(problem, pool, largest_group, sharded[sized].parameter_bytes * least_tp,
                out.groups);
  out.source = "derived from " + point.source;
  return out;
}

Tables tables_for(const TrainingProblem& problem, const GpuPool& pool, int largest_group) {
  const std::string folder =
      fmt::format("Galvatron/profiles/{}/{}", problem.profile.model, pool.gpu);
  const auto own = find_published_table(problem, {folder});
  if (!own) return derived_tables(problem, pool, largest_group);
  Tables out;
  describe_model(problem, out);
  {
    const JsonDocument document = JsonDocument::read(*own / "compute_profile.json");
    out.forward_ms = document.root().at("layertype_0").positive();
  }
  read_memory(*own / "memory_profile.json", out);
  add_activations(problem.profile, out);  // the tables end at degree 4
  read_hardware(*own / "hw_prof.json", out);
  out.source = own->string();
  return out;
}

}  // namespace sextant::galvatron
