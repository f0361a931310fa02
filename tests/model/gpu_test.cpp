#include "analyzer/profile/gpu.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "analyzer/core/files.h"

namespace sextant {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr double kGiB = 1024.0 * 1024.0 * 1024.0;

TEST(Gpu, ShipsEveryTypeWithASourceForEveryNumber) {
  EXPECT_THAT(gpu_names(),
              ElementsAre("A100-40", "A100-80", "A10G", "B200", "GH-96", "H100-80", "H200-141",
                          "L4", "RTX-2080", "RTX-3090", "T4", "Titan-RTX", "V100-16"));
  for (const std::string& name : gpu_names()) {
    const GpuSpec gpu = gpu_named(name);
    EXPECT_EQ(gpu.name, name);
    EXPECT_TRUE(gpu.peak_flops.contains(DataType::kFp32)) << name;
    EXPECT_GE(gpu.peak_flops.at(DataType::kFp16), 2 * gpu.peak_flops.at(DataType::kFp32)) << name;
    EXPECT_GT(gpu.gpus_per_node, 1) << name;
    for (const auto& [number, source] : gpu.sources) EXPECT_FALSE(source.empty()) << number;
    EXPECT_EQ(gpu.sources.size(), 4 + gpu.peak_flops.size() + (gpu.nvlink_bytes_per_s > 0 ? 1 : 0) +
                                      (gpu.usd_per_hour ? 1 : 0))
        << name;
  }
}

/// The sizes of the Sailor artifact's fit check.
TEST(Gpu, HasTheMemoryThatPublishedFitChecksUse) {
  const std::map<std::string, double> gib{{"V100-16", 16}, {"A100-40", 40},   {"A100-80", 80},
                                          {"GH-96", 96},   {"Titan-RTX", 24}, {"RTX-2080", 11},
                                          {"RTX-3090", 24}};
  for (const auto& [name, size] : gib) EXPECT_EQ(gpu_named(name).memory_bytes, size * kGiB) << name;
}

TEST(Gpu, ResolvesAliases) {
  EXPECT_EQ(canonical_gpu_name("A100"), "A100-40");  // Helix's
  EXPECT_EQ(canonical_gpu_name("h100"), "H100-80");
  EXPECT_EQ(canonical_gpu_name("GH200"), "GH-96");
  EXPECT_EQ(canonical_gpu_name("V100-16"), "V100-16");
  try {
    gpu_named("A100-41");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadInput);
    EXPECT_THAT(error.what(), HasSubstr("did you mean A100-40?"));
  }
}

class GpuDocument : public ::testing::Test {
 protected:
  std::string error_of(const std::string& peak, const std::string& more = "") {
    write_file_atomically(path_, R"({"schema": "sextant/gpu/1.0", "name": "G",
      "memory_gib": {"value": 8, "source": "s"}, "peak_tflops": {"fp32": )" +
                                     peak + R"(},
      "memory_bandwidth_gb_per_s": {"value": 500, "source": "s"},
      "pcie_gb_per_s": {"value": 16, "source": "s"},
      "gpus_per_node": {"value": 8, "source": "s"})" +
                                     more + "}");
    try {
      read_gpu(path_);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kBadInput);
      return error.what();
    }
    return "accepted";
  }
  void TearDown() override { std::filesystem::remove(path_); }

  std::filesystem::path path_ = std::filesystem::path(::testing::TempDir()) / "gpu_document.json";
};

TEST_F(GpuDocument, RefusesNumbersWithoutSourceAndInAnotherUnit) {
  EXPECT_EQ(error_of(R"({"value": 10, "source": "s"})"), "accepted");
  EXPECT_THAT(error_of(R"({"value": 10})"), HasSubstr("\"source\""));
  EXPECT_THAT(error_of(R"({"value": 1e13, "source": "s"})"), HasSubstr("another unit"));
  EXPECT_THAT(error_of(R"({"value": 0, "source": "s"})"), HasSubstr("greater than zero"));
  EXPECT_THAT(error_of(R"({"value": 10, "source": "s"})", R"(, "nvlink": 3)"),
              HasSubstr("only known members"));
}

}  // namespace
}  // namespace sextant
