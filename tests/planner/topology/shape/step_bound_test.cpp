#include "planner/topology/shape/step_bound.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "tests/planner/topology/shape/shape_problems.h"

namespace sextant {
namespace {

using shapes::StepBound;

BandwidthDivision divide(const StepTime& step, const std::vector<double>& usd,
                         BandwidthTarget target) {
  BandwidthProblem problem;
  problem.time = step;
  problem.usd_per_byte_per_s = usd;
  problem.target = target;
  problem.constraints = {total_budget(usd.size(), 325e9)};
  return divide_bandwidth(problem);
}

TEST(StepBound, IsExactWhereGroupsShareNoDimension) {
  const StepTime step =
      step_time(gpt3(16, 64), {{2, 8, 1, 1}, {1, 1, 8, 8}}, TrainingLoop::kNoOverlap);
  const double best = divide(step, {1, 2, 2, 57.4}, BandwidthTarget::kTime).objective;
  EXPECT_NEAR(StepBound(step, 325e9).seconds(), best, 1e-12 * best);
}

TEST(StepBound, IsNeverAboveAnyDivision) {
  EXPECT_TRUE(rc::check([] {
    const auto extent = [] { return *rc::gen::element(1, 2, 4, 8); };
    const std::vector<GroupShape> shapes = {{extent(), extent(), extent()},
                                            {extent(), extent(), extent()}};
    const auto loop = *rc::gen::element(TrainingLoop::kNoOverlap, TrainingLoop::kOverlap);
    Workload workload = gpt3(1, 1);
    for (WorkloadLayer& layer : workload.layers) {
      for (LayerPhase& phase : layer.phases) {
        phase.compute_s = *rc::gen::inRange(0, 100) * 1e-2;
        phase.bytes = *rc::gen::inRange(0, 100) * 1e8;
      }
    }
    const StepTime step = step_time(workload, shapes, loop);
    std::vector<double> usd;
    std::vector<double> bandwidth;
    double sum = 0;
    for (int d = 0; d < 3; ++d) {
      usd.push_back(*rc::gen::inRange(1, 50) * 1e-6);
      bandwidth.push_back(*rc::gen::inRange(1, 1000));
      sum += bandwidth.back();
    }
    for (double& b : bandwidth) b *= 325e9 / sum;
    const StepBound bound(step, 325e9);
    const double seconds = step.seconds(bandwidth);
    RC_ASSERT(bound.seconds() <= seconds * (1 + 1e-12));
    std::vector<double> limits;
    for (const double b : bandwidth) limits.push_back(b * *rc::gen::inRange(100, 1000) / 100);
    RC_ASSERT(bound.seconds_times_usd(usd, limits) <=
              seconds * network_usd(usd, bandwidth) * (1 + 1e-12));
  }));
}

}  // namespace
}  // namespace sextant
