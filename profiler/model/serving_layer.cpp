#include "profiler/model/serving_layer.h"

#include <ATen/ATen.h>
#include <algorithm>
#include <c10/core/InferenceMode.h>

#include "analyzer/core/error.h"
#include "profiler/model/block.h"
#include "profiler/model/ends.h"

namespace sextant::profiler {

namespace {

class ServingEmbedding : public ServingLayer {
 public:
  ServingEmbedding(const LayerSetup& setup, const LayerShape& shape) : embedding_(setup, shape) {}

  const Layer& layer() const override { return embedding_; }
  at::Tensor prefill(const at::Tensor& input, KvCache&, std::int64_t) override {
    return embed(input, 0, input.size(0));
  }
  at::Tensor decode(const at::Tensor& input, KvCache&, std::int64_t context) override {
    return embed(input, context, 1);
  }

 private:
  at::Tensor embed(const at::Tensor& ids, std::int64_t first, std::int64_t positions) {
    const c10::InferenceMode guard;
    first += embedding_.first_row();
    const at::Tensor rows = at::arange(first, first + positions, ids.options());
    return embedding_.embed(ids, rows, nullptr);
  }

  Embedding embedding_;
};

class ServingBlock : public ServingLayer {
 public:
  ServingBlock(const LayerSetup& setup, const LayerShape& shape, int block)
      : block_(setup, shape, block),
        attention_(block_.attention()),
        options_(at::TensorOptions(scalar_type(setup.options.dtype)).device(setup.device)) {}

  const Layer& layer() const override { return block_; }

  KvCache make_cache(std::int64_t sequences, std::int64_t tokens) const override {
    const AttentionShape& shape = attention_.shape();
    const auto room = [&] {
      return at::empty({sequences, shape.kv_heads, tokens, shape.head_dim}, options_);
    };
    return {room(), room()};
  }

  double kv_bytes_per_token() const override {
    const AttentionShape& shape = attention_.shape();
    return 2.0 * static_cast<double>(shape.kv_heads * shape.head_dim) *
           static_cast<double>(options_.dtype().itemsize());
  }

  at::Tensor prefill(const at::Tensor& input, KvCache& cache, std::int64_t sequence) override {
    const c10::InferenceMode guard;
    const std::int64_t tokens = input.size(0);
    AttentionShape shape = attention_.shape();
    shape.sequences = 1;
    shape.seq_len = tokens;
    const auto attend_prompt = [&](const at::Tensor& x) {
      const at::Tensor qkv =
          attention_.queries_keys_values(x, attention_.turns(0, tokens, x.device()), nullptr);
      const Parts parts = split(qkv);
      const auto keep = [&](const at::Tensor& room, const at::Tensor& new_ones) {
        room.select(0, sequence).narrow(1, 0, tokens).copy_(new_ones.transpose(0, 1));
      };
      keep(cache.keys, parts.keys);
      keep(cache.values, parts.values);
      return attention_.output(attend(qkv, shape, attention_.mask(tokens, qkv)), nullptr);
    };
    return block_.run_around(input, nullptr, attend_prompt);
  }

  at::Tensor decode(const at::Tensor& input, KvCache& cache, std::int64_t context) override {
    const c10::InferenceMode guard;
    const std::int64_t batch = input.size(0);
    const AttentionShape& shape = attention_.shape();
    const std::int64_t window = attention_.window();
    const std::int64_t seen = window == 0 ? context + 1 : std::min(context + 1, window);
    const auto attend_cache = [&](const at::Tensor& x) {
      const Parts parts = split(
          attention_.queries_keys_values(x, attention_.turns(context, 1, x.device()), nullptr));
      const auto extended = [&](const at::Tensor& room, const at::Tensor& new_ones) {
        const at::Tensor own = room.narrow(0, 0, batch);
        own.select(2, context).copy_(new_ones);
        return own.narrow(2, context + 1 - seen, seen);
      };
      // Queries that share a key-value head are rows of one small matrix: no kernel has to know of
      // groups, and nothing is repeated.
      const at::Tensor queries = parts.queries.reshape(
          {batch, shape.kv_heads, shape.heads / shape.kv_heads, shape.head_dim});
      const at::Tensor out =
          fused_attention(queries, extended(cache.keys, parts.keys),
                          extended(cache.values, parts.values), {}, /*causal=*/false, shape.scale);
      return attention_.output(out.reshape({batch, shape.heads * shape.head_dim}), nullptr);
    };
    return block_.run_around(input, nullptr, attend_cache);
  }

 private:
  struct Parts {
    at::Tensor queries;  ///< [tokens, heads, head_dim]
    at::Tensor keys;     ///< [tokens, kv_heads, head_dim]
    at::Tensor values;   ///< likewise
  };
  Parts split(const at::Tensor& qkv) const {
    const AttentionShape& shape = attention_.shape();
    const at::Tensor heads =
        qkv.view({qkv.size(0), shape.heads + 2 * shape.kv_heads, shape.head_dim});
    return {heads.narrow(1, 0, shape.heads), heads.narrow(1, shape.heads, shape.kv_heads),
            heads.narrow(1, shape.heads + shape.kv_heads, shape.kv_heads)};
  }

  Block block_;
  const AttentionPart& attention_;
  at::TensorOptions options_;
};

class ServingNorm : public ServingLayer {
 public:
  explicit ServingNorm(const LayerSetup& setup) : norm_(setup) {}

  const Layer& layer() const override { return norm_; }
  at::Tensor prefill(const at::Tensor& input, KvCache&, std::int64_t) override {
    const c10::InferenceMode guard;
    return norm_.forward(input, nullptr);
  }
  at::Tensor decode(const at::Tensor& input, KvCache& cache, std::int64_t) override {
    return prefill(input, cache, 0);
  }

 private:
  FinalNorm norm_;
};

class ServingHead : public ServingLayer {
 public:
  ServingHead(const LayerSetup& setup, const LayerShape& shape)
      : head_(setup, shape), group_(setup.collectives) {}

  const Layer& layer() const override { return head_; }
  at::Tensor prefill(const at::Tensor& input, KvCache& cache, std::int64_t) override {
    return decode(input.narrow(0, input.size(0) - 1, 1), cache, 0);
  }
  at::Tensor decode(const at::Tensor& input, KvCache&, std::int64_t) override {
    const c10::InferenceMode guard;
    at::Tensor own = head_.logits(input, nullptr);
    if (group_.size() == 1) return own;
    return group_.all_gather(own.t().contiguous()).t();  // ranks have rows of the vocabulary
  }

 private:
  Head head_;
  Collectives& group_;
};

std::unique_ptr<ServingLayer> make(LayerKind kind, const LayerSetup& setup, int block) {
  const LayerShape shape(rank_shape(setup.model, setup.options), setup.model.head_dim);
  switch (kind) {
    case LayerKind::kEmbedding:
      return std::make_unique<ServingEmbedding>(setup, shape);
    case LayerKind::kBlock:
      return std::make_unique<ServingBlock>(setup, shape, block);
    case LayerKind::kFinalNorm:
      return std::make_unique<ServingNorm>(setup);
    case LayerKind::kHead:
      return std::make_unique<ServingHead>(setup, shape);
  }
  throw Error(ErrorCode::kInternal, "a layer kind outside its enumeration");
}

}  // namespace

double ServingLayer::weight_bytes() const {
  double sum = 0;
  for (const Parameter& parameter : layer().parameters()) {
    sum += static_cast<double>(parameter.tensor.nbytes());
  }
  return sum;
}

std::unique_ptr<ServingLayer> make_serving_layer(LayerKind kind, const LayerSetup& setup,
                                                 int block) {
  LayerSetup alone = setup;
  alone.options.microbatch = 1;
  alone.options.recompute = false;
  alone.options.sequence_parallel = false;
  std::unique_ptr<ServingLayer> layer = make(kind, alone, block);
  for (const Parameter& parameter : layer->layer().parameters()) {
    parameter.tensor.requires_grad_(false);
  }
  return layer;
}

}  // namespace sextant::profiler
