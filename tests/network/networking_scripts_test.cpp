// The scripts of launch/sailor/networking: their arguments, what they start, what they leave.
#include <cmath>
#include <filesystem>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/files.h"
#include "analyzer/network/network_document.h"
#include "tests/support/guide_scripts.h"
#include "tests/support/project_paths.h"

namespace sextant {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

/// Says how it was started, and leaves the lines of a run that FAKE_POINTS holds.
constexpr const char* kFakeBench = R"(#!/bin/sh
for word in "$@"; do printf '%s|' "$word"; done
while [ $# -gt 0 ]; do
  if [ "$1" = --csv ] && [ -n "$FAKE_POINTS" ]; then printf "$FAKE_POINTS" > "$2"; fi
  shift
done
exit ${FAKE_STATUS:-0}
)";

constexpr const char* kPoints =
    "op,pattern,world_size,dtype,in_place,bytes,median_s,algbw_bytes_per_s\\n"
    "send_recv,halves,8,fp32,0,65536,1e-4,2621440000\\n"
    "send_recv,halves,8,fp32,0,131072,1e-4,5242880000.5\\n"
    "send_recv,halves,8,bf16,0,65536,1e-4,7\\n"
    "send_recv,halves,8,fp32,1,65536,1e-4,7\\n";

bool has_command(const std::string& name) {
  const std::string help = testing::run_sextant({"network", "--help"}).out;
  return help.find("\n  " + name + " ") != std::string::npos;
}

class NetworkingScripts : public testing::GuideScripts {
 protected:
  NetworkingScripts() : GuideScripts(source_path("launch/sailor/networking")) {
    program("nccl_bench", kFakeBench);
  }
};

TEST_F(NetworkingScripts, SayWhatTheyTake) {
  for (const char* script : {"run.sh", "fit_func"}) {
    SCOPED_TRACE(script);
    const auto help = run(script, {"--help"});
    EXPECT_EQ(help.exit_code, 0) << help.err;
    EXPECT_THAT(help.out, StartsWith(script));
    const auto wrong = run(script, {"1", "2", "3", "4", "5"});
    EXPECT_EQ(wrong.exit_code, 2);
    EXPECT_THAT(wrong.err, AllOf(StartsWith(std::string(script) + ": error: "),
                                 HasSubstr("expected"), EndsWith(help.out)));
  }
  EXPECT_THAT(run("run.sh", {"3", "0", "10.0.0.1", "5000"}).err, HasSubstr("WORLD_SIZE '3'"));
  EXPECT_THAT(run("run.sh", {"8", "2", "10.0.0.1", "5000"}).err, HasSubstr("expected 0 or 4"));
  EXPECT_THAT(run("run.sh", {"8", "0", "10.0.0.1", "70000"}).err, HasSubstr("PORT '70000'"));
  EXPECT_EQ(run("run.sh", {"8", "0", "10.0.0.1", "5000", "--pattern", "ring"}).exit_code, 2);
  EXPECT_EQ(run("fit_func", {"data_8.csv", "-o"}).exit_code, 2);
}

TEST_F(NetworkingScripts, SayWhichProgramIsMissing) {
  fs::remove(programs_ / "nccl_bench");
  const auto bench = run("run.sh", {"2", "0", "10.0.0.1", "5000"});
  EXPECT_EQ(bench.exit_code, 3);
  EXPECT_THAT(bench.err, HasSubstr("no nccl_bench in SEXTANT_BIN"));
  EXPECT_EQ(run("fit_func", {"data_2.csv"}).exit_code, 3);
}

TEST_F(NetworkingScripts, StartHalfOfTheRanks) {
  const auto first = run("run.sh", {"8", "0", "10.0.0.1", "5000"});
  EXPECT_EQ(first.exit_code, 0) << first.err;
  EXPECT_THAT(
      first.out,
      StartsWith("--op|send_recv|--pattern|halves|--rendezvous|10.0.0.1:5000|--world-size|8|"
                 "--first-rank|0|--local-ranks|4|--output|data_8.json|--csv|"));
  EXPECT_THAT(first.out, EndsWith("|--min-bytes|64KiB|--max-bytes|1GiB|"));
  const auto second = run("run.sh", {"8", "4", "fe80::1", "5000", "--bytes", "1KiB,1MiB"});
  EXPECT_THAT(second.out, HasSubstr("|--rendezvous|[fe80::1]:5000|"));
  EXPECT_THAT(second.out, HasSubstr("|--first-rank|4|--local-ranks|4|"));
  EXPECT_THAT(second.out, EndsWith("|--bytes|1KiB,1MiB|"));
  EXPECT_FALSE(fs::exists(here_ / "data_8.csv")) << "the node of rank 0 has it";
  EXPECT_THAT(run("run.sh", {"2", "0", "h", "1", "--max-bytes=1MiB", "--backend", "gloo"}).out,
              EndsWith("|--max-bytes=1MiB|--backend|gloo|--min-bytes|64KiB|"));
}

TEST_F(NetworkingScripts, LeaveTheArtifactsLines) {
  testing::ProgramOptions options;
  options.environment = {{"FAKE_POINTS", kPoints}, {"LC_ALL", "de_DE.UTF-8"}};
  EXPECT_EQ(run("run.sh", {"8", "0", "h", "1"}, options).exit_code, 0);
  // 4 senders of 65,536 bytes in 100 us are 2.62144 GB/s.
  EXPECT_EQ(left("data_8.csv"), "65536,2.62144\n131072,5.24288\n");
  // What was measured is kept where some was not.
  options.environment.emplace_back("FAKE_STATUS", "5");
  EXPECT_EQ(run("run.sh", {"2", "0", "h", "1"}, options).exit_code, 5);
  EXPECT_EQ(left("data_2.csv"), left("data_8.csv"));
}

TEST_F(NetworkingScripts, MeasureBetweenTwoProcesses) {
  const std::string built = testing::built_program("nccl_bench");
  if (!fs::exists(built)) GTEST_SKIP() << "nccl_bench is not built";
  fs::remove(programs_ / "nccl_bench");
  fs::create_symlink(built, programs_ / "nccl_bench");
  testing::ProgramOptions options;
  options.environment = {{"SEXTANT_BIN", programs_.string()}, {"GLOO_SOCKET_IFNAME", "lo"}};
  // Each node has its folder; half of four ranks run in each.
  const auto measured = testing::run_program(
      {"/bin/sh", "-c",
       "port=$((20000 + $$ % 9000)); cd \"$1\" && mkdir a b && further='--backend gloo --bytes "
       "64KiB,1MiB --time-limit 0.2'; (cd b && exec \"$0\" 4 2 127.0.0.1 $port $further) & cd a "
       "&& \"$0\" 4 0 127.0.0.1 $port $further; status=$?; wait; exit $status",
       (scripts_ / "run.sh").string(), here_.string()},
      options);
  ASSERT_EQ(measured.exit_code, 0) << measured.err;
  EXPECT_THAT(left("a/data_4.csv"),
              ::testing::MatchesRegex("65536,[0-9.e-]+\n1048576,[0-9.e-]+\n"));
  EXPECT_THAT(left("a/data_4.json"), HasSubstr("\"pattern\": \"halves\""));
  EXPECT_FALSE(fs::exists(here_ / "b/data_4.csv"));
}

TEST_F(NetworkingScripts, FitWithTheRightWords) {
  write_file_atomically(here_ / "data_8.csv", "65536,1\n");
  program("sextant", R"(#!/bin/sh
for word in "$@"; do printf '%s|' "$word" >> "$FAKE_WORDS"; done
echo >> "$FAKE_WORDS"
quadratic=no
for word in "$@"; do
  if [ "$word" = quadratic ]; then quadratic=yes; fi
  last=$word
done
if [ $quadratic = yes ]; then
  printf '  "coefficients": [-0.1, 2.0, 3.5],\n  "max_bytes_per_s": 12500000000.0\n' > "$last"
  echo 'as the quadratic'
  exit 5
fi
if [ "$2" = fit ]; then echo 'our own fit'; fi
)");
  testing::ProgramOptions options;
  options.environment = {{"FAKE_WORDS", (here_ / "words").string()}};
  auto fitted = run("fit_func", {"data_8.csv", "--gpu", "A100-40"}, options);
  EXPECT_EQ(fitted.exit_code, 0) << fitted.err;
  EXPECT_EQ(fitted.out, "[[-0.1, 2.0, 3.5], 12500000000.0]\n\nour own fit\n");
  const std::string words = left("words");
  EXPECT_THAT(words, StartsWith("network|import|" + here_.string() + "/data_8.csv|--output|"));
  EXPECT_THAT(words, HasSubstr("/data_8.json|--gpu|A100-40|--level|between_nodes|\n"));
  EXPECT_THAT(words,
              HasSubstr("network|fit|data_8.json|--output|" + here_.string() + "/network.json|\n"));
  fs::remove(here_ / "words");
  const std::string mine = (here_ / "my network.json").string();
  write_file_atomically(mine, "{}");
  fitted =
      run("fit_func", {"data_8.csv", "-o", "my network.json", "--from-zone", "a", "--to-zone", "b"},
          options);
  EXPECT_EQ(fitted.exit_code, 0) << fitted.err;
  EXPECT_THAT(left("words"), HasSubstr("|--from-zone|a|--to-zone|b|\n"));
  EXPECT_THAT(left("words"), HasSubstr("|--update|" + mine + "|--output|" + mine + "|\n"));
}

TEST_F(NetworkingScripts, FitEntersTheLinkInTheNetwork) {
  if (!has_command("fit") || !has_command("import")) {
    GTEST_SKIP() << "this sextant cannot fit or import";
  }
  fs::create_symlink(testing::built_program("sextant"), programs_ / "sextant");
  // Four senders that together take 20 us and then move 10 GB/s.
  const auto write_points = [&](const std::string& file, double bytes_per_s) {
    std::string lines;
    for (double bytes = 65536; bytes <= 1073741824; bytes *= 2) {
      const double time_s = 2e-5 + 4 * bytes / bytes_per_s;
      lines += fmt::format("{:.0f},{}\n", bytes, 4 * bytes / time_s * 1e-9);
    }
    write_file_atomically(here_ / file, lines);
  };
  write_points("data_8.csv", 1e10);
  auto fitted = run("fit_func", {"data_8.csv", "--gpu", "A100-40"});
  ASSERT_EQ(fitted.exit_code, 0) << fitted.err;
  double a = 0, b = 0, c = 0, most = 0;
  ASSERT_EQ(std::sscanf(fitted.out.c_str(), "[[%lf, %lf, %lf], %lf]", &a, &b, &c, &most), 4)
      << fitted.out;
  // Least squares of degree 2 over (log2(bytes / 1e6), GB/s) of the lines, by its normal equations.
  EXPECT_NEAR(a, -0.0424628038, 1e-9);
  EXPECT_NEAR(b, 0.4755432665, 1e-9);
  EXPECT_NEAR(c, 9.0342302817, 1e-9);
  EXPECT_NEAR(most, 1e10, 1e7);
  const LinkEnd full{"z", "A100-40", 4};
  const auto link_s = [&](const LinkEnd& end, double bytes) {
    return read_network(here_ / "network.json")->between(end, end).transfer_s(bytes);
  };
  // All four together move 4 MB.
  EXPECT_NEAR(link_s(full, 4e6), 2e-5 + 4e6 / 1e10, 1e-5);

  // Another link is entered beside it, and the same one anew in its place.
  write_points("data_8.csv", 2e10);
  ASSERT_EQ(run("fit_func", {"data_8.csv", "--gpu", "V100-16"}).exit_code, 0);
  EXPECT_NEAR(link_s({"z", "V100-16", 4}, 4e6), 2e-5 + 4e6 / 2e10, 1e-5);
  EXPECT_NEAR(link_s(full, 4e6), 2e-5 + 4e6 / 1e10, 1e-5);
  ASSERT_EQ(run("fit_func", {"data_8.csv", "--gpu", "A100-40"}).exit_code, 0);
  EXPECT_NEAR(link_s(full, 4e6), 2e-5 + 4e6 / 2e10, 1e-5);
  EXPECT_EQ(read_network(here_ / "network.json")->links(LinkLevel::kBetweenNodes).size(), 2U);
}

TEST_F(NetworkingScripts, FitRefusesWhatWasNotMeasured) {
  if (!has_command("import")) GTEST_SKIP() << "this sextant cannot import";
  fs::create_symlink(testing::built_program("sextant"), programs_ / "sextant");
  write_file_atomically(here_ / "data_2.csv", "65536,0\n");
  const auto refused = run("fit_func", {"data_2.csv", "--gpu", "A100-40"});
  EXPECT_EQ(refused.exit_code, 3);
  EXPECT_THAT(refused.err, HasSubstr("data_2.csv"));
  EXPECT_EQ(run("fit_func", {"data_4.csv"}).exit_code, 3);
  EXPECT_FALSE(fs::exists(here_ / "network.json"));
}

}  // namespace
}  // namespace sextant
