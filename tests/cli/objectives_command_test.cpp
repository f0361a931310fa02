// `sextant plan` with price lists, as a Pareto front, and as the question what to buy.
#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/files.h"
#include "analyzer/core/json_document.h"
#include "tests/cli/run_program.h"
#include "tests/support/project_paths.h"
#include "tests/support/temporary_folder.h"

namespace sextant {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::ProgramResult;
using testing::run_sextant;

const std::string kSource = sextant::source_path();
const std::string kCluster = kSource + "/profiles/clusters/two-types.json";
const std::string kJob = kSource + "/profiles/jobs/opt-350m.json";
const std::string kPrices = kSource + "/profiles/prices/google-cloud.json";

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  std::size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  for (; at != std::string::npos; at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
  return text;
}

/// The shipped cluster with one node of four GPUs of each type.
const std::string& eight_gpus() {
  static const TemporaryFolder folder;
  static const std::string file =
      folder.write("eight.json", replaced(read_file(kCluster), "\"nodes\": 16", "\"nodes\": 1"));
  return file;
}

ProgramResult plan(const std::vector<std::string>& more,
                   const std::string& cluster = eight_gpus()) {
  std::vector<std::string> arguments = {"plan", "--cluster",   cluster,  "--job",
                                        kJob,   "--estimator", "sailor", "--no-timing"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return run_sextant(arguments);
}

/// One GPU of a type that has no price of its own.
std::string unpriced(const TemporaryFolder& folder) {
  return folder.write("unpriced.json", R"({"schema": "sextant/cluster/1.0", "name": "unpriced",
    "pools": [{"gpu": "RTX-3090", "zone": "here", "nodes": 1, "gpus_per_node": 1}]})");
}

TEST(PlanPrices, ComeFromTheList) {
  const TemporaryFolder folder;
  const std::string list = folder.write(
      "spot.json", R"({"schema": "sextant/prices/1.0", "date": "2026-03-01", "source": "invented",
      "gpus": [{"gpu": "A100", "zone": "*", "usd_per_gpu_hour": 2, "spot_usd_per_gpu_hour": 1},
               {"gpu": "V100", "zone": "hall", "usd_per_gpu_hour": 9}]})");
  const auto usd_per_gpu_hour = [&](const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {"--objective", "cost", "--json", "--prices", list};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const ProgramResult result = plan(arguments);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    const JsonDocument document = JsonDocument::parse(result.out, "stdout");
    const JsonNode row = document.root().at("plans").at(0UL);
    // Sequences of 2048 tokens, 1024 of them.
    EXPECT_NEAR(row.at("usd_per_million_tokens").number() * 1024 * 2048 / 1e6,
                row.at("usd_per_iter").number(), 1e-12);
    const double gpus = row.at("gpus_used").at("A100-40@hall").number();
    EXPECT_EQ(row.at("gpus_used").size(), 1U);
    return row.at("usd_per_iter").number() / row.at("iteration_s").number() * 3600 / gpus;
  };
  // With V100s at 9 USD the cheapest plan is of A100s alone.
  EXPECT_NEAR(usd_per_gpu_hour({}), 2, 1e-9);
  EXPECT_NEAR(usd_per_gpu_hour({"--spot"}), 1, 1e-9);
  const ProgramResult text = plan({"--prices", list, "--spot"});
  EXPECT_THAT(text.out, HasSubstr("prices of 2026-03-01: invented (spot)\n"));
  EXPECT_THAT(text.out, HasSubstr(" USD per million tokens on "));
  EXPECT_THAT(text.err, HasSubstr("spot GPUs may be taken away at any time"));
  EXPECT_THAT(text.err, HasSubstr("no spot price of V100-16@hall"));

  const std::string file = folder.path() / "plan.json";
  ASSERT_EQ(plan({"--prices", list, "-o", file}).exit_code, 0);
  const ProgramResult simulated = run_sextant(
      {"simulate", "--cluster", eight_gpus(), "--job", kJob, "--plan", file, "--prices", list});
  EXPECT_EQ(simulated.exit_code, 0) << simulated.err;
  EXPECT_THAT(simulated.out, HasSubstr("prices of 2026-03-01: invented\n"));
}

TEST(PlanPrices, AreNeededWhereCostCounts) {
  const TemporaryFolder folder;
  const std::string cluster = unpriced(folder);
  EXPECT_EQ(plan({}, cluster).exit_code, 0);
  for (const std::vector<std::string>& asks : {std::vector<std::string>{"--objective", "cost"},
                                               {"--max-cost", "1"},
                                               {"--pareto"},
                                               {"--tokens", "1B", "--deadline", "100d"}}) {
    const ProgramResult result = plan(asks, cluster);
    EXPECT_EQ(result.exit_code, 3) << asks.front();
    EXPECT_THAT(result.out, IsEmpty());
    EXPECT_THAT(result.err, HasSubstr("prices missing: "));
    EXPECT_THAT(result.err, HasSubstr("no price of RTX-3090@here"));
  }
  const ProgramResult nothing = plan({"--prices", kPrices}, cluster);
  EXPECT_EQ(nothing.exit_code, 3);
  EXPECT_THAT(nothing.err, HasSubstr("google-cloud.json: expected a price of some GPU"));
  const ProgramResult no_spot = plan({"--prices", kPrices, "--spot"});
  EXPECT_EQ(no_spot.exit_code, 3);
  EXPECT_THAT(no_spot.err, HasSubstr("expected a spot price"));
}

TEST(PlanQuota, IsKeptAndNamedWhereItIsUsedUp) {
  const TemporaryFolder folder;
  const std::string few =
      folder.write("few.json", replaced(read_file(eight_gpus()),
                                        "\"gpu\": \"A100-40\",\n      \"zone\": \"hall\",",
                                        "\"gpu\": \"A100-40\", \"zone\": \"hall\", \"quota\": 3,"));
  const ProgramResult result = plan({}, few);
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("on 3xA100-40@hall+4xV100-16@hall\n"));
  EXPECT_THAT(result.out, HasSubstr("quotas used up: 3xA100-40@hall\n"));
  const ProgramResult json = plan({"--json"}, few);
  const JsonDocument document = JsonDocument::parse(json.out, "stdout");
  const JsonNode row = document.root().at("plans").at(0UL);
  EXPECT_EQ(row.at("quotas_used_up").at("A100-40@hall").integer(0, 100), 3);

  const std::string none = replaced(read_file(few), "\"quota\": 3", "\"quota\": 0");
  const ProgramResult without = plan({"--json"}, folder.write("none.json", none));
  ASSERT_EQ(without.exit_code, 0) << without.err;
  EXPECT_THAT(without.out, Not(HasSubstr("\"gpu\": \"A100-40\"")));
  EXPECT_THAT(plan({}).out, Not(HasSubstr("quotas")));

  const std::string empty =
      folder.write("empty.json", R"({"schema": "sextant/cluster/1.0", "name": "empty", "pools": [
      {"gpu": "A100", "zone": "here", "nodes": 1, "gpus_per_node": 8, "quota": 0}]})");
  const ProgramResult refused = plan({}, empty);
  EXPECT_EQ(refused.exit_code, 4);
  EXPECT_THAT(refused.err, HasSubstr("the quota of A100-40@here is 0"));
}

TEST(PlanPareto, ListsPlansThatNothingBeats) {
  const TemporaryFolder folder;
  const std::string picture = folder.path() / "front.svg";
  const std::vector<std::string> arguments = {"--pareto", "--pareto-points", "4",
                                              "--json",   "--plot",          picture};
  const ProgramResult result = plan(arguments);
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const JsonDocument document = JsonDocument::parse(result.out, "stdout");
  const JsonNode root = document.root_of_kind("pareto", 1);
  EXPECT_TRUE(root.at("complete").boolean());
  const std::vector<JsonNode> points = root.at("points").elements();
  ASSERT_EQ(points.size(), 4U);
  double speed = HUGE_VAL, usd = HUGE_VAL;
  for (const JsonNode& point : points) {
    EXPECT_LT(point.at("throughput_iters_per_s").number(), speed);
    EXPECT_LT(point.at("usd_per_iter").number(), usd);
    speed = point.at("throughput_iters_per_s").number();
    usd = point.at("usd_per_iter").number();
  }
  const auto best = [&](const std::string& objective, const char* member) {
    const ProgramResult one = plan({"--objective", objective, "--json"});
    const JsonDocument plans = JsonDocument::parse(one.out, "stdout");
    return plans.root().at("plans").at(0UL).at(member).number();
  };
  EXPECT_EQ(points.front().at("throughput_iters_per_s").number(),
            best("throughput", "throughput_iters_per_s"));
  EXPECT_NEAR(points.back().at("usd_per_iter").number() / best("cost", "usd_per_iter"), 1, 1e-9);
  EXPECT_THAT(read_file(picture), HasSubstr("USD per iteration"));
  const std::string drawn = read_file(picture);
  EXPECT_EQ(plan(arguments).out, result.out);
  EXPECT_EQ(read_file(picture), drawn);

  const ProgramResult text = plan({"--pareto", "--pareto-points", "2"});
  EXPECT_THAT(text.out, HasSubstr("plans of which none is both faster and cheaper:"));
  EXPECT_THAT(text.out, HasSubstr("a plan that is not listed is at most"));
  EXPECT_THAT(text.out, HasSubstr("prices of 2025-10-13: "));
}

TEST(PlanPurchase, SaysWhatToBuy) {
  const TemporaryFolder folder;
  const std::string written = folder.path() / "plan.json";
  const ProgramResult result =
      plan({"--tokens", "10B", "--deadline", "7d", "--json", "-o", written});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const JsonDocument document = JsonDocument::parse(result.out, "stdout");
  const JsonNode root = document.root_of_kind("purchase", 1);
  // 1e10 tokens of 1024 sequences of 2048: 4768.4 iterations.
  EXPECT_EQ(root.at("iterations").number(), 4769);
  EXPECT_DOUBLE_EQ(root.at("least_iters_per_s").number(), 4769.0 / 604800);
  const JsonNode run = root.at("run");
  EXPECT_NEAR(run.at("time_s").number() + root.at("slack_s").number(), 604800, 1e-6);
  double usd = run.at("usd_parts").at("egress").number();
  double gpu_hours = 0;
  for (const JsonNode& gpus : root.at("gpus").elements()) {
    usd += gpus.at("usd").number();
    gpu_hours += gpus.at("count").number() * run.at("time_s").number() / 3600;
  }
  EXPECT_NEAR(usd / run.at("usd").number(), 1, 1e-9);
  EXPECT_NEAR(gpu_hours / run.at("gpu_hours").number(), 1, 1e-9);
  EXPECT_NO_THROW(JsonDocument::read(written).root_of_kind("plan", 1));

  // No plan in time is cheaper: the same bound, asked for directly.
  const ProgramResult direct =
      plan({"--objective", "cost", "--min-throughput", std::to_string(4769.0 / 604800), "--json"});
  const JsonDocument plans = JsonDocument::parse(direct.out, "stdout");
  EXPECT_NEAR(
      plans.root().at("plans").at(0UL).at("usd_per_iter").number() * 4769 / run.at("usd").number(),
      1, 1e-4);

  const ProgramResult text = plan({"--tokens", "10B", "--run-budget", "1800"});
  ASSERT_EQ(text.exit_code, 0) << text.err;
  EXPECT_THAT(text.out, HasSubstr("10 billion tokens for 1800.00 USD: 4769 iterations"));
  EXPECT_THAT(text.out, HasSubstr("USD of the budget"));
}

TEST(PlanPurchase, SaysByHowMuchItMisses) {
  const ProgramResult late = plan({"--tokens", "10B", "--deadline", "1d"});
  EXPECT_EQ(late.exit_code, 4);
  EXPECT_THAT(late.out, IsEmpty());
  EXPECT_THAT(late.err, HasSubstr("no plan trains on 10 billion tokens in 24 h 00 min: that needs "
                                  "0.0552 iterations/s"));
  EXPECT_THAT(late.err, HasSubstr(" too long"));
  const ProgramResult dear = plan({"--tokens", "10B", "--run-budget", "1000"});
  EXPECT_EQ(dear.exit_code, 4);
  EXPECT_THAT(dear.err, HasSubstr(" too much, and takes "));
}

TEST(PlanObjectives, RefusesOptionsThatContradictEachOther) {
  const auto refused = [](const std::vector<std::string>& more, const char* message) {
    const ProgramResult result = plan(more);
    EXPECT_EQ(result.exit_code, 2) << message << "\n" << result.err;
    EXPECT_THAT(result.out, IsEmpty());
    EXPECT_THAT(result.err, HasSubstr(message));
  };
  refused({"--spot"}, "add --prices FILE to --spot");
  refused({"--deadline", "1h"}, "--deadline is of a run of so many tokens: add --tokens");
  refused({"--run-budget", "9"}, "--run-budget is of a run of so many tokens: add --tokens");
  refused({"--tokens", "1B", "--fewest", "gpus"}, "add --deadline");
  refused({"--tokens", "1B", "--deadline", "soon"}, "--deadline \"soon\": expected a time");
  refused({"--tokens", "1B", "--deadline", "1h", "--pareto"}, "leave out either");
  refused({"--tokens", "1B", "--deadline", "1h", "--objective", "cost"}, "leave out --objective");
  refused({"--pareto", "--objective", "cost"}, "leave out --objective");
  refused({"--pareto", "--planner", "all"}, "--pareto asks one planner");
  refused({"--pareto", "--explain"}, "leave it out with --pareto");
  refused({"--pareto", "-o", "plan.json"}, "--json has them all");
  refused({"--pareto-points", "5"}, "a part of --pareto");
  refused({"--pareto", "--pareto-points", "1"}, "--pareto-points");
  refused({"--plot", "front.svg"}, "add --pareto");
  refused({"--pareto", "--plot", "front.gif"}, ".svg");
  refused({"--tokens", "1B", "--run-budget", "-1"}, "--run-budget");
}

}  // namespace
}  // namespace sextant
