// KernelTrace against a CUPTI that a test plays: what it does where there is no GPU to ask.
#include <cupti_version.h>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "profiler/device/kernel_trace.h"
#include "tests/profiler/device/fake_cupti.h"

namespace sextant::profiler {
namespace {

using sextant::testing::FakeCupti;
using sextant::testing::reset_fake_cupti;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> texts(const std::vector<KernelRecord>& records) {
  std::vector<std::string> out;
  for (const KernelRecord& record : records) {
    out.push_back(record.name + " @" + std::to_string(record.place_id));
  }
  return out;
}

TEST(KernelTraceLogic, JoinsKernelsWithTheInnermostPlaceOfTheirLaunch) {
  FakeCupti& cupti = reset_fake_cupti();
  KernelTrace trace;
  ASSERT_TRUE(trace.is_running()) << trace.problem();
  cupti.launch("_Z3addPii", 10, 20, 1);
  trace.enter(7);
  cupti.launch("ampere_sgemm", 30, 40, 2);
  trace.enter(8);
  cupti.launch("_Z3addPii", 50, 60, 3);
  trace.leave();
  cupti.launch("last", 70, 80, 4);
  trace.leave();
  const std::vector<KernelRecord> records = trace.take();
  EXPECT_THAT(texts(records),
              ElementsAre("add(int*, int) @0", "ampere_sgemm @7", "add(int*, int) @8", "last @7"));
  EXPECT_EQ(records[1].start_ns, 30);
  EXPECT_EQ(records[1].end_ns, 40);
  EXPECT_THAT(records[1].grid, ElementsAre(3, 1, 1));
  EXPECT_THAT(records[1].block, ElementsAre(128, 1, 1));
  EXPECT_THAT(trace.take(), IsEmpty());
}

TEST(KernelTraceLogic, AKernelMayArriveInAnotherBufferThanItsPlace) {
  FakeCupti& cupti = reset_fake_cupti();
  KernelTrace trace;
  trace.enter(5);
  cupti.launch("first", 1, 2, 1);
  cupti.deliver(false);
  cupti.launch("second", 3, 4, 2);
  trace.leave();
  cupti.dropped = 4;
  EXPECT_THAT(texts(trace.take()), ElementsAre("first @5", "second @5"));
  EXPECT_EQ(trace.dropped_records(), 4U);
}

TEST(KernelTraceLogic, EveryThreadHasItsOwnPlaces) {
  FakeCupti& cupti = reset_fake_cupti();
  KernelTrace trace;
  trace.enter(1);
  std::thread autograd([&] {
    cupti.launch("stray", 1, 2, 1);
    trace.enter(2);
    cupti.launch("backward", 3, 4, 2);
    trace.leave();
  });
  autograd.join();
  cupti.launch("forward", 5, 6, 3);
  trace.leave();
  EXPECT_THAT(texts(trace.take()), ElementsAre("stray @0", "backward @2", "forward @1"));
}

TEST(KernelTraceLogic, ASecondOneIsRefusedAndTheFirstGoesOn) {
  FakeCupti& cupti = reset_fake_cupti();
  {
    KernelTrace first;
    const KernelTrace second;
    EXPECT_FALSE(second.is_running());
    EXPECT_THAT(second.problem(), HasSubstr("cuptiSubscribe failed: "
                                            "CUPTI_ERROR_MULTIPLE_SUBSCRIBERS_NOT_SUPPORTED"));
    cupti.launch("kernel", 1, 2, 1);
    EXPECT_EQ(first.take().size(), 1U);
  }
  EXPECT_EQ(cupti.subscribers, 0);
  EXPECT_THAT(cupti.enabled, IsEmpty());
  EXPECT_TRUE(KernelTrace().is_running());
}

TEST(KernelTraceLogic, AHeldCuptiIsNamedWithWhatToStop) {
  FakeCupti& cupti = reset_fake_cupti();
  cupti.failing_call = "cuptiSubscribe";
  cupti.failure = 39;  // CUPTI_ERROR_MULTIPLE_SUBSCRIBERS_NOT_SUPPORTED
  cupti.holder = "Some Tool";
  KernelTrace trace;
  EXPECT_FALSE(trace.is_running());
  EXPECT_THAT(trace.problem(), AllOf(HasSubstr("cuptiSubscribe failed: "),
                                     HasSubstr("a sentence of CUPTI's"), HasSubstr("nsys")));
#if CUPTI_API_VERSION >= 130000
  EXPECT_THAT(trace.problem(), HasSubstr("held by \"Some Tool\""));
#endif
  trace.enter(1);
  trace.leave();
  EXPECT_THAT(trace.take(), IsEmpty());
}

TEST(KernelTraceLogic, WhatWasBegunIsEndedWhereALaterCallFails) {
  FakeCupti& cupti = reset_fake_cupti();
  cupti.failing_call = "cuptiActivityEnable";
  cupti.failure = 35;  // CUPTI_ERROR_INSUFFICIENT_PRIVILEGES
  const KernelTrace trace;
  EXPECT_FALSE(trace.is_running());
  EXPECT_THAT(trace.problem(), AllOf(HasSubstr("cuptiActivityEnable failed"),
                                     HasSubstr("NVreg_RestrictProfilingToAdminUsers=0")));
  EXPECT_EQ(cupti.subscribers, 0);
}

TEST(KernelTraceLogic, ACuptiOfAnotherReleaseIsRefused) {
  FakeCupti& cupti = reset_fake_cupti();
  cupti.version = 90000;
  const KernelTrace trace;
  EXPECT_FALSE(trace.is_running());
  EXPECT_THAT(trace.problem(), AllOf(HasSubstr("compiled against CUPTI"), HasSubstr("90000")));
  EXPECT_EQ(cupti.subscribers, 0);
}

}  // namespace
}  // namespace sextant::profiler
