#include "analyzer/profile/export/aceso_export.h"

#include <array>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/files.h"

namespace sextant {

namespace {

/// A line of Aceso's table and the operators of ours (analyzer/model/operators.h) that it stands
/// for.
struct Row {
  const char* name;
  LayerRole layer;
  std::vector<std::string_view> operators;
  /// Beside its own output the block's input is passed on, until it is added.
  bool carries_residual;
};

const std::array<Row, 16> kRows = {{
    {"encoder-embedding",
     LayerRole::kEmbedding,
     {"token_embedding", "project_in", "position_embedding"},
     false},
    {"enc-1st-layernorm", LayerRole::kBlock, {"attention_norm"}, true},
    {"enc-attention-qkv", LayerRole::kBlock, {"attention_qkv", "rotary"}, true},
    {"enc-attention-score", LayerRole::kBlock, {"attention"}, true},
    {"enc-attention-softmax", LayerRole::kBlock, {}, true},
    {"enc-attention-dropout", LayerRole::kBlock, {}, true},
    {"enc-attention-context", LayerRole::kBlock, {}, true},
    {"enc-attention-dense", LayerRole::kBlock, {"attention_output"}, true},
    {"enc-post-attention-dropout", LayerRole::kBlock, {"attention_residual"}, false},
    {"enc-2nd-layernorm", LayerRole::kBlock, {"ffn_norm"}, true},
    {"enc-MLP-GEMM-1", LayerRole::kBlock, {"ffn_up"}, true},
    {"enc-MLP-gelu", LayerRole::kBlock, {"relu", "gelu", "swiglu"}, true},
    {"enc-MLP-GEMM-2", LayerRole::kBlock, {"ffn_down"}, true},
    {"enc-post-MLP-dropout", LayerRole::kBlock, {"ffn_residual"}, false},
    {"final-layernorm", LayerRole::kFinalNorm, {"final_norm"}, false},
    {"gpt-post-process", LayerRole::kHead, {"project_out", "logits", "loss"}, false},
}};

/// The kind that stands for a role: the one with most layers. Null where there is none.
const LayerKindProfile* kind_of(const PointDocument& point, LayerRole role) {
  const LayerKindProfile* out = nullptr;
  int most = 0;
  for (const LayerRun& run : point.sequence) {
    const LayerKindProfile& kind = point.kinds[static_cast<std::size_t>(run.kind)];
    if (role_of(kind) == role && run.count > most) {
      most = run.count;
      out = &kind;
    }
  }
  return out;
}

/// Throws for an operator that no line stands for: a mixture of experts has some.
void refuse_strangers(const PointDocument& point, const LayerKindProfile& kind) {
  for (const OperatorProfile& op : kind.operators) {
    bool known = false;
    for (const Row& row : kRows) {
      for (const std::string_view name : row.operators) known = known || name == op.name;
    }
    if (!known) {
      throw_bad_input(
          fmt::format("{}: aceso: its table has no line for operator {} of layer kind {}",
                      point.key.text(), quote(op.name), quote(kind.kind)));
    }
  }
}

/// Sums over the operators of a line.
OperatorProfile sum_of(const Row& row, const LayerKindProfile& kind) {
  OperatorProfile sum;
  for (const std::string_view name : row.operators) {
    for (const OperatorProfile& op : kind.operators) {
      if (op.name != name) continue;
      sum.forward_s += op.forward_s;
      sum.backward_s += op.backward_s;
      sum.parameter_bytes += op.parameter_bytes;
      sum.saved_bytes += op.saved_bytes;
      sum.output_bytes = op.output_bytes;  // the last one's
    }
  }
  return sum;
}

std::string table_text(const PointDocument& point) {
  std::string out =
      "op_name,forward-compute,backward-compute,input_size,output_size,weights,activations,"
      "fwd_reserved,bwd_reserved\r\n";
  // Stands in for the final norm of a model without one (norms after the residual): it costs
  // nothing and passes its input on.
  LayerKindProfile absent;
  absent.training_memory.emplace();
  double input_bytes = kind_of(point, LayerRole::kEmbedding)->input_bytes;
  double attention_bytes = 0;  // passes through the lines that the fused kernel covers
  for (const Row& row : kRows) {
    const LayerKindProfile* found = kind_of(point, row.layer);
    const LayerKindProfile& kind = found != nullptr ? *found : absent;
    const OperatorProfile sum = sum_of(row, kind);
    if (std::string_view(row.name) == "enc-attention-score") attention_bytes = sum.output_bytes;
    double output_bytes = row.operators.empty() ? attention_bytes : sum.output_bytes;
    if (row.carries_residual) output_bytes += kind.input_bytes;
    if (found == nullptr) output_bytes = input_bytes;
    // The loss is no message to anybody.
    if (row.layer == LayerRole::kHead) output_bytes = 0;
    const auto mib = [](double bytes) { return bytes / kBytesPerMib; };
    out += fmt::format("{},{:.3f},{:.3f},{:.3f},{:.3f},{:.3f},{:.3f},{:.3f},{:.3f}\r\n", row.name,
                       kUsPerSecond * sum.forward_s, kUsPerSecond * sum.backward_s,
                       mib(input_bytes), mib(output_bytes), mib(sum.parameter_bytes),
                       mib(sum.saved_bytes), mib(kind.training_memory->forward_workspace_bytes),
                       mib(kind.training_memory->backward_workspace_bytes));
    input_bytes = output_bytes;
  }
  return out;
}

void check(const PointDocument& point, MissingParts& missing) {
  constexpr std::pair<LayerRole, const char*> kRoles[] = {{LayerRole::kEmbedding, "embedding"},
                                                          {LayerRole::kBlock, "block"},
                                                          {LayerRole::kFinalNorm, "final_norm"},
                                                          {LayerRole::kHead, "head"}};
  for (const auto& [role, name] : kRoles) {
    const LayerKindProfile* kind = kind_of(point, role);
    if (kind == nullptr) {
      // Models whose blocks end in a norm have no other.
      if (role != LayerRole::kFinalNorm) missing.need_member(point, name, "times");
      continue;
    }
    if (kind->operators.empty()) missing.need_member(point, kind->kind, "operators");
    if (!kind->training_memory) missing.need_member(point, kind->kind, "training_memory");
    refuse_strangers(point, *kind);
  }
}

void put(const ExportInput& input, ExportFiles& files, std::vector<std::string>& notes) {
  MissingParts missing(input);
  for (const PointDocument& point : input.points()) check(point, missing);
  missing.throw_if_any("aceso");
  const std::string& dtype = input.key().dtype;
  const char* width = dtype == "fp32" || dtype == "tf32" ? "fp32" : "fp16";
  const std::filesystem::path folder = std::filesystem::path("Aceso/profiler") /
                                       safe_file_name(input.gpu()) /
                                       fmt::format("profiled-data-{}", width);
  bool one_split_only = false;
  for (const PointDocument& point : input.points()) {
    const std::string text = table_text(point);
    const auto name = [&](int split) {
      return fmt::format("{}_mbs{}_tp{}_algo{}.csv", safe_file_name(input.model()),
                         point.key.microbatch, point.key.tp, split);
    };
    files.put(folder / name(0), text);
    if (point.key.tp == 1) files.put(folder / name(1), text);
    one_split_only = one_split_only || point.key.tp > 1;
  }
  if (one_split_only) {
    notes.push_back("aceso: algo1 (row before column) is not measured and written at tp 1 only");
  }
  notes.push_back("aceso: the reserved memory of a line is the workspace of its whole layer");
  notes.push_back(
      "aceso: prim_*.csv and p2p_*.csv are measurements of the network and are not written");
}

}  // namespace

Exporter aceso_exporter() {
  return {"aceso",
          "Aceso/profiler/<gpu>/profiled-data-<fp32|fp16>/<model>_mbs<m>_tp<tp>_algo<0|1>.csv",
          "operators and training_memory of every layer kind; no mixture of experts", put};
}

}  // namespace sextant
