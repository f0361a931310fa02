#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "analyzer/core/files.h"
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

const std::vector<std::string> kQuickFlow = {"--objective", "flow", "--effort", "0.05"};

/// Arguments that name a cluster of the artifact.
std::vector<std::string> artifact_arguments(const std::filesystem::path& data) {
  return {"place",      "--cluster",   (data / "clusters/single/cluster24.ini").string(),
          "--artifact", data.string(), "--model",
          "llama70b"};
}

TEST(ServePlace, PlacesAModelOnShippedData) {
  const TemporaryFolder folder;
  const std::string file = folder.path() / "placement.json";
  const std::string plot = folder.path() / "placement.svg";
  const ProgramResult result = place_mixed(with(kQuickFlow, {"-o", file, "--plot", plot}));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, AllOf(HasSubstr("Llama-2-70B (80 layers) on serving-mixed: 12 machines"),
                                HasSubstr("(evidence: estimated)"), HasSubstr("annex/T4x2/3"),
                                ContainsRegex("flow [0-9.]+ tokens/s, at most [0-9.]+")));
  EXPECT_THAT(result.err, HasSubstr("A100-40: estimated from data-sheet figures, not measured"));
  EXPECT_EQ(SchemaCheck("placement").problems(read_file(file)), "");
  EXPECT_THAT(read_file(plot), HasSubstr("hall/A100-40/0, A100-40: layers"));
}

TEST(ServePlace, PrintsTheDocument) {
  const ProgramResult timed = place_mixed({"--method", "swarm", "--json"});
  ASSERT_EQ(timed.exit_code, 0) << timed.err;
  EXPECT_EQ(SchemaCheck("placement").problems(timed.out), "");
  EXPECT_THAT(timed.out, HasSubstr("\"search_s\""));
  const ProgramResult plain = place_mixed({"--method", "swarm", "--json", "--no-timing"});
  EXPECT_THAT(plain.out, Not(HasSubstr("\"timing\"")));
  EXPECT_EQ(plain.out, place_mixed({"--method", "swarm", "--json", "--no-timing"}).out);
}

TEST(ServePlace, DoesNotDependOnThreads) {
  const auto placed = [&](const char* threads) {
    return place_mixed(
        with(kQuickFlow, {"--seed", "7", "--threads", threads, "--json", "--no-timing"}));
  };
  const ProgramResult one = placed("1");
  ASSERT_EQ(one.exit_code, 0) << one.err;
  EXPECT_EQ(one.out, placed("3").out);
}

TEST(ServePlace, MarksWhatTimeEnded) {
  const ProgramResult result = place_mixed({"--effort", "1000", "--time-limit", "0.5"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, AllOf(HasSubstr("objective served"),
                                HasSubstr("partial: the search was ended before it was done")));
}

TEST(ServePlace, EveryMethodPlacesOrSaysWhyNot) {
  for (const char* method : {"sextant", "petals", "swarm", "separate"}) {
    std::vector<std::string> more = {"--method", method, "--json"};
    if (method == std::string("sextant")) more = with(more, kQuickFlow);
    const ProgramResult result = place_mixed(more);
    if (result.exit_code == 0) {
      EXPECT_EQ(SchemaCheck("placement").problems(result.out), "") << method;
    } else {
      EXPECT_EQ(result.exit_code, 4) << method << ": " << result.err;
      EXPECT_THAT(result.err, HasSubstr(std::string("error: method ") + method));
    }
  }
}

TEST(ServePlace, MilpIsNoWorseThanItsStart) {
  const TemporaryFolder folder;
  const std::string start = folder.path() / "start.json";
  ASSERT_EQ(place_mixed({"--method", "swarm", "-o", start}).exit_code, 0);
  const ProgramResult result = place_mixed(
      {"--method", "milp", "--start", start, "--time-limit", "1", "--threads", "1", "--json"});
  if (result.exit_code == 2) GTEST_SKIP() << result.err;
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto flow = [](const std::string& text) {
    return nlohmann::json::parse(text)["flow_tokens_per_s"].get<double>();
  };
  EXPECT_GE(flow(result.out), flow(read_file(start)) * (1 - 1e-9));
}

TEST(ServePlace, WritesTheArtifactsFiles) {
  const auto data = reference_data("helix");
  SEXTANT_NEEDS(data);
  const TemporaryFolder folder;
  for (const std::string method : {"petals", "swarm"}) {
    const std::filesystem::path made = folder.path() / method;
    const auto arguments =
        with(artifact_arguments(data), {"--method", method, "-o", made.string()});
    const std::filesystem::path theirs = data / "placements/single/layout_llama70b" / method;
    ASSERT_EQ(serve(arguments).exit_code, 0);
    for (const std::string& file : {method + "_sol.ini", std::string("simulator_cluster.ini")}) {
      EXPECT_EQ(read_file(made / file), read_file(theirs / file)) << method << " " << file;
    }
    const ProgramResult again = serve(arguments);
    EXPECT_EQ(again.exit_code, 3);
    EXPECT_THAT(again.err, HasSubstr("is there already: add --force to replace it"));
    EXPECT_EQ(serve(with(arguments, {"--force"})).exit_code, 0);
  }
}

TEST(ServePlace, SaysWhatItIsNotAsked) {
  const auto refused = [](const std::vector<std::string>& more, const std::string& message) {
    const ProgramResult result = place_mixed(more);
    EXPECT_EQ(result.exit_code, 2) << message;
    EXPECT_THAT(result.err, HasSubstr(message));
  };
  refused({"--method", "petals", "--effort", "2"}, "--effort: method petals does not know it");
  refused({"--start", "x.json"}, "--start: method sextant does not know it");
  refused({"--objective", "flow", "--offered", "5"}, "--offered is a part of --objective served");
  refused({"--method", "gurobi"}, "--method");
  refused({"--plot", "x.txt"}, ".svg");
  EXPECT_EQ(serve({"place", "--model", kServedModel}).exit_code, 2);
  EXPECT_EQ(serve({"place", "--cluster", kMixedCluster}).exit_code, 2);
}

TEST(ServePlace, SaysWhatCannotHoldTheModel) {
  const TemporaryFolder folder;
  const std::string cluster = folder.write("few.json", R"({"schema": "sextant/cluster/1.0",
    "name": "few", "pools": [{"gpu": "T4", "zone": "here", "nodes": 2, "gpus_per_node": 1}],
    "network": {"name": "few", "levels": [{"level": "between_nodes", "links": [{"gpu": "T4",
    "model": {"kind": "latency_bandwidth", "latency_s": 1e-5, "bandwidth_bytes_per_s": 1e9},
    "evidence": "estimated", "source": "test"}]}]}})");
  const ProgramResult result = serve({"place", "--cluster", cluster, "--model", kServedModel});
  EXPECT_EQ(result.exit_code, 4);
  EXPECT_THAT(result.err, HasSubstr("the machines hold 8 layers beside a KV cache, Llama-2-70B has "
                                    "80"));
}

}  // namespace
}  // namespace sextant::testing
