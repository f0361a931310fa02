// Estimator `metis` against what the published code was recorded to estimate.
#include <string>

#include <gtest/gtest.h>

#include "tests/baselines/support/recorded.h"
#include "tests/support/reference_data.h"

namespace sextant {
namespace {

constexpr double kRounding = 1e-6;

void expect_recorded(const std::string& set, const std::string& figure, bool time) {
  const PublishedRuns runs(set);
  const auto recorded = recorded_estimates(figure, "Metis");
  ASSERT_FALSE(recorded.empty());
  for (const MeasuredRun& run : runs.runs()) {
    const Prediction ours = runs.predict(estimator_named("metis"), run);
    EXPECT_NEAR((time ? ours.iteration_s : ours.peak_memory_bytes) / recorded.at(run.name), 1,
                kRounding)
        << figure << " " << run.name;
  }
}

TEST(MetisEstimator, AgreesWithTheRecord) {
  SEXTANT_NEEDS(reference_data("baselines"));
  expect_recorded("main", "fig5a_mem_GH200", false);
  expect_recorded("main", "fig5b_time_GH200", true);
  expect_recorded("mit", "fig6_time_het", true);
  expect_recorded("mit", "fig6b_mem_het", false);
}

}  // namespace
}  // namespace sextant
