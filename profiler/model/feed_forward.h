#pragma once

#include <memory>

#include "profiler/model/marks.h"
#include "profiler/model/parameters.h"

namespace sextant::profiler {

/// The second half of a block: the operators between ffn_norm and ffn_residual.
class FeedForward {
 public:
  virtual ~FeedForward() = default;
  /// [outer tokens, hidden] -> the same.
  virtual at::Tensor forward(const at::Tensor& x, Marks* marks) const = 0;
};

/// Two products with an activation between, the inner width split over the ranks; or a mixture of
/// experts, each of which is split so.
std::unique_ptr<FeedForward> make_feed_forward(ParameterMaker maker, const LayerShape& shape,
                                               const TensorParallel& parallel);

}  // namespace sextant::profiler
