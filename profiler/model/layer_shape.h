#pragma once

#include <cstdint>

#include "analyzer/model/rank_shape.h"

namespace sextant::profiler {

/// Extents of a layer on one rank as tensors have them; those of RankShape.
struct LayerShape {
  explicit LayerShape(const RankShape& shape, int width_of_head)
      : sequences(static_cast<std::int64_t>(shape.sequences)),
        seq_len(static_cast<std::int64_t>(shape.seq_len)),
        outer_tokens(static_cast<std::int64_t>(shape.outer_tokens)),
        hidden(static_cast<std::int64_t>(shape.hidden)),
        heads(static_cast<std::int64_t>(shape.heads)),
        kv_heads(static_cast<std::int64_t>(shape.key_value) / width_of_head),
        head_dim(width_of_head),
        ffn(static_cast<std::int64_t>(shape.ffn)),
        width(static_cast<std::int64_t>(shape.width)),
        table_rows(static_cast<std::int64_t>(shape.table_rows)) {}

  std::int64_t sequences;
  std::int64_t seq_len;
  std::int64_t outer_tokens;  ///< in norms and residual sums
  std::int64_t hidden;
  std::int64_t heads;     ///< of this rank
  std::int64_t kv_heads;  ///< of this rank
  std::int64_t head_dim;
  std::int64_t ffn;         ///< its part
  std::int64_t width;       ///< of the token embedding
  std::int64_t table_rows;  ///< its part of the padded vocabulary
};

}  // namespace sextant::profiler
