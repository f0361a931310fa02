#include "profiler/device/kernel_trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#ifdef SEXTANT_TEST_CUPTI

#include "tests/gpu/add_one.h"
#endif

namespace sextant::profiler {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

TEST(KernelTrace, EitherRunsOrSaysWhichCallFailed) {
  KernelTrace trace;
  if (trace.is_running()) {
    EXPECT_EQ(trace.problem(), "");
  } else {
    EXPECT_THAT(trace.problem(), StartsWith("kernels cannot be traced: "));
    EXPECT_THAT(trace.problem(), AnyOf(HasSubstr(" failed: CUPTI"), HasSubstr("has no CUPTI")));
  }
  trace.enter(1);
  trace.leave();
  EXPECT_THAT(trace.take(), IsEmpty());
  EXPECT_EQ(trace.dropped_records(), 0U);
}

#ifdef SEXTANT_TEST_CUPTI

TEST(KernelTrace, TheLoadedCuptiHasAVersionAndAPlace) {
  EXPECT_THAT(cupti_library(), HasSubstr("libcupti.so"));
}

class KernelTraceOnGpu : public ::testing::Test {
 protected:
  void SetUp() override {
    int devices = 0;
    if (cudaGetDeviceCount(&devices) != cudaSuccess || devices == 0) GTEST_SKIP() << "no GPU";
    ASSERT_EQ(cudaMalloc(reinterpret_cast<void**>(&values_), kCount * sizeof(int)), cudaSuccess);
  }
  void TearDown() override { cudaFree(values_); }
  void launch() { ASSERT_EQ(sextant::testing::add_one(values_, kCount), cudaSuccess); }

  static constexpr int kCount = 1 << 20;
  int* values_ = nullptr;
};

TEST_F(KernelTraceOnGpu, EveryKernelHasItsInnermostPlaceItsNameAndItsTimes) {
  KernelTrace trace;
  ASSERT_TRUE(trace.is_running()) << trace.problem();
  launch();  // outside of all places
  trace.enter(7);
  launch();
  trace.enter(8);
  launch();
  trace.leave();
  launch();
  trace.leave();
  ASSERT_EQ(cudaDeviceSynchronize(), cudaSuccess);
  const std::vector<KernelRecord> records = trace.take();
  std::vector<std::uint64_t> places;
  for (const KernelRecord& record : records) {
    places.push_back(record.place_id);
    EXPECT_THAT(record.name, HasSubstr("add_one_kernel(int*, int)"));
    EXPECT_GT(record.start_ns, 0);
    EXPECT_GT(record.end_ns, record.start_ns);
    EXPECT_EQ(record.block[0], 128);
  }
  EXPECT_THAT(places, ::testing::ElementsAre(0U, 7U, 8U, 7U));
  EXPECT_THAT(trace.take(), IsEmpty()) << "they were taken";
}

TEST_F(KernelTraceOnGpu, ASecondTraceIsRefusedAndAThirdAfterwardsIsNot) {
  {
    const KernelTrace first;
    ASSERT_TRUE(first.is_running()) << first.problem();
    const KernelTrace second;
    EXPECT_FALSE(second.is_running());
    EXPECT_THAT(second.problem(), HasSubstr("MULTIPLE_SUBSCRIBERS"));
  }
  const KernelTrace third;
  EXPECT_TRUE(third.is_running()) << third.problem();
}

#endif

}  // namespace
}  // namespace sextant::profiler
