#include "profiler/sweep/sweep_plan.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/byte_size.h"
#include "analyzer/core/error.h"
#include "profiler/sweep/time_estimate.h"

namespace sextant::profiler {
namespace {

using ::testing::ElementsAre;

Machine gpus(int count) {
  Machine machine;
  machine.device = DeviceKind::kCuda;
  machine.gpu = "H200-141";
  machine.devices = count;
  machine.provenance = {{"host", "node1"}};
  return machine;
}

SweepOptions opt_350m() {
  SweepOptions options;
  options.model = "OPT-350M";
  options.out = "points";
  return options;
}

std::vector<std::string> texts(const Sweep& sweep) {
  std::vector<std::string> out;
  for (const SweepPoint& point : sweep.points) {
    out.push_back(std::to_string(point.key.tp) + "x" + std::to_string(point.key.microbatch) +
                  (point.real_collectives ? "r" : ""));
  }
  return out;
}

TEST(SweepPlan, DegreesAreLegalPowersOfTwoUpToTheGpus) {
  SweepOptions options = opt_350m();
  options.microbatches = {1};
  EXPECT_THAT(texts(plan_sweep(options, gpus(1))), ElementsAre("1x1"));
  EXPECT_THAT(texts(plan_sweep(options, gpus(6))), ElementsAre("1x1", "2x1r", "4x1r"));
  options.model = "OPT-30B";  // 56 heads: 8 is legal, 16 is not
  EXPECT_THAT(texts(plan_sweep(options, gpus(16))), ElementsAre("1x1", "2x1r", "4x1r", "8x1r"));
}

TEST(SweepPlan, WhatOneProcessMeasuresComesFirst) {
  SweepOptions options = opt_350m();
  options.tensor_degrees = {2, 8, 1};
  options.microbatches = {4, 1, 4};
  const Sweep sweep = plan_sweep(options, gpus(2));
  EXPECT_THAT(texts(sweep), ElementsAre("1x1", "1x4", "8x1", "8x4", "2x1r", "2x4r"));
  const std::vector<SweepGroup> groups = sweep.groups();
  ASSERT_EQ(groups.size(), 2U);
  EXPECT_EQ(groups[0].world_size, 1);
  EXPECT_THAT(groups[0].points, ElementsAre(0, 1, 2, 3));
  EXPECT_EQ(groups[1].world_size, 2);
  const ProfileRequest request = sweep.request(groups[1].points);
  EXPECT_TRUE(request.real_collectives);
  EXPECT_EQ(request.points.size(), 2U);
  EXPECT_EQ(request.seq_len, 2048);
}

TEST(SweepPlan, CollectivesRunWhereThereAreDevices) {
  SweepOptions options = opt_350m();
  options.tensor_degrees = {4};
  options.microbatches = {1};
  EXPECT_THAT(texts(plan_sweep(options, gpus(3))), ElementsAre("4x1"));
  options.collectives = CollectivesChoice::kRecorded;
  EXPECT_THAT(texts(plan_sweep(options, gpus(4))), ElementsAre("4x1"));
  options.collectives = CollectivesChoice::kReal;
  EXPECT_THAT(texts(plan_sweep(options, gpus(4))), ElementsAre("4x1r"));
  EXPECT_THROW(plan_sweep(options, gpus(3)), Error);
}

TEST(SweepPlan, ShardsArePartsOfOneWhole) {
  SweepOptions options = opt_350m();
  options.tensor_degrees = {1, 2, 4};
  options.dtypes = {"fp32", "bf16"};
  std::multiset<std::string> together;
  for (int i = 0; i < 5; ++i) {
    options.shard = {i, 5};
    for (const SweepPoint& point : plan_sweep(options, gpus(1)).points) {
      together.insert(point.file.string());
    }
  }
  options.shard = {};
  std::multiset<std::string> whole;
  for (const SweepPoint& point : plan_sweep(options, gpus(1)).points) {
    whole.insert(point.file.string());
  }
  EXPECT_EQ(together, whole);
  EXPECT_EQ(std::set<std::string>(whole.begin(), whole.end()).size(), 24U);
}

TEST(SweepPlan, FilesAreNamedForTheirVariant) {
  SweepOptions options = opt_350m();
  options.tensor_degrees = {2};
  options.microbatches = {4};
  options.recompute = true;
  EXPECT_EQ(plan_sweep(options, gpus(1)).points[0].file,
            "points/bf16-recompute/seq2048/profile_OPT-350M_H200-141_2_4.json");
  options.mode = Mode::kServe;
  options.recompute = false;
  EXPECT_EQ(plan_sweep(options, gpus(1)).points[0].file,
            "points/bf16/serving_profile_OPT-350M_H200-141_2.json");
}

TEST(SweepPlan, ServingStaysWithinTheModelsPositions) {
  SweepOptions options = opt_350m();  // a table of 2048 positions
  options.mode = Mode::kServe;
  const Sweep sweep = plan_sweep(options, gpus(1));
  EXPECT_EQ(sweep.options.prefill_tokens.back(), 2048);
  EXPECT_THAT(sweep.options.decode_contexts, ElementsAre(128, 512, 2048));
  EXPECT_EQ(sweep.options.decode_batches.back(), 512);
  options.prefill_tokens = {4096};
  EXPECT_THROW(plan_sweep(options, gpus(1)), Error);
}

// More work cannot be estimated shorter, and no pass exceeds the time limit.
TEST(TimeEstimate, GrowsWithTheWorkUpToTheLimit) {
  SweepOptions options = opt_350m();
  options.tensor_degrees = {1};
  options.microbatches = {1, 2, 4, 8, 16, 32, 4096};
  const Sweep sweep = plan_sweep(options, gpus(1));
  double before = 0;
  for (const SweepPoint& point : sweep.points) {
    ASSERT_TRUE(point.estimated_s.has_value());
    EXPECT_GE(*point.estimated_s, before);
    before = *point.estimated_s;
  }
  EXPECT_LE(before, 4 * options.stopping.time_limit_s);
  EXPECT_GT(before, 2 * options.stopping.time_limit_s);
  EXPECT_GT(*sweep.estimated_s(), before);

  SweepOptions with_kernels = options;
  with_kernels.kernels = true;
  EXPECT_GT(*plan_sweep(with_kernels, gpus(1)).estimated_s(), *sweep.estimated_s());
}

TEST(ByteSize, KnowsDecimalAndBinaryUnits) {
  EXPECT_EQ(byte_size("--x", "64GiB"), 64 * 0x1p30);
  EXPECT_EQ(byte_size("--x", "1.5 GB"), 1.5e9);
  EXPECT_EQ(byte_size("--x", "4096"), 4096);
  for (const char* bad : {"", "GB", "0", "-1GB", "1 parsec", "1e999", "nan", "1GB2", "1  GB"}) {
    EXPECT_THROW(byte_size("--x", bad), Error) << bad;
  }
}

}  // namespace
}  // namespace sextant::profiler
