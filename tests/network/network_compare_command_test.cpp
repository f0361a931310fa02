#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/files.h"
#include "tests/cli/run_program.h"
#include "tests/support/project_paths.h"
#include "tests/support/schema_check.h"
#include "tests/support/temporary_folder.h"

namespace sextant::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::string kData = sextant::source_path("tests/data/network/");
const std::string kAllReduce = kData + "nccl-tests-2.17-all-reduce.txt";
const std::string kAllGather = kData + "nccl-tests-2.18-all-gather.json";

nlohmann::json parsed(const ProgramResult& result, const std::string& kind) {
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(SchemaCheck(kind).problems(result.out), IsEmpty());
  return nlohmann::json::parse(result.out);
}

/// sendrecv_perf between two of the machines n0 … n3, all of 10 GB/s but the links of n2.
std::string pair_output(int a, int b) {
  const double gb_per_s = a == 2 || b == 2 ? 4 : 10;
  std::string out = "# Collective test starting: sendrecv_perf\n# nThread 1 nGpus 1\n";
  for (int i = 0; i < 2; ++i) {
    out += fmt::format("#  Rank  {} Group  0 Pid  1 on n{} device  0 [0000:07:00] NVIDIA L4\n", i,
                       i == 0 ? a : b);
  }
  out += "# size count type redop root time algbw busbw #wrong time algbw busbw #wrong\n";
  for (const double bytes : {16e6, 32e6, 64e6}) {
    const double time_us = bytes / gb_per_s / 1e3;
    const std::string half = fmt::format("{:.2f} {:.2f} {:.2f}", time_us, gb_per_s, gb_per_s);
    out += fmt::format("{:.0f} {:.0f} float none -1 {} 0 {} N/A\n", bytes, bytes / 4, half, half);
  }
  return out + "# Avg bus bandwidth    : 10\n";
}

TEST(NetworkImport, WritesADocumentThatShowReads) {
  const TemporaryFolder folder;
  const std::string file = folder.path() / "bandwidth.json";
  const auto summary = parsed(run_sextant({"network", "import", kAllReduce, "-o", file, "--json"}),
                              "bandwidth_summary");
  EXPECT_EQ(summary.at("sweeps").size(), 2U);
  EXPECT_THAT(SchemaCheck("bandwidth").problems(read_file(file)), IsEmpty());
  const ProgramResult piped = run_sextant({"network", "import", kAllReduce});
  EXPECT_EQ(piped.out, read_file(file)) << "the same document";
  const auto shown = parsed(run_sextant({"network", "show", file, "--json"}), "bandwidth_summary");
  EXPECT_EQ(shown, summary);
  EXPECT_EQ(shown.at("sweeps")[0].at("gpu"), "H100-80");
  const ProgramResult text = run_sextant({"network", "show", file});
  EXPECT_THAT(text.out, HasSubstr("all_reduce of 8 ranks, fp32, in place"));
  EXPECT_EQ(run_sextant({"network", "show", file, "--bytes", "1000"}).exit_code, 3);
}

TEST(NetworkImport, KeepsSamplesAndOptions) {
  const ProgramResult result =
      run_sextant({"network", "import", kAllGather, "--interconnect", "HDR", "--gpu", "A100"});
  const auto document = parsed(result, "bandwidth");
  EXPECT_EQ(document.at("sweeps")[0].at("interconnect"), "HDR");
  EXPECT_EQ(document.at("sweeps")[0].at("gpu"), "A100-40") << "an alias";
  EXPECT_EQ(document.at("sweeps")[0].at("points")[0].at("time").at("n"), 5);
}

TEST(NetworkImport, RefusesWithTheRightCode) {
  const TemporaryFolder folder;
  const std::string file = folder.path() / "out.json";
  const auto code = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"network", "import", "-o", file});
    const ProgramResult result = run_sextant(arguments);
    EXPECT_EQ(result.out, "");
    EXPECT_THAT(result.err, HasSubstr("error"));
    EXPECT_FALSE(std::filesystem::exists(file));
    return result.exit_code;
  };
  EXPECT_EQ(code({}), 2);
  EXPECT_EQ(code({kAllReduce, "--op", "allreduce"}), 2);
  EXPECT_EQ(code({kAllReduce, "--from-zone", "a"}), 2);
  EXPECT_EQ(code({kAllReduce, "--level", "between_zones"}), 2);
  EXPECT_EQ(code({kAllReduce, "--level", "between_planets"}), 2);
  EXPECT_EQ(code({kAllReduce, "--world-size", "0"}), 2);
  EXPECT_EQ(code({kAllReduce, "--op", "broadcast"}), 3);
  EXPECT_EQ(code({kData + "nccl-tests-2.9-sendrecv.txt"}), 3);
  EXPECT_EQ(code({kAllReduce, kAllReduce}), 3);
  EXPECT_EQ(code({kAllReduce, kAllGather}), 3);
  EXPECT_EQ(code({"absent.txt"}), 3);
}

TEST(NetworkCompare, JudgesAgainstThePeakOfTheGpu) {
  const auto document =
      parsed(run_sextant({"network", "compare", kAllReduce, "--json"}), "network_comparison");
  const auto& row = document.at("peaks")[0];
  EXPECT_EQ(row.at("peak").at("bytes_per_s"), 450e9);
  EXPECT_EQ(row.at("verdict"), "as expected");
  EXPECT_NEAR(row.at("fraction").get<double>(), 0.79, 0.01);
  const ProgramResult text = run_sextant({"network", "compare", kAllReduce, "--peak", "PCIe 5"});
  EXPECT_THAT(text.out, HasSubstr("above peak"));
  EXPECT_THAT(text.out, HasSubstr("PCIe-5-x16"));
  const ProgramResult unknown = run_sextant({"network", "compare", kAllGather});
  EXPECT_THAT(unknown.out, HasSubstr("peak unknown"));
  EXPECT_THAT(unknown.out, HasSubstr("name it with --peak"));
  EXPECT_EQ(run_sextant({"network", "compare", kAllGather, "--peak", "HDX"}).exit_code, 3);
}

TEST(NetworkCompare, JudgesAgainstABaseline) {
  const auto document = parsed(
      run_sextant({"network", "compare", kAllReduce, kAllReduce, "--json"}), "network_comparison");
  const auto& sweep = document.at("runs").at("sweeps")[0];
  EXPECT_EQ(sweep.at("verdict"), "SAME");
  EXPECT_EQ(sweep.at("sizes").size(), 11U);
  EXPECT_EQ(sweep.at("sizes")[0].at("verdict"), "AMBIGUOUS") << "means have no spread";
  const ProgramResult text = run_sextant({"network", "compare", kAllReduce, kAllReduce});
  EXPECT_THAT(text.out, HasSubstr("+0.0 %"));
  EXPECT_EQ(run_sextant({"network", "compare", kAllReduce, kAllGather}).exit_code, 3);
}

TEST(NetworkCompare, NamesTheSlowRankOfAMatrix) {
  const TemporaryFolder folder;
  std::vector<std::string> import = {"network", "import"};
  for (int a = 0; a < 4; ++a) {
    for (int b = a + 1; b < 4; ++b) {
      import.push_back(folder.write(fmt::format("{}-{}.txt", a, b), pair_output(a, b)));
    }
  }
  const std::string file = folder.path() / "pairs.json";
  import.insert(import.end(), {"-o", file});
  const ProgramResult imported = run_sextant(import);
  ASSERT_EQ(imported.exit_code, 0) << imported.err;
  EXPECT_THAT(imported.out, HasSubstr("4 ranks"));
  const auto document =
      parsed(run_sextant({"network", "compare", file, "--peak", "100 GbE", "--json"}),
             "network_comparison");
  ASSERT_EQ(document.at("link_classes").size(), 2U) << "out of place and in place";
  const auto& links = document.at("link_classes")[0];
  EXPECT_EQ(links.at("links"), 6);
  ASSERT_EQ(links.at("suspects").size(), 1U);
  EXPECT_EQ(links.at("suspects")[0].at("role"), "sends and receives");
  EXPECT_NEAR(links.at("suspects")[0].at("ratio").get<double>(), 0.4, 1e-3);
  ASSERT_EQ(document.at("peaks").size(), 2U) << "a class is one row";
  EXPECT_EQ(document.at("peaks")[0].at("links"), 6);
  const ProgramResult text = run_sextant({"network", "compare", file});
  EXPECT_THAT(text.out, HasSubstr("rank 2 (host n2) sends and receives at 0.40 times"));
}

}  // namespace
}  // namespace sextant::testing
