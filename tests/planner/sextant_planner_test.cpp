// Planner `sextant`: against brute force on small problems, and what every answer must keep to.
#include "planner/training/sextant/sextant_planner.h"

#include <functional>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/cluster/sailor_cluster.h"
#include "analyzer/core/error.h"
#include "analyzer/core/random.h"
#include "analyzer/profile/sailor_format.h"
#include "analyzer/training/separable.h"
#include "tests/support/reference_data.h"
#include "tests/support/small_problem.h"

namespace sextant {
namespace {

using testing::HasSubstr;

const Estimator& sailor() {
  return estimator_named("sailor");
}

/// What the replicas of a stage are: `count` of each class.
struct Composition {
  std::vector<std::pair<ReplicaClass, int>> parts;
};

/// The best objective over every split into stages, every class or pair of classes of a stage (at
/// most one stage mixed) and every number of replicas, each plan judged whole.
class BruteForce {
 public:
  BruteForce(const SmallProblem& small, const std::vector<ReplicaClass>& classes)
      : small_(small), classes_(classes) {}

  double best() {
    int gpus = 0;
    for (const GpuPool& pool : small_.cluster.pools) gpus += pool.count;
    for (int d = 1; d <= std::min(gpus, small_.job.global_batch); ++d) {
      replicas_ = d;
      std::vector<int> left;
      for (const GpuPool& pool : small_.cluster.pools) left.push_back(pool.count);
      plan_ = Plan();
      plan_.model = small_.job.model;
      plan_.layer_count = small_.profile.layer_count;
      plan_.global_batch = small_.job.global_batch;
      plan_.microbatch = 1;
      plan_.pipelines = {{}};
      extend(0, left, false);
    }
    return best_;
  }

 private:
  void extend(int first, const std::vector<int>& left, bool mixed) {
    if (first == plan_.layer_count) {
      const Prediction p = sailor().predict(small_.problem(), plan_);
      if (!p.fits) return;
      if (p.usd_per_iter() > small_.job.max_usd_per_iter.value_or(HUGE_VAL)) return;
      const bool throughput = small_.job.objective == Objective::kThroughput;
      best_ = std::min(best_, throughput ? p.iteration_s : p.usd_per_iter());
      return;
    }
    for (int end = first + 1; end <= plan_.layer_count; ++end) {
      for (std::size_t a = 0; a < classes_.size(); ++a) {
        place(first, end, {{{classes_[a], replicas_}}}, left, mixed);
        for (std::size_t b = 0; b < classes_.size() && !mixed; ++b) {
          if (classes_[a].pool >= classes_[b].pool) continue;
          for (int n = 1; n < replicas_; ++n) {
            place(first, end, {{{classes_[a], n}, {classes_[b], replicas_ - n}}}, left, true);
          }
        }
      }
    }
  }

  void place(int first, int end, const Composition& composition, std::vector<int> left,
             bool mixed) {
    Stage stage{{{first, end}}, {}};
    for (const auto& [c, count] : composition.parts) {
      left[static_cast<std::size_t>(c.pool)] -= c.tp * count;
      if (left[static_cast<std::size_t>(c.pool)] < 0) return;
      const GpuPool& pool = small_.cluster.pools[static_cast<std::size_t>(c.pool)];
      stage.replicas.insert(stage.replicas.end(), static_cast<std::size_t>(count),
                            {{{pool.gpu, pool.zone, -1, c.tp}}, c.tp, 0});
    }
    plan_.pipelines[0].stages.push_back(std::move(stage));
    extend(end, left, mixed);
    plan_.pipelines[0].stages.pop_back();
  }

  const SmallProblem& small_;
  std::vector<ReplicaClass> classes_;
  int replicas_ = 1;
  Plan plan_;
  double best_ = std::numeric_limits<double>::infinity();
};

/// A problem with times, sizes and counts drawn at random: 3 layers, two types, degrees 1 and 2.
SmallProblem random_problem(std::uint64_t seed, int zones) {
  Random random(seed);
  SmallProblem small;
  small.job.global_batch = 1 + static_cast<int>(random.below(9));
  small.measure("A100-40", 1, {1, 2});
  small.measure("V100-16", 1 + 3 * random.uniform(), {1, 2});
  small.profile.layer_count = 3;
  for (auto& [key, point] : small.profile.points) {
    point.layers.resize(3);
    // Not every layer is alike, and two GPUs are seldom twice as fast as one.
    for (LayerTime& layer : point.layers) layer.backward_s *= 0.5 + random.uniform();
  }
  for (auto& [tp, memory] : small.profile.memory) {
    memory.resize(3);
    for (LayerMemory& layer : memory) {
      layer.parameter_bytes *= 0.2 + 2 * random.uniform();
      layer.saved_activation_bytes *= 0.2 + random.uniform();
    }
  }
  small.add("A100-40", "a", 2 * static_cast<int>(random.below(4)), 6e9 + 6e9 * random.uniform());
  small.add("V100-16", zones == 1 ? "a" : "b", 2 + 2 * static_cast<int>(random.below(3)),
            5e9 + 3e9 * random.uniform());
  small.cluster.pools[1].usd_per_hour = 900 + 3600 * random.uniform();
  return small;
}

/// What the compared answers were made of, so that a test cannot pass on trivial problems alone.
struct Seen {
  int feasible = 0;
  int several_stages = 0;
  int mixed_stages = 0;

  void add(const Plan& plan) {
    ++feasible;
    several_stages += plan.pipelines[0].stages.size() > 1 ? 1 : 0;
    for (const Stage& stage : plan.pipelines[0].stages) {
      const std::string& first = stage.replicas.front().machines[0].gpu;
      mixed_stages += first != stage.replicas.back().machines[0].gpu ? 1 : 0;
    }
  }
};

void expect_as_good_as_brute_force(const SmallProblem& small, std::uint64_t seed, Seen& seen) {
  const PlannedJob found = plan_job(sextant_planner(), small.problem(), sailor(), {});
  const auto costs = sailor().separable(small.problem(), PlanSettings{1});
  const double best = BruteForce(small, costs->classes).best();
  if (!std::isfinite(best)) {
    EXPECT_FALSE(found.feasible) << "seed " << seed;
    EXPECT_THAT(found.reason, HasSubstr("no "));
    return;
  }
  ASSERT_TRUE(found.feasible) << "seed " << seed << ": " << found.reason;
  seen.add(found.plan);
  const bool throughput = small.job.objective == Objective::kThroughput;
  const double objective =
      throughput ? found.prediction.iteration_s : found.prediction.usd_per_iter();
  EXPECT_LE(objective, best * (1 + 1e-9)) << "seed " << seed << ": " << summary(found.plan);
  EXPECT_TRUE(found.search.complete);
  const double bound =
      throughput ? 1 / *found.search.bound_iters_per_s : *found.search.bound_usd_per_iter;
  EXPECT_NEAR(bound / objective, 1, 1e-9) << "seed " << seed;
}

TEST(SextantPlanner, IsAsGoodAsBruteForceForThroughput) {
  Seen seen;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    expect_as_good_as_brute_force(random_problem(seed, 1), seed, seen);
  }
  EXPECT_GE(seen.feasible, 100);
  EXPECT_GE(seen.several_stages, 30);
  EXPECT_GE(seen.mixed_stages, 10);
}

TEST(SextantPlanner, IsAsGoodAsBruteForceForCost) {
  Seen seen;
  for (std::uint64_t seed = 1001; seed <= 1100; ++seed) {
    SmallProblem small = random_problem(seed, 1);
    small.job.objective = Objective::kCost;
    // One GPU with the whole model is cheapest; make that rare.
    for (GpuPool& pool : small.cluster.pools) pool.memory_bytes *= 0.7;
    expect_as_good_as_brute_force(small, seed, seen);
  }
  EXPECT_GE(seen.feasible, 50);
  EXPECT_GE(seen.several_stages, 10);
}

TEST(SextantPlanner, KeepsToABudget) {
  Seen seen;
  for (std::uint64_t seed = 201; seed <= 260; ++seed) {
    SmallProblem small = random_problem(seed, 1);
    small.job.objective = Objective::kCost;
    const PlannedJob cheapest = plan_job(sextant_planner(), small.problem(), sailor(), {});
    if (!cheapest.feasible) continue;
    small.job.objective = Objective::kThroughput;
    small.job.max_usd_per_iter = 1.2 * cheapest.prediction.usd_per_iter();
    expect_as_good_as_brute_force(small, seed, seen);
    const PlannedJob found = plan_job(sextant_planner(), small.problem(), sailor(), {});
    EXPECT_LE(found.prediction.usd_per_iter(), *small.job.max_usd_per_iter);
  }
}

// The published planner answers 80 + 80 GPUs with a plan worse than its own for half of them.
TEST(SextantPlanner, NeverLosesByMoreGpus) {
  for (std::uint64_t seed = 301; seed <= 330; ++seed) {
    SmallProblem small = random_problem(seed, 2);
    double last = 0;
    for (int gpus = 2; gpus <= 8; gpus += 2) {
      small.cluster.pools[0].count = gpus;
      const PlannedJob found = plan_job(sextant_planner(), small.problem(), sailor(), {});
      const double rate = found.feasible ? found.prediction.iters_per_s() : 0;
      EXPECT_GE(rate, last * (1 - 1e-12)) << "seed " << seed << ", " << gpus << " GPUs";
      last = rate;
    }
  }
}

TEST(SextantPlanner, GivesTheSameAnswerTwice) {
  const SmallProblem small = random_problem(7, 2);
  const PlannedJob a = plan_job(sextant_planner(), small.problem(), sailor(), {});
  const PlannedJob b = plan_job(sextant_planner(), small.problem(), sailor(), {});
  EXPECT_EQ(a.plan, b.plan);
  EXPECT_EQ(a.search.evaluations, b.search.evaluations);
}

// A budget too small for a proof still gives a plan and an honest bound.
TEST(SextantPlanner, SaysWhenItDidNotFinish) {
  SmallProblem small;
  small.job.global_batch = 64;
  small.measure("A100-40", 1, {1, 2, 4});
  small.measure("V100-16", 2.7, {1, 2, 4});
  small.add("A100-40", "a", 32);
  small.add("V100-16", "a", 32);
  PlannerOptions options;
  options.max_evaluations = 300;
  const PlannedJob cut = plan_job(sextant_planner(), small.problem(), sailor(), options);
  const PlannedJob whole = plan_job(sextant_planner(), small.problem(), sailor(), {});
  ASSERT_TRUE(cut.feasible);
  EXPECT_FALSE(cut.search.complete);
  EXPECT_TRUE(whole.search.complete);
  EXPECT_LE(cut.search.evaluations, 300U);
  EXPECT_GE(*cut.search.bound_iters_per_s, whole.prediction.iters_per_s() * (1 - 1e-12));
  EXPECT_LE(cut.prediction.iters_per_s(), whole.prediction.iters_per_s() * (1 + 1e-12));
}

TEST(SextantPlanner, ExplainsWhatIsInfeasible) {
  SmallProblem small;
  small.measure("A100-40", 1, {1});
  small.add("A100-40", "a", 4, 3e9);  // a layer needs 0.6 + 1 + 2 GB
  PlannedJob found = plan_job(sextant_planner(), small.problem(), sailor(), {});
  EXPECT_FALSE(found.feasible);
  // Of all splits, 1 | 1 | 2 takes the least: 2 + 0.6 + 3 * 1 GB in front.
  EXPECT_THAT(found.reason, HasSubstr("needs 5.22 GiB of 2.79 GiB"));

  small.cluster.pools[0].memory_bytes = 40e9;
  small.job.min_iters_per_s = 1e6;
  found = plan_job(sextant_planner(), small.problem(), sailor(), {});
  EXPECT_FALSE(found.feasible);
  // Four stages of a layer on tp 1 (0.34 s a turn) would do 0.29; without stages, D = 4: 2 * 1.2 s,
  // 0.05 s and 4 buckets' worth of 0.6 s to synchronise.
  EXPECT_THAT(found.reason, HasSubstr("no plan does 1e+06 iterations/s: the fastest does 0."));

  small.job.min_iters_per_s.reset();
  small.cluster.pools[0].gpu = "T4";
  found = plan_job(sextant_planner(), small.problem(), sailor(), {});
  EXPECT_FALSE(found.feasible);
  EXPECT_THAT(found.reason, HasSubstr("no point of T4@a; it has A100-40"));
}

/// Links inside zones only.
class IslandNetwork : public UniformNetwork {
 public:
  LinkModel between(const LinkEnd& from, const LinkEnd& to) const override {
    if (from.zone != to.zone) throw Error(ErrorCode::kBadInput, "no such link");
    return UniformNetwork::between(from, to);
  }
};

TEST(SextantPlanner, DoesWithoutLinksThatNobodyKnows) {
  for (std::uint64_t seed = 401; seed <= 420; ++seed) {
    SmallProblem small = random_problem(seed, 2);
    small.cluster.pools[0].count = 4;
    small.cluster.network = std::make_shared<IslandNetwork>();
    const PlannedJob found = plan_job(sextant_planner(), small.problem(), sailor(), {});
    if (!found.feasible) continue;
    for (const Stage& stage : found.plan.pipelines[0].stages) {
      EXPECT_EQ(stage.replicas[0].machines[0].zone,
                found.plan.pipelines[0].stages[0].replicas[0].machines[0].zone);
    }
    // As good as the better island alone.
    for (std::size_t island = 0; island < 2; ++island) {
      SmallProblem alone = small;
      alone.cluster.pools[1 - island].count = 0;
      const PlannedJob one = plan_job(sextant_planner(), alone.problem(), sailor(), {});
      if (one.feasible) {
        EXPECT_LE(found.prediction.iteration_s, one.prediction.iteration_s * (1 + 1e-12));
      }
    }
  }
}

// 2^31 - 1 sequences an iteration: rounding up to microbatches must not overflow.
TEST(SextantPlanner, TakesTheLargestBatch) {
  SmallProblem small;
  small.job.global_batch = std::numeric_limits<int>::max();
  small.measure("A100-40", 1, {1});
  for (const auto& [key, point] : std::map(small.profile.points)) {
    small.profile.points[{key.gpu, key.tp, 2}] = point;
  }
  small.add("A100-40", "a", 4);
  const PlannedJob found = plan_job(sextant_planner(), small.problem(), sailor(), {});
  ASSERT_TRUE(found.feasible) << found.reason;
  // Microbatches of 2 take no longer here than of 1: 4 replicas share 2^30 of them.
  EXPECT_EQ(found.plan.microbatch, 2);
  EXPECT_GE(found.prediction.microbatches, 1 << 28);
}

/// 100,000 GPUs, one of them, and none.
TEST(SextantPlanner, TakesClustersOfAnySize) {
  for (const int gpus : {1, 100'000}) {
    SmallProblem small;
    small.measure("A100-40", 1, {1, 2, 4});
    small.add("A100-40", "a", gpus);
    EXPECT_TRUE(plan_job(sextant_planner(), small.problem(), sailor(), {}).feasible) << gpus;
  }
  SmallProblem none;
  none.measure("A100-40", 1, {1});
  none.add("A100-40", "a", 0);
  EXPECT_FALSE(plan_job(sextant_planner(), none.problem(), sailor(), {}).feasible);
}

}  // namespace
}  // namespace sextant
