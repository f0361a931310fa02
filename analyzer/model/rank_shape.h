#pragma once

#include "analyzer/model/model.h"

namespace sextant {

/// Extents of what one tensor-parallel rank works on; doubles, since their products exceed 2^31.
struct RankShape {
  int tp = 1;
  bool sequence_parallel = false;
  double element = 4;       ///< bytes
  double sequences = 0;     ///< of the microbatch
  double seq_len = 0;       ///< tokens of each
  double tokens = 0;        ///< of the microbatch
  double outer_tokens = 0;  ///< tokens in norms and residual sums: 1/tp with sequence parallelism
  double hidden = 0;
  double heads = 0;       ///< of this rank
  double query = 0;       ///< width of its queries
  double key_value = 0;   ///< width of its keys, and of its values
  double ffn = 0;         ///< its part of the feed-forward width
  double width = 0;       ///< of the token embedding
  double table_rows = 0;  ///< its part of the padded vocabulary
};

/// Throws Error(kBadInput) where the options do not suit the model.
RankShape rank_shape(const ModelDescription& model, const LayerOptions& options);

}  // namespace sextant
