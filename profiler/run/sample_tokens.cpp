#include "profiler/run/sample_tokens.h"

#include <ATen/ATen.h>

#include "analyzer/core/random.h"

namespace sextant::profiler {

TrainingBatch sample_tokens(int iteration, int first, int count, int seq_len, int vocab,
                            at::Device device) {
  at::Tensor tokens = at::empty({count, seq_len}, at::kLong);
  at::Tensor labels = at::empty({count, seq_len}, at::kLong);
  for (int i = 0; i < count; ++i) {
    Random random((static_cast<std::uint64_t>(iteration) << 32) +
                  static_cast<std::uint64_t>(first + i));
    auto* const token = tokens.data_ptr<std::int64_t>() + std::int64_t{1} * i * seq_len;
    auto* const label = labels.data_ptr<std::int64_t>() + std::int64_t{1} * i * seq_len;
    std::int64_t next = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(vocab)));
    for (int t = 0; t < seq_len; ++t) {
      token[t] = next;
      next = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(vocab)));
      label[t] = next;
    }
  }
  return {tokens.flatten().to(device), labels.flatten().to(device)};
}

}  // namespace sextant::profiler
