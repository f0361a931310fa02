// Estimator `sailor` judges the plans that published planners were recorded to find as the artifact
// did.
#include <gtest/gtest.h>

#include "tests/baselines/support/recorded.h"
#include "tests/support/reference_data.h"

namespace sextant {
namespace {

TEST(RecordedPlans, InputsAreThere) {
  SEXTANT_NEEDS(reference_data("baselines"));
  EXPECT_EQ(recorded_answers("AMP").size(), 17U);
  EXPECT_EQ(recorded_estimates("fig5b_time_GH200", "Varuna").size(), 15U);
  const PublishedRuns runs("mit");
  const auto recorded = recorded_estimates("fig6_time_het", "SAILOR");
  for (const MeasuredRun& run : runs.runs()) {
    EXPECT_NEAR(runs.predict(estimator_named("sailor"), run).iteration_s / recorded.at(run.name), 1,
                1e-6);
  }
  EXPECT_FALSE(
      published_input("fig8a", recorded_answers("Metis").at(3).cluster).published_tables.empty());
}

}  // namespace
}  // namespace sextant
