// The whole of nccl_bench on real GPUs: a world of all that are visible, one is enough.
#include <cuda_runtime_api.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/network/bandwidth_document.h"
#include "tests/cli/run_program.h"
#include "tests/support/temporary_folder.h"

namespace sextant::testing {
namespace {

int visible_gpus() {
  int devices = 0;
  return cudaGetDeviceCount(&devices) == cudaSuccess ? devices : 0;
}

TEST(NcclBenchOnGpu, EveryOperationIsMeasuredAndRight) {
  if (visible_gpus() == 0) GTEST_SKIP() << "no GPU";
  const TemporaryFolder folder;
  const std::string output = folder.path() / "bandwidth.json";
  const ProgramResult result =
      run_program({built_program("nccl_bench"), "--backend", "nccl", "--op", "all", "--dtype",
                   "fp32,bf16", "--placement", "both", "--max-bytes", "64MiB", "--factor", "16",
                   "--time-limit", "0.5", "--overlap", "-o", output});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const BandwidthDocument document = read_bandwidth_document(output);
  EXPECT_EQ(document.evidence, Evidence::kMeasuredGpu);
  EXPECT_TRUE(document.complete);
  EXPECT_EQ(static_cast<int>(document.ranks.size()), visible_gpus());
  EXPECT_FALSE(document.overlaps.empty());
  std::vector<std::string> ops;
  for (const Sweep& sweep : document.sweeps) {
    ops.emplace_back(to_string(sweep.op));
    EXPECT_TRUE(sweep.failures.empty()) << sweep.text();
    for (const BandwidthPoint& point : sweep.points) {
      EXPECT_EQ(point.wrong, 0) << sweep.text() << " " << point.bytes;
    }
  }
  for (const std::string_view op : kCommunicationOpNames) {
    EXPECT_THAT(ops, ::testing::Contains(std::string(op)));
  }
}

TEST(NcclBenchOnGpu, AWrongElementIsSeen) {
  if (visible_gpus() == 0) GTEST_SKIP() << "no GPU";
  const ProgramResult result =
      run_program({built_program("nccl_bench"), "--backend", "nccl", "--op", "all_reduce",
                   "--bytes", "1MiB", "--time-limit", "0.2", "--inject-error", "0"});
  EXPECT_EQ(result.exit_code, 5) << result.err;
}

TEST(NcclBenchOnGpu, WithoutAGpuNcclIsRefused) {
  if (visible_gpus() > 0) GTEST_SKIP() << "there is a GPU";
  const ProgramResult result = run_program({built_program("nccl_bench"), "--backend", "nccl"});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err, ::testing::HasSubstr("--backend nccl: no GPU is visible"));
}

}  // namespace
}  // namespace sextant::testing
