#include "reproduce/planned_row.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"

namespace sextant {
namespace {

using ::testing::HasSubstr;

/// Two stages of two A100s each and a bound; 4 s an iteration for 0.5 USD.
PlannedJob planned() {
  PlannedJob job;
  job.planner = &planner_named("sextant");
  job.estimator = &estimator_named("sailor");
  job.feasible = true;
  job.plan.model = "OPT-350";
  job.plan.layer_count = 4;
  job.plan.global_batch = 8;
  job.plan.microbatch = 2;
  job.plan.pipelines.emplace_back();
  for (int s = 0; s < 2; ++s) {
    Stage& stage = job.plan.pipelines[0].stages.emplace_back();
    stage.chunks = {{2 * s, 2 * s + 2}};
    stage.replicas = {{{{"A100-40", s == 0 ? "hall" : "yard", -1, 2}}, 2}};
  }
  job.prediction.iteration_s = 4;
  job.prediction.compute_usd = 0.4;
  job.prediction.egress_usd = 0.1;
  job.prediction.peak_memory_bytes = 3e10;
  job.search.space = "equal replicas";
  job.search.evaluations = 7;
  job.search.first_plan_s = 0.001;
  job.search_s = 0.25;
  job.plans_rejected_oom = 3;
  job.plans_rejected_constraint = 2;
  return job;
}

Cluster hall_and_yard() {
  Cluster cluster;
  for (const char* zone : {"hall", "yard"}) {
    GpuPool& pool = cluster.pools.emplace_back();
    pool.gpu = "A100-40";
    pool.zone = zone;
    pool.count = 4;
  }
  return cluster;
}

PlannedRow read_again(const OrderedJson& json) {
  const JsonDocument document = JsonDocument::parse(json.dump(), "rows.json");
  return planned_row_from(document.root());
}

TEST(PlannedRow, SaysWhatWasFound) {
  PlannedJob job = planned();
  job.search.bound_iters_per_s = 0.3;
  const PlannedRow row = planned_row(job, hall_and_yard(), Objective::kThroughput, true);
  EXPECT_EQ(row.cluster, "4xA100-40@hall+4xA100-40@yard");
  EXPECT_EQ(row.worth.iters_per_s, 0.25);
  EXPECT_EQ(row.worth.usd_per_iter, 0.5);
  EXPECT_EQ(row.gpus(), 4);
  EXPECT_NEAR(*row.gap, 0.2, 1e-12);  // 0.3 / 0.25 - 1
  const OrderedJson json = to_json(row);
  EXPECT_EQ(json["gpus_used"].dump(), R"({"A100-40@hall":2,"A100-40@yard":2})");
  EXPECT_EQ(json["first_plan_s"], 0.001);
  EXPECT_EQ(json["search_s"], 0.25);
  EXPECT_EQ(json["artifact_plan"]["mbs"], 2);
}

TEST(PlannedRow, GapIsOfTheObjective) {
  PlannedJob job = planned();
  job.search.bound_usd_per_iter = 0.4;
  EXPECT_NEAR(*planned_row(job, hall_and_yard(), Objective::kCost, true).gap, 0.25, 1e-12);
  EXPECT_FALSE(planned_row(job, hall_and_yard(), Objective::kThroughput, true).gap.has_value());
  // Met, but for a rounding.
  job.search.bound_usd_per_iter = 0.5 + 1e-15;
  EXPECT_EQ(planned_row(job, hall_and_yard(), Objective::kCost, true).gap, 0.0);
}

TEST(PlannedRow, DoesNotMakeUpATimeThatThePlannerDoesNotNote) {
  PlannedJob job = planned();
  job.search.first_plan_s = 0;
  const PlannedRow row = planned_row(job, hall_and_yard(), Objective::kThroughput, true);
  EXPECT_FALSE(row.first_plan_s.has_value());
  EXPECT_EQ(row.search_s, 0.25);
}

TEST(PlannedRow, HasNoTimesWhereNoneAreWanted) {
  const OrderedJson json =
      to_json(planned_row(planned(), hall_and_yard(), Objective::kThroughput, false));
  EXPECT_FALSE(json.contains("search_s"));
  EXPECT_FALSE(json.contains("first_plan_s"));
}

TEST(PlannedRow, IsReadAsItWasWritten) {
  PlannedJob job = planned();
  job.search.bound_iters_per_s = 0.3;
  job.search.bound_usd_per_iter = 0.4;
  PlannedRow row = planned_row(job, hall_and_yard(), Objective::kThroughput, true);
  row.gain_over_sailor = 1.25;
  row.published = {"sailor", PlannedRow::Worth{0.2, 0.6}, 3.0, 4};
  row.as_published = {0.25, true, "another"};
  row.note = "counted otherwise";
  row.plans_not_judged = 3;
  row.artifact_plan = nullptr;  // not read
  EXPECT_EQ(to_json(read_again(to_json(row))).dump(), to_json(row).dump());

  row.published = {"sailor", std::nullopt, std::nullopt, 4};
  EXPECT_EQ(to_json(read_again(to_json(row))).dump(), to_json(row).dump());

  job.feasible = false;
  job.reason = "no GPU has the memory";
  const PlannedRow none = planned_row(job, hall_and_yard(), Objective::kThroughput, false);
  const OrderedJson json = to_json(none);
  EXPECT_EQ(json["status"], "infeasible");
  EXPECT_EQ(json["reason"], "no GPU has the memory");
  EXPECT_FALSE(json.contains("throughput_iters_per_s"));
  EXPECT_EQ(to_json(read_again(json)).dump(), json.dump());
}

TEST(PlannedRow, RefusesWhatIsNoRow) {
  const OrderedJson good =
      to_json(planned_row(planned(), hall_and_yard(), Objective::kThroughput, true));
  struct Case {
    const char* member;
    OrderedJson value;
  };
  for (const Case& bad :
       {Case{"throughput_iters_per_s", -1}, Case{"usd_per_iter", "free"}, Case{"status", "fine"},
        Case{"evidence", "guessed"}, Case{"evaluations", -1}, Case{"cluster", "a hall"},
        Case{"cluster", "4xA@hall+"}, Case{"gpus_used", {{"A100-40@hall", 0}}}}) {
    OrderedJson json = good;
    json[bad.member] = bad.value;
    try {
      read_again(json);
      ADD_FAILURE() << bad.member << " passed";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kBadInput);
      EXPECT_THAT(error.what(), HasSubstr(std::string("rows.json at \"/") + bad.member));
    }
  }
}

PlannedRow row_of(const char* cluster, const char* planner, const char* estimator, double rate,
                  double usd) {
  PlannedRow row;
  row.cluster = cluster;
  row.planner = planner;
  row.estimator = estimator;
  row.feasible = rate > 0;
  row.worth = {rate, usd};
  return row;
}

TEST(PlannedRows, AreComparedWithSailorUnderTheSameEstimatorOnTheSameCluster) {
  const std::vector<PlannedRow> rows = {
      row_of("a", "sextant", "sailor", 0.3, 2),  row_of("a", "sailor", "sailor", 0.2, 3),
      row_of("a", "sextant", "sextant", 0.3, 2), row_of("a", "sailor", "sextant", 0.4, 1),
      row_of("b", "sextant", "sailor", 0.3, 2),  row_of("b", "sailor", "sailor", 0, 0),
  };
  std::vector<PlannedRow> by_rate = rows;
  compare_with_sailor(by_rate, Objective::kThroughput);
  EXPECT_NEAR(*by_rate[0].gain_over_sailor, 1.5, 1e-12);
  EXPECT_NEAR(*by_rate[2].gain_over_sailor, 0.75, 1e-12);
  for (const int without : {1, 3, 4, 5}) {
    EXPECT_FALSE(by_rate[static_cast<std::size_t>(without)].gain_over_sailor) << without;
  }
  std::vector<PlannedRow> by_cost = rows;
  compare_with_sailor(by_cost, Objective::kCost);
  EXPECT_NEAR(*by_cost[0].gain_over_sailor, 1.5, 1e-12);  // 3 USD against 2
  EXPECT_NEAR(*by_cost[2].gain_over_sailor, 0.5, 1e-12);
}

TEST(PlannedRows, AreLinesOfACsv) {
  PlannedRow found = row_of("4xA@hall", "sextant", "sailor", 0.25, 0.5);
  found.gain_over_sailor = 1.25;
  found.published = {"sailor", PlannedRow::Worth{0.2, 0.625}, 3.5, 2};
  found.as_published = {0.24, true, "another"};
  found.evaluations = 7;
  found.peak_memory_bytes = 3e10;
  found.gpus_used = {{"A@hall", 4}};
  found.plan = "b2: 4 layers A TP2 x2";
  PlannedRow none = row_of("4xA@hall", "sailor", "sextant", 0, 0);
  none.reason = "too big, by far";
  none.complete = false;
  EXPECT_EQ(
      planned_csv({found, none}),
      "cluster,planner,estimator,status,evidence,throughput_iters_per_s,usd_per_iter,"
      "gain_over_sailor,as_published_iters_per_s,published_iters_per_s,published_usd_per_iter,"
      "published_search_s,published_plans_rejected_oom,bound_iters_per_s,bound_usd_per_iter,gap,"
      "space,complete,evaluations,first_plan_s,search_s,plans_rejected_oom,"
      "plans_rejected_constraint,peak_memory_bytes,gpus,plan,reason\n"
      "4xA@hall,sextant,sailor,ok,replayed,0.25,0.5,1.25,0.24,0.2,0.625,3.5,2,,,,,true,7,,,0,0,"
      "30000000000,4,b2: 4 layers A TP2 x2,\n"
      "4xA@hall,sailor,sextant,infeasible,replayed,,,,,,,,,,,,,false,0,,,0,0,,,,"
      "\"too big, by far\"\n");
}

}  // namespace
}  // namespace sextant
