#pragma once

#include <cstdint>
#include <torch/csrc/autograd/custom_function.h>

namespace sextant::profiler {

/// Objects that a custom function's backward needs and that outlive the graph; a context keeps
/// numbers, no pointers.
template <typename T>
void save_pointer(torch::autograd::AutogradContext* context, const char* name, T* object) {
  context->saved_data[name] = static_cast<std::int64_t>(reinterpret_cast<std::intptr_t>(object));
}

template <typename T>
T* saved_pointer(torch::autograd::AutogradContext* context, const char* name) {
  return reinterpret_cast<T*>(static_cast<std::intptr_t>(context->saved_data[name].toInt()));
}

}  // namespace sextant::profiler
