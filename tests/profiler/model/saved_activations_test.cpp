// What backward keeps, as unique storages, against what analyzer/model/operators.h counts.
#include <ATen/ATen.h>
#include <map>
#include <torch/csrc/autograd/engine.h>

#include <gtest/gtest.h>

#include "tests/profiler/model/layer_bench.h"

namespace sextant::testing {
namespace {

/// Bytes of storages by their address, while one is watching.
using Storages = std::map<const void*, double>;
thread_local Storages* watched = nullptr;

struct Keep : torch::autograd::SavedVariableHooks {
  at::Tensor kept;
  void call_pack_hook(const at::Tensor& tensor) override {
    kept = tensor;
    const at::Storage& storage = tensor.storage();
    (*watched)[storage.unsafeGetStorageImpl()] = static_cast<double>(storage.nbytes());
  }
  at::Tensor call_unpack_hook() override { return kept; }
};

/// LibTorch's engine tells nobody but Python what is saved, except by this member.
class WatchingEngine : public torch::autograd::Engine {
 public:
  static torch::autograd::Engine& instance() {
    static WatchingEngine* engine = new WatchingEngine;  // as LibTorch's own, never destroyed
    return *engine;
  }
  std::unique_ptr<torch::autograd::SavedVariableHooks> get_default_saved_variable_hooks() override {
    return watched == nullptr ? nullptr : std::make_unique<Keep>();
  }
};

double saved_bytes(const LayerBench& bench) {
  torch::autograd::set_default_engine_stub(WatchingEngine::instance);
  profiler::LoneShard alone(bench.options().tp);
  const auto layer = bench.make(alone);
  const at::Tensor input = bench.input(alone);
  Storages storages;
  watched = &storages;
  const at::Tensor output = layer->forward(input);
  watched = nullptr;
  for (const profiler::Parameter& parameter : layer->parameters()) {
    storages.erase(parameter.tensor.storage().unsafeGetStorageImpl());
  }
  for (const at::Tensor& buffer : layer->buffers().all()) {
    storages.erase(buffer.storage().unsafeGetStorageImpl());
  }
  double sum = 0;
  for (const auto& [address, bytes] : storages) sum += bytes;
  return sum;
}

/// What layers keep beyond, or below, what is counted, by operator.
double known_difference(const ModelDescription& model, LayerKind kind,
                        const LayerOptions& options) {
  if (kind != LayerKind::kBlock || model.experts == 0 || options.recompute) return 0;
  // Of each copy of a token: router, the number of its expert (int64); dispatch and combine, its
  // place among the sorted (int64, one tensor); combine, its gate (fp32).
  constexpr double kPerCopy = 8 + 8 + 4;
  const double tokens = double{1} * options.microbatch * options.seq_len;
  return kPerCopy * tokens * model.experts_per_token;
}

class SavedActivations : public ::testing::TestWithParam<std::string> {};

TEST_P(SavedActivations, AreThoseThatAreCounted) {
  const ModelDescription model = small_model(GetParam());
  for (const LayerCase& layer : layer_cases(model)) {
    for (const DataType dtype : {DataType::kFp32, DataType::kBf16}) {
      for (const int tp : {1, 2, 4}) {
        for (const bool sequence_parallel : {false, true}) {
          for (const bool recompute : {false, true}) {
            LayerOptions options;
            options.tp = tp;
            options.microbatch = 3;
            options.seq_len = model.seq_len;
            options.dtype = dtype;
            options.sequence_parallel = sequence_parallel;
            options.recompute = recompute;
            const LayerBench bench(model, layer, options);
            const LayerCost cost = layer_cost(model, layer.kind, options, layer.block);
            EXPECT_EQ(saved_bytes(bench),
                      cost.saved_activation_bytes + known_difference(model, layer.kind, options))
                << model.name << ' ' << layer.text() << ' ' << to_string(dtype) << " tp " << tp
                << (sequence_parallel ? ", sequence parallel" : "")
                << (recompute ? ", recomputed" : "");
          }
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Families, SavedActivations, ::testing::ValuesIn(small_model_names()),
                         [](const auto& tested) { return tested.param; });

}  // namespace
}  // namespace sextant::testing
