// What `plan` and `simulate` print of predictions that tell everything, and of those that do not.
#include "cli/plan_output.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/schema_check.h"

namespace sextant::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr double kGib = 1024.0 * 1024 * 1024;

/// Two stages of one GPU each; the second one is nearer to its capacity.
class PlanOutputTest : public ::testing::Test {
 protected:
  PlanOutputTest() {
    input_.job.seq_len = 64;
    plan_.model = "tiny";
    plan_.layer_count = 4;
    plan_.global_batch = 8;
    plan_.microbatch = 1;
    const Replica replica{{{"A100-40", "hall", 0, 1}}, 1, 0};
    plan_.pipelines = {{{{{{0, 2}}, {replica}}, {{{2, 4}}, {replica}}}}};
    prediction_.iteration_s = 2;
    prediction_.steady_s = 1.5;
    prediction_.fill_s = 0.5;
    prediction_.microbatches = 8;
    prediction_.peak_memory_bytes = 3 * kGib;
    prediction_.memory_bound_bytes = 5 * kGib;
    prediction_.stages = {
        {0.1, 0, 0, 0, 3 * kGib, 40 * kGib, {{"weights", 3 * kGib, "measured"}}, 3 * kGib},
        {0.1, 0, 0, 0, 2 * kGib, 40 * kGib, {{"activations", 2 * kGib, "by rule"}}, 5 * kGib}};
    prediction_.interval = {2, 1.9, 2.2, true};
    prediction_.breakdown = TimeBreakdown{1, 0.5, 0.25, 0.125, 0.125, 0};
    prediction_.binds = "the bubble of stage 1";
  }
  PlanOutput output(bool all_memory = false) const {
    return {input_, plan_, prediction_, "ours", 0, all_memory};
  }

  TrainingInput input_;
  Plan plan_;
  Prediction prediction_;
};

TEST_F(PlanOutputTest, SaysWhereTheIterationGoes) {
  const std::string text = describe(output());
  EXPECT_THAT(text, HasSubstr("iteration 2.00 s (1.90 s to 2.20 s), 8 microbatches\n"));
  EXPECT_THAT(text, HasSubstr("compute           1.00 s  50.0 %\n"));
  EXPECT_THAT(text, HasSubstr("bubble            500 ms  25.0 %\n"));
  EXPECT_THAT(text, HasSubstr("exposed transfer  250 ms  12.5 %\n"));
  EXPECT_THAT(text, HasSubstr("overhead             0 s   0.0 %\n"));
  EXPECT_THAT(text, HasSubstr("binds: the bubble of stage 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("steady")));
}

TEST_F(PlanOutputTest, SaysWhatTheFullestStagesMemoryIsMadeOf) {
  EXPECT_THAT(describe(output()),
              AllOf(HasSubstr("stage 1, fullest GPU: 2.00 GiB (at most 5.00 GiB) of 40.0 GiB\n"),
                    HasSubstr("activations  2.00 GiB  by rule\n"), Not(HasSubstr("weights"))));
  EXPECT_THAT(describe(output(true)), AllOf(HasSubstr("stage 0, fullest GPU: 3.00 GiB of 40.0 GiB"),
                                            HasSubstr("weights  3.00 GiB  measured"),
                                            HasSubstr("activations  2.00 GiB  by rule")));
}

TEST_F(PlanOutputTest, LeavesOutWhatAnEstimatorDoesNotTell) {
  prediction_.interval.has_spread = false;
  prediction_.breakdown.reset();
  prediction_.binds.clear();
  for (StagePrediction& stage : prediction_.stages) stage.memory_terms.clear();
  EXPECT_THAT(describe(output()),
              AllOf(HasSubstr("iteration 2.00 s = steady 1.50 s (8 microbatches) + fill and drain"),
                    Not(HasSubstr("fullest GPU:"))));
  EXPECT_THAT(describe(output(true)),
              HasSubstr("estimator ours does not say what memory is made of\n"));
  const OrderedJson document = prediction_json(output());
  for (const char* member : {"interval_s", "breakdown_s", "binds"}) {
    EXPECT_FALSE(document.contains(member)) << member;
  }
  EXPECT_FALSE(document["stages"][0].contains("memory_terms"));
}

TEST_F(PlanOutputTest, PrintsTheSameInDocuments) {
  OrderedJson document = {{"schema", schema_id("prediction")}, {"status", "ok"}};
  document.update(prediction_json(output()));
  EXPECT_EQ(testing::SchemaCheck("prediction").problems(document.dump()), "");
  EXPECT_EQ(document["interval_s"].dump(), R"({"low":1.9,"high":2.2})");
  EXPECT_EQ(document["breakdown_s"]["exposed_sync"], 0.125);
  EXPECT_EQ(document["binds"], "the bubble of stage 1");
  EXPECT_EQ(document["memory_bound_bytes"], 5 * kGib);
  EXPECT_EQ(document["stages"][1]["memory_bound_bytes"], 5 * kGib);
  EXPECT_EQ(document["stages"][1]["memory_terms"].dump(),
            R"([{"name":"activations","bytes":2147483648,"source":"by rule"}])");
}

}  // namespace
}  // namespace sextant::cli
