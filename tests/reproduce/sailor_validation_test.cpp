#include "reproduce/sailor_validation.h"

#include <cmath>
#include <regex>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "reproduce/sailor_published.h"
#include "tests/support/reference_data.h"

namespace sextant {
namespace {

using ::testing::HasSubstr;

Reproduction figure(const std::string& name, const std::filesystem::path& data) {
  ReproduceOptions options;
  options.artifact_dir = data;
  options.progress = false;
  return reproduce("sailor", name, options);
}

/// The summary of an estimator over a set; "" = all.
OrderedJson summary_of(const Reproduction& result, const std::string& estimator,
                       const std::string& set) {
  for (const OrderedJson& one : result.summary) {
    if (one["estimator"] == estimator && one.value("set", "") == set) return one;
  }
  ADD_FAILURE() << "no summary of " << estimator << " over " << set;
  return {};
}

/// In percent, to one decimal, as the specification has it (§f.2).
double mean_percent(const Reproduction& result, const std::string& estimator,
                    const std::string& set) {
  return std::round(1000 * summary_of(result, estimator, set)["mean"].get<double>()) / 10;
}

// Our table of published predictions against the recorded runs of the artifact's simulator, one by
// one, and both against what estimator sailor says.
TEST(SailorPublishedPrediction, HasEveryRecordedRun) {
  const auto data = reference_data("sailor");
  SEXTANT_NEEDS(data);
  const JsonDocument records = JsonDocument::read(data / "extra/reference_results.json");
  int seen = 0;
  const std::regex file(".*plan_config_(.*)\\.json");
  for (const auto& [name, figure] :
       records.root().at("validation").at("simulator_profile").members()) {
    const std::string set = name.find("MIT") != std::string::npos      ? "mit"
                            : name.find("sosp25") != std::string::npos ? "ae"
                                                                       : "main";
    for (const JsonNode& row : figure.at("rows").elements()) {
      const std::string run = set + "/" + std::regex_replace(row.at("file").string(), file, "$1");
      const auto published = sailor_published_prediction(run, "sailor");
      ASSERT_TRUE(published.has_value()) << run;
      EXPECT_NEAR(published->iteration_s / row.at("sim_s").number(), 1, 1e-8) << run;
      EXPECT_EQ(published->memory_bytes, row.at("sim_mem").number()) << run;
      ++seen;
    }
  }
  EXPECT_EQ(seen, 39);
  EXPECT_FALSE(sailor_published_prediction("N8_D2", "sailor").has_value());
  EXPECT_FALSE(sailor_published_prediction("mine/N8_D2", "sailor").has_value());
}

struct Expected {
  const char* figure;
  std::size_t runs;
  std::vector<std::pair<const char*, double>> means;  ///< by set, percent
};

// The published simulator's errors, as the specification measured them with its own code.
TEST(SailorValidation, ReproducesThePublishedErrors) {
  const auto data = reference_data("sailor");
  SEXTANT_NEEDS(data);
  const Expected all[] = {{"fig5a", 30, {{"ae", 5.6}, {"main", 5.9}}},
                          {"fig5b", 30, {{"ae", 6.3}, {"main", 8.9}}},
                          {"fig6", 9, {{"", 10.3}}}};
  for (const Expected& expected : all) {
    SCOPED_TRACE(expected.figure);
    const Reproduction result = figure(expected.figure, data);
    for (const auto& [set, percent] : expected.means) {
      EXPECT_DOUBLE_EQ(mean_percent(result, "sailor", set), percent) << set;
    }
    std::size_t runs = 0;
    for (const OrderedJson& row : result.rows) {
      if (row["estimator"] == "sextant") {
        EXPECT_EQ(row["status"], "ok");
      }
      if (row["estimator"] != "sailor") continue;
      ++runs;
      EXPECT_NEAR(row["predicted"].get<double>() / row["published"]["predicted"].get<double>(), 1,
                  1e-8)
          << row["config"];
      EXPECT_NEAR(row["relative_error"].get<double>(),
                  row["predicted"].get<double>() / row["measured"].get<double>() - 1, 1e-12);
    }
    EXPECT_EQ(runs, expected.runs);
    EXPECT_THAT(result.text, HasSubstr("The headline is sextant@planner-profile"));
    EXPECT_THAT(result.plot_svg, HasSubstr("Evidence: replayed."));
    EXPECT_THAT(result.csv, HasSubstr(",sailor,ok,replayed,"));
    EXPECT_EQ(to_json(result, false), to_json(figure(expected.figure, data), false));
  }
}

// The same formulas on the profile that nobody edited (§f.2): 11.7 and 16.0 %.
TEST(SailorValidation, ShowsThePlannersProfileBeside) {
  const auto data = reference_data("sailor");
  SEXTANT_NEEDS(data);
  const Reproduction result = figure("fig5b", data);
  EXPECT_DOUBLE_EQ(mean_percent(result, "sailor@planner-profile", "ae"), 11.7);
  EXPECT_DOUBLE_EQ(mean_percent(result, "sailor@planner-profile", "main"), 16.0);
}

// What estimator sextant has to show (nothing fitted to the row that is predicted): memory within
// 3 % with a bound that no run exceeds, 10 % above them at most; time within 4 % of the collected
// set and 7 % of the main one, and on the mixed GPUs within 5.5 %.
TEST(SailorValidation, SextantIsCloserThanThePublishedSimulator) {
  const auto data = reference_data("sailor");
  SEXTANT_NEEDS(data);
  const Reproduction memory = figure("fig5a", data);
  const Reproduction time = figure("fig5b", data);
  const Reproduction mixed = figure("fig6", data);
  for (const char* name : {"sextant", "sextant@planner-profile"}) {
    SCOPED_TRACE(name);
    const OrderedJson held = summary_of(memory, name, "");
    EXPECT_LE(held["mean"].get<double>(), 0.03);
    EXPECT_EQ(held["bound_exceeded"], 0);
    EXPECT_LE(held["bound_mean_above"].get<double>(), 0.1);
    EXPECT_LE(summary_of(time, name, "ae")["mean"].get<double>(), 0.04);
    EXPECT_LE(summary_of(time, name, "main")["mean"].get<double>(), 0.07);
    EXPECT_LE(summary_of(mixed, name, "")["mean"].get<double>(), 0.055);
  }
  EXPECT_THAT(memory.text, HasSubstr("Fitted, for each row to the other configurations alone"));
}

TEST(SailorValidation, MarksWhatRepeatsAndLeavesItIn) {
  const auto data = reference_data("sailor");
  SEXTANT_NEEDS(data);
  const Reproduction result = figure("fig6", data);
  int odd = 0;
  for (const OrderedJson& row : result.rows) {
    if (row["estimator"] == "sailor" && row.contains("suspicion")) ++odd;
  }
  EXPECT_EQ(odd, 2);
  EXPECT_THAT(result.text, HasSubstr("? mit/N3_D1: time and memory identical to mit/N6_D2"));
}

TEST(SailorValidation, HasNoPlannersToChooseFrom) {
  ReproduceOptions options;
  options.planners = {"sextant"};
  try {
    reproduce("sailor", "fig6", options);
    FAIL() << "expected an error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUsage);
  }
}

}  // namespace
}  // namespace sextant
