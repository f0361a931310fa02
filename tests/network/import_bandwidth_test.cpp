#include "analyzer/network/import/import_bandwidth.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "analyzer/core/files.h"
#include "analyzer/core/random.h"
#include "tests/support/project_paths.h"

namespace sextant {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string kData = sextant::source_path("tests/data/network/");

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

/// What an import says that is refused; it must be bad input.
std::string refusal(const std::string& text, const std::string& file = "run.txt",
                    const ImportContext& context = {}) {
  try {
    import_bandwidth_text(text, file, context);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadInput) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "accepted:\n" << text;
  return "";
}

/// nccl-tests' output of two ranks; a row is 1 MB in 100 us, 10 GB/s.
const std::string kHead =
    "# nThread 1 nGpus 2 minBytes 1000000 maxBytes 4000000 step: 2(factor) warmup iters: 5\n"
    "#  Rank  0 Group  0 Pid  1 on  n0 device  0 [0000:07:00] NVIDIA X\n"
    "#  Rank  1 Group  0 Pid  1 on  n0 device  1 [0000:08:00] NVIDIA X\n"
    "#       size   count  type  redop  root  time  algbw  busbw #wrong  time  algbw  busbw "
    "#wrong\n";
const std::string kRow1 = "1000000 250000 float sum -1 100.0 10.00 10.00 0 100.0 10.00 10.00 0\n";
const std::string kRow2 = "2000000 500000 float sum -1 200.0 10.00 10.00 0 200.0 10.00 10.00 0\n";
const std::string kRow4 = "4000000 999999 float sum -1 400.0 10.00 10.00 0 400.0 10.00 10.00 0\n";
const std::string kEnd = "# Out of bounds values : 0 OK\n# Avg bus bandwidth    : 10\n";

std::string run_of(const std::string& rows, const std::string& program = "all_reduce_perf") {
  return "# Collective test starting: " + program + "\n" + kHead + rows + kEnd;
}

TEST(ImportNcclTests, ReadsItsPresentText) {
  const BandwidthDocument document = import_bandwidth(kData + "nccl-tests-2.17-all-reduce.txt", {});
  EXPECT_EQ(document.evidence, Evidence::kReplayed);
  EXPECT_EQ(document.tool, "nccl-tests");
  EXPECT_EQ(document.tool_version, "2.17.6");
  EXPECT_EQ(document.provenance.at("nccl"), "2.28.8");
  EXPECT_THAT(document.provenance.at("times"), HasSubstr("means"));
  EXPECT_TRUE(document.complete);
  ASSERT_EQ(document.ranks.size(), 8U);
  EXPECT_EQ(document.ranks[3].host, "node-a");
  EXPECT_EQ(document.ranks[3].device, "NVIDIA H100 80GB HBM3");
  EXPECT_EQ(document.ranks[3].details.at("device"), "3");
  EXPECT_EQ(document.ranks[3].details.at("pci_bus_id"), "0000:4b:00");
  ASSERT_EQ(document.sweeps.size(), 2U);
  const Sweep& out = document.sweeps[0];
  EXPECT_EQ(out.op, CommunicationOp::kAllReduce);
  EXPECT_EQ(out.pattern, SweepPattern::kWorld);
  EXPECT_EQ(out.world_size, 8);
  EXPECT_EQ(out.level, LinkLevel::kInsideNode);
  EXPECT_EQ(out.dtype, "fp32");
  EXPECT_FALSE(out.in_place);
  EXPECT_TRUE(document.sweeps[1].in_place);
  ASSERT_EQ(out.points.size(), 11U);
  EXPECT_EQ(out.points.back().bytes, 1 << 30);
  EXPECT_EQ(out.points.back().wrong, 0);
  EXPECT_EQ(out.points.back().time.samples, 0);
  // 1 GiB at about 368 GB/s of bus bandwidth: 1.75 * 1.0737e9 / 368e9 = 5.1 ms.
  EXPECT_NEAR(out.points.back().time.median_s, 5.1e-3, 0.1e-3);
}

TEST(ImportNcclTests, ReadsItsOldTextOnceTheOperationIsSaid) {
  const std::string file = kData + "nccl-tests-2.9-sendrecv.txt";
  EXPECT_THAT(refusal(read_file(file), "old.txt"), HasSubstr("--op"));
  ImportContext context;
  context.op = CommunicationOp::kSendRecv;
  const BandwidthDocument document = import_bandwidth(file, context);
  EXPECT_EQ(document.tool_version, "");
  ASSERT_EQ(document.sweeps.size(), 2U);
  // Every rank sends to the next one.
  EXPECT_EQ(document.sweeps[0].pattern, SweepPattern::kRing);
  EXPECT_EQ(document.sweeps[0].level, LinkLevel::kBetweenNodes);
  EXPECT_EQ(document.sweeps[0].points.size(), 6U);
  EXPECT_DOUBLE_EQ(document.sweeps[0].points[2].time.median_s, 68.13e-6);
  EXPECT_FALSE(document.sweeps[0].points[2].wrong) << "its column is the largest error";
}

TEST(ImportNcclTests, PassesOverLabelsAndOtherPrograms) {
  const BandwidthDocument document = import_bandwidth(kData + "nccl-tests-2.13-alltoall.txt", {});
  ASSERT_EQ(document.sweeps.size(), 2U);
  const Sweep& sweep = document.sweeps[1];
  EXPECT_EQ(sweep.op, CommunicationOp::kAllToAll);
  EXPECT_EQ(sweep.world_size, 4);
  EXPECT_EQ(sweep.level, LinkLevel::kBetweenNodes);
  EXPECT_EQ(sweep.points.size(), 8U) << "the size 0 is left out";
  EXPECT_FALSE(sweep.points[0].wrong) << "N/A";
  EXPECT_THAT(document.problems, ElementsAre(HasSubstr("rows of size 0 are left out: 1")));
  EXPECT_THAT(document.provenance.at("command"), HasSubstr("mpirun -np 4"));
}

TEST(ImportNcclTests, ReadsItsJsonButNotTheEnvironment) {
  const BandwidthDocument document =
      import_bandwidth(kData + "nccl-tests-2.18-all-gather.json", {});
  EXPECT_EQ(document.provenance.at("nccl"), "2.28.7");
  ASSERT_EQ(document.ranks.size(), 4U) << "two devices of each of two processes";
  EXPECT_EQ(document.ranks[1].host, "node-a");
  EXPECT_EQ(document.ranks[2].host, "node-b");
  EXPECT_EQ(document.ranks[3].details.at("device"), "1");
  ASSERT_EQ(document.sweeps.size(), 2U);
  EXPECT_EQ(document.sweeps[0].op, CommunicationOp::kAllGather);
  EXPECT_EQ(document.sweeps[0].dtype, "bf16");
  EXPECT_EQ(document.sweeps[0].points[0].time.samples, 5) << "each iteration was reported";
  EXPECT_GT(document.sweeps[0].points[0].time.p90_s, document.sweeps[0].points[0].time.median_s);
  EXPECT_EQ(document.sweeps[1].points[0].time.samples, 0);
  EXPECT_THAT(bandwidth_document_text(document), Not(HasSubstr("do-not-keep")));
}

// Four senders of 65536 bytes at 1.2055416570311348 GB/s together: 4 * 65536 / 1.20554e9 = 217.45
// us.
TEST(ImportSailorCsv, TakesTimesFromTheAggregateBandwidth) {
  const BandwidthDocument document = import_bandwidth(kData + "data_8.csv", {});
  EXPECT_EQ(document.tool, "sailor");
  ASSERT_EQ(document.sweeps.size(), 1U);
  const Sweep& sweep = document.sweeps[0];
  EXPECT_EQ(sweep.pattern, SweepPattern::kHalves);
  EXPECT_EQ(sweep.world_size, 8);
  EXPECT_EQ(sweep.points.size(), 15U);
  EXPECT_NEAR(sweep.points[0].time.median_s, 217.449e-6, 1e-9);
  EXPECT_NEAR(sweep.algorithm_bandwidth(sweep.points[0]), 1.2055416570311348e9, 1);
}

TEST(ImportSailorCsv, RefusesWhatCannotBe) {
  ImportContext two;
  two.world_size = 2;
  EXPECT_THAT(refusal("65536,1.5\n", "x.csv"), HasSubstr("--world-size"));
  EXPECT_THAT(refusal("65536,1.5\n", "data_3.csv"), HasSubstr("an even number of ranks"));
  EXPECT_THAT(refusal("65536,1.5\n", "data_4.csv", two), HasSubstr("found 4 in its name"));
  EXPECT_THAT(refusal("65536,1.5\n131072,nan\n", "data_2.csv"), HasSubstr("at line 2"));
  EXPECT_THAT(refusal("65536,1.5\n131072,-2\n", "data_2.csv"), HasSubstr("at line 2"));
  EXPECT_THAT(refusal("65536,0\n131072,0\n", "data_2.csv"), HasSubstr("at line 1"));
  EXPECT_THAT(refusal("65536,1.5\n131072\n", "data_2.csv"), HasSubstr("a line bytes,bandwidth"));
  EXPECT_THAT(refusal("131072,1.5\n65536,1\n", "data_2.csv"),
              HasSubstr("65536 bytes after 131072"));
  EXPECT_THAT(refusal("65536,1.5\n65536,1\n", "data_2.csv"), HasSubstr("each once"));
  EXPECT_THAT(refusal("bytes,GB/s\n", "data_2.csv"), HasSubstr("at least one measured size"));
  EXPECT_THAT(refusal("65536,1.5e9\n", "data_2.csv"), HasSubstr("less than 100 TB/s"));
}

TEST(ImportNcclTests, NamesTheLineThatIsWrong) {
  EXPECT_NO_THROW(import_bandwidth_text(run_of(kRow1 + kRow2 + kRow4), "run.txt", {}));
  const auto wrong = [](const std::string& rows) { return refusal(run_of(rows)); };
  EXPECT_THAT(wrong(kRow2 + kRow1), HasSubstr("run.txt at line 7: expected ascending sizes"));
  EXPECT_THAT(wrong(kRow1 + kRow1), HasSubstr("1000000 bytes for the second time"));
  EXPECT_THAT(wrong(kRow1 + "2000000 500000 float sum -1 200.0 10.0\n"),
              HasSubstr("at line 7: expected 11 to 13 columns under the table's head, found 7"));
  EXPECT_THAT(wrong(kRow1 + "20000\n"), HasSubstr("found 1: the line is cut"));
  EXPECT_THAT(wrong(replaced(kRow1, "100.0", "nan")), HasSubstr("found \"nan\""));
  EXPECT_THAT(wrong(replaced(kRow1, "100.0", "-3")), HasSubstr("found \"-3\""));
  EXPECT_THAT(wrong(replaced(kRow1, "100.0", "0.00")), HasSubstr("at line 6"));
  EXPECT_THAT(wrong("1000000 250000 float sum -1 0.00 0.00 0.00 0 0.00 0.00 0.00 0\n"),
              HasSubstr("expected a positive time in microseconds, found 0"));
  EXPECT_THAT(wrong("0 0 float sum -1 0.00 0.00 0.00 0 0.00 0.00 0.00 0\n"),
              HasSubstr("expected at least one measured size, found 1 rows of size 0"));
  EXPECT_THAT(wrong(""), HasSubstr("expected at least one measured size, found none"));
  // Milliseconds in the place of microseconds.
  EXPECT_THAT(wrong(replaced(kRow1, "100.0", "0.100")),
              HasSubstr("an algorithm bandwidth near 10000.00 GB/s"));
  EXPECT_THAT(wrong(kRow1 + replaced(kRow2, "sum", "prod")), HasSubstr("the reduction \"sum\""));
}

// Two ranks have one bus bandwidth of all-reduce; three would have 4/3 of the algorithm's.
TEST(ImportNcclTests, RefusesFiguresThatContradictTheOperation) {
  EXPECT_THAT(refusal(run_of(kRow1, "all_gather_perf")),
              HasSubstr("0.5 times the algorithm bandwidth as all_gather of 2 ranks has it"));
  EXPECT_THAT(refusal(run_of(kRow1, "reduce_perf")), HasSubstr("found the output of reduce_perf"));
  ImportContext context;
  context.op = CommunicationOp::kBroadcast;
  EXPECT_THAT(refusal(run_of(kRow1), "x", context), HasSubstr("expected broadcast, as --op says"));
  context = {};
  context.world_size = 3;
  EXPECT_THAT(refusal(run_of(kRow1), "x", context), HasSubstr("found 2 in its list of devices"));
}

TEST(ImportNcclTests, SaysWhereARunWasCutShort) {
  const std::string text = "# Collective test starting: all_reduce_perf\n" + kHead + kRow1 + kRow2;
  const BandwidthDocument document = import_bandwidth_text(text, "run.txt", {});
  EXPECT_FALSE(document.complete);
  EXPECT_THAT(document.problems,
              ElementsAre(HasSubstr("it was to go to 4000000 bytes and ended at 2000000")));
}

TEST(ImportNcclTests, CountsWrongValues) {
  const std::string text =
      replaced(replaced(run_of(kRow1), " 0 100.0", " 7 100.0"), "0 OK", "7 FAILED");
  const BandwidthDocument document = import_bandwidth_text(text, "run.txt", {});
  EXPECT_EQ(document.sweeps[0].points[0].wrong, 7);
  EXPECT_EQ(document.sweeps[1].points[0].wrong, 0);
  EXPECT_THAT(document.problems, ElementsAre(HasSubstr("7 values were wrong")));
}

TEST(ImportNcclTests, TakesSeveralRunsOfOneVersionOnly) {
  const std::string first =
      "# nccl-tests version 2.17.6 nccl-headers=1 nccl-library=22808\n" + run_of(kRow1);
  const std::string gather =
      replaced(replaced(run_of(kRow1, "all_gather_perf"), "10.00 10.00", "10.00 5.00"),
               "100.0 10.00 10.00", "100.0 10.00 5.00");
  const std::string same = "# nccl-tests version 2.17.6 nccl-headers=1 nccl-library=22808\n";
  const std::string other = "# nccl-tests version 2.18.0 nccl-headers=1 nccl-library=22808\n";
  const BandwidthDocument document = import_bandwidth_text(first + same + gather, "run.txt", {});
  EXPECT_EQ(document.sweeps.size(), 4U);
  EXPECT_EQ(document.ranks.size(), 2U) << "the same two";
  EXPECT_THAT(refusal(first + other + gather),
              HasSubstr("run.txt at line 12: expected the version of run.txt at line 3, 2.17.6, "
                        "found 2.18.0"));
  EXPECT_THAT(refusal(first + first), HasSubstr("which run.txt at line 3 has too"));
}

TEST(ImportBandwidth, RefusesWhatIsNoMeasurement) {
  EXPECT_THAT(refusal(""), HasSubstr("is empty"));
  EXPECT_THAT(refusal(" \n\n"), HasSubstr("is empty"));
  EXPECT_THAT(refusal("hello\n"), HasSubstr("found \"hello\""));
  EXPECT_THAT(refusal(std::string("a\nb\0c", 5)), HasSubstr("a zero byte at line 2"));
  EXPECT_THAT(refusal("{"), HasSubstr("at byte"));
  EXPECT_THAT(refusal("{}"), HasSubstr("neither \"schema\" nor \"results\""));
  EXPECT_THAT(refusal(R"({"schema": "sextant/model/1.0"})"), HasSubstr("sextant/bandwidth/1.x"));
  EXPECT_THROW(import_bandwidth("/absent", {}), Error);
}

TEST(ImportBandwidth, ReadsOurOwnDocumentAsItIs) {
  const BandwidthDocument document = import_bandwidth(kData + "nccl-tests-2.17-all-reduce.txt", {});
  const std::string text = bandwidth_document_text(document);
  EXPECT_EQ(bandwidth_document_text(import_bandwidth_text(text, "own.json", {})), text);
}

TEST(MergeBandwidth, NumbersTheRanksOfAllFiles) {
  const auto pair = [](const char* a, const char* b) {
    const std::string text = replaced(replaced(run_of(kRow1, "sendrecv_perf"), "n0", a), "n0", b);
    return import_bandwidth_text(text, std::string(a) + b, {});
  };
  const BandwidthDocument whole = merge_bandwidth({pair("n1", "n2"), pair("n1", "n3")});
  ASSERT_EQ(whole.ranks.size(), 3U);
  EXPECT_THAT(whole.sweeps[0].ranks, ElementsAre(0, 1));
  EXPECT_THAT(whole.sweeps[2].ranks, ElementsAre(0, 2));
  EXPECT_NO_THROW(import_bandwidth_text(bandwidth_document_text(whole), "whole.json", {}));
}

/// What a careless hand or a bad disk may make of a file: no crash, and never a document that says
/// nothing.
TEST(ImportBandwidth, SurvivesMutations) {
  const std::vector<std::string> samples = {
      "nccl-tests-2.17-all-reduce.txt", "nccl-tests-2.9-sendrecv.txt",
      "nccl-tests-2.13-alltoall.txt", "nccl-tests-2.18-all-gather.json", "data_8.csv"};
  Random random(20);
  int accepted = 0;
  int refused = 0;
  for (const std::string& name : samples) {
    const std::string original = read_file(kData + name);
    ImportContext context;
    if (name.find("2.9") != std::string::npos) context.op = CommunicationOp::kSendRecv;
    for (int i = 0; i < 2000; ++i) {
      std::string text = original;
      for (std::uint64_t edits = 1 + random.below(3); edits > 0; --edits) {
        if (text.empty()) break;
        const std::size_t at = random.below(text.size());
        const std::size_t length = 1 + random.below(std::min<std::size_t>(80, text.size() - at));
        switch (random.below(6)) {
          case 0:
            text.resize(at);
            break;
          case 1:
            text.erase(at, length);
            break;
          case 2:
            text.insert(random.below(text.size()), text.substr(at, length));
            break;
          case 3:
            text[at] = static_cast<char>(random.below(256));
            break;
          case 4:
            text[at] = "0123456789.-e,nN/A \n#{}[]\""[random.below(26)];
            break;
          default: {  // a line elsewhere
            const std::size_t end = std::min(text.find('\n', at), text.size() - 1);
            const std::string line = text.substr(at, end + 1 - at);
            text.erase(at, end + 1 - at);
            text.insert(random.below(text.size() + 1), line);
          }
        }
      }
      try {
        const BandwidthDocument document = import_bandwidth_text(text, name, context);
        // What was taken can be written and read back.
        import_bandwidth_text(bandwidth_document_text(document), "again", {});
        std::size_t points = 0;
        for (const Sweep& sweep : document.sweeps) points += sweep.points.size();
        EXPECT_GT(points, 0U) << text;
        ++accepted;
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kBadInput) << error.what() << "\n" << text;
        EXPECT_STRNE(error.what(), "");
        ++refused;
      }
    }
  }
  // Many mutations touch what is not read; many must be seen.
  EXPECT_GT(accepted, 1000);
  EXPECT_GT(refused, 3000);
}

}  // namespace
}  // namespace sextant
