#include "analyzer/network/bandwidth_document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "tests/support/schema_check.h"
#include "tests/support/temporary_folder.h"

namespace sextant {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// A document with every member.
BandwidthDocument full_document() {
  BandwidthDocument document;
  document.evidence = Evidence::kMeasuredCpu;
  document.tool = "nccl_bench";
  document.tool_version = "0.1.0";
  document.backend = "gloo";
  document.ranks = {{"a", "CPU", "CPU", "hall", {{"interface", "eth0"}}},
                    {"b", "CPU", "CPU", "yard", {}}};
  Sweep sweep;
  sweep.op = CommunicationOp::kSendRecv;
  sweep.ranks = {0, 1};
  sweep.level = LinkLevel::kBetweenZones;
  sweep.gpu = "CPU";
  sweep.from_zone = "hall";
  sweep.to_zone = "yard";
  sweep.interconnect = "25 Gb/s Ethernet";
  sweep.transport = "tcp on eth0";
  sweep.dtype = "fp32";
  BandwidthPoint point;
  point.bytes = 1024;
  point.time = {1e-4, 9e-5, 2e-4, 100, 0.25};
  point.p99_s = 3e-4;
  point.skew_s = 1e-5;
  point.wrong = 0;
  point.unmet = "3 of 10 samples";
  sweep.points = {point};
  point.bytes = 4096;
  point.p99_s.reset();
  point.skew_s.reset();
  point.wrong.reset();
  point.unmet.clear();
  point.time = {2e-4};
  point.time.p10_s = point.time.p90_s = 2e-4;
  sweep.points.push_back(point);
  sweep.failures = {{1e12, "no memory"}};
  document.sweeps.push_back(sweep);
  OverlapMeasurement overlap;
  overlap.world_size = 2;
  overlap.bytes = 1 << 20;
  overlap.matrix_size = 512;
  overlap.dtype = "fp32";
  overlap.compute_alone = {1e-3, 1e-3, 1e-3, 10, 0};
  overlap.compute_together = {1.5e-3, 1e-3, 2e-3, 10, 0};
  overlap.communication_alone = {2e-3, 2e-3, 2e-3, 10, 0};
  overlap.communication_together = {2.5e-3, 2e-3, 3e-3, 10, 0};
  document.overlaps.push_back(overlap);
  document.topology = {{0, 1, "NV18"}};
  document.complete = false;
  document.problems = {"rank 1 is gone"};
  document.provenance = {{"host", "a"},
                         {"command", "nccl_bench"},
                         {"git_revision", "abc"},
                         {"time", "2026-01-31T23:59:59Z"}};
  return document;
}

BandwidthDocument read(const std::string& text) {
  const JsonDocument document = JsonDocument::parse(text, "sweep.json");
  return bandwidth_document_from(document.root_of_kind("bandwidth", 1));
}

TEST(BandwidthDocument, IsReadAsItWasWritten) {
  const std::string text = bandwidth_document_text(full_document());
  const BandwidthDocument read_back = read(text);
  EXPECT_EQ(bandwidth_document_text(read_back), text);
  EXPECT_EQ(read_back.source, "sweep.json");
  const Sweep& sweep = read_back.sweeps.at(0);
  EXPECT_THAT(sweep.ranks, ElementsAre(0, 1));
  EXPECT_EQ(sweep.level, LinkLevel::kBetweenZones);
  EXPECT_EQ(sweep.points.at(0).skew_s, 1e-5);
  EXPECT_EQ(sweep.points.at(0).wrong, 0);
  EXPECT_FALSE(sweep.points.at(1).wrong);
  EXPECT_EQ(sweep.points.at(1).time.samples, 0);
  EXPECT_EQ(sweep.failures.at(0).reason, "no memory");
  // 1.5 over 1 and 2.5 over 2.
  EXPECT_DOUBLE_EQ(read_back.overlaps.at(0).coefficient(), 1.5);
  EXPECT_FALSE(read_back.complete);
}

TEST(BandwidthDocument, IsAsItsSchemaSays) {
  sextant::testing::SchemaCheck check("bandwidth");
  EXPECT_THAT(check.problems(bandwidth_document_text(full_document())), IsEmpty());
  EXPECT_THAT(check.unseen(), IsEmpty());
}

TEST(BandwidthDocument, IsReadFromAFile) {
  const TemporaryFolder folder;
  const auto path = folder.write("sweep.json", bandwidth_document_text(full_document()));
  EXPECT_EQ(read_bandwidth_document(path).source, path.string());
}

// 1024 bytes in 1e-4 s are 10.24 MB/s; four ranks in halves have two senders; 2 (n - 1) / n of an
// all_reduce of four is 1.5, (n - 1) / n 0.75.
TEST(BandwidthDocument, BandwidthsAreThoseOfNcclTests) {
  BandwidthPoint point;
  point.bytes = 1024;
  point.time.median_s = 1e-4;
  Sweep sweep;
  sweep.world_size = 4;
  sweep.pattern = SweepPattern::kHalves;
  EXPECT_DOUBLE_EQ(sweep.algorithm_bandwidth(point), 20.48e6);
  EXPECT_DOUBLE_EQ(sweep.bus_bandwidth(point), 20.48e6);
  sweep.pattern = SweepPattern::kWorld;
  sweep.op = CommunicationOp::kAllReduce;
  EXPECT_DOUBLE_EQ(sweep.algorithm_bandwidth(point), 10.24e6);
  EXPECT_DOUBLE_EQ(sweep.bus_bandwidth(point), 15.36e6);
  for (const CommunicationOp op :
       {CommunicationOp::kAllGather, CommunicationOp::kReduceScatter, CommunicationOp::kAllToAll}) {
    sweep.op = op;
    EXPECT_DOUBLE_EQ(sweep.bus_bandwidth(point), 7.68e6);
  }
  sweep.op = CommunicationOp::kBroadcast;
  EXPECT_DOUBLE_EQ(sweep.bus_bandwidth(point), 10.24e6);
}

TEST(BandwidthDocument, SweepsAreNamedForPeople) {
  Sweep sweep = full_document().sweeps[0];
  EXPECT_EQ(sweep.text(), "send_recv from rank 0 to 1, fp32");
  sweep.pattern = SweepPattern::kHalves;
  sweep.world_size = 8;
  EXPECT_EQ(sweep.text(), "send_recv of 8 ranks (halves), fp32");
  sweep.op = CommunicationOp::kAllReduce;
  sweep.pattern = SweepPattern::kWorld;
  sweep.in_place = true;
  EXPECT_EQ(sweep.text(), "all_reduce of 8 ranks, fp32, in place");
}

struct Refusal {
  std::string name;
  std::string from;  ///< the first such text in a good document
  std::string to;
  std::string message;
  friend std::ostream& operator<<(std::ostream& out, const Refusal& refusal) {
    return out << refusal.name;
  }
};

class BandwidthRefusals : public ::testing::TestWithParam<Refusal> {};

TEST_P(BandwidthRefusals, NameThePlace) {
  std::string text = bandwidth_document_text(full_document());
  const std::size_t place = text.find(GetParam().from);
  ASSERT_NE(place, std::string::npos) << text;
  text.replace(place, GetParam().from.size(), GetParam().to);
  try {
    read(text);
    FAIL() << "was read: " << text;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadInput);
    EXPECT_THAT(error.what(), HasSubstr("sweep.json"));
    EXPECT_THAT(error.what(), HasSubstr(GetParam().message));
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, BandwidthRefusals,
    ::testing::Values(
        Refusal{"OtherKind", "sextant/bandwidth/1.0", "sextant/network/1.0", "bandwidth"},
        Refusal{"NewerMajor", "sextant/bandwidth/1.0", "sextant/bandwidth/2.0", "2"},
        Refusal{"StrangeMember", "\"tool\":", "\"tol\": 1, \"tool\":", "tol"},
        Refusal{"StrangeMemberOfAPoint", "\"p99_s\":", "\"p98_s\": 1, \"p99_s\":", "p98_s"},
        Refusal{"StrangeOperation", "\"send_recv\"", "\"send\"", "/sweeps/0/op"},
        Refusal{"StrangePattern", "\"pair\"", "\"pairs\"", "/sweeps/0/pattern"},
        Refusal{"PatternOfACollective", "\"pair\"", "\"world\"", "\"halves\""},
        Refusal{"CollectiveOfAPair", "\"send_recv\"", "\"all_reduce\"", "\"world\""},
        Refusal{"OddHalves", "\"pair\",\n      \"world_size\": 2",
                "\"halves\",\n      \"world_size\": 3", "even number"},
        Refusal{"NoRanks", "\"world_size\": 2", "\"world_size\": 0", "/sweeps/0/world_size"},
        Refusal{"RankOutsideTheWorld", "[0, 1]", "[0, 2]", "ranks below 2"},
        Refusal{"NegativeRank", "[0, 1]", "[-1, 1]", "/sweeps/0/ranks/0"},
        Refusal{"StrangeLevel", "between_zones", "between_planets", "/sweeps/0/level"},
        Refusal{"SizesTwice", "\"bytes\": 4096", "\"bytes\": 1024", "1024 after 1024"},
        Refusal{"SizesOutOfOrder", "\"bytes\": 4096", "\"bytes\": 512", "512 after 1024"},
        Refusal{"NoBytes", "\"bytes\": 1024", "\"bytes\": 0", "/sweeps/0/points/0/bytes"},
        Refusal{"NoTime", "\"median_s\": 0.0001", "\"median_s\": 0", "median_s"},
        Refusal{"NegativeTime", "\"median_s\": 0.0001", "\"median_s\": -1", "median_s"},
        Refusal{"MedianOutsideTheSpread", "\"p90_s\": 0.0002", "\"p90_s\": 5e-05", "median_s"},
        Refusal{"SpreadOfNothing", "\"n\": 100,", "", "number of samples"},
        Refusal{"P99BelowP90", "\"p99_s\": 0.0003", "\"p99_s\": 0.00001", "p90_s"},
        Refusal{"NegativeSkew", "\"skew_s\": 1e-05", "\"skew_s\": -1", "skew_s"},
        Refusal{"NegativeWrong", "\"wrong\": 0", "\"wrong\": -1", "wrong"},
        Refusal{"ImpossibleBandwidth", "\"bytes\": 4096", "\"bytes\": 1e12", "100 TB/s"},
        Refusal{"StrangeEvidence", "measured-cpu", "guessed", "/evidence"},
        Refusal{"GpuWithoutItsName", "measured-cpu", "measured-gpu", "gpu_name"},
        Refusal{"NoHost", "\"host\": \"a\",\n    \"time\"", "\"time\"", "host"},
        Refusal{"LocalTime", "23:59:59Z", "23:59:59", "UTC"},
        Refusal{"PathOutsideTheWorld", "\"b\": 1", "\"b\": 9", "/topology/0"},
        Refusal{"NoMatrix", "\"matrix_size\": 512", "\"matrix_size\": 0", "matrix_size"}),
    [](const auto& refusal) { return refusal.param.name; });

TEST(BandwidthDocument, RefusesEmptiness) {
  BandwidthDocument document = full_document();
  document.overlaps.clear();
  document.sweeps[0].points.clear();
  // A failure is something that was found out.
  EXPECT_NO_THROW(read(bandwidth_document_text(document)));
  document.sweeps[0].failures.clear();
  try {
    read(bandwidth_document_text(document));
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("at least one measured size"));
  }
}

TEST(BandwidthDocument, ANewerMinorMayHaveMore) {
  std::string text = bandwidth_document_text(full_document());
  text.replace(text.find("bandwidth/1.0"), 13, "bandwidth/1.7");
  text.replace(text.find("\"tool\":"), 7, "\"mood\": \"good\", \"tool\":");
  EXPECT_EQ(read(text).tool, "nccl_bench");
}

}  // namespace
}  // namespace sextant
