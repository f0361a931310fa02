// What holds for any exact search: who asks for less or has more is answered no worse.
#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <utility>

#include <gtest/gtest.h>

#include "planner/training/sextant/sextant_planner.h"
#include "tests/planner/exhaustive/held_answer.h"
#include "tests/planner/exhaustive/random_problem.h"

namespace sextant::exhaustive {
namespace {

constexpr double kSame = 1e-9;

const Estimator& sailor() {
  return estimator_named("sailor");
}

/// Links that grow no slower with bandwidth and take no time away by holes.
Shape monotone(int zones) {
  Shape shape;
  shape.quadratics = false;
  shape.zones = zones;
  shape.most_gpus = zones == 1 ? 8 : 6;
  return shape;
}

PlannedJob plan_of(const SmallProblem& small) {
  PlannerOptions options;
  options.threads = 1;  // of small problems, threads are most of the time
  return plan_job(sextant_planner(), small.problem(), sailor(), options);
}

/// What is minimised; infinity where nothing is feasible.
double objective_of(const SmallProblem& small) {
  const PlannedJob found = plan_of(small);
  if (!found.feasible) return HUGE_VAL;
  return value(small.job.objective, {found.prediction.iteration_s, found.prediction.usd_per_iter(),
                                     gpu_count(found.plan), true});
}

/// A problem with each objective; with a bound on the other that its best plan for that just keeps
/// twice over.
std::vector<SmallProblem> problems_of(std::uint64_t seed, int zones) {
  const SmallProblem small = random_problem(seed, monotone(zones));
  const PlannedJob fastest = plan_of(small);
  if (!fastest.feasible) return {small};
  std::vector<SmallProblem> out(4, small);
  out[1].job.max_usd_per_iter = 0.8 * fastest.prediction.usd_per_iter();
  out[2].job.objective = Objective::kCost;
  out[2].job.min_iters_per_s = 0.6 * fastest.prediction.iters_per_s();
  out[3].job.objective = Objective::kGpus;
  out[3].job.min_iters_per_s = 0.6 * fastest.prediction.iters_per_s();
  return out;
}

/// `change` makes things better; the objective may not become worse.
void never_hurts(std::uint64_t first_seed, int problems, int zones,
                 const std::function<void(SmallProblem&, Random&)>& change) {
  int better = 0;
  for (int n = 0; n < problems; ++n) {
    const std::uint64_t seed = first_seed + static_cast<std::uint64_t>(n);
    Random random(seed + 3'000'000);
    for (SmallProblem& small : problems_of(seed, zones)) {
      const double before = objective_of(small);
      change(small, random);
      const double after = objective_of(small);
      EXPECT_LE(after, before * (1 + kSame))
          << "seed " << seed << ", " << to_string(small.job.objective);
      better += after < before * (1 - kSame) ? 1 : 0;
    }
  }
  EXPECT_GE(better * 20, problems) << "the change changes nothing";
}

void more_gpus(SmallProblem& small, Random& random) {
  small.cluster.pools[random.below(small.cluster.pools.size())].count +=
      whole_between(random, 1, 3);
}

void more_memory(SmallProblem& small, Random& random) {
  for (GpuPool& pool : small.cluster.pools) {
    if (one_in(random, 2)) pool.memory_bytes *= between(random, 1, 1.6);
  }
}

/// The links of another, each a few times as fast.
class FasterNetwork : public Network {
 public:
  FasterNetwork(std::shared_ptr<const Network> base, double factor)
      : base_(std::move(base)), factor_(factor) {}
  LinkModel between(const LinkEnd& from, const LinkEnd& to) const override {
    return base_->between(from, to).scaled(factor_, 1e18);
  }
  std::string describe() const override { return "faster"; }

 private:
  std::shared_ptr<const Network> base_;
  double factor_;
};

void more_bandwidth(SmallProblem& small, Random& random) {
  small.cluster.network =
      std::make_shared<FasterNetwork>(small.cluster.network, between(random, 1.1, 3));
}

TEST(MoreNeverHurts, Gpus) {
  never_hurts(30'001, 60, 1, more_gpus);
}
TEST(MoreNeverHurts, GpusInTwoZones) {
  never_hurts(30'501, 25, 2, more_gpus);
}
TEST(MoreNeverHurts, Memory) {
  never_hurts(31'001, 60, 1, more_memory);
}
TEST(MoreNeverHurts, Bandwidth) {
  never_hurts(32'001, 60, 1, more_bandwidth);
}
TEST(MoreNeverHurts, BandwidthInTwoZones) {
  never_hurts(32'501, 25, 2, more_bandwidth);
}

// A budget raised step by step; a required throughput lowered step by step.
TEST(MoreNeverHurts, LooserBounds) {
  for (std::uint64_t seed = 33'001; seed <= 33'030; ++seed) {
    SmallProblem small = random_problem(seed, monotone(1));
    const PlannedJob fastest = plan_of(small);
    if (!fastest.feasible) continue;
    double last = HUGE_VAL;
    for (double share = 0.3; share < 1.3; share += 0.2) {
      small.job.max_usd_per_iter = share * fastest.prediction.usd_per_iter();
      const double here = objective_of(small);
      EXPECT_LE(here, last * (1 + kSame)) << "seed " << seed << ", budget " << share;
      last = here;
    }
    EXPECT_NEAR(last / fastest.prediction.iteration_s, 1, kSame) << "seed " << seed;
    small.job.max_usd_per_iter.reset();
    for (const Objective objective : {Objective::kCost, Objective::kGpus}) {
      small.job.objective = objective;
      last = HUGE_VAL;
      for (double share = 1.1; share > 0; share -= 0.2) {
        small.job.min_iters_per_s = share * fastest.prediction.iters_per_s();
        const double here = objective_of(small);
        EXPECT_LE(here, last * (1 + kSame))
            << "seed " << seed << ", " << to_string(objective) << " at " << share;
        last = here;
      }
      EXPECT_TRUE(std::isfinite(last)) << "seed " << seed;
    }
  }
}

// Pools in another order are the same cluster. (Of several zones the order decides between groups
// that are equally good for the formula.)
TEST(MoreNeverHurts, PoolsInAnyOrder) {
  for (std::uint64_t seed = 34'001; seed <= 34'060; ++seed) {
    for (SmallProblem& small : problems_of(seed, 1)) {
      const double before = objective_of(small);
      std::reverse(small.cluster.pools.begin(), small.cluster.pools.end());
      const double after = objective_of(small);
      if (std::isinf(before)) {
        EXPECT_TRUE(std::isinf(after)) << "seed " << seed;
      } else {
        EXPECT_NEAR(after / before, 1, kSame)
            << "seed " << seed << ", " << to_string(small.job.objective);
      }
    }
  }
}

}  // namespace
}  // namespace sextant::exhaustive
