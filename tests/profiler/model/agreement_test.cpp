// Outputs and gradients of every layer of every family, on 1, 2 and 4 ranks, against the plain
// reference in double precision: a profile of a wrong model is worth nothing.
#include <ATen/ATen.h>
#include <mutex>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/profiler/model/layer_bench.h"
#include "tests/profiler/model/rank_threads.h"

namespace sextant::testing {
namespace {

constexpr int kMicrobatch = 3;  // sequences that no degree divides

void expect_agreement(const LayerBench::Results& found, const LayerBench::Results& expected,
                      double bound, const std::string& where) {
  const auto check = [&](const at::Tensor& a, const at::Tensor& b, const std::string& what) {
    ASSERT_TRUE(a.defined()) << where << ": " << what;
    ASSERT_EQ(a.sizes(), b.sizes()) << where << ": " << what;
    EXPECT_LE(relative_error(a, b), bound) << where << ": " << what;
  };
  check(found.output, expected.output, "output");
  if (expected.input_gradient.defined()) {
    check(found.input_gradient, expected.input_gradient, "gradient of the input");
  }
  ASSERT_EQ(found.gradients.size(), expected.gradients.size());
  for (const auto& [name, gradient] : expected.gradients) {
    check(found.gradients.at(name), gradient, "gradient of " + name);
  }
}

void check_model(const ModelDescription& model, LayerOptions options, double bound) {
  options.microbatch = kMicrobatch;
  options.seq_len = model.seq_len;
  for (const LayerCase& layer : layer_cases(model)) {
    const LayerBench bench(model, layer, options);
    const LayerBench::Results whole = bench.reference();
    std::mutex one_at_a_time;  // of GoogleTest's records
    run_ranks(options.tp, [&](profiler::Collectives& group) {
      const LayerBench::Results found = bench.on_rank(group);
      const LayerBench::Results expected = bench.share_of(whole, group);
      const std::lock_guard lock(one_at_a_time);
      expect_agreement(
          found, expected, bound,
          fmt::format("{} {}, rank {} of {}{}{}", model.name, layer.text(), group.rank(),
                      group.size(), options.sequence_parallel ? ", sequence parallel" : "",
                      options.recompute ? ", recomputed" : ""));
    });
  }
}

class Agreement : public ::testing::TestWithParam<std::string> {};

TEST_P(Agreement, OfEveryLayerInFp32OnEveryDegree) {
  for (const int tp : {1, 2, 4}) {
    for (const bool sequence_parallel : {false, true}) {
      if (tp == 1 && sequence_parallel) continue;
      LayerOptions options;
      options.tp = tp;
      options.sequence_parallel = sequence_parallel;
      check_model(small_model(GetParam()), options, 1e-5);
    }
  }
}

TEST_P(Agreement, OfWhatIsRecomputed) {
  for (const bool sequence_parallel : {false, true}) {
    LayerOptions options;
    options.tp = 2;
    options.sequence_parallel = sequence_parallel;
    options.recompute = true;
    check_model(small_model(GetParam()), options, 1e-5);
  }
}

TEST_P(Agreement, OfHalfPrecisionWithinItsRounding) {
  for (const DataType dtype : {DataType::kBf16, DataType::kFp16}) {
    for (const int tp : {1, 2}) {
      LayerOptions options;
      options.tp = tp;
      options.dtype = dtype;
      const ModelDescription model = small_model(GetParam());
      double bound = dtype == DataType::kBf16 ? 2e-2 : 2e-3;
      // Rounding takes some inner elements across ReLU's kink, each of which is a wrong gradient of
      // one of 48 tokens.
      if (model.activation == Activation::kRelu) bound = 1e-1;
      check_model(model, options, bound);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Families, Agreement, ::testing::ValuesIn(small_model_names()),
                         [](const auto& tested) { return tested.param; });

}  // namespace
}  // namespace sextant::testing
