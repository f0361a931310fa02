#include "analyzer/profile/profile_point.h"

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/files.h"

namespace sextant {

std::string ProfileKey::text() const {
  return fmt::format("{} on {}, {}{}, tp {}, microbatch {}", quote(model), quote(gpu), variant,
                     seq_len > 0 ? fmt::format(", {} tokens", seq_len) : "", tp, microbatch);
}

std::string variant_name(std::string_view dtype, bool recompute, bool sequence_parallel,
                         std::string_view optimizer) {
  return fmt::format("{}{}{}{}", dtype, recompute ? "-recompute" : "",
                     sequence_parallel ? "-sp" : "",
                     optimizer == "adamw" ? "" : fmt::format("-{}", optimizer));
}

std::string_view to_string(PointStatus status) {
  switch (status) {
    case PointStatus::kOk:
      return "ok";
    case PointStatus::kOutOfMemory:
      return "oom";
    case PointStatus::kError:
      return "error";
    case PointStatus::kTimeout:
      return "timeout";
  }
  throw Error(ErrorCode::kInternal, "a point status without a name");
}

int PointDocument::layer_count() const {
  int count = 0;
  for (const LayerRun& run : sequence) count += run.count;
  return count;
}

double CrossCheck::relative_difference() const {
  return (sum_of_parts_s - iteration.median_s) / iteration.median_s;
}

double PointDocument::total_s(double PhaseTime::*of) const {
  double total = 0;
  for (const LayerRun& run : sequence) {
    const LayerKindProfile& kind = kinds[static_cast<std::size_t>(run.kind)];
    total += run.count * (kind.forward.*of + kind.backward.*of);
  }
  return total;
}

bool PointDocument::has_spread() const {
  for (const LayerKindProfile& kind : kinds) {
    if (kind.forward.samples == 0 || kind.backward.samples == 0) return false;
  }
  return !kinds.empty();
}

std::string PointDocument::time() const {
  const auto found = provenance.find("time");
  return found == provenance.end() ? "" : found->second;
}

namespace {

/// Bytes are counts; they are written as integers wherever they are whole.
OrderedJson bytes_json(double bytes) {
  constexpr double kLargestExact = 9007199254740992.0;  // 2^53
  if (bytes < kLargestExact && bytes == static_cast<double>(static_cast<std::int64_t>(bytes))) {
    return static_cast<std::int64_t>(bytes);
  }
  return bytes;
}

OrderedJson phase_json(const PhaseTime& phase) {
  OrderedJson out = {{"median_s", phase.median_s}};
  if (phase.samples > 0) {
    out["p10_s"] = phase.p10_s;
    out["p90_s"] = phase.p90_s;
    out["n"] = phase.samples;
    out["rel_stdev"] = phase.rel_stdev;
  }
  return out;
}

OrderedJson operators_json(const std::vector<OperatorProfile>& operators) {
  OrderedJson out = OrderedJson::array();
  for (const OperatorProfile& op : operators) {
    out.push_back({{"name", op.name},
                   {"forward_s", op.forward_s},
                   {"backward_s", op.backward_s},
                   {"parameter_bytes", bytes_json(op.parameter_bytes)},
                   {"output_bytes", bytes_json(op.output_bytes)},
                   {"saved_bytes", bytes_json(op.saved_bytes)}});
  }
  return out;
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

OrderedJson kind_json(const LayerKindProfile& kind) {
  OrderedJson out = {{"kind", kind.kind},
                     {"forward", phase_json(kind.forward)},
                     {"backward", phase_json(kind.backward)},
                     {"update", phase_json(kind.update)},
                     {"parameter_bytes", bytes_json(kind.parameter_bytes)},
                     {"input_bytes", bytes_json(kind.input_bytes)},
                     {"output_bytes", bytes_json(kind.output_bytes)},
                     {"saved_activation_bytes", bytes_json(kind.saved_activation_bytes)},
                     {"workspace_bytes", bytes_json(kind.workspace_bytes)}};
  for (const TensorCollective& collective : kind.collectives) {
    out["tp_collectives"].push_back({{"operation", collective.operation},
                                     {"phase", collective.phase},
                                     {"bytes", bytes_json(collective.bytes)}});
  }
  if (!kind.operators.empty()) out["operators"] = operators_json(kind.operators);
  if (!kind.kernels.empty()) out["kernels"] = kernels_json(kind.kernels);
  return out;
}

OrderedJson key_json(const ProfileKey& key) {
  return {{"model", key.model},
          {"gpu", key.gpu},
          {"variant", key.variant},
          {"dtype", key.dtype},
          {"seq_len", key.seq_len},
          {"tp", key.tp},
          {"microbatch", key.microbatch},
          {"recompute", key.recompute},
          {"sequence_parallel", key.sequence_parallel}};
}

}  // namespace

OrderedJson point_json(const PointDocument& point) {
  OrderedJson out = {{"key", key_json(point.key)}, {"status", to_string(point.status)}};
  if (point.status != PointStatus::kOk) out["reason"] = point.reason;
  out["evidence"] = to_string(point.evidence);
  if (point.status == PointStatus::kOk) {
    out["update_scope"] = point.update_is_whole_step ? "whole_step" : "per_layer";
    out["tp_comm"] = point.collectives_are_timed ? "included" : "recorded";
    out["memory_basis"] = point.memory_basis;
    for (const LayerKindProfile& kind : point.kinds) out["layer_kinds"].push_back(kind_json(kind));
    for (const LayerRun& run : point.sequence) {
      out["sequence"].push_back(
          {{"kind", point.kinds[static_cast<std::size_t>(run.kind)].kind}, {"count", run.count}});
    }
  }
  out["provenance"] = OrderedJson::object();
  for (const auto& [name, value] : point.provenance) out["provenance"][name] = value;
  if (!point.source.empty()) out["source"] = point.source;
  return out;
}

std::string point_document_text(const PointDocument& point) {
  OrderedJson out = {{"schema", schema_id("profile")}};
  out.update(point_json(point));
  return json_text(out);
}

bool same_measurement(const PointDocument& a, const PointDocument& b) {
  OrderedJson left = point_json(a);
  OrderedJson right = point_json(b);
  left.erase("source");
  right.erase("source");
  return left == right;
}

std::string point_file_name(const ProfileKey& key) {
  std::string folder;
  std::string_view rest = key.variant;
  while (!rest.empty()) {
    const std::size_t slash = rest.find('/');
    folder += safe_file_name(rest.substr(0, slash)) + "/";
    rest = slash == std::string_view::npos ? "" : rest.substr(slash + 1);
  }
  // Points of one variant may differ in sequence length; then the name must too.
  const std::string length = key.seq_len > 0 ? fmt::format("seq{}/", key.seq_len) : "";
  return fmt::format("{}{}profile_{}_{}_{}_{}.json", folder, length, safe_file_name(key.model),
                     safe_file_name(key.gpu), key.tp, key.microbatch);
}

}  // namespace sextant
