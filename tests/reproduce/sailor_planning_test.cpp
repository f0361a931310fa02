#include "reproduce/sailor_planning.h"

#include <cctype>
#include <filesystem>
#include <set>
#include <string>
#include <tuple>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "reproduce/sailor_published.h"
#include "tests/support/reference_data.h"
#include "tests/support/temporary_folder.h"

namespace sextant {
namespace {

/// "32xA100-40@us-central1-a", GPU types in the order of the record's members.
std::string cluster_name(const JsonNode& cluster) {
  std::string name;
  for (const auto& [key, count] : cluster.members()) {
    const std::size_t at = key.find('_');
    name += (name.empty() ? "" : "+") + std::to_string(count.count()) + "x" + key.substr(0, at) +
            "@" + key.substr(at + 1);
  }
  return name;
}

// Our table of published figures against the recorded runs, one by one.
TEST(SailorPublished, HasEveryRecordedRun) {
  const auto data = reference_data("baselines");
  SEXTANT_NEEDS(data);
  const JsonDocument records = JsonDocument::read(data / "reference_results.json");
  int seen = 0;
  for (const JsonNode& row : records.root().at("planner_runs").elements()) {
    if (row.at("status").string() != "ok" || row.has("variant")) continue;
    const std::string cluster = cluster_name(row.at("cluster"));
    std::string planner = row.at("planner").string();
    for (char& c : planner) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    SCOPED_TRACE(row.at("figure").string() + " " + cluster + " " + planner);
    const auto published = sailor_published(row.at("figure").string(), cluster, planner);
    ASSERT_TRUE(published.has_value());
    const double iters_per_s = row.at("throughput_iters_per_s").number();
    EXPECT_NEAR(published->iters_per_s, iters_per_s, 1e-8 * iters_per_s);
    const double usd_per_iter = row.at("usd_per_iter").number();
    EXPECT_NEAR(published->usd_per_iter, usd_per_iter, 1e-8 * usd_per_iter);
    EXPECT_NEAR(published->search_s / row.at("search_time_s").number(), 1, 0.01);
    EXPECT_EQ(published->plans_rejected_oom, row.at("oom_plans").number());
    ++seen;
  }
  EXPECT_EQ(seen, 87);
}

ReproduceOptions quiet(const std::filesystem::path& data) {
  ReproduceOptions options;
  options.artifact_dir = data;
  options.progress = false;
  options.planners = {"sextant", "sailor"};  // tests/baselines is about the others
  return options;
}

TEST(SailorPlanning, ComparesTheChosenPlanners) {
  const auto data = reference_data("sailor");
  SEXTANT_NEEDS(data);
  ReproduceOptions options = quiet(data);
  options.planners = {"sextant"};
  options.estimators = {"sailor"};
  const Reproduction fig7 = reproduce("sailor", "fig7", options);
  ASSERT_EQ(fig7.rows.size(), 3U);  // 32, 80, 128 A100
  for (const OrderedJson& row : fig7.rows) {
    EXPECT_EQ(row["planner"], "sextant");
    EXPECT_EQ(row["estimator"], "sailor");
    EXPECT_EQ(row["artifact_plan"]["pipeline_list"].size(), 1U);
    EXPECT_GE(row["throughput_iters_per_s"].get<double>(),
              row["published"]["throughput_iters_per_s"].get<double>() * (1 - 1e-8));
    EXPECT_FALSE(row.contains("gain_over_sailor"));
  }
  EXPECT_TRUE(fig7.rows[0].contains("search_s"));
  EXPECT_FALSE(to_json(fig7, false).contains("timing"));
  options.timing = false;
  EXPECT_FALSE(reproduce("sailor", "fig7", options).rows[0].contains("search_s"));
}

TEST(SailorPlanning, EveryPairOfPlannerAndEstimatorHasARow) {
  const auto data = reference_data("sailor");
  SEXTANT_NEEDS(data);
  const Reproduction fig7 = reproduce("sailor", "fig7", quiet(data));
  ASSERT_EQ(fig7.rows.size(), 12U);
  std::set<std::tuple<std::string, std::string, std::string>> pairs;
  for (const OrderedJson& row : fig7.rows) {
    pairs.emplace(row["cluster"], row["planner"], row["estimator"]);
    EXPECT_EQ(row["evidence"], "replayed");
    // Published figures are estimator sailor's; the comparison is of each estimator's own.
    EXPECT_EQ(row.contains("published"), row["estimator"] == "sailor");
    EXPECT_EQ(row.contains("gain_over_sailor"), row["planner"] == "sextant");
  }
  EXPECT_EQ(pairs.size(), 12U);
  EXPECT_EQ(fig7.rows[0]["estimator"], "sailor");  // the paper's own first
  EXPECT_THAT(fig7.text, ::testing::HasSubstr("as framework deepspeed sends"));
  EXPECT_THAT(fig7.text, ::testing::HasSubstr("nothing is estimated from data sheets"));
}

TEST(SailorPlanning, ShowsAgainWhatWasFound) {
  const auto data = reference_data("sailor");
  SEXTANT_NEEDS(data);
  const Reproduction first = reproduce("sailor", "fig7", quiet(data));
  const TemporaryFolder folder;
  ReproduceOptions again;
  again.from = folder.write("fig7.json", json_text(to_json(first, true)));
  const Reproduction second = reproduce("sailor", "fig7", again);
  EXPECT_EQ(second.text, first.text);
  EXPECT_EQ(second.csv, first.csv);
  EXPECT_EQ(second.plot_svg, first.plot_svg);
  again.metric = "cost";
  again.estimators = {"sextant"};
  const Reproduction part = reproduce("sailor", "fig7", again);
  EXPECT_EQ(part.rows.size(), 6U);
  EXPECT_THAT(part.plot_svg, ::testing::HasSubstr(">USD per iteration</text>"));
  EXPECT_THAT(part.plot_svg, ::testing::Not(::testing::HasSubstr("(published)")));

  const auto refused = [&](const char* figure, const char* text) {
    try {
      reproduce("sailor", figure, again);
      ADD_FAILURE() << "expected: " << text;
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), ::testing::HasSubstr(text));
    }
  };
  refused("fig8a", "expected \"fig8a\", found the string \"fig7\"");
  refused("fig5b", "sextant validate --from");
  again.estimators = {"nobody"};
  refused("fig7", "at least one row that is asked for");
}

/// The figures whose clusters mix GPU types.
class MixedFigures : public ::testing::TestWithParam<const char*> {};

// Planned and judged by our simulation, our plan beats the published planner's, which planner
// sailor finds (tests/planner/sailor_planner_test.cpp holds it against the recorded plans).
TEST_P(MixedFigures, OurPlanIsBetterUnderEstimatorSextantToo) {
  const auto data = reference_data("sailor");
  SEXTANT_NEEDS(data);
  ReproduceOptions options = quiet(data);
  options.estimators = {"sextant"};
  const Reproduction figure = reproduce("sailor", GetParam(), options);
  int compared = 0;
  for (const OrderedJson& row : figure.rows) {
    ASSERT_EQ(row["status"], "ok") << row.dump();
    if (row["planner"] != "sextant") {
      // Its first plan counts, which is the published one, and none after it.
      EXPECT_EQ(row["plans_rejected_oom"], 0) << row["cluster"];
      EXPECT_EQ(row["plans_rejected_constraint"], 0) << row["cluster"];
      continue;
    }
    EXPECT_GT(row["gain_over_sailor"].get<double>(), 1) << row["cluster"];
    ++compared;
  }
  EXPECT_EQ(compared, std::string(GetParam()) == "fig12" ? 1 : 3);
}

INSTANTIATE_TEST_SUITE_P(Sailor, MixedFigures,
                         ::testing::Values("fig8a", "fig8b", "fig9a", "fig9b", "fig12"),
                         [](const auto& figure) { return std::string(figure.param); });

TEST(Reproduce, NamesTheExperimentsThereAre) {
  try {
    reproduce("helix", "fig1", {});
    FAIL() << "expected an error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUsage);
    EXPECT_THAT(error.what(), ::testing::HasSubstr("sailor/fig7"));
  }
}

}  // namespace
}  // namespace sextant
