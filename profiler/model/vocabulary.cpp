#include "profiler/model/vocabulary.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "profiler/model/saved_pointer.h"

namespace sextant::profiler {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

/// Tokens of the vocabulary as rows of one rank's range of it.
struct OwnRows {
  at::Tensor rows;     ///< int64 [tokens], 0 where it is another rank's
  at::Tensor foreign;  ///< bool [tokens]
};

OwnRows own_rows(const at::Tensor& ids, std::int64_t rows, std::int64_t rank) {
  OwnRows own{ids - rank * rows, {}};
  own.foreign = own.rows.lt(0).logical_or_(own.rows.ge(rows));
  own.rows.masked_fill_(own.foreign, 0);
  return own;
}

class LookUp : public Function<LookUp> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& table,
                            const at::Tensor& ids, bool split, std::int64_t rank) {
    context->saved_data["rows"] = table.size(0);
    context->saved_data["split"] = split;
    context->saved_data["rank"] = rank;
    context->save_for_backward({ids});
    if (!split) return at::embedding(table, ids);
    const OwnRows own = own_rows(ids, table.size(0), rank);
    return at::embedding(table, own.rows).masked_fill_(own.foreign.unsqueeze(1), 0);
  }
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    constexpr std::int64_t kNoPadding = -1;
    at::Tensor ids = context->get_saved_variables()[0];
    at::Tensor gradient = gradients[0];
    const std::int64_t rows = context->saved_data["rows"].toInt();
    if (context->saved_data["split"].toBool()) {
      const OwnRows own = own_rows(ids, rows, context->saved_data["rank"].toInt());
      ids = own.rows;
      gradient = gradient.masked_fill(own.foreign.unsqueeze(1), 0);
    }
    return {at::embedding_dense_backward(gradient, ids, rows, kNoPadding, false), {}, {}, {}};
  }
};

class CrossEntropy : public Function<CrossEntropy> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& logits,
                            const at::Tensor& labels, Collectives* group) {
    const bool split = group->size() > 1;
    at::Tensor scores = logits.detach().to(at::kFloat);
    at::Tensor largest = scores.amax(-1);
    if (split) group->all_reduce_max(largest);
    scores.sub_(largest.unsqueeze(1));

    const OwnRows own = own_rows(labels, scores.size(1), group->rank());
    at::Tensor label_score =
        scores.gather(1, own.rows.unsqueeze(1)).squeeze(1).masked_fill_(own.foreign, 0);
    if (split) group->all_reduce_sum(label_score);
    at::Tensor sum = scores.exp_().sum(-1);
    if (split) group->all_reduce_sum(sum);
    scores.div_(sum.unsqueeze(1));

    save_pointer(context, "group", group);
    context->saved_data["type"] = logits.scalar_type();
    context->save_for_backward({scores, labels});
    return sum.log_().sub_(label_score).mean();
  }
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    // In place: it is the largest tensor of many a training step.
    at::Tensor scores = saved[0].detach();
    const OwnRows own =
        own_rows(saved[1], scores.size(1), saved_pointer<Collectives>(context, "group")->rank());
    const at::Tensor is_own = own.foreign.logical_not().to(at::kFloat);
    scores.scatter_add_(1, own.rows.unsqueeze(1), is_own.neg().unsqueeze(1));
    scores.mul_(gradients[0] / scores.size(0));
    return {scores.to(context->saved_data["type"].toScalarType()), {}, {}};
  }
};

}  // namespace

at::Tensor look_up(const at::Tensor& table, const at::Tensor& ids, const Collectives& group) {
  return LookUp::apply(table, ids, group.size() > 1, static_cast<std::int64_t>(group.rank()));
}

at::Tensor cross_entropy(const at::Tensor& logits, const at::Tensor& labels, Collectives& group) {
  return CrossEntropy::apply(logits, labels, &group);
}

}  // namespace sextant::profiler
