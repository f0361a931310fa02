#include "analyzer/network/link_model.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "analyzer/core/error.h"

namespace sextant {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
const double kNan = std::nan("");

// 5 us + 1 MB / (2 GB/s) = 5 us + 500 us.
TEST(LinkModel, LatencyAndBandwidthAddUp) {
  const LinkModel link = LinkModel::latency_bandwidth(5e-6, 2e9);
  EXPECT_DOUBLE_EQ(link.transfer_s(1e6), 505e-6);
  EXPECT_EQ(link.peak_bytes_per_s(), 2e9);
  EXPECT_EQ(link.latency_s(), 5e-6);
  EXPECT_FALSE(link.extrapolates(1e300));
}

// The published fit of one A100 at 64 MB: x = log2(64) = 6,
// -0.0024414231*36 + 0.1408627339*6 + 1.1168227571 = -0.0878912 + 0.8451764 + 1.1168228
// = 1.8741079 GB/s; 0.064 GB / 1.8741079 GB/s = 34.1496 ms.
TEST(LinkModel, QuadraticIsTheFitOfThePublishedBandwidths) {
  const LinkModel link = LinkModel::quadratic_log2_mb(-0.0024414231124647644, 0.1408627339370467,
                                                      1.116822757126346, 2420367713.517156);
  EXPECT_NEAR(link.transfer_s(64e6), 0.0341496, 1e-7);
  EXPECT_EQ(link.peak_bytes_per_s(), 2420367713.517156);
  EXPECT_EQ(link.latency_s(), 0);
  // At 1 MB x = 0 and the bandwidth is c.
  EXPECT_DOUBLE_EQ(link.transfer_s(1e6), 0.001 / 1.116822757126346);
  // Outside its range it stands as it is, negative below its zero at 7.5 KB.
  EXPECT_LT(link.transfer_s(7e3), 0);
}

TEST(LinkModel, KnowsTheRangeItWasMeasuredIn) {
  const LinkModel link = LinkModel::latency_bandwidth(0, 1e9).valid_between(65536, 1 << 30);
  EXPECT_TRUE(link.extrapolates(65535));
  EXPECT_FALSE(link.extrapolates(65536));
  EXPECT_FALSE(link.extrapolates(1 << 30));
  EXPECT_TRUE(link.extrapolates(2e9));
  EXPECT_NE(link, LinkModel::latency_bandwidth(0, 1e9));
  EXPECT_THROW(link.valid_between(2, 1), Error);
  EXPECT_THROW(link.valid_between(-1, 1), Error);
  EXPECT_THROW(link.valid_between(kNan, 1), Error);
}

TEST(LinkModel, RefusesWhatNoLinkCanBe) {
  for (const double bandwidth : {0.0, -1.0, kInfinity, kNan}) {
    EXPECT_THROW(LinkModel::latency_bandwidth(0, bandwidth), Error) << bandwidth;
    EXPECT_THROW(LinkModel::quadratic_log2_mb(0, 0, 1, bandwidth), Error) << bandwidth;
  }
  for (const double latency : {-1e-9, kInfinity, kNan}) {
    EXPECT_THROW(LinkModel::latency_bandwidth(latency, 1e9), Error) << latency;
    EXPECT_EQ(LinkModel::latency_bandwidth(0, 1e9).latency_s(), 0);
  }
  EXPECT_THROW(LinkModel::quadratic_log2_mb(kNan, 0, 1, 1e9), Error);
}

// Invariant 1: time rises with the size and falls with bandwidth, and is at least the latency.
TEST(LinkModel, LatencyBandwidthIsMonotone) {
  const bool holds = rc::check([] {
    const double latency = *rc::gen::inRange(0, 1000) * 1e-6;
    const double bandwidth = *rc::gen::inRange(1, 1'000'000) * 1e6;
    const double bytes = *rc::gen::inRange(1, 1'000'000'000);
    const LinkModel slow = LinkModel::latency_bandwidth(latency, bandwidth);
    const LinkModel fast = LinkModel::latency_bandwidth(latency, 2 * bandwidth);
    RC_ASSERT(slow.transfer_s(bytes) >= latency);
    RC_ASSERT(slow.transfer_s(2 * bytes) > slow.transfer_s(bytes));
    RC_ASSERT(fast.transfer_s(bytes) <= slow.transfer_s(bytes));
  });
  EXPECT_TRUE(holds);
}

// 5 us + s / 1 GB/s from 1 to 10 KB: 1 KB takes 6 us and less takes no less; 10 KB take 15 us, and
// ten times as much ten times as long.
TEST(LinkModel, IsHeldFastOutsideItsRange) {
  const LinkModel link = LinkModel::latency_bandwidth(5e-6, 1e9).valid_between(1e3, 1e4);
  EXPECT_DOUBLE_EQ(link.transfer_s(1), 6e-6);
  EXPECT_DOUBLE_EQ(link.transfer_s(5e3), 10e-6);
  EXPECT_DOUBLE_EQ(link.transfer_s(1e5), 150e-6);
  // The published curves stay as they were published.
  const LinkModel quadratic = LinkModel::quadratic_log2_mb(0, 1, 2, 1e9);
  EXPECT_EQ(quadratic.valid_between(1e5, 1e6).transfer_s(1e7), quadratic.transfer_s(1e7));
}

TEST(LinkModel, RefusesSegmentsThatFallAndLinksThatDoNotSaturate) {
  EXPECT_NO_THROW(LinkModel::segments({{0, 1e-6, 1e9}, {1e3, 2e-6, 2e9}}));
  EXPECT_THROW(LinkModel::segments({{0, 1e-6, 1e9}}), Error);
  EXPECT_THROW(LinkModel::segments({{0, 1e-6, 1e9}, {1e3, 1.9e-6, 2e9}}), Error);
  EXPECT_THROW(LinkModel::segments({{0, 1e-6, 1e9}, {0, 2e-6, 2e9}}), Error);
  EXPECT_THROW(LinkModel::segments({{1, 1e-6, 1e9}, {1e3, 2e-6, 2e9}}), Error);
  EXPECT_THROW(LinkModel::segments({{0, 1e-6, 0}, {1e3, 2e-6, 2e9}}), Error);
  SaturatingLink link{.latency_s = 1e-6,
                      .bandwidth_bytes_per_s = 1e9,
                      .middle_bytes = 1e6,
                      .middle_s = 1e-4,
                      .exponent = 0.5,
                      .decline_s = 0};
  EXPECT_NO_THROW(LinkModel::saturating(link));
  link.exponent = 1;
  EXPECT_THROW(LinkModel::saturating(link), Error);
  link.exponent = 0.5;
  link.middle_bytes = kNan;
  EXPECT_THROW(LinkModel::saturating(link), Error);
}

// Several links side by side are never slower than one, no piece of them is faster than the NICs,
// and the curve neither falls nor touches zero.
TEST(LinkModel, ScaledCurvesStayPositiveAndMonotone) {
  const bool holds = rc::check([] {
    const auto any = [](int most) { return *rc::gen::inRange(1, most) * 1.0; };
    const double step = any(100'000);
    const LinkSegment first{0, any(100) * 1e-6, any(1000) * 1e7};
    const LinkSegment second{step, first.start_s + step / first.bytes_per_s + any(100) * 1e-6,
                             any(1000) * 1e7};
    const bool bent = *rc::gen::arbitrary<bool>();
    const LinkModel link = bent ? LinkModel::segments({first, second})
                                : LinkModel::saturating({.latency_s = first.start_s,
                                                         .bandwidth_bytes_per_s = any(1000) * 1e7,
                                                         .middle_bytes = step,
                                                         .middle_s = any(100) * 1e-6,
                                                         .exponent = any(100) / 100,
                                                         .decline_s = any(100) * 1e-8});
    const double limit = any(1000) * 1e7;
    const LinkModel many =
        link.valid_between(1000, 1e9).scaled(any(8), limit).with_latency_at_least(any(50) * 1e-6);
    double last = 0;
    for (double bytes = 1; bytes < 1e11; bytes *= 2) {
      const double time_s = many.transfer_s(bytes);
      RC_ASSERT(time_s > 0);
      RC_ASSERT(time_s >= last * (1 - 1e-12));
      RC_ASSERT(time_s >= bytes / limit * (1 - 1e-9));
      last = time_s;
    }
  });
  EXPECT_TRUE(holds);
}

}  // namespace
}  // namespace sextant
