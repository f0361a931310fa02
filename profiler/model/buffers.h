#pragma once

#include <ATen/core/Tensor.h>
#include <map>
#include <tuple>

namespace sextant::profiler {

/// Constant tensors that layers of one model share, made when first asked for: neither parameters
/// nor activations. For one thread and one device.
class SharedBuffers {
 public:
  /// complex64 [seq_len, head_dim / 2]: the rotation of each pair of a head at each position, base
  /// 10000.
  at::Tensor turns(std::int64_t seq_len, std::int64_t head_dim, at::Device device);
  /// [seq_len, seq_len] in the storage type: 0 where a token sees the other (itself and the
  /// window - 1 before it), else -inf.
  at::Tensor window_mask(std::int64_t seq_len, std::int64_t window, at::ScalarType type,
                         at::Device device);
  /// int64 [last - first]: rows of the position table of the tokens [first, last) of a microbatch.
  at::Tensor positions(std::int64_t first, std::int64_t last, std::int64_t seq_len,
                       std::int64_t offset, at::Device device);

  /// Everything that was made; whoever counts saved activations leaves it out.
  std::vector<at::Tensor> all() const;

 private:
  using Key = std::tuple<char, std::int64_t, std::int64_t, std::int64_t, std::int64_t>;
  template <typename Make>
  at::Tensor once(const Key& key, const Make& make);

  std::map<Key, at::Tensor> made_;
};

}  // namespace sextant::profiler
