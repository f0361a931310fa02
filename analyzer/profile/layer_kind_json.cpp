#include "analyzer/profile/layer_kind_json.h"

#include <algorithm>

#include <fmt/format.h>

#include "analyzer/profile/measurement_json.h"

namespace sextant {

namespace {

/// The bytes of a structure, each with the name of its member.
template <typename T>
struct ByteMember {
  const char* name;
  double T::*value;
};

constexpr ByteMember<LayerKindProfile> kLayerBytes[] = {
    {"parameter_bytes", &LayerKindProfile::parameter_bytes},
    {"input_bytes", &LayerKindProfile::input_bytes},
    {"output_bytes", &LayerKindProfile::output_bytes},
    {"saved_activation_bytes", &LayerKindProfile::saved_activation_bytes},
    {"workspace_bytes", &LayerKindProfile::workspace_bytes}};

constexpr ByteMember<TrainingMemory> kTrainingBytes[] = {
    {"gradient_bytes", &TrainingMemory::gradient_bytes},
    {"optimizer_state_bytes", &TrainingMemory::optimizer_state_bytes},
    {"forward_workspace_bytes", &TrainingMemory::forward_workspace_bytes},
    {"backward_workspace_bytes", &TrainingMemory::backward_workspace_bytes},
    {"update_workspace_bytes", &TrainingMemory::update_workspace_bytes},
    {"alone_peak_bytes", &TrainingMemory::alone_peak_bytes}};

constexpr ByteMember<OperatorProfile> kOperatorBytes[] = {
    {"parameter_bytes", &OperatorProfile::parameter_bytes},
    {"output_bytes", &OperatorProfile::output_bytes},
    {"saved_bytes", &OperatorProfile::saved_bytes}};

template <typename T, std::size_t N>
void put_bytes(const T& from, const ByteMember<T> (&members)[N], OrderedJson& out) {
  for (const auto& [name, value] : members) out[name] = bytes_json(from.*value);
}

template <typename T, std::size_t N>
void take_bytes(const JsonNode& node, const ByteMember<T> (&members)[N], T& to) {
  for (const auto& [name, value] : members) to.*value = node.at(name).non_negative();
}

OrderedJson operators_json(const std::vector<OperatorProfile>& operators) {
  OrderedJson out = OrderedJson::array();
  for (const OperatorProfile& op : operators) {
    OrderedJson row = {
        {"name", op.name}, {"forward_s", op.forward_s}, {"backward_s", op.backward_s}};
    put_bytes(op, kOperatorBytes, row);
    out.push_back(std::move(row));
  }
  return out;
}

std::vector<OperatorProfile> read_operators(const JsonNode& list, bool lenient) {
  std::vector<OperatorProfile> out;
  for (const JsonNode& node : list.elements()) {
    expect_known(
        node, lenient,
        {"name", "forward_s", "backward_s", "parameter_bytes", "output_bytes", "saved_bytes"});
    OperatorProfile op;
    op.name = node.at("name").name();
    op.forward_s = node.at("forward_s").non_negative();
    op.backward_s = node.at("backward_s").non_negative();
    take_bytes(node, kOperatorBytes, op);
    out.push_back(std::move(op));
  }
  return out;
}

std::string read_phase_name(const JsonNode& node) {
  node.one_of({"forward", "backward", "update"});
  return node.string();
}

OrderedJson kernels_json(const std::vector<KernelProfile>& kernels) {
  OrderedJson out = OrderedJson::array();
  for (const KernelProfile& kernel : kernels) {
    out.push_back({{"name", kernel.name},
                   {"phase", kernel.phase},
                   {"calls", kernel.calls},
                   {"total_s", kernel.total_s}});
  }
  return out;
}

std::vector<KernelProfile> read_kernels(const JsonNode& list, bool lenient) {
  std::vector<KernelProfile> out;
  for (const JsonNode& node : list.elements()) {
    expect_known(node, lenient, {"name", "phase", "calls", "total_s"});
    out.push_back({node.at("name").string(), read_phase_name(node.at("phase")),
                   node.at("calls").count(), node.at("total_s").non_negative()});
  }
  return out;
}

OrderedJson kernel_summaries_json(const std::vector<KernelSummary>& summaries) {
  OrderedJson out = OrderedJson::array();
  for (const KernelSummary& summary : summaries) {
    OrderedJson row = {
        {"phase", summary.phase}, {"busy_s", summary.busy_s}, {"gap_s", summary.gap_s}};
    if (summary.roofline_fraction > 0) row["roofline_fraction"] = summary.roofline_fraction;
    out.push_back(std::move(row));
  }
  return out;
}

std::vector<KernelSummary> read_kernel_summaries(const JsonNode& list, bool lenient) {
  std::vector<KernelSummary> out;
  for (const JsonNode& node : list.elements()) {
    expect_known(node, lenient, {"phase", "busy_s", "gap_s", "roofline_fraction"});
    KernelSummary summary;
    summary.phase = read_phase_name(node.at("phase"));
    const bool twice = std::any_of(out.begin(), out.end(), [&](const KernelSummary& other) {
      return other.phase == summary.phase;
    });
    if (twice) node.at("phase").fail("one summary for each phase");
    summary.busy_s = node.at("busy_s").non_negative();
    summary.gap_s = node.at("gap_s").non_negative();
    if (const auto fraction = node.find("roofline_fraction")) {
      summary.roofline_fraction = fraction->positive();
    }
    out.push_back(std::move(summary));
  }
  return out;
}

OrderedJson training_memory_json(const TrainingMemory& memory) {
  OrderedJson out = OrderedJson::object();
  put_bytes(memory, kTrainingBytes, out);
  return out;
}

TrainingMemory read_training_memory(const JsonNode& node, double parameter_bytes, bool lenient) {
  expect_known(node, lenient,
               {"gradient_bytes", "optimizer_state_bytes", "forward_workspace_bytes",
                "backward_workspace_bytes", "update_workspace_bytes", "alone_peak_bytes"});
  TrainingMemory memory;
  take_bytes(node, kTrainingBytes, memory);
  // Whatever else is freed in time, parameters and optimizer state are there throughout.
  const double resident = parameter_bytes + memory.optimizer_state_bytes;
  if (memory.alone_peak_bytes < resident) {
    node.at("alone_peak_bytes")
        .fail(fmt::format("at least {} bytes, parameters and optimizer state", resident));
  }
  return memory;
}

}  // namespace

OrderedJson layer_kind_json(const LayerKindProfile& kind) {
  OrderedJson out = {{"kind", kind.kind},
                     {"forward", time_json(kind.forward)},
                     {"backward", time_json(kind.backward)},
                     {"update", time_json(kind.update)}};
  put_bytes(kind, kLayerBytes, out);
  if (kind.training_memory) out["training_memory"] = training_memory_json(*kind.training_memory);
  if (!kind.collectives.empty()) out["tp_collectives"] = collectives_json(kind.collectives);
  if (!kind.operators.empty()) out["operators"] = operators_json(kind.operators);
  if (!kind.kernels.empty()) out["kernels"] = kernels_json(kind.kernels);
  if (!kind.kernel_summaries.empty()) {
    out["kernel_summaries"] = kernel_summaries_json(kind.kernel_summaries);
  }
  return out;
}

LayerKindProfile read_layer_kind(const JsonNode& node, bool lenient) {
  expect_known(node, lenient,
               {"kind", "forward", "backward", "update", "parameter_bytes", "input_bytes",
                "output_bytes", "saved_activation_bytes", "workspace_bytes", "training_memory",
                "tp_collectives", "operators", "kernels", "kernel_summaries"});
  LayerKindProfile kind;
  kind.kind = node.at("kind").name();
  kind.forward = read_time(node.at("forward"), false, lenient);
  // An embedding's backward may be too short for the clock, a frozen layer has no update.
  kind.backward = read_time(node.at("backward"), true, lenient);
  kind.update = read_time(node.at("update"), true, lenient);
  take_bytes(node, kLayerBytes, kind);
  if (const auto memory = node.find("training_memory")) {
    kind.training_memory = read_training_memory(*memory, kind.parameter_bytes, lenient);
  }
  if (const auto list = node.find("tp_collectives")) {
    kind.collectives = read_collectives(*list, lenient);
  }
  if (const auto list = node.find("operators")) kind.operators = read_operators(*list, lenient);
  if (const auto list = node.find("kernels")) kind.kernels = read_kernels(*list, lenient);
  if (const auto list = node.find("kernel_summaries")) {
    kind.kernel_summaries = read_kernel_summaries(*list, lenient);
  }
  return kind;
}

}  // namespace sextant
