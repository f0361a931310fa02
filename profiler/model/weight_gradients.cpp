#include "profiler/model/weight_gradients.h"

#include <ATen/core/grad_mode.h>

namespace sextant::profiler {

void WeightGradients::compute(std::pair<int, int> key) {
  const at::NoGradGuard guard;
  const auto found = later_.find(key);
  if (found == later_.end()) return;
  // What each needed is given back as soon as it is done.
  for (Work& work : found->second) std::exchange(work, nullptr)();
  later_.erase(found);
}

}  // namespace sextant::profiler
