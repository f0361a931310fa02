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

// "?" and what it may be where nothing is settled.
std::string type_of(std::string_view name, double gib = 0) {
  std::vector<GpuSpec> known;
  for (const std::string& shipped : gpu_names()) known.push_back(gpu_named(shipped));
  const auto match =
      match_gpu_type(name, gib > 0 ? std::optional<double>(gib * kGib) : std::nullopt, known);
  if (match.settled) return match.candidates.front();
  std::string text = "?";
  for (const std::string& candidate : match.candidates) text += " " + candidate;
  return text;
}

TEST(GpuTypeMatch, NamesOfSlurmAndOfTheDriver) {
  EXPECT_EQ(type_of("nvidia_a100-sxm4-80gb"), "A100-80");
  EXPECT_EQ(type_of("NVIDIA A100-SXM4-40GB"), "A100-40");
  EXPECT_EQ(type_of("a100_80"), "A100-80");
  EXPECT_EQ(type_of("a100-40g"), "A100-40");
  EXPECT_EQ(type_of("NVIDIA H100 80GB HBM3"), "H100-80");
  EXPECT_EQ(type_of("NVIDIA H200"), "H200-141");
  EXPECT_EQ(type_of("h200"), "H200-141");
  EXPECT_EQ(type_of("Tesla V100-SXM2-16GB"), "V100-16");
  EXPECT_EQ(type_of("tesla_t4"), "T4");
  EXPECT_EQ(type_of("l4"), "L4");
  EXPECT_EQ(type_of("NVIDIA A10G"), "A10G");
  EXPECT_EQ(type_of("NVIDIA GeForce RTX 3090", 24), "RTX-3090");
  EXPECT_EQ(type_of("rtx3090"), "RTX-3090");
  EXPECT_EQ(type_of("nvidia_geforce_rtx_2080_ti"), "RTX-2080");
  EXPECT_EQ(type_of("NVIDIA TITAN RTX", 24), "Titan-RTX");
  EXPECT_EQ(type_of("NVIDIA GH200 480GB", 95.6), "GH-96");
  EXPECT_EQ(type_of("NVIDIA B200", 179.1), "B200");
}

TEST(GpuTypeMatch, MemoryThatNobodyToldIsOpen) {
  EXPECT_EQ(type_of("a100"), "? A100-40 A100-80");
  EXPECT_EQ(type_of("A100", 79.3), "A100-80");
  EXPECT_EQ(type_of("v100"), "? V100-16");
  EXPECT_EQ(type_of("v100", 31.7), "?") << "a V100 of 32 GB";
  EXPECT_EQ(type_of("h100"), "? H100-80");
  EXPECT_EQ(type_of("gh200"), "? GH-96");
  EXPECT_EQ(type_of("nvidia_gh200_480gb"), "? GH-96") << "480 GB are its processor's";
  EXPECT_EQ(type_of("NVIDIA GeForce RTX 2080", 8), "?");
}

TEST(GpuTypeMatch, OtherFormsAndOtherGpusMatchNone) {
  for (const char* name : {"NVIDIA A100-PCIE-40GB", "nvidia_h100_pcie", "NVIDIA H100 NVL", "a6000",
                           "rtx_a4000", "mi300x", "", "gpu", "nvidia", "tesla", "80gb"}) {
    EXPECT_EQ(type_of(name), "?") << name;
  }
}

}  // namespace
}  // namespace sextant
