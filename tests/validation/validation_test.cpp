#include "analyzer/validation/validation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "analyzer/training/sailor/sailor.h"
#include "analyzer/training/separable.h"
#include "analyzer/validation/leave_one_out.h"
#include "tests/support/small_problem.h"

namespace sextant {
namespace {

using ::testing::HasSubstr;

/// Says a tenth of a second for each sequence, give or take a tenth, and a GB for each of a
/// microbatch, but half a GB more for sure; of seven sequences it knows nothing.
class TenthOfASecond : public Estimator {
 public:
  std::string_view name() const override { return "tenth"; }
  std::string_view description() const override { return "for tests"; }
  Prediction predict(const TrainingProblem& problem, const Plan& plan) const override {
    EXPECT_EQ(problem.job.global_batch, plan.global_batch);
    EXPECT_EQ(problem.job.framework, "deepspeed");
    EXPECT_EQ(plan.model, problem.job.model);
    if (plan.global_batch == 7) throw_bad_input("nobody knows seven");
    if (plan.global_batch == 13) throw Error(ErrorCode::kInternal, "a defect");
    Prediction out;
    out.iteration_s = 0.1 * plan.global_batch + problem.calibration.iteration_overhead_s;
    out.interval = {out.iteration_s, 0.9 * out.iteration_s, 1.1 * out.iteration_s, true};
    out.peak_memory_bytes = 1e9 * plan.microbatch;
    out.memory_bound_bytes = out.peak_memory_bytes + 0.5e9;
    return out;
  }
  std::unique_ptr<SeparableCosts> separable(const TrainingProblem&,
                                            const PlanSettings&) const override {
    return nullptr;
  }
};

class Validation : public ::testing::Test {
 protected:
  Validation() {
    contender_.name = "tenth@inputs";
    contender_.estimator = &estimator_;
    contender_.profile = &problem_.profile;
    contender_.evidence = Evidence::kReplayed;
  }
  /// A run of so many sequences that took so long and so much.
  static MeasuredRun run(const std::string& name, int global_batch, double time_s,
                         std::optional<double> bytes = {}) {
    MeasuredRun out;
    out.name = name;
    out.evidence = Evidence::kMeasuredGpu;
    out.framework = "deepspeed";
    out.iteration.median_s = time_s;
    out.peak_process_bytes = bytes;
    out.plan.model = "small, as its run called it";
    out.plan.global_batch = global_batch;
    out.plan.microbatch = 2;
    return out;
  }
  std::vector<ValidationRow> rows(const std::vector<MeasuredRun>& runs,
                                  const std::vector<Quantity>& quantities = {
                                      Quantity::kTime}) const {
    return validate(runs, {contender_}, problem_.job, problem_.cluster, quantities);
  }

  SmallProblem problem_;
  TenthOfASecond estimator_;
  Contender contender_;
};

// Ten sequences: 1 s predicted, from 0.9 to 1.1; 2 GB, at most 2.5.
TEST_F(Validation, HoldsEachQuantityOfARunAgainstThePrediction) {
  MeasuredRun measured = run("N1", 10, 1.25, 2.2e9);
  measured.suspicion = "odd";
  measured.incomplete = "rank 1 is gone";
  const auto found = rows({measured}, {Quantity::kTime, Quantity::kMemory});
  ASSERT_EQ(found.size(), 2U);
  const ValidationRow& time = found[0];
  EXPECT_EQ(time.config, "N1");
  EXPECT_EQ(time.estimator, "tenth@inputs");
  EXPECT_EQ(time.evidence, Evidence::kReplayed);  // the weaker
  EXPECT_DOUBLE_EQ(time.measured, 1.25);
  EXPECT_DOUBLE_EQ(time.predicted, 1);
  EXPECT_DOUBLE_EQ(time.upper_bound, 1.1);
  EXPECT_DOUBLE_EQ(time.relative_error(), -0.2);
  EXPECT_EQ(time.covered(), false);
  EXPECT_EQ(time.suspicion, "odd; ended early: rank 1 is gone");
  const ValidationRow& memory = found[1];
  EXPECT_EQ(memory.quantity, Quantity::kMemory);
  EXPECT_DOUBLE_EQ(memory.predicted, 2e9);
  EXPECT_DOUBLE_EQ(memory.upper_bound, 2.5e9);
  EXPECT_NEAR(memory.relative_error(), -1.0 / 11, 1e-12);
  EXPECT_EQ(memory.covered(), std::nullopt);
  EXPECT_EQ(rows({run("N1", 10, 1.1)})[0].covered(), true);  // its very end
}

TEST_F(Validation, SaysWhereThereIsNoFigure) {
  const auto found =
      rows({run("seven", 7, 1, 1e9), run("no memory", 8, 1)}, {Quantity::kTime, Quantity::kMemory});
  ASSERT_EQ(found.size(), 4U);
  for (const std::size_t seven : {0U, 2U}) {
    EXPECT_EQ(found[seven].status, ValidationRow::Status::kUnpredicted);
    EXPECT_THAT(found[seven].reason, HasSubstr("nobody knows seven"));
    EXPECT_GT(found[seven].measured, 0);
    EXPECT_EQ(found[seven].covered(), std::nullopt);
  }
  EXPECT_TRUE(found[1].ok());
  EXPECT_EQ(found[3].status, ValidationRow::Status::kUnmeasured);
  EXPECT_EQ(found[3].reason, "memory was not measured");
  EXPECT_DOUBLE_EQ(found[3].predicted, 2e9);
  EXPECT_THROW(rows({run("defect", 13, 1)}), Error) << "a defect of ours is no result";
}

// Leave-one-out: whoever calibrates is asked for each run by itself.
TEST_F(Validation, AsksForTheCalibrationOfEachRun) {
  contender_.calibration = [](const MeasuredRun& measured) {
    Calibration calibration;
    calibration.iteration_overhead_s = measured.name == "slow" ? 3 : 0;
    return calibration;
  };
  const auto found = rows({run("slow", 10, 4), run("quick", 10, 1)});
  EXPECT_DOUBLE_EQ(found[0].predicted, 4);
  EXPECT_DOUBLE_EQ(found[1].predicted, 1);
}

// Of runs that all take 0.5 s longer than predicted, but one 9 s, each is predicted with what the
// others teach; the one that cannot be predicted teaches nothing.
TEST_F(Validation, CalibratesWithTheOtherConfigurations) {
  std::vector<MeasuredRun> runs;
  for (const int batch : {10, 20, 30, 40, 50}) {
    runs.push_back(run("N" + std::to_string(batch), batch, 0.1 * batch + 0.5));
  }
  runs.push_back(run("N60", 60, 6 + 9));
  runs.push_back(run("seven", 7, 1));
  const auto fit = calibrate_leaving_out(contender_, runs, problem_.job, problem_.cluster);
  ASSERT_TRUE(fit.has_value());
  EXPECT_EQ(fit->runs.size(), 6U);
  const auto found = rows(runs);
  EXPECT_NEAR(found[0].predicted, 1.5, 1e-9);
  EXPECT_NEAR(found[5].predicted, 6.5, 1e-9) << "not its own 15 s";
  EXPECT_EQ(found[6].status, ValidationRow::Status::kUnpredicted);
}

TEST_F(Validation, TakesTheMemoryThatIsReported) {
  contender_.reported_memory = [](const TrainingProblem&, const Plan&) { return 4e9; };
  const auto found = rows({run("N1", 10, 1, 2e9)}, {Quantity::kMemory});
  EXPECT_DOUBLE_EQ(found[0].predicted, 4e9);
  EXPECT_DOUBLE_EQ(found[0].upper_bound, 4e9);
}

// Errors -0.5, +1, 0, -0.2 of 2, 0.5, 1 and 1.25 s: of their sizes 0, 0.2, 0.5, 1 the mean is
// 0.425, the median 0.35, and the 95th percentile 0.5 + 0.85 * 0.5. Bounds stand at 1.1 s.
TEST_F(Validation, IsSummarized) {
  const auto all = summarize(rows({run("a/1", 10, 2), run("a/2", 10, 0.5), run("b/1", 10, 1),
                                   run("b/2", 10, 1.25), run("b/7", 7, 1)}));
  ASSERT_EQ(all.size(), 3U);  // all, a, b
  const ValidationSummary& total = all[0];
  EXPECT_EQ(total.set, "");
  EXPECT_EQ(total.rows, 4);
  EXPECT_EQ(total.unpredicted, 1);
  EXPECT_NEAR(total.mean, 0.425, 1e-12);
  EXPECT_NEAR(total.median, 0.35, 1e-12);
  EXPECT_NEAR(total.p95, 0.925, 1e-12);
  EXPECT_NEAR(total.max, 1, 1e-12);
  EXPECT_EQ(total.under_predicted, 2);
  EXPECT_EQ(total.bound_exceeded, 2);
  EXPECT_NEAR(total.bound_mean_above, (-0.45 + 1.2 + 0.1 - 0.12) / 4, 1e-12);
  EXPECT_EQ(total.with_interval, 4);
  EXPECT_EQ(total.covered, 1);
  EXPECT_EQ(all[1].set, "a");
  EXPECT_EQ(all[1].rows, 2);
  EXPECT_NEAR(all[1].mean, 0.75, 1e-12);
  EXPECT_EQ(all[2].set, "b");
  EXPECT_EQ(all[2].unpredicted, 1);
  EXPECT_EQ(summarize(rows({run("a/1", 10, 2), run("a/2", 10, 0.5)})).size(), 1U) << "one set";
}

// One layer of 0.1 GB on each of four GPUs: 24 bytes for 4 of its parameters', 0.6 GB, and one
// activation of 1 GB; the fit check adds 2 GB to that, the report 5.06.
TEST(SailorReportedMemory, IsTheCheckWithAnotherAllowance) {
  SmallProblem problem;
  problem.measure("g", 1, {1});
  problem.add("g", "z", 4);
  Plan plan;
  plan.model = "small";
  plan.layer_count = SmallProblem::kLayers;
  plan.global_batch = 8;
  plan.microbatch = 1;
  Pipeline pipeline;
  for (int layer = 0; layer < SmallProblem::kLayers; ++layer) {
    pipeline.stages.push_back({{{layer, layer + 1}}, {{{{"g", "z", -1, 1}}, 1, 0}}});
  }
  plan.pipelines = {pipeline};
  const double checked = sailor_estimator().predict(problem.problem(), plan).peak_memory_bytes;
  EXPECT_DOUBLE_EQ(checked, 0.6e9 + 4 * 1e9 + 2e9);
  EXPECT_DOUBLE_EQ(sailor_reported_memory(problem.problem(), plan), 0.6e9 + 4 * 1e9 + 5.06e9);
}

}  // namespace
}  // namespace sextant
