#pragma once

#include <cstddef>
#include <vector>

#include "analyzer/serving/placement.h"

namespace sextant {

/// Seconds that one layer takes for a batch on machines of one type, looked up by number of tokens
/// and of requests.
class BatchTimes {
 public:
  /// For batches of up to so many prompt tokens and decode steps; larger ones are looked up in the
  /// curves.
  BatchTimes(const MachineType& type, int prompt_tokens, int decodes);

  double layer_s(int prompt_tokens, int decodes) const {
    const auto p = static_cast<std::size_t>(prompt_tokens);
    const auto d = static_cast<std::size_t>(decodes);
    if (p >= prompt_s_.size() || d >= decode_s_.size()) return from_curves(prompt_tokens, decodes);
    return prompt_s_[p] + decode_s_[d];
  }

 private:
  double from_curves(int prompt_tokens, int decodes) const;

  const MachineType* type_;
  std::vector<double> prompt_s_;
  std::vector<double> decode_s_;
};

}  // namespace sextant
