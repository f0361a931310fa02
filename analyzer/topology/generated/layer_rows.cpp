#include "analyzer/topology/generated/layer_rows.h"

#include <algorithm>
#include <span>
#include <string>

#include <fmt/format.h>

#include "analyzer/model/operators.h"

namespace sextant::generated {

namespace {

using Operators = std::span<const OperatorCost>;

void add(double& seconds, const OperatorClock& clock, OperatorClass kind, double flops,
         double moved_bytes) {
  if (flops > 0 || moved_bytes > 0) seconds += clock.seconds(kind, flops, moved_bytes);
}

/// A product's input gradient is as much work as its forward, and the rest of its backward is the
/// weights' (dx = dy Wᵀ, dW = xᵀ dy). Of other operators only look-ups, which have no input to
/// differentiate, work for the weights.
void add_compute(WorkloadLayer& row, const OperatorCost& op, bool embedding,
                 const OperatorClock& clock) {
  auto& [forward, input, weight] = row.phases;
  add(forward.compute_s, clock, op.kind, op.forward_flops, op.forward_moved_bytes);
  const bool product = op.kind == OperatorClass::kMatmul;
  if (!product) {
    LayerPhase& phase = embedding ? weight : input;
    add(phase.compute_s, clock, op.kind, op.backward_flops, op.backward_moved_bytes);
    return;
  }
  add(input.compute_s, clock, op.kind, op.forward_flops, op.forward_moved_bytes);
  add(weight.compute_s, clock, op.kind, op.backward_flops - op.forward_flops,
      op.backward_moved_bytes - op.forward_moved_bytes);
}

void communicate(LayerPhase& phase, CommunicationOp op, double bytes, std::size_t group) {
  if (bytes <= 0) return;
  phase.op = op;
  phase.bytes = bytes;
  phase.group = group;
}

class RowMaker {
 public:
  RowMaker(const ModelDescription& model, const Parallelism& parallelism,
           const OperatorClock& clock)
      : model_(model), parallelism_(parallelism), clock_(clock) {}

  /// Operators that stand between two places of communication, without the tensor group's.
  WorkloadLayer row(std::string name, Operators operators, double gradients,
                    bool embedding = false) const {
    WorkloadLayer row;
    row.name = std::move(name);
    for (const OperatorCost& op : operators) add_compute(row, op, embedding, clock_);
    if (parallelism_.data > 1) {
      communicate(row.phases[2], CommunicationOp::kAllReduce,
                  gradients * element_bytes(parallelism_.dtype), group_of(ParallelAxis::kData));
    }
    return row;
  }

  WorkloadLayer dense_row(std::string name, Operators operators, bool embedding = false,
                          double tied_gradients = 0) const {
    WorkloadLayer dense =
        row(std::move(name), operators, parameters(operators) - tied_gradients, embedding);
    reduce_among_tensor_ranks(dense, dense, operators);
    return dense;
  }

  /// The router, the experts between their all-to-alls, and the sum of what they return. Every
  /// token's hidden state goes to experts_per_token experts, evenly spread over the ranks; each
  /// tensor rank sends its own copy.
  std::vector<WorkloadLayer> expert_rows(const std::string& block, Operators operators) const {
    const auto behind = [&](std::string_view name) {
      const auto found = std::find_if(operators.begin(), operators.end(),
                                      [&](const OperatorCost& op) { return op.name == name; });
      return static_cast<std::size_t>(found - operators.begin()) + 1;
    };
    const std::size_t dispatched = behind("dispatch");
    const std::size_t computed = behind("ffn_down");
    const Operators before = operators.first(dispatched);
    const Operators experts = operators.subspan(dispatched, computed - dispatched);
    const Operators after = operators.subspan(computed);
    std::vector<WorkloadLayer> rows = {
        row(block + ".router", before, parameters(before)),
        row(block + ".experts", experts, parameters(experts)),
        row(block + ".combine", after, parameters(after)),
    };
    reduce_among_tensor_ranks(rows.back(), rows.front(), operators);
    if (parallelism_.expert == 1) return rows;

    const double dealt_bytes = model_.experts_per_token * stream_bytes();
    const std::size_t group = group_of(ParallelAxis::kExpert);
    communicate(rows[0].phases[0], CommunicationOp::kAllToAll, dealt_bytes, group);
    communicate(rows[1].phases[0], CommunicationOp::kAllToAll, dealt_bytes, group);
    communicate(rows[2].phases[1], CommunicationOp::kAllToAll, dealt_bytes, group);
    communicate(rows[1].phases[1], CommunicationOp::kAllToAll, dealt_bytes, group);
    rows[1].phases[2].group = kExpertDataGroup;
    return rows;
  }

  static double parameters(Operators operators) {
    double sum = 0;
    for (const OperatorCost& op : operators) sum += op.parameters;
    return sum;
  }

 private:
  void reduce_among_tensor_ranks(WorkloadLayer& forward, WorkloadLayer& backward,
                                 Operators operators) const {
    double forward_bytes = 0;
    double backward_bytes = 0;
    for (const OperatorCost& op : operators) {
      forward_bytes += op.all_reduce_bytes_forward;
      backward_bytes += op.all_reduce_bytes_backward;
    }
    const std::size_t group = group_of(ParallelAxis::kTensor);
    communicate(forward.phases[0], CommunicationOp::kAllReduce, forward_bytes, group);
    communicate(backward.phases[1], CommunicationOp::kAllReduce, backward_bytes, group);
  }

  double stream_bytes() const {
    return layer_cost(model_, LayerKind::kBlock, layer_options(parallelism_)).output_bytes;
  }

  const ModelDescription& model_;
  const Parallelism& parallelism_;
  const OperatorClock& clock_;
};

/// Of a rank that holds its part of the experts; the router scores all of them.
std::vector<OperatorCost> operators_of(const ModelDescription& model, LayerKind kind, int block,
                                       const Parallelism& parallelism) {
  const LayerOptions options = layer_options(parallelism);
  std::vector<OperatorCost> operators = layer_operators(model, kind, options, block);
  if (parallelism.expert == 1 || kind != LayerKind::kBlock) return operators;
  ModelDescription part = model;
  part.experts /= parallelism.expert;
  const std::vector<OperatorCost> of_part = layer_operators(part, kind, options, block);
  for (std::size_t i = 0; i < operators.size(); ++i) {
    if (operators[i].name != "router") operators[i] = of_part[i];
  }
  return operators;
}

/// Operators of a block up to the feed-forward part.
std::size_t attention_operators(Operators operators) {
  const auto first = std::find_if(operators.begin(), operators.end(), [](const OperatorCost& op) {
    return !op.name.starts_with("attention") && op.name != "rotary";
  });
  return static_cast<std::size_t>(first - operators.begin());
}

/// Adds what repeats the forward of a block's rows before its backward.
void recompute(std::vector<WorkloadLayer>& rows) {
  for (std::size_t i = rows.size(); i-- > 0;) {
    WorkloadLayer again;
    again.name = rows[i].name + " again";
    again.phases[1] = rows[i].phases[0];
    rows.push_back(std::move(again));
  }
}

}  // namespace

LayerOptions layer_options(const Parallelism& parallelism) {
  LayerOptions options;
  options.tp = parallelism.tensor;
  options.microbatch = parallelism.microbatch;
  options.seq_len = parallelism.seq_len;
  options.dtype = parallelism.dtype;
  return options;
}

std::vector<WorkloadLayer> layer_rows(const ModelDescription& model, LayerKind kind, int block,
                                      bool tied, const Parallelism& parallelism,
                                      const OperatorClock& clock) {
  const std::vector<OperatorCost> all = operators_of(model, kind, block, parallelism);
  const Operators operators = all;
  const RowMaker make(model, parallelism, clock);
  if (kind != LayerKind::kBlock) {
    const double table = double{1} * padded_vocab(model, parallelism.tensor) / parallelism.tensor *
                         model.embedding_width;
    return {make.dense_row(std::string(to_string(kind)), operators, kind == LayerKind::kEmbedding,
                           tied && kind == LayerKind::kHead ? table : 0)};
  }
  const std::string name = fmt::format("block.{}", block);
  const std::size_t attention = attention_operators(operators);
  std::vector<WorkloadLayer> rows = {
      make.dense_row(name + ".attention", operators.first(attention))};
  const Operators rest = operators.subspan(attention);
  if (model.experts > 0) {
    for (WorkloadLayer& row : make.expert_rows(name, rest)) rows.push_back(std::move(row));
  } else {
    rows.push_back(make.dense_row(name + ".ffn", rest));
  }
  if (parallelism.recompute) recompute(rows);
  return rows;
}

}  // namespace sextant::generated
