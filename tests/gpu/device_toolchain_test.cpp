// Whether the CUDA toolkit, NCCL and CUPTI that were compiled against are those that are loaded: a
// machine with two of them fails later, in stranger ways. The kernel runs where there is a GPU.
#include <cupti.h>
#include <nccl.h>
#include <vector>

#include <gtest/gtest.h>

#include "tests/gpu/add_one.h"

namespace sextant::testing {
namespace {

TEST(DeviceToolchain, LoadedCudaRuntimeIsTheCompiledOne) {
  int version = 0;
  ASSERT_EQ(cudaRuntimeGetVersion(&version), cudaSuccess);
  EXPECT_EQ(version / 1000, CUDART_VERSION / 1000);
}

TEST(DeviceToolchain, LoadedNcclIsNotOlderThanTheCompiledOne) {
  int version = 0;
  ASSERT_EQ(ncclGetVersion(&version), ncclSuccess);
  EXPECT_GE(version, NCCL_VERSION_CODE);
}

TEST(DeviceToolchain, LoadedCuptiIsNotOlderThanTheCompiledOne) {
  std::uint32_t version = 0;
  ASSERT_EQ(cuptiGetVersion(&version), CUPTI_SUCCESS);
  EXPECT_GE(version, static_cast<std::uint32_t>(CUPTI_API_VERSION));
}

TEST(DeviceToolchain, AKernelRuns) {
  int devices = 0;
  if (cudaGetDeviceCount(&devices) != cudaSuccess || devices == 0) GTEST_SKIP() << "no GPU";
  std::vector<int> values = {1, 2, 3};
  const std::size_t bytes = values.size() * sizeof(int);
  int* on_device = nullptr;
  ASSERT_EQ(cudaMalloc(&on_device, bytes), cudaSuccess);
  ASSERT_EQ(cudaMemcpy(on_device, values.data(), bytes, cudaMemcpyHostToDevice), cudaSuccess);
  EXPECT_EQ(add_one(on_device, static_cast<int>(values.size())), cudaSuccess);
  EXPECT_EQ(cudaMemcpy(values.data(), on_device, bytes, cudaMemcpyDeviceToHost), cudaSuccess);
  EXPECT_EQ(cudaFree(on_device), cudaSuccess);
  EXPECT_EQ(values, (std::vector<int>{2, 3, 4}));
}

}  // namespace
}  // namespace sextant::testing
