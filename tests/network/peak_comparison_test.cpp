#include "analyzer/network/compare/peak_comparison.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"

namespace sextant {
namespace {

using ::testing::HasSubstr;

/// Points of these bus bandwidths (GB/s) at sizes that double, up to 1 GiB.
Sweep sweep_of(const std::vector<double>& gb_per_s) {
  Sweep sweep;
  sweep.world_size = 2;
  sweep.ranks = {0, 1};
  sweep.level = LinkLevel::kInsideNode;
  double bytes = (1 << 30) / std::exp2(static_cast<double>(gb_per_s.size()) - 1);
  for (const double value : gb_per_s) {
    BandwidthPoint point;
    point.bytes = bytes;
    point.time.median_s = bytes / (value * 1e9);
    sweep.points.push_back(point);
    bytes *= 2;
  }
  return sweep;
}

TEST(Plateau, IsTheMedianOfTheBestLargeSizes) {
  // Within a factor of 16 of the largest: 60, 95, 99, 100, 98; of these 60 is not within 10 % of
  // 100.
  const Plateau flat = plateau_of(sweep_of({1, 200, 60, 95, 99, 100, 98}));
  EXPECT_NEAR(flat.bytes_per_s, 98.5e9, 1);
  EXPECT_EQ(flat.points, 4U);
  EXPECT_EQ(flat.shape, Plateau::Shape::kFlat);
  EXPECT_EQ(flat.from_bytes, 1 << 27);
  EXPECT_EQ(flat.to_bytes, 1 << 30);
  EXPECT_EQ(plateau_of(sweep_of({10, 20, 40})).shape, Plateau::Shape::kRising);
  EXPECT_EQ(plateau_of(sweep_of({95, 100, 40})).shape, Plateau::Shape::kFalling);
  EXPECT_EQ(plateau_of(sweep_of({40})).shape, Plateau::Shape::kFlat) << "one size tells nothing";
}

PeakVerdict verdict_of(const std::vector<double>& gb_per_s, double peak_gb_per_s,
                       CommunicationOp op = CommunicationOp::kSendRecv) {
  PeakComparison row;
  row.plateau = plateau_of(sweep_of(gb_per_s));
  judge_against_peak(row, {LinkPeak{"x", peak_gb_per_s * 1e9, "s", {}}, ""}, op);
  EXPECT_NEAR(row.fraction, row.plateau.bytes_per_s / (peak_gb_per_s * 1e9), 1e-12);
  EXPECT_EQ(row.reason.empty(), row.verdict == PeakVerdict::kAsExpected);
  return row.verdict;
}

TEST(AgainstPeak, HasAVerdictForEachFraction) {
  EXPECT_EQ(verdict_of({70, 70}, 100), PeakVerdict::kAsExpected);
  EXPECT_EQ(verdict_of({101.9, 101.9}, 100), PeakVerdict::kAsExpected);
  EXPECT_EQ(verdict_of({102.1, 102.1}, 100), PeakVerdict::kAbovePeak);
  EXPECT_EQ(verdict_of({69, 69}, 100), PeakVerdict::kLow);
  EXPECT_EQ(verdict_of({50, 50}, 100), PeakVerdict::kLow);
  EXPECT_EQ(verdict_of({49, 49}, 100), PeakVerdict::kHalved);
  EXPECT_EQ(verdict_of({20, 40}, 100), PeakVerdict::kNotReached);
  EXPECT_EQ(verdict_of({40, 80}, 100), PeakVerdict::kAsExpected) << "rising, but there";
  PeakComparison row;
  judge_against_peak(row, {std::nullopt, "why"}, CommunicationOp::kSendRecv);
  EXPECT_EQ(row.verdict, PeakVerdict::kUnknownPeak);
  EXPECT_EQ(row.reason, "why");
}

TEST(AgainstPeak, NetworksThatAddUpGoAboveIt) {
  PeakComparison row;
  row.plateau = plateau_of(sweep_of({480, 480}));
  judge_against_peak(row, {LinkPeak{"NVLink-4", 450e9, "s", {}}, ""}, CommunicationOp::kAllReduce);
  EXPECT_EQ(row.verdict, PeakVerdict::kAbovePeak);
  EXPECT_THAT(row.reason, HasSubstr("SHARP"));
}

class PeakOf : public ::testing::Test {
 protected:
  PeakOf() { sweep_ = sweep_of({10, 10}); }
  double gb_per_s(const std::string& named = "") const {
    const PeakLookup lookup = peak_of(document_, sweep_, named);
    return lookup.peak ? lookup.peak->bytes_per_s / 1e9 : 0;
  }
  std::string unknown() const { return peak_of(document_, sweep_, "").unknown; }

  BandwidthDocument document_;
  Sweep sweep_;
};

TEST_F(PeakOf, IsTheNamedOneFirst) {
  sweep_.gpu = "H100-80";
  EXPECT_NEAR(gb_per_s("HDR"), 25, 1e-6);
  EXPECT_NEAR(gb_per_s("4 x HDR"), 100, 1e-6);
  EXPECT_NEAR(gb_per_s("12.5 GB/s"), 12.5, 1e-6);
  EXPECT_NEAR(gb_per_s("100 Gb/s Ethernet"), 12.5, 1e-6);
  EXPECT_THROW(gb_per_s("string and tins"), Error);
  EXPECT_THROW(gb_per_s("lo"), Error);
}

TEST_F(PeakOf, IsThatOfTheGpuInsideAMachine) {
  EXPECT_THAT(unknown(), HasSubstr("GPU type is not known"));
  sweep_.gpu = "H100-80";
  EXPECT_NEAR(gb_per_s(), 450, 1e-6);
  sweep_.gpu = "T4";
  EXPECT_NEAR(gb_per_s(), 15.75, 1e-6);
  sweep_.gpu = "CPU";
  EXPECT_THAT(unknown(), HasSubstr("no data sheet of \"CPU\""));
}

TEST_F(PeakOf, CountsTheLinksThatTheDriverNames) {
  sweep_.gpu = "A100-40";
  document_.topology = {{0, 1, "NV4"}, {0, 2, "NV12"}};
  EXPECT_NEAR(gb_per_s(), 4 * 25, 1e-6);
  document_.topology = {{0, 1, "SYS"}};
  EXPECT_NEAR(gb_per_s(), 31.5, 1e-6) << "over PCIe";
  // The links of a V100 lead to several neighbours, all of which a ring uses.
  sweep_ = sweep_of({10, 10});
  sweep_.op = CommunicationOp::kAllReduce;
  sweep_.pattern = SweepPattern::kWorld;
  sweep_.ranks = {0, 1, 2};
  sweep_.world_size = 3;
  sweep_.gpu = "V100-16";
  document_.topology = {{0, 1, "NV1"}, {0, 2, "NV1"}, {1, 2, "NV2"}};
  EXPECT_NEAR(gb_per_s(), 150, 1e-6);
}

TEST_F(PeakOf, IsTheInterconnectThatTheSweepNames) {
  sweep_.level = LinkLevel::kBetweenNodes;
  EXPECT_THAT(unknown(), HasSubstr("--peak"));
  sweep_.interconnect = "InfiniBand HDR, 200 Gb/s";
  EXPECT_NEAR(gb_per_s(), 25, 1e-6);
  sweep_.interconnect = "wide-area network";
  EXPECT_THAT(unknown(), HasSubstr("not in the table"));
  sweep_.interconnect = "loopback";
  EXPECT_THAT(unknown(), HasSubstr("never leave memory"));
  // Inside a machine every sender of the halves has links of its own.
  sweep_.level = LinkLevel::kInsideNode;
  sweep_.interconnect = "NVLink 3";
  sweep_.pattern = SweepPattern::kHalves;
  sweep_.world_size = 4;
  EXPECT_NEAR(gb_per_s(), 600, 1e-6);
}

TEST_F(PeakOf, OfCopiesIsMemoryOrPcie) {
  sweep_.gpu = "A100-40";
  sweep_.op = CommunicationOp::kCopyHostToDevice;
  EXPECT_NEAR(gb_per_s(), 31.5, 1e-6);
  sweep_.op = CommunicationOp::kCopyDeviceToDevice;
  EXPECT_NEAR(gb_per_s(), 1555.0 / 2, 1) << "it reads and writes";
}

}  // namespace
}  // namespace sextant
