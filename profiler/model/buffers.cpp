#include "profiler/model/buffers.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <limits>

namespace sextant::profiler {

template <typename Make>
at::Tensor SharedBuffers::once(const Key& key, const Make& make) {
  const auto found = made_.find(key);
  if (found != made_.end()) return found->second;
  const at::NoGradGuard guard;
  return made_.emplace(key, make()).first->second;
}

at::Tensor SharedBuffers::turns(std::int64_t seq_len, std::int64_t head_dim, at::Device device) {
  constexpr double kBase = 10000;
  return once({'t', seq_len, head_dim, 0, 0}, [&] {
    const at::Tensor exponent = at::arange(0, head_dim, 2, at::kDouble) / head_dim;
    const at::Tensor frequency = at::pow(kBase, exponent.neg());
    const at::Tensor angle = at::outer(at::arange(seq_len, at::kDouble), frequency);
    return at::polar(at::ones_like(angle), angle).to(device, at::kComplexFloat);
  });
}

at::Tensor SharedBuffers::window_mask(std::int64_t seq_len, std::int64_t window,
                                      at::ScalarType type, at::Device device) {
  return once({'w', seq_len, window, static_cast<std::int64_t>(type), 0}, [&] {
    const at::Tensor position = at::arange(seq_len, at::TensorOptions(at::kLong).device(device));
    const at::Tensor distance = position.unsqueeze(1) - position.unsqueeze(0);
    const at::Tensor hidden = distance.lt(0).logical_or(distance.ge(window));
    return at::zeros({seq_len, seq_len}, at::TensorOptions(type).device(device))
        .masked_fill_(hidden, -std::numeric_limits<double>::infinity());
  });
}

at::Tensor SharedBuffers::positions(std::int64_t first, std::int64_t last, std::int64_t seq_len,
                                    std::int64_t offset, at::Device device) {
  return once({'p', first, last, seq_len, offset}, [&] {
    return at::arange(first, last, at::TensorOptions(at::kLong).device(device))
        .remainder(seq_len)
        .add_(offset);
  });
}

std::vector<at::Tensor> SharedBuffers::all() const {
  std::vector<at::Tensor> tensors;
  for (const auto& [key, tensor] : made_) tensors.push_back(tensor);
  return tensors;
}

}  // namespace sextant::profiler
