#include <ATen/ATen.h>
#include <algorithm>
#include <torch/csrc/autograd/autograd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/model/operators.h"
#include "tests/profiler/model/layer_bench.h"

namespace sextant::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::IsEmpty;

struct Places : profiler::Marks {
  std::vector<std::string> passed_forward;
  std::vector<std::string> passed_backward;
  std::vector<double> bytes_there;
  void forward(std::string_view place, double bytes) override {
    passed_forward.emplace_back(place);
    bytes_there.push_back(bytes);
  }
  void backward(std::string_view place) override { passed_backward.emplace_back(place); }
};

std::vector<std::string> operator_names(const LayerBench& bench) {
  std::vector<std::string> names;
  for (const OperatorCost& op :
       layer_operators(bench.model(), bench.layer().kind, bench.options(), bench.layer().block)) {
    names.emplace_back(op.name);
  }
  return names;
}

TEST(Marks, AreTheOperatorsInTheirOrderAndTheReverse) {
  for (const ModelDescription& model : small_models()) {
    for (const LayerCase& layer : layer_cases(model)) {
      for (const int tp : {1, 2}) {
        for (const bool sequence_parallel : {false, true}) {
          const LayerBench bench(model, layer, options_of(model, tp, sequence_parallel));
          profiler::LoneShard alone(tp);
          Places places;
          bench.on_rank(alone, &places);
          std::vector<std::string> names = operator_names(bench);
          EXPECT_THAT(places.passed_forward, ElementsAreArray(names)) << model.name;
          std::reverse(names.begin(), names.end());
          EXPECT_THAT(places.passed_backward, ElementsAreArray(names)) << model.name;
        }
      }
    }
  }
}

TEST(Marks, OfARecomputedBlockArePassedOnceAndForwardOnly) {
  LayerOptions options = options_of(small_model("llama"), 1, false);
  options.recompute = true;
  const LayerBench bench(small_model("llama"), {LayerKind::kBlock, 0}, options);
  profiler::LoneShard alone(1);
  Places places;
  bench.on_rank(alone, &places);
  EXPECT_THAT(places.passed_forward, ElementsAreArray(operator_names(bench)));
  EXPECT_THAT(places.passed_backward, IsEmpty());
}

TEST(Marks, LieBetweenWhatLeadsToThemAndWhatFollows) {
  Places places;
  const at::Tensor x = at::full({2}, 3.0, at::kDouble).requires_grad_();
  const at::Tensor a = profiler::mark(x * x, "a", &places);
  EXPECT_THAT(places.passed_forward, ElementsAre("a"));
  const at::Tensor b = profiler::mark(a * 5, "b", &places);
  EXPECT_THAT(places.passed_forward, ElementsAre("a", "b"));
  EXPECT_THAT(places.bytes_there, ElementsAre(16, 16));  // two doubles
  torch::autograd::backward({b.sum()});
  EXPECT_THAT(places.passed_backward, ElementsAre("b", "a"));
  EXPECT_TRUE(at::equal(x.grad(), at::full({2}, 30.0, at::kDouble)));
}

TEST(Marks, CostNothingWhereNobodyListens) {
  const at::Tensor x = at::ones({2});
  EXPECT_TRUE(profiler::mark(x, "a", nullptr).is_same(x));
}

}  // namespace
}  // namespace sextant::testing
