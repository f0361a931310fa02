// Calibrations fitted to runs of a world whose parameters are known.
#include "analyzer/training/fit_calibration.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "analyzer/core/random.h"
#include "tests/support/schema_check.h"

namespace sextant {
namespace {

using ::testing::HasSubstr;

/// What a simple estimator knows of run number `i` of the world.
double compute_s(double i) {
  return 1 + 0.3 * i;
}
double sync_s(double i) {
  return 0.1 * (1 + i);
}
double tensor_bytes(double i) {
  return 10e9 + 2e9 * i;
}

int number_of(const MeasuredRun& run) {
  return std::stoi(run.name.substr(run.name.rfind('/') + 2));
}

Prediction predict(const MeasuredRun& run, const Calibration& calibration) {
  const int i = number_of(run);
  const bool overlapped = run.framework == "megatron-overlap";
  Prediction out;
  out.sync_s = sync_s(i) / calibration.collective_efficiency;
  out.iteration_s =
      calibration.iteration_overhead_s +
      (overlapped ? compute_s(i) * calibration.overlap_slowdown : compute_s(i) + out.sync_s);
  out.peak_memory_bytes = tensor_bytes(i) + calibration.process_bytes;
  out.memory_bound_bytes = out.peak_memory_bytes + calibration.process_bytes_spread;
  return out;
}

MeasuredRun run_of(const std::string& name) {
  MeasuredRun run;
  run.name = name;
  run.model = run.plan.model = "tiny";
  const Replica replica{{{"A", "a", -1, 1}}, 1, 0};
  run.plan.pipelines = {{{{{{0, 1}}, {replica, replica}}}}};
  return run;
}

/// Two sets of eight configurations in the world of `truth`, with noise of +-`noise` on time and
/// memory.
std::vector<MeasuredRun> world(const Calibration& truth, double noise,
                               const std::string& framework = "sextant") {
  Random random(7);
  const auto noisy = [&](double value) { return value * (1 + noise * (2 * random.uniform() - 1)); };
  std::vector<MeasuredRun> runs;
  for (const char* set : {"one", "two"}) {
    for (int i = 0; i < 8; ++i) {
      MeasuredRun& run = runs.emplace_back(run_of(std::string(set) + "/N" + std::to_string(i)));
      run.framework = framework;
      const Prediction exact = predict(run, truth);
      run.iteration.median_s = noisy(exact.iteration_s);
      run.sync_s = noisy(exact.sync_s);
      run.peak_process_bytes = noisy(exact.peak_memory_bytes);
    }
  }
  return runs;
}

Calibration truth() {
  Calibration out;
  out.process_bytes = 4.5e9;
  out.process_bytes_spread = 0;
  out.collective_efficiency = 0.5;
  out.iteration_overhead_s = 0.2;
  return out;
}

const FittedParameter& parameter(const CalibrationFit& fit, const std::string& name) {
  for (const FittedParameter& one : fit.parameters) {
    if (one.name == name) return one;
  }
  ADD_FAILURE() << name;
  return fit.parameters.front();
}

TEST(FitCalibration, FindsAnExactWorld) {
  const CalibrationFit fit = fit_calibration(world(truth(), 0), {}, predict);
  EXPECT_NEAR(fit.calibration.process_bytes, 4.5e9, 1);
  EXPECT_NEAR(fit.calibration.process_bytes_spread, 0, 1);
  EXPECT_NEAR(fit.calibration.collective_efficiency, 0.5, 1e-9);
  EXPECT_NEAR(fit.calibration.iteration_overhead_s, 0.2, 1e-9);
  EXPECT_GT(fit.time.before, 0.1);
  EXPECT_NEAR(fit.time.after, 0, 1e-9);
  EXPECT_GT(fit.memory.before, 0.1);
  EXPECT_NEAR(fit.memory.after, 0, 1e-9);
  EXPECT_EQ(fit.time.runs, 16);
  EXPECT_TRUE(parameter(fit, "process_bytes").adopted);
  EXPECT_EQ(parameter(fit, "collective_efficiency").before, 1);
  EXPECT_EQ(parameter(fit, "collective_efficiency").after, fit.calibration.collective_efficiency);
}

// Noise of 1 %: the constants come out within a few per cent of what they are added to, and runs
// that were left out are predicted to little more than the noise.
TEST(FitCalibration, FindsANoisyWorld) {
  const CalibrationFit fit = fit_calibration(world(truth(), 0.01), {}, predict);
  EXPECT_NEAR(fit.calibration.process_bytes, 4.5e9, 0.15e9);
  EXPECT_NEAR(fit.calibration.collective_efficiency, 0.5, 0.01);
  EXPECT_NEAR(fit.calibration.iteration_overhead_s, 0.2, 0.02);
  EXPECT_LT(fit.time.after, 0.01);
  EXPECT_LT(fit.memory.after, 0.01);
  // The spread reaches to the 90th percentile of the runs.
  const double most = fit.calibration.process_bytes + fit.calibration.process_bytes_spread;
  int above = 0;
  for (const CalibratedRun& run : fit.runs) {
    if (run.measured_bytes > tensor_bytes(std::stoi(run.name.substr(5))) + most) ++above;
  }
  EXPECT_LE(above, 2);
}

TEST(FitCalibration, IsNotMovedByOutliers) {
  std::vector<MeasuredRun> runs = world(truth(), 0);
  for (const std::size_t broken : {3U, 12U}) {
    runs[broken].iteration.median_s *= 3;
    runs[broken].peak_process_bytes = *runs[broken].peak_process_bytes * 3;
    runs[broken].sync_s = *runs[broken].sync_s * 5;
  }
  const CalibrationFit fit = fit_calibration(runs, {}, predict);
  EXPECT_NEAR(fit.calibration.process_bytes, 4.5e9, 1);
  EXPECT_NEAR(fit.calibration.collective_efficiency, 0.5, 1e-9);
  EXPECT_NEAR(fit.calibration.iteration_overhead_s, 0.2, 1e-9);
}

// Constants of 5, 6 and 7 GB, two runs each. The median of the other four; were one of a
// configuration's own runs left in, it would be 6 GB for all.
TEST(FitCalibration, LeavesOutWholeConfigurations) {
  std::vector<MeasuredRun> runs;
  for (int i = 0; i < 3; ++i) {
    for (const char* set : {"one", "two"}) {
      MeasuredRun& run = runs.emplace_back(run_of(std::string(set) + "/N" + std::to_string(i)));
      run.iteration.median_s = compute_s(i) + sync_s(i);
      run.peak_process_bytes = tensor_bytes(i) + 5e9 + 1e9 * i;
    }
  }
  const CalibrationFit fit = fit_calibration(runs, {}, predict);
  ASSERT_EQ(fit.runs.size(), 6U);
  const double expected[] = {6.5e9, 6e9, 5.5e9};
  for (const CalibratedRun& run : fit.runs) {
    const int i = std::stoi(run.name.substr(5));
    EXPECT_NEAR(run.left_out.process_bytes, expected[i], 1) << run.name;
    EXPECT_NEAR(run.after_bytes, tensor_bytes(i) + expected[i], 1) << run.name;
  }
  EXPECT_NEAR(fit.calibration.process_bytes, 6e9, 1);
}

TEST(FitCalibration, SuspiciousRunsArePredictedButNotFittedTo) {
  std::vector<MeasuredRun> runs = world(truth(), 0);
  for (std::size_t r = 0; r < runs.size(); r += 2) {
    runs[r].suspicion = "copied";
    runs[r].peak_process_bytes = 90e9;
    runs[r].iteration.median_s = 40;
    runs[r].sync_s = 30;
  }
  const CalibrationFit fit = fit_calibration(runs, {}, predict);
  EXPECT_NEAR(fit.calibration.process_bytes, 4.5e9, 1);
  EXPECT_NEAR(fit.calibration.iteration_overhead_s, 0.2, 1e-9);
  EXPECT_EQ(fit.time.runs, 16);
  EXPECT_GT(fit.time.after, 0.4);
  EXPECT_EQ(fit.runs[0].suspicion, "copied");
  EXPECT_EQ(parameter(fit, "process_bytes").runs, 8);
}

TEST(FitCalibration, SaysWhatTheRunsDoNotTell) {
  std::vector<MeasuredRun> runs = world(truth(), 0);
  for (MeasuredRun& run : runs) {
    run.peak_process_bytes.reset();
    run.sync_s.reset();
  }
  const CalibrationFit fit = fit_calibration(runs, {}, predict);
  EXPECT_EQ(fit.calibration.process_bytes, Calibration().process_bytes);
  EXPECT_EQ(fit.calibration.process_bytes_spread, Calibration().process_bytes_spread);
  EXPECT_EQ(fit.calibration.collective_efficiency, 1);
  EXPECT_EQ(fit.memory.runs, 0);
  EXPECT_FALSE(parameter(fit, "process_bytes").adopted);
  EXPECT_THAT(parameter(fit, "process_bytes").note, HasSubstr("no run measured its memory"));
  EXPECT_THAT(parameter(fit, "collective_efficiency").note, HasSubstr("no run tells how long"));
  EXPECT_THAT(parameter(fit, "overlap_slowdown").note, HasSubstr("no run overlaps"));
  const std::vector<MeasuredRun> one = {runs[0], runs[8]};  // of one configuration
  EXPECT_THAT(fit_calibration(one, {}, predict).parameters.front().note,
              HasSubstr("at least two configurations"));
  EXPECT_THROW(fit_calibration({}, {}, predict), Error);
}

// Half of the runs are 0.6 s slower and half 0.6 s faster than predicted: no overhead helps.
TEST(FitCalibration, DoesNotAdoptWhatDoesNotHelp) {
  std::vector<MeasuredRun> runs = world({}, 0);
  for (std::size_t r = 0; r < runs.size(); ++r) {
    runs[r].iteration.median_s += r % 2 == 0 ? 0.6 : -0.6;
    runs[r].peak_process_bytes = tensor_bytes(number_of(runs[r])) + Calibration().process_bytes;
  }
  const CalibrationFit fit = fit_calibration(runs, {}, predict);
  EXPECT_EQ(fit.calibration, Calibration());
  EXPECT_EQ(fit.time.after, fit.time.before);
  EXPECT_THAT(parameter(fit, "iteration_overhead_s").note, HasSubstr("not adopted"));
  // Nor what an estimator does not heed.
  const auto deaf = [](const MeasuredRun& run, const Calibration&) { return predict(run, {}); };
  EXPECT_EQ(fit_calibration(world(truth(), 0), {}, deaf).calibration, Calibration());
}

TEST(FitCalibration, FindsTheSlowdownOfOverlappedRuns) {
  Calibration world_of = truth();
  world_of.overlap_slowdown = 1.3;
  const CalibrationFit fit = fit_calibration(world(world_of, 0, "megatron-overlap"), {}, predict);
  // It is fitted before the overhead, of which it takes a part: 0.2 s of 1 to 3.1 s.
  EXPECT_TRUE(parameter(fit, "overlap_slowdown").adopted);
  EXPECT_NEAR(fit.calibration.overlap_slowdown, 1.4, 0.1);
  EXPECT_LT(fit.time.after, fit.time.before);
  EXPECT_THROW(fit_calibration(world(truth(), 0, "nobody"), {}, predict), Error);
}

// Of the ranks' phases the slowest stage counts, and of its ranks the middle one: who waits for a
// straggler does not synchronise.
TEST(FitCalibration, TakesSynchronisationOfTheRanks) {
  MeasuredRun run = run_of("N0");
  EXPECT_EQ(measured_sync_s(run), std::nullopt);
  run.sync_s = 9;
  EXPECT_EQ(measured_sync_s(run), 9);
  for (const auto& [stage, seconds] :
       {std::pair{0, 0.1}, std::pair{1, 0.2}, std::pair{1, 0.3}, std::pair{1, 7.0}}) {
    MeasuredRank rank;
    rank.stage = stage;
    rank.phases.sync_s = seconds;
    run.ranks.push_back(rank);
  }
  EXPECT_EQ(measured_sync_s(run), 0.3);
}

TEST(FitCalibration, NamesTheRunThatCannotBePredicted) {
  const auto fails = [](const MeasuredRun& run, const Calibration& calibration) {
    if (run.name == "two/N3") throw_bad_input("no profile of it");
    return predict(run, calibration);
  };
  try {
    fit_calibration(world(truth(), 0), {}, fails);
    FAIL() << "was fitted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadInput);
    EXPECT_THAT(error.what(), HasSubstr("two/N3"));
    EXPECT_THAT(error.what(), HasSubstr("no profile of it"));
  }
}

TEST(FitCalibration, WritesItsDocument) {
  std::vector<MeasuredRun> runs = world(truth(), 0.01);
  runs[0].evidence = Evidence::kReplayed;
  runs[1].suspicion = "copied";
  const std::string text = json_text(calibration_json(fit_calibration(runs, {}, predict)));
  sextant::testing::SchemaCheck check("calibration");
  EXPECT_EQ(check.problems(text), "");
  EXPECT_THAT(check.unseen(),
              ::testing::UnorderedElementsAre("/properties/name", "/properties/source"));
  EXPECT_THAT(text, HasSubstr("\"evidence\": \"replayed\""));
}

}  // namespace
}  // namespace sextant
