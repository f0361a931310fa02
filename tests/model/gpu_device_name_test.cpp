#include "analyzer/profile/gpu_device_name.h"

#include <gtest/gtest.h>

#include "analyzer/profile/gpu.h"

namespace sextant {
namespace {

constexpr double kGib = 0x1p30;

// Names as drivers report them (nvidia-smi -L), with the memory that they report.
TEST(GpuTypes, AreWhatDriversCallThem) {
  EXPECT_EQ(gpu_type_of("NVIDIA A100-SXM4-40GB", 40.0 * kGib), "A100-40");
  EXPECT_EQ(gpu_type_of("NVIDIA A100-SXM4-80GB", 80.0 * kGib), "A100-80");
  EXPECT_EQ(gpu_type_of("NVIDIA H100 80GB HBM3", 79.6 * kGib), "H100-80");
  EXPECT_EQ(gpu_type_of("NVIDIA H200", 140.4 * kGib), "H200-141");
  EXPECT_EQ(gpu_type_of("NVIDIA GH200 480GB", 95.6 * kGib), "GH-96");
  EXPECT_EQ(gpu_type_of("Tesla V100-SXM2-16GB", 16.0 * kGib), "V100-16");
  EXPECT_EQ(gpu_type_of("Tesla T4", 15.0 * kGib), "T4");
  EXPECT_EQ(gpu_type_of("NVIDIA L4", 22.5 * kGib), "L4");
  EXPECT_EQ(gpu_type_of("NVIDIA A10G", 22.5 * kGib), "A10G");
  EXPECT_EQ(gpu_type_of("NVIDIA GeForce RTX 3090", 24.0 * kGib), "RTX-3090");
  EXPECT_EQ(gpu_type_of("NVIDIA GeForce RTX 2080 Ti", 11.0 * kGib), "RTX-2080");
  EXPECT_EQ(gpu_type_of("NVIDIA TITAN RTX", 24.0 * kGib), "Titan-RTX");
}

TEST(GpuTypes, AnotherFormOrSizeIsNotGuessed) {
  EXPECT_EQ(gpu_type_of("Tesla V100-SXM2-32GB", 32.0 * kGib), "");
  EXPECT_EQ(gpu_type_of("NVIDIA H100 PCIe", 80.0 * kGib), "");
  EXPECT_EQ(gpu_type_of("NVIDIA A100-PCIE-40GB", 40.0 * kGib), "");
  EXPECT_EQ(gpu_type_of("NVIDIA H100 NVL", 94.0 * kGib), "");
  EXPECT_EQ(gpu_type_of("NVIDIA L40S", 45.0 * kGib), "");
  EXPECT_EQ(gpu_type_of("", 0), "");
}

// Each shipped type must be found by its own name, so that none hides another.
TEST(GpuTypes, EveryShippedTypeIsFoundByItsName) {
  for (const std::string& name : gpu_names()) {
    EXPECT_EQ(gpu_type_of(name, gpu_named(name).memory_bytes), name);
  }
}

}  // namespace
}  // namespace sextant
