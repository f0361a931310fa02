#include "reproduce/sailor_planning.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "reproduce/sailor_published.h"
#include "tests/support/reference_data.h"

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
TEST(SailorPublished, HasEveryRecordedFigure) {
  const auto data = reference_data("sailor");
  SEXTANT_NEEDS(data);
  const JsonDocument records = JsonDocument::read(data / "extra/reference_results.json");
  int seen = 0;
  for (const auto& [figure, rows] : records.root().at("figures").members()) {
    for (const JsonNode& row : rows.elements()) {
      const auto published = sailor_published(figure, cluster_name(row.at("cluster")));
      ASSERT_TRUE(published.has_value()) << figure << " " << cluster_name(row.at("cluster"));
      EXPECT_NEAR(published->iters_per_s / row.at("throughput_iters_per_s").number(), 1, 1e-8);
      EXPECT_NEAR(published->usd_per_iter / row.at("usd_per_iter").number(), 1, 1e-8);
      ++seen;
    }
  }
  EXPECT_EQ(seen, 20);
}

TEST(SailorPlanning, ComparesTheChosenPlanners) {
  const auto data = reference_data("sailor");
  SEXTANT_NEEDS(data);
  ReproduceOptions options;
  options.artifact_dir = data;
  options.planners = {"sextant"};
  options.progress = false;
  const Reproduction fig7 = reproduce("sailor", "fig7", options);
  ASSERT_EQ(fig7.rows.size(), 3U);  // 32, 80, 128 A100
  for (const OrderedJson& row : fig7.rows) {
    EXPECT_EQ(row["planner"], "sextant");
    EXPECT_EQ(row["estimator"], "sailor");
    EXPECT_EQ(row["artifact_plan"]["pipeline_list"].size(), 1U);
    EXPECT_GE(row["throughput_iters_per_s"].get<double>(),
              row["published"]["throughput_iters_per_s"].get<double>() * (1 - 1e-8));
  }
  EXPECT_TRUE(to_json(fig7, true)["rows"][0].contains("search_s"));
  EXPECT_FALSE(to_json(fig7, false)["rows"][0].contains("search_s"));
  EXPECT_FALSE(to_json(fig7, false).contains("timing"));
}

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
