#include "analyzer/training/aceso/derived_tables.h"

#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/model/operators.h"

namespace sextant::aceso {

namespace {

constexpr double kUsPerSecond = 1e6;

/// Where work of matrix products begins to weigh more than what they move: about peak FLOP/s over
/// memory bandwidth of the GPUs of these years (A100: 19.5 TFLOP/s fp32 or 156 tf32, 1.6 TB/s).
constexpr double kFlopsPerByte = 30;

/// The parts of a layer's figures that fall to an operator.
struct Share {
  double forward = 0;
  double backward = 0;
  double parameters = 0;
  double saved = 0;
};

/// The line of Aceso's tables in which an operator of ours stands.
OperatorKind line_of(std::string_view name, LayerKind layer) {
  constexpr std::array<std::pair<std::string_view, OperatorKind>, 11> kBlockLines = {{
      {"attention_norm", OperatorKind::kFirstNorm},
      {"attention_qkv", OperatorKind::kQkv},
      {"rotary", OperatorKind::kQkv},
      {"attention", OperatorKind::kScore},
      {"attention_output", OperatorKind::kDense},
      {"attention_residual", OperatorKind::kPostAttentionDropout},
      {"ffn_norm", OperatorKind::kSecondNorm},
      {"ffn_up", OperatorKind::kUp},
      {"relu", OperatorKind::kActivation},
      {"gelu", OperatorKind::kActivation},
      {"swiglu", OperatorKind::kActivation},
  }};
  switch (layer) {
    case LayerKind::kEmbedding:
      return OperatorKind::kEmbedding;
    case LayerKind::kFinalNorm:
      return OperatorKind::kFinalNorm;
    case LayerKind::kHead:
      return OperatorKind::kPostProcess;
    case LayerKind::kBlock:
      break;
  }
  for (const auto& [ours, line] : kBlockLines) {
    if (ours == name) return line;
  }
  if (name == "ffn_residual") return OperatorKind::kPostMlpDropout;
  return OperatorKind::kDown;  // the second product, and all that a mixture of experts adds
}

double work(double flops, double bytes) {
  return std::max(flops / kFlopsPerByte, bytes);
}

/// Shares of the operators [first, first + count) of one layer; each member adds up to 1.
class LayerShares {
 public:
  LayerShares(const TrainingProblem& problem, const OperatorSequence& operators, int layer,
              int microbatch, int tp)
      : first_(operators.first_of(layer)),
        shares_(static_cast<std::size_t>(operators.first_of(layer + 1) - first_)) {
    if (problem.model != nullptr) describe(problem, operators, layer, microbatch, tp);
    even_out(&Share::forward);
    even_out(&Share::backward);
    even_out(&Share::parameters);
    even_out(&Share::saved);
  }

  const Share& of(int op) const { return shares_[static_cast<std::size_t>(op - first_)]; }

 private:
  void describe(const TrainingProblem& problem, const OperatorSequence& operators, int layer,
                int microbatch, int tp) {
    LayerOptions options;
    options.tp = tp;
    options.microbatch = microbatch;
    options.seq_len = problem.job.seq_len;
    options.dtype = problem.job.dtype;
    const LayerKind kind = operators.layer_kind(layer);
    // Blocks come after the embedding; which of them it is matters where windows alternate.
    const int block = kind == LayerKind::kBlock ? std::max(layer - 1, 0) : 0;
    for (const OperatorCost& cost : layer_operators(*problem.model, kind, options, block)) {
      const OperatorKind line = line_of(cost.name, kind);
      for (std::size_t i = 0; i < shares_.size(); ++i) {
        if (operators[first_ + static_cast<int>(i)].kind != line) continue;
        shares_[i].forward += work(cost.forward_flops, cost.forward_moved_bytes);
        shares_[i].backward += work(cost.backward_flops, cost.backward_moved_bytes);
        shares_[i].parameters += cost.parameters;
        shares_[i].saved += cost.saved_bytes;
      }
    }
  }

  void even_out(double Share::*part) {
    double sum = 0;
    for (const Share& share : shares_) sum += share.*part;
    for (Share& share : shares_) {
      share.*part = sum > 0 ? share.*part / sum : 1.0 / static_cast<double>(shares_.size());
    }
  }

  int first_;
  std::vector<Share> shares_;
};

/// Whether the residual passes beside the output of the operator.
bool carries_residual(OperatorKind kind) {
  switch (kind) {
    case OperatorKind::kEmbedding:
    case OperatorKind::kPostAttentionDropout:
    case OperatorKind::kPostMlpDropout:
    case OperatorKind::kFinalNorm:
    case OperatorKind::kPostProcess:
      return false;
    default:
      return true;
  }
}

std::vector<OperatorCosts> spread(const TrainingProblem& problem, const OperatorSequence& operators,
                                  const ProfilePoint& point, int microbatch, int tp) {
  const std::vector<LayerMemory>& memory = problem.profile.memory_at(tp);
  std::vector<OperatorCosts> out;
  double input_mb = memory.front().input_bytes * microbatch / kBytesPerMb;
  for (int layer = 0; layer < operators.layer_count(); ++layer) {
    const auto l = static_cast<std::size_t>(layer);
    const LayerShares shares(problem, operators, layer, microbatch, tp);
    const double passes_mb = memory[l].output_bytes * microbatch / kBytesPerMb;
    for (int op = operators.first_of(layer); op < operators.first_of(layer + 1); ++op) {
      const Share& share = shares.of(op);
      const OperatorKind kind = operators[op].kind;
      OperatorCosts& cost = out.emplace_back();
      cost.forward_us = point.layers[l].forward_s * share.forward * kUsPerSecond;
      cost.backward_us = point.layers[l].backward_s * share.backward * kUsPerSecond;
      cost.weights_mb = memory[l].parameter_bytes * share.parameters / kBytesPerMb;
      cost.activations_mb =
          memory[l].saved_activation_bytes * microbatch * share.saved / kBytesPerMb;
      cost.input_mb = input_mb;
      cost.output_mb = carries_residual(kind) ? 2 * passes_mb : passes_mb;
      if (op + 1 == operators.size()) cost.output_mb = 0;  // the loss is no message to anybody
      cost.backward_reserved_mb = cost.input_mb + cost.output_mb;
      input_mb = cost.output_mb;
    }
  }
  return out;
}

}  // namespace

Tables derive_tables(const TrainingProblem& problem, const GpuPool& pool,
                     OperatorSequence operators) {
  if (problem.cluster.network == nullptr) {
    throw_bad_input("aceso: needs a cluster with a network");
  }
  const Network& network = *problem.cluster.network;
  const LinkEnd one = {pool.zone, pool.gpu, 1};
  const TransferTable between = TransferTable::of(network.between(one, one));
  const auto inside = pool.gpus_per_node > 1 ? network.inside_node(pool.gpu, pool.gpus_per_node)
                                             : std::optional<LinkModel>();
  Tables tables{std::move(operators),
                {},
                inside ? TransferTable::of(*inside) : between,
                between,
                fmt::format("the profile of {} on {}", quote(problem.profile.model), pool.gpu)};
  for (const auto& [key, point] : problem.profile.points) {
    if (key.gpu != pool.gpu || !problem.profile.memory.contains(key.tp)) continue;
    tables.points.emplace(std::pair(key.microbatch, key.tp),
                          OperatorTable(tables.operators, spread(problem, tables.operators, point,
                                                                 key.microbatch, key.tp)));
  }
  if (tables.points.empty()) {
    throw_bad_input(fmt::format("aceso: {} has no point with a table of memory", tables.source));
  }
  return tables;
}

}  // namespace sextant::aceso
