#pragma once

#include <ATen/core/Tensor.h>
#include <string_view>

namespace sextant::profiler {

/// Told when execution passes named places of a model, in forward and, where a gradient flows back
/// through them, in backward. Forward passes the place after everything that leads to it, backward
/// before everything that led to it; on a GPU "passes" is the enqueueing thread's view, so that an
/// event recorded here on the current stream lies between the kernels of both sides.
class Marks {
 public:
  virtual ~Marks() = default;
  /// `bytes` of the tensor that passes.
  virtual void forward(std::string_view place, double bytes) = 0;
  virtual void backward(std::string_view place) = 0;
};

/// `x` itself, marked as the end of `place`; with null `marks` without any cost. `place` must live
/// as long as the graph.
at::Tensor mark(const at::Tensor& x, std::string_view place, Marks* marks);

}  // namespace sextant::profiler
