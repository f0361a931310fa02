#include "profiler/measure/layer_optimizer.h"

#include <ATen/ATen.h>
#include <cmath>

#include <gtest/gtest.h>

namespace sextant::profiler {
namespace {

Parameter parameter(at::ScalarType type, double value, double gradient) {
  Parameter made{"weight", at::full({8}, value, at::TensorOptions(type)).requires_grad_(), {}};
  made.tensor.mutable_grad() = at::full({8}, gradient, at::TensorOptions(type));
  return made;
}

TEST(LayerOptimizer, FirstStepOfAdamWMovesByTheLearningRate) {
  // After one step both moments' bias corrections leave gradient / |gradient|, so the parameter
  // goes from p (1 - lr * decay) down by lr, whatever the gradient's size.
  const Parameter p = parameter(at::kFloat, 2.0, 0.25);
  LayerOptimizer(std::vector{p}, Optimizer::kAdamW, DataType::kFp32).step();
  EXPECT_NEAR(p.tensor[0].item<double>(), 2.0 * (1 - 1e-4 * 0.1) - 1e-4, 1e-6);
  EXPECT_EQ(p.tensor.grad().abs().sum().item<double>(), 0);
}

TEST(LayerOptimizer, SgdMovesByGradientAndDecay) {
  const Parameter p = parameter(at::kFloat, 2.0, 0.25);
  LayerOptimizer(std::vector{p}, Optimizer::kSgd, DataType::kFp32).step();
  EXPECT_NEAR(p.tensor[0].item<double>(), 2.0 - 1e-4 * (0.25 + 0.1 * 2.0), 1e-6);
}

TEST(LayerOptimizer, MastersKeepStepsThatSixteenBitsWouldLose) {
  // A bf16 near 2 has steps of 2^-6 (1/64): 200 steps of 1e-4 move the master by 0.02 > 1/64,
  // though each alone would round away.
  const Parameter p = parameter(at::kBFloat16, 2.0, 0.25);
  LayerOptimizer optimizer(std::vector{p}, Optimizer::kAdamW, DataType::kBf16);
  for (int i = 0; i < 200; ++i) {
    p.tensor.mutable_grad().fill_(0.25);
    optimizer.step();
  }
  EXPECT_LT(p.tensor[0].item<double>(), 2.0);
  EXPECT_GT(p.tensor[0].item<double>(), 1.95);
}

TEST(LayerOptimizer, HalfPrecisionGradientsAreUnscaledAndInfiniteStepsSkipped) {
  const double scale = loss_scale(DataType::kFp16);
  const Parameter p = parameter(at::kHalf, 2.0, 0.25);
  LayerOptimizer optimizer(std::vector{p}, Optimizer::kSgd, DataType::kFp16);
  p.tensor.mutable_grad().fill_(std::numeric_limits<double>::infinity());
  optimizer.step();
  EXPECT_EQ(p.tensor[0].item<double>(), 2.0);
  // lr * gradient / scale is far under a half's step of 2^-9: only the master moves. A huge scaled
  // gradient moves the parameter by lr * (g / scale): 4 * 16384 / 65536 = 1, times 1e-4, rounds
  // away too, so the value must not have moved by lr * g = 6.5.
  p.tensor.mutable_grad().fill_(scale - 32);
  optimizer.step();
  EXPECT_NEAR(p.tensor[0].item<double>(), 2.0, 0.01);
}

TEST(LayerOptimizer, StateBytesAreMomentsMastersAndStepCounts) {
  const std::vector<Parameter> full = {parameter(at::kFloat, 1, 0)};
  const std::vector<Parameter> half = {parameter(at::kBFloat16, 1, 0)};
  const auto bytes = [](const std::vector<Parameter>& of, Optimizer optimizer, DataType dtype) {
    return LayerOptimizer(of, optimizer, dtype).state_bytes();
  };
  EXPECT_EQ(bytes(full, Optimizer::kAdamW, DataType::kFp32), 8 * 8 + 4);
  EXPECT_EQ(bytes(full, Optimizer::kSgd, DataType::kFp32), 8 * 4);
  EXPECT_EQ(bytes(half, Optimizer::kAdamW, DataType::kBf16), 8 * 12 + 4);
}

}  // namespace
}  // namespace sextant::profiler
