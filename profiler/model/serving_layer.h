#pragma once

#include <memory>

#include "profiler/model/layer.h"

namespace sextant::profiler {

/// Keys and values of one block, [sequences, key-value heads of this rank, tokens, head_dim] each;
/// undefined of layers that have none.
struct KvCache {
  at::Tensor keys;
  at::Tensor values;
};

/// One layer of a model on one tensor-parallel rank as a serving engine runs it: no gradients, keys
/// and values are kept. It has the parameters that make_layer() gives the same setup.
class ServingLayer {
 public:
  virtual ~ServingLayer() = default;

  virtual const Layer& layer() const = 0;

  /// All tokens of one sequence at once. Embedding: int64 ids [tokens] -> [tokens, hidden]. Blocks
  /// and the final norm: [tokens, hidden] -> the same; blocks write keys and values of positions
  /// [0, tokens) of the cache's sequence `sequence`. Head: the logits of the last token alone, [1,
  /// padded vocabulary], brought together from all ranks.
  virtual at::Tensor prefill(const at::Tensor& input, KvCache& cache,
                             std::int64_t sequence = 0) = 0;

  /// One token more of each of the cache's first `batch` sequences, all of which have `context`
  /// tokens: ids [batch] or [batch, hidden] -> [batch, hidden]; of the head the logits [batch,
  /// padded vocabulary]. Keys and values are written at position `context`.
  virtual at::Tensor decode(const at::Tensor& input, KvCache& cache, std::int64_t context) = 0;

  /// Room for `tokens` tokens of each sequence; not initialised.
  virtual KvCache make_cache(std::int64_t /*sequences*/, std::int64_t /*tokens*/) const {
    return {};
  }
  /// Bytes of one token of one sequence in the cache.
  virtual double kv_bytes_per_token() const { return 0; }
  double weight_bytes() const;
};

/// As make_layer(). LayerOptions::seq_len is the longest sequence, prompt and answer, that the
/// layer will see; microbatch, recomputation and sequence parallelism do not matter.
std::unique_ptr<ServingLayer> make_serving_layer(LayerKind kind, const LayerSetup& setup,
                                                 int block = 0);

}  // namespace sextant::profiler
