#include "profiler/measure/saved_tensors.h"

#include <ATen/ATen.h>

#include <gtest/gtest.h>

namespace sextant::profiler {
namespace {

constexpr double kFloats = 64 * 4.0;

at::Tensor leaf() {
  return at::randn({64}).requires_grad_();
}

TEST(SavedTensors, CountsWhatAnOperatorKeeps) {
  const at::Tensor weight = leaf();
  SavedTensors saved;
  {
    const at::Tensor x = weight + 1;  // an intermediate that only the graph holds
    saved.name_recent("sum");
    const at::Tensor y = x.sin();  // keeps x
    saved.name_recent("sine");
    y.sum().backward();
  }
  const auto bytes = saved.bytes_by_place();
  EXPECT_EQ(bytes.size(), 1U);
  EXPECT_EQ(bytes.at("sine"), kFloats);
}

TEST(SavedTensors, CountAStorageOnceHoweverManyKeepIt) {
  const at::Tensor weight = leaf();
  SavedTensors saved;
  {
    const at::Tensor x = weight + 1;
    const at::Tensor y = x.sin() + x.view({8, 8}).cos().view({64});
    saved.name_recent("both");
  }
  EXPECT_EQ(saved.bytes_by_place().at("both"), kFloats);
}

TEST(SavedTensors, LeaveOutWhatOutlivesTheGraph) {
  const at::Tensor weight = leaf();
  const at::Tensor table = at::randn({64});
  SavedTensors saved;
  {
    const at::Tensor y = (weight * table).sum();  // keeps both
    saved.name_recent("product");
  }
  EXPECT_TRUE(saved.bytes_by_place().empty());
  EXPECT_EQ(saved.bytes_by_place({table}).at("product"), kFloats);
}

TEST(SavedTensors, GradientsAreThoseOfAnUnobservedGraph) {
  const at::Tensor weight = leaf();
  (weight.sin() * weight.exp()).sum().backward();
  const at::Tensor expected = weight.grad().clone();
  weight.mutable_grad().reset();
  SavedTensors saved;
  (weight.sin() * weight.exp()).sum().backward();
  EXPECT_TRUE(at::equal(weight.grad(), expected));
}

}  // namespace
}  // namespace sextant::profiler
