#include "analyzer/network/compare/run_comparison.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"

namespace sextant {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// Times of sizes that double from 1 MB, with p10 and p90 so far away (relative); 0: no spread.
Sweep sweep_of(const std::vector<double>& times_s, double spread) {
  Sweep sweep;
  sweep.op = CommunicationOp::kAllReduce;
  sweep.pattern = SweepPattern::kWorld;
  sweep.world_size = 8;
  double bytes = 1e6;
  for (const double time : times_s) {
    BandwidthPoint point;
    point.bytes = bytes;
    point.time = {time, time * (1 - spread), time * (1 + spread), spread > 0 ? 20 : 0, spread};
    sweep.points.push_back(point);
    bytes *= 2;
  }
  return sweep;
}

BandwidthDocument document_of(std::vector<Sweep> sweeps, const char* source = "file") {
  BandwidthDocument document;
  document.sweeps = std::move(sweeps);
  document.source = source;
  return document;
}

SweepComparison compared(const std::vector<double>& a, const std::vector<double>& b,
                         double spread) {
  const RunComparison runs =
      compare_runs(document_of({sweep_of(a, spread)}), document_of({sweep_of(b, spread)}));
  return runs.sweeps.at(0);
}

// With 10 % to either side 1.0 has 0.9 … 1.1; 1.05 has 0.945 … 1.155; 1.15 has 1.035 … 1.265; 1.3
// has 1.17 … 1.43.
TEST(RunComparison, JudgesEachSizeByItsPercentiles) {
  const SweepComparison row = compared({1, 1, 1, 1}, {1.05, 1.15, 1.3, 0.7}, 0.1);
  std::vector<Verdict> verdicts;
  for (const SizeComparison& size : row.sizes) verdicts.push_back(size.verdict);
  EXPECT_THAT(verdicts,
              ElementsAre(Verdict::kSame, Verdict::kAmbiguous, Verdict::kSlower, Verdict::kFaster));
  EXPECT_NEAR(row.sizes[2].change, 0.3, 1e-12);
  EXPECT_FALSE(row.change_low) << "too few sizes";
  EXPECT_EQ(row.verdict, Verdict::kAmbiguous);
}

TEST(RunComparison, FewSizesMustAgree) {
  EXPECT_EQ(compared({1, 2, 3}, {1.5, 3, 4.5}, 0.1).verdict, Verdict::kSlower);
  EXPECT_EQ(compared({1, 2, 3}, {1, 2, 3}, 0.1).verdict, Verdict::kSame);
  EXPECT_EQ(compared({1, 2, 3}, {1, 2, 3}, 0).verdict, Verdict::kAmbiguous) << "no spread is known";
}

// Six sizes: the median lies between the least and the largest change with 97 %.
TEST(RunComparison, ManySizesTellWithoutASpread) {
  const std::vector<double> a = {1, 1, 1, 1, 1, 1};
  EXPECT_EQ(compared(a, {1.01, 0.99, 1, 1.005, 1.015, 0.985}, 0).verdict, Verdict::kSame);
  const SweepComparison slower = compared(a, {1.03, 1.05, 1.06, 1.04, 1.2, 1.01}, 0);
  EXPECT_EQ(slower.verdict, Verdict::kSlower);
  EXPECT_NEAR(*slower.change_low, 0.01, 1e-12);
  EXPECT_NEAR(*slower.change_high, 0.2, 1e-12);
  EXPECT_NEAR(slower.change, 0.045, 1e-12);
  EXPECT_EQ(compared(a, {0.9, 0.95, 0.96, 0.94, 0.8, 0.97}, 0).verdict, Verdict::kFaster);
  EXPECT_EQ(compared(a, {0.9, 1.1, 0.96, 1.04, 0.8, 1.2}, 0).verdict, Verdict::kAmbiguous);
  // All a little slower, but so little that it does not matter, or hardly.
  EXPECT_EQ(compared(a, {1.01, 1.01, 1.01, 1.01, 1.01, 1.015}, 0).verdict, Verdict::kSame);
  EXPECT_EQ(compared(a, {1.01, 1.01, 1.01, 1.01, 1.01, 1.05}, 0).verdict, Verdict::kAmbiguous);
}

TEST(RunComparison, ListsWhatOnlyOneHas) {
  Sweep other = sweep_of({1, 1}, 0.1);
  other.op = CommunicationOp::kAllGather;
  Sweep shorter = sweep_of({1, 1, 1}, 0.1);
  shorter.points.erase(shorter.points.begin());
  const RunComparison runs =
      compare_runs(document_of({sweep_of({1, 1}, 0.1), other}), document_of({shorter}));
  ASSERT_EQ(runs.sweeps.size(), 1U);
  EXPECT_EQ(runs.sweeps[0].sizes.size(), 1U);
  EXPECT_THAT(runs.sweeps[0].only_in_a, ElementsAre(1e6));
  EXPECT_THAT(runs.sweeps[0].only_in_b, ElementsAre(4e6));
  EXPECT_THAT(runs.only_in_a, ElementsAre("all_gather of 8 ranks"));
  EXPECT_THAT(runs.only_in_b, IsEmpty());
}

TEST(RunComparison, NeverComparesWhatDiffers) {
  const Sweep sweep = sweep_of({1, 1}, 0.1);
  const auto refused = [&](const std::function<void(Sweep&)>& change) {
    Sweep other = sweep;
    change(other);
    try {
      compare_runs(document_of({sweep}, "a.json"), document_of({other}, "b.json"));
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr("a.json and b.json have no size of the same sweep"));
      return error.code() == ErrorCode::kBadInput;
    }
    return false;
  };
  EXPECT_TRUE(refused([](Sweep& other) { other.op = CommunicationOp::kBroadcast; }));
  EXPECT_TRUE(refused([](Sweep& other) { other.world_size = 4; }));
  EXPECT_TRUE(refused([](Sweep& other) { other.level = LinkLevel::kInsideNode; }));
  EXPECT_TRUE(refused([](Sweep& other) { other.in_place = true; }));
  EXPECT_TRUE(refused([](Sweep& other) {
    for (BandwidthPoint& point : other.points) point.bytes += 1;
  }));
  Sweep typed = sweep;
  typed.dtype = "fp32";
  EXPECT_TRUE([&] {
    Sweep other = typed;
    other.dtype = "bf16";
    try {
      compare_runs(document_of({typed}), document_of({other}));
    } catch (const Error&) {
      return true;
    }
    return false;
  }());
  EXPECT_NO_THROW(compare_runs(document_of({typed}), document_of({sweep})));
}

TEST(RunComparison, PairsGoByTheirRanks) {
  const auto pair = [](int a, int b, double time) {
    Sweep sweep = sweep_of({time}, 0.1);
    sweep.op = CommunicationOp::kSendRecv;
    sweep.pattern = SweepPattern::kPair;
    sweep.world_size = 2;
    sweep.ranks = {a, b};
    return sweep;
  };
  const RunComparison runs = compare_runs(document_of({pair(0, 1, 1), pair(0, 2, 2)}),
                                          document_of({pair(0, 2, 2), pair(1, 0, 1)}));
  ASSERT_EQ(runs.sweeps.size(), 1U);
  EXPECT_EQ(runs.sweeps[0].sizes[0].a_s, 2);
  EXPECT_THAT(runs.only_in_a, ElementsAre(HasSubstr("from rank 0 to 1")));
  EXPECT_THAT(runs.only_in_b, ElementsAre(HasSubstr("from rank 1 to 0")));
}

}  // namespace
}  // namespace sextant
