#include "nccl_bench/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "analyzer/core/files.h"
#include "nccl_bench/host_facts.h"
#include "nccl_bench/results.h"
#include "tests/support/temporary_folder.h"

namespace sextant::bench {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// Four ranks, 4 MB in 2 ms: algbw 2 GB/s, busbw 3 GB/s.
BandwidthDocument measured() {
  BandwidthDocument document;
  document.evidence = Evidence::kMeasuredCpu;
  document.tool = "nccl_bench";
  Sweep sweep;
  sweep.op = CommunicationOp::kAllReduce;
  sweep.pattern = SweepPattern::kWorld;
  sweep.ranks = {0, 1, 2, 3};
  sweep.world_size = 4;
  sweep.level = LinkLevel::kInsideNode;
  sweep.dtype = "bf16";
  sweep.in_place = true;
  BandwidthPoint point;
  point.bytes = 4e6;
  point.time = {2e-3, 1.5e-3, 2.5e-3, 100, 0.1};
  point.p99_s = 3e-3;
  point.wrong = 0;
  sweep.points = {point};
  document.sweeps = {sweep};
  document.provenance = {{"host", "a"},
                         {"command", "nccl_bench"},
                         {"git_revision", "abc"},
                         {"time", "2026-01-31T23:59:59Z"}};
  return document;
}

TEST(Report, HasTheColumnsOfNcclTests) {
  const std::string text = report_text(measured());
  EXPECT_THAT(text, HasSubstr("all_reduce of 4 ranks, bf16, in place, inside_node"));
  EXPECT_THAT(text, ::testing::ContainsRegex("4000000 +2000000 +bf16 +sum +in +2000.00 +1500.00 "
                                             "+2500.00 +3000.00 +2.000 +3.000 +0"));
}

TEST(Report, SaysWhatIsUnknown) {
  BandwidthDocument document = measured();
  document.sweeps[0].points[0].p99_s.reset();
  document.sweeps[0].points[0].wrong.reset();
  document.problems = {"rank 1 is gone"};
  const std::string text = report_text(document);
  EXPECT_THAT(text, ::testing::ContainsRegex("2500.00 +- .*N/A"));
  EXPECT_THAT(text, HasSubstr("problem: rank 1 is gone\n"));
}

TEST(Report, CsvIsInSecondsAndBytes) {
  EXPECT_THAT(csv_text(measured()),
              HasSubstr("all_reduce,world,4,0 1 2 3,inside_node,bf16,1,4000000,0.002,0.0015,0.0025,"
                        "0.003,100,0.1,,2000000000,3000000000,0\n"));
}

TEST(Results, AreIncompleteUntilTheyAreFinished) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "out.json";
  Results results(measured(), file, "");
  results.change([](BandwidthDocument&) {});
  // As it is found where the process is killed now.
  BandwidthDocument found = read_bandwidth_document(file);
  EXPECT_FALSE(found.complete);
  EXPECT_THAT(found.problems, ElementsAre(HasSubstr("had not ended")));
  results.finish();
  results.write();
  found = read_bandwidth_document(file);
  EXPECT_TRUE(found.complete);
  EXPECT_THAT(found.problems, IsEmpty());
}

TEST(Results, NameEarlyEndsFailuresAndWrongValues) {
  const TemporaryFolder folder;
  BandwidthDocument document = measured();
  document.sweeps[0].points[0].wrong = 7;
  document.sweeps[0].failures = {{8e6, "no memory"}};
  document.sweeps.emplace_back();  // never began
  Results results(document, folder.path() / "out.json", folder.path() / "out.csv");
  results.end_early("rank 3 is gone");
  results.write();
  const BandwidthDocument found = read_bandwidth_document(folder.path() / "out.json");
  EXPECT_FALSE(found.complete);
  EXPECT_EQ(found.sweeps.size(), 1U);
  EXPECT_THAT(found.problems,
              ElementsAre("rank 3 is gone", HasSubstr("7 wrong values at 4000000 bytes"),
                          HasSubstr("8000000 bytes: no memory")));
  EXPECT_THAT(read_file(folder.path() / "out.csv"), HasSubstr(",7\n"));
}

TEST(Results, WriteNothingWhereNothingWasMeasured) {
  const TemporaryFolder folder;
  BandwidthDocument document = measured();
  document.sweeps.clear();
  Results results(document, folder.path() / "out.json", "");
  results.end_early("rank 3 did not come");
  results.write();
  EXPECT_FALSE(results.has_points());
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "out.json"));
}

TEST(HostFacts, FindTheWayToThisMachine) {
  const NetworkInterface loopback = interface_towards("127.0.0.1");
  EXPECT_EQ(loopback.address, "127.0.0.1");
  EXPECT_EQ(loopback.name, "lo");
  EXPECT_EQ(interface_named("lo").name, "lo");
  EXPECT_THROW(interface_named("none-such"), Error);
  EXPECT_EQ(interface_towards("no.such.host.invalid").name, "");
  EXPECT_GT(available_memory_bytes(), 1e6);
}

}  // namespace
}  // namespace sextant::bench
