#include "profiler/measure/saved_tensors.h"

#include <algorithm>
#include <atomic>
#include <torch/csrc/autograd/engine.h>
#include <torch/csrc/autograd/saved_variable_hooks.h>

#include "analyzer/core/error.h"

namespace sextant::profiler {

namespace {

std::atomic<SavedTensors*> observer = nullptr;

/// Keeps the tensor as autograd would have, after saying so.
class ObservingHooks : public torch::autograd::SavedVariableHooks {
 public:
  void call_pack_hook(const at::Tensor& tensor) override {
    tensor_ = tensor;
    if (SavedTensors* const saved = observer) saved->keep(tensor);
  }
  at::Tensor call_unpack_hook() override { return tensor_; }

 private:
  at::Tensor tensor_;
};

/// Hooks on saved tensors are the engine's to give; the base class gives none.
class ObservingEngine : public torch::autograd::Engine {
 public:
  static torch::autograd::Engine& instance() {
    // Never destroyed: device threads may outlive static destructors.
    static auto* const engine = new ObservingEngine;
    return *engine;
  }

  std::unique_ptr<torch::autograd::SavedVariableHooks> get_default_saved_variable_hooks() override {
    if (observer.load() == nullptr) return nullptr;
    return std::make_unique<ObservingHooks>();
  }
};

}  // namespace

SavedTensors::SavedTensors() {
  static const bool installed = [] {
    torch::autograd::set_default_engine_stub(&ObservingEngine::instance);
    return true;
  }();
  static_cast<void>(installed);
  SavedTensors* none = nullptr;
  if (!observer.compare_exchange_strong(none, this)) {
    throw Error(ErrorCode::kInternal, "saved tensors are observed twice at a time");
  }
}

SavedTensors::~SavedTensors() {
  observer = nullptr;
}

void SavedTensors::name_recent(const std::string& place) {
  for (; named_ < kept_.size(); ++named_) kept_[named_].place = place;
}

void SavedTensors::keep(const at::Tensor& tensor) {
  if (!tensor.defined() || !tensor.has_storage()) return;
  const auto& storage = tensor.storage();
  const void* const identity = storage.unsafeGetStorageImpl();
  const bool known = std::any_of(kept_.begin(), kept_.end(),
                                 [&](const Kept& kept) { return kept.identity == identity; });
  if (known || storage.nbytes() == 0) return;
  kept_.push_back({c10::weak_intrusive_ptr<c10::StorageImpl>(storage.getWeakStorageImpl()),
                   identity, static_cast<double>(storage.nbytes()), ""});
}

std::map<std::string, double> SavedTensors::bytes_by_place(
    const std::vector<at::Tensor>& inputs) const {
  std::map<std::string, double> out;
  for (const Kept& kept : kept_) {
    const bool is_input = std::any_of(inputs.begin(), inputs.end(), [&](const at::Tensor& input) {
      return input.storage().unsafeGetStorageImpl() == kept.identity;
    });
    if (kept.storage.expired() || is_input) out[kept.place] += kept.bytes;
  }
  return out;
}

}  // namespace sextant::profiler
