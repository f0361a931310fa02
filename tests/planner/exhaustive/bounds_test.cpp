// Planner `sextant` under estimator `sextant`, whose separable view is not exact: no plan, of the
// planner's space or outside of it, beats the bound, and the answer is near the best there is.
#include <algorithm>
#include <iostream>

#include <gtest/gtest.h>

#include "planner/training/sextant/sextant_planner.h"
#include "tests/planner/exhaustive/brute_force.h"
#include "tests/planner/exhaustive/held_answer.h"
#include "tests/planner/exhaustive/random_problem.h"

namespace sextant::exhaustive {
namespace {

const Estimator& judge() {
  return estimator_named("sextant");
}

struct Batch {
  const char* name = "";
  Shape shape;
  std::vector<PlanSpace> wider;  ///< than the planner's, one by one
  std::uint64_t first_seed = 1;
  int problems = 0;
};

std::ostream& operator<<(std::ostream& out, const Batch& batch) {
  return out << batch.name;
}

/// How far answers are from the best plan of the space, and bounds from the answers.
struct Distances {
  int missed = 0;  ///< problems without an answer that have one
  std::vector<double> lost;
  std::vector<double> gap;
  double gained_outside = 0;  ///< most that a wider space gives

  static std::string text(std::vector<double> all) {
    if (all.empty()) return "none";
    std::sort(all.begin(), all.end());
    const auto percent = [&](double share) {
      const auto at = static_cast<std::size_t>(share * static_cast<double>(all.size() - 1));
      return std::to_string(100 * all[at]) + " %";
    };
    return "median " + percent(0.5) + ", 9 of 10 " + percent(0.9) + ", most " + percent(1);
  }
};

SmallProblem problem_of(std::uint64_t seed, const Shape& shape) {
  SmallProblem small = random_problem(seed, shape);
  Random random(seed + 2'000'000);
  const char* frameworks[] = {"sextant", "deepspeed", "sailor", "megatron", "megatron-overlap"};
  small.job.framework = frameworks[random.below(5)];
  small.job.global_batch = whole_between(random, 1, 9);
  return small;
}

class BoundsUnderSextant : public testing::TestWithParam<Batch> {
 protected:
  void ask_all(Objective objective) const {
    Distances distances;
    int feasible = 0;
    const Batch& batch = GetParam();
    for (int n = 0; n < batch.problems; ++n) {
      const std::uint64_t seed = batch.first_seed + static_cast<std::uint64_t>(n);
      SmallProblem small = problem_of(seed, batch.shape);
      small.job.objective = objective;
      PlanSpace stated;
      stated.aligned = batch.shape.zones > 1;
      stated.every_placement = true;
      const BruteForce brute(small.problem(), judge(), stated, false);
      std::vector<BruteForce> outside;
      for (const PlanSpace& space : batch.wider) {
        outside.emplace_back(small.problem(), judge(), space, false);
      }
      Random random(seed + 1'000'000);
      feasible += ask(small, brute, outside, seed, distances) ? 1 : 0;
      if (brute.plans().empty()) continue;
      const Figures some = brute.plans()[random.below(brute.plans().size())];
      if (objective == Objective::kCost || one_in(random, 2)) {
        small.job.min_iters_per_s = 0.999 / some.iteration_s;
      } else {
        small.job.max_usd_per_iter = 1.001 * some.usd_per_iter;
      }
      ask(small, brute, outside, seed, distances);
    }
    std::cout << batch.name << ", " << to_string(objective) << ": " << feasible
              << " feasible; worse than the best: " << Distances::text(distances.lost)
              << "; proved gap: " << Distances::text(distances.gap) << "; a wider space gives "
              << 100 * distances.gained_outside << " % at most\n";
    EXPECT_GE(feasible * 2, batch.problems);
    // A plan that fits or keeps to a bound by the estimator, not by the formula that is searched
    // by.
    EXPECT_LE(distances.missed * 20, batch.problems) << "misses plans";
  }

  bool ask(const SmallProblem& small, const BruteForce& brute,
           const std::vector<BruteForce>& outside, std::uint64_t seed, Distances& distances) const {
    PlannerOptions options;
    options.threads = 1;  // of small problems, threads are most of the time
    const PlannedJob found = plan_job(sextant_planner(), small.problem(), judge(), options);
    const std::optional<Figures> best = brute.best(small.job);
    const Objective objective = small.job.objective;
    const std::string where = "seed " + std::to_string(seed) + " " +
                              std::string(to_string(objective)) + " " + summary(found.plan);
    if (!found.feasible) {
      distances.missed += best.has_value() ? 1 : 0;
      return false;
    }
    const Figures answer = {found.prediction.iteration_s, found.prediction.usd_per_iter(),
                            gpu_count(found.plan), found.prediction.fits};
    EXPECT_EQ(what_is_impossible(small.cluster, found.plan), "") << where;
    EXPECT_TRUE(answer.fits && meets(small.job, answer)) << where;
    const double bound = lower_bound(objective, found.search);
    EXPECT_GT(bound, 0) << where << ": proves nothing";
    EXPECT_LE(bound, value(objective, answer) * (1 + 1e-9)) << where;
    if (best) {
      EXPECT_LE(bound, value(objective, *best) * (1 + 1e-9)) << where;
      distances.lost.push_back(value(objective, answer) / value(objective, *best) - 1);
    }
    distances.gap.push_back(value(objective, answer) / bound - 1);
    for (const BruteForce& more : outside) {
      const std::optional<Figures> wider = more.best(small.job);
      if (!wider) continue;
      EXPECT_LE(bound, value(objective, *wider) * (1 + 1e-9)) << where << ", wider";
      if (best) {
        distances.gained_outside = std::max(distances.gained_outside,
                                            value(objective, *best) / value(objective, *wider) - 1);
      }
    }
    return true;
  }
};

TEST_P(BoundsUnderSextant, OfThroughput) {
  ask_all(Objective::kThroughput);
}
TEST_P(BoundsUnderSextant, OfCost) {
  ask_all(Objective::kCost);
}
TEST_P(BoundsUnderSextant, OfGpus) {
  ask_all(Objective::kGpus);
}

Shape small_shape(int gpus, int layers, int zones) {
  Shape shape;
  shape.least_gpus = 2;
  shape.most_gpus = gpus;
  shape.least_layers = 2;
  shape.most_layers = layers;
  shape.zones = zones;
  shape.most_degree = 2;
  shape.quadratics = false;
  return shape;
}

PlanSpace any_replicas() {
  PlanSpace space;
  space.any_replica = true;
  space.unequal_shares = true;
  return space;
}
PlanSpace two_pipelines() {
  PlanSpace space;
  space.two_pipelines = true;
  space.most_mixed_stages = 0;
  return space;
}

INSTANTIATE_TEST_SUITE_P(
    Small, BoundsUnderSextant,
    testing::Values(
        Batch{"small", small_shape(6, 5, 1), {}, 10'001, 60},
        Batch{"tiny", small_shape(4, 3, 1), {any_replicas(), two_pipelines()}, 11'001, 60},
        Batch{"two_zones", small_shape(5, 4, 2), {}, 12'001, 40}),
    [](const auto& batch) { return std::string(batch.param.name); });

}  // namespace
}  // namespace sextant::exhaustive
