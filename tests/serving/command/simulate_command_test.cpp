#include <algorithm>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/files.h"
#include "analyzer/core/json_document.h"
#include "tests/serving/command/serve_command.h"
#include "tests/support/reference_data.h"
#include "tests/support/schema_check.h"
#include "tests/support/temporary_folder.h"

namespace sextant::testing {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

const std::vector<std::string> kShort = {"--duration", "20", "--warm-up", "5"};

/// Helix's placement of LLaMA-70B on the single cluster, as its artifact simulates it.
std::vector<std::string> published(const std::filesystem::path& data) {
  const std::filesystem::path folder = data / "placements/single/layout_llama70b/ilp";
  return {"simulate",
          "--artifact",
          data.string(),
          "--model",
          "llama70b",
          "--network",
          (folder / "simulator_cluster.ini").string(),
          "--placement",
          (folder / "ilp_sol.ini").string()};
}

/// A placement of the shipped cluster, for the tests of this process.
const std::string& mixed_placement() {
  static const TemporaryFolder folder;
  static const std::string file = [] {
    const std::string path = folder.path() / "placement.json";
    const ProgramResult result =
        place_mixed({"--objective", "flow", "--effort", "0.05", "-o", path});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return path;
  }();
  return file;
}

ProgramResult simulate_mixed(const std::vector<std::string>& more) {
  return serve(with({"simulate", "--cluster", kMixedCluster, "--model", kServedModel, "--placement",
                     mixed_placement()},
                    more));
}

TEST(ServeSimulate, ServesShippedRequests) {
  const ProgramResult result = simulate_mixed(
      with(kShort, {"--load", "online", "--slo-ttft", "30", "--slo-tpot", "5", "--context-costs"}));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out,
              AllOf(HasSubstr("scheduler flow, load replayed (conversations)"),
                    ContainsRegex("decode throughput [0-9.]+ tokens/s"), HasSubstr("good requests"),
                    HasSubstr("time to first token"), HasSubstr("hall/A100-40/0")));
}

TEST(ServeSimulate, PrintsTheDocument) {
  const ProgramResult result = simulate_mixed(
      with(kShort, {"--load", "poisson", "--tokens-per-s", "200", "--json", "--seeds", "2",
                    "--slo-ttft", "30", "--prefill-chunk", "256", "--max-decode-batch", "64",
                    "--max-input", "1500", "--overflow", "reject"}));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(SchemaCheck("serving_result").problems(result.out), "");
  const auto json = nlohmann::json::parse(result.out);
  EXPECT_EQ(json["runs"].size(), 2U);
  EXPECT_EQ(json["options"]["overflow"], "reject");
  EXPECT_TRUE(json["half_width_95"].contains("decode_tokens_per_s"));
  EXPECT_TRUE(json.contains("timing"));
}

TEST(ServeSimulate, DoesNotDependOnThreads) {
  const auto simulated = [](const char* threads) {
    return simulate_mixed(
        with(kShort, {"--seeds", "3", "--threads", threads, "--json", "--no-timing", "--load",
                      "poisson", "--tokens-per-s", "100"}));
  };
  const ProgramResult one = simulated("1");
  ASSERT_EQ(one.exit_code, 0) << one.err;
  EXPECT_EQ(one.out, simulated("3").out);
}

TEST(ServeSimulate, WritesSamplesTimelineAndPlot) {
  const TemporaryFolder folder;
  const std::string latencies = folder.path() / "latencies.csv";
  const std::string timeline = folder.path() / "timeline.json";
  const std::string plot = folder.path() / "latency.svg";
  const std::string trace =
      folder.write("few.csv", "arrival_s,input_tokens,output_tokens\n0,100,3\n1,700,2\n2,50,4\n");
  const ProgramResult result =
      simulate_mixed({"--duration", "40", "--warm-up", "0", "--load", "online", "--trace", trace,
                      "--latencies", latencies, "--timeline", timeline, "--plot", plot, "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const std::string csv = read_file(latencies);
  EXPECT_THAT(csv, AllOf(StartsWith("seed,kind,latency_s\n0,prompt,"), HasSubstr("\n0,decode,")));
  EXPECT_EQ(SchemaCheck("serving_timeline").problems(read_file(timeline)), "");
  EXPECT_THAT(read_file(plot), HasSubstr("latency of a prompt, s"));
}

TEST(ServeSimulate, ReadsTheArtifactsFiles) {
  const auto data = reference_data("helix");
  SEXTANT_NEEDS(data);
  const std::string flow = data / "sim_inputs/single_llama70b_helix.txt";
  for (const char* scheduler : {"flow", "swarm", "random", "shortest-queue"}) {
    std::vector<std::string> more = with(kShort, {"--scheduler", scheduler, "--json"});
    if (scheduler == std::string("flow")) more = with(more, {"--flow", flow, "--overflow", "fail"});
    const ProgramResult result = serve(with(published(data), more));
    ASSERT_EQ(result.exit_code, 0) << scheduler << ": " << result.err;
    EXPECT_EQ(SchemaCheck("serving_result").problems(result.out), "");
    const auto json = nlohmann::json::parse(result.out);
    EXPECT_EQ(json["evidence"], "replayed");
    EXPECT_EQ(json["nodes"].size(), 24U);
    EXPECT_GT(json["figures"]["decode_tokens_per_s"], 1) << scheduler;
  }
}

TEST(ServeSimulate, SaysWhereNothingWasServedOrAnOptionIsIdle) {
  const std::filesystem::path data = reference_data("helix");
  SEXTANT_NEEDS(data);
  const ProgramResult run =
      serve(with(published(data), {"--duration", "0.01", "--warm-up", "0", "--context-costs"}));
  EXPECT_EQ(run.exit_code, 4) << run.err;
  EXPECT_EQ(run.out, "");
  EXPECT_THAT(run.err, HasSubstr("no prompt and no decode step ended within the window"));
  EXPECT_THAT(run.err, HasSubstr("--context-costs changes nothing"));
}

TEST(ServeSimulate, TakesAClusterAndASolutionFile) {
  const auto data = reference_data("helix");
  SEXTANT_NEEDS(data);
  const std::vector<std::string> words = {
      "simulate",
      "--artifact",
      data,
      "--model",
      "llama70b",
      "--cluster",
      data / "clusters/single/cluster24.ini",
      "--placement",
      data / "placements/single/layout_llama70b/ilp/ilp_sol.ini"};
  const ProgramResult result = serve(with(words, kShort));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("Llama-2-70B on cluster24, placement ilp_sol"));
  // The same network: the same text but for the cluster's name.
  const ProgramResult network = serve(with(published(data), kShort));
  const auto body = [](const std::string& text) { return text.substr(text.find('\n')); };
  EXPECT_EQ(body(result.out), body(network.out));
}

TEST(ServeSimulate, SaysWhatItIsNotAsked) {
  const auto refused = [](const std::vector<std::string>& more, const std::string& message) {
    const ProgramResult result =
        serve(with({"simulate", "--model", kServedModel, "--placement", "nowhere.json"}, more));
    EXPECT_EQ(result.exit_code, 2) << message;
    EXPECT_THAT(result.err, HasSubstr(message));
  };
  refused({}, "expected --cluster or --network");
  refused({"--network", "x.ini"}, "add --artifact");
  refused({"--network", "x.ini", "--cluster", "y.ini"}, "excludes");
  refused({"--load", "poisson"}, "--load poisson needs --tokens-per-s");
  refused({"--tokens-per-s", "3"}, "--tokens-per-s is a part of --load online and poisson");
  refused({"--load", "online", "--initial-requests", "3"}, "--initial-requests");
  refused({"--scheduler", "random", "--flow", "x"}, "--flow is a part of --scheduler flow");
  refused({"--scheduler", "best"}, "--scheduler");
  refused({"--seeds", "0"}, "--seeds");
  refused({"--slo-ttft", "0"}, "greater than zero");
}

}  // namespace
}  // namespace sextant::testing
