// Planner `sextant` under estimator `sailor`, whose separable view is exact: on small clusters the
// answer is that of trying every plan.
#include <functional>
#include <iostream>

#include <gtest/gtest.h>

#include "planner/training/sextant/sextant_planner.h"
#include "tests/planner/exhaustive/brute_force.h"
#include "tests/planner/exhaustive/held_answer.h"
#include "tests/planner/exhaustive/message_times.h"
#include "tests/planner/exhaustive/random_problem.h"

namespace sextant::exhaustive {
namespace {

const Estimator& sailor() {
  return estimator_named("sailor");
}

/// Problems of a shape; each is asked with several objectives and bounds.
struct Batch {
  const char* name = "";
  Shape shape;
  PlanSpace space;
  std::uint64_t first_seed = 1;
  int problems = 0;
};

std::ostream& operator<<(std::ostream& out, const Batch& batch) {
  return out << batch.name;
}

/// What the problems of a batch were like, so that a test cannot pass on trivial ones alone.
struct Seen {
  int asked = 0;
  int feasible = 0;
  int memory_binds = 0;
  int holes = 0;  ///< there is a better plan that gains by one
  int several_stages = 0;
  int mixed_stages = 0;
  int several_zones = 0;
  int unused = 0;  ///< leaves GPUs unused

  void add(const SmallProblem& small, const BruteForce& brute, const PlannedJob& found) {
    ++asked;
    const std::optional<Figures> best = brute.best(small.job);
    if (!best || !found.feasible) return;
    ++feasible;
    const Objective objective = small.job.objective;
    memory_binds += better(objective, *brute.best_in_any_memory(small.job), *best) ? 1 : 0;
    holes += better(objective, *brute.best_through_holes(small.job), *best) ? 1 : 0;
    const std::vector<Stage>& stages = found.plan.pipelines[0].stages;
    several_stages += stages.size() > 1 ? 1 : 0;
    bool mixed = false;
    bool zones = false;
    for (const Stage& stage : stages) {
      const Machine& first = stage.replicas.front().machines[0];
      const Machine& last = stage.replicas.back().machines[0];
      mixed = mixed || first.gpu != last.gpu;
      zones = zones || first.zone != last.zone;
    }
    mixed_stages += mixed ? 1 : 0;
    several_zones += zones ? 1 : 0;
    unused += gpu_count(found.plan) < small.cluster.gpu_count() ? 1 : 0;
  }
};

std::ostream& operator<<(std::ostream& out, const Seen& seen) {
  return out << seen.asked << " asked, " << seen.feasible << " feasible, memory binds in "
             << seen.memory_binds << ", holes in " << seen.holes << ", several stages "
             << seen.several_stages << ", mixed " << seen.mixed_stages << ", several zones "
             << seen.several_zones << ", GPUs unused " << seen.unused;
}

class Exactness : public testing::TestWithParam<Batch> {
 protected:
  /// A figure of some feasible plan, a little relaxed: a bound that cuts some plans off.
  static Figures some_plan(const BruteForce& brute, Random& random) {
    return brute.plans()[random.below(brute.plans().size())];
  }
  void ask(SmallProblem& small, const BruteForce& brute, std::uint64_t seed, Seen& seen) const {
    PlannerOptions options;
    options.threads = 1;  // of small problems, threads are most of the time
    const PlannedJob found = plan_job(sextant_planner(), small.problem(), sailor(), options);
    const std::string differs = difference(small.problem(), found, brute);
    const std::optional<Figures> best = differs.empty() ? std::nullopt : brute.best(small.job);
    EXPECT_EQ(differs, "") << (best ? plan_with(small.problem(), sailor(), GetParam().space, *best)
                                    : "")
                           << ", seed " << seed << ", " << to_string(small.job.objective)
                           << ", at most " << small.job.max_usd_per_iter.value_or(-1)
                           << " USD, at least " << small.job.min_iters_per_s.value_or(-1) << "/s";
    seen.add(small, brute, found);
  }
  /// Without bounds, with a bound of either kind, and with one that no plan keeps.
  void ask_all(Objective objective) const {
    constexpr double kLoose = 1e-6;
    Seen seen;
    const Batch& batch = GetParam();
    for (int n = 0; n < batch.problems; ++n) {
      const std::uint64_t seed = batch.first_seed + static_cast<std::uint64_t>(n);
      SmallProblem small = random_problem(seed, batch.shape);
      const BruteForce brute(small.problem(), sailor(), batch.space, true);
      Random random(seed + 1'000'000);
      small.job.objective = objective;
      ask(small, brute, seed, seen);
      if (brute.plans().empty()) continue;
      small.job.max_usd_per_iter = some_plan(brute, random).usd_per_iter * (1 + kLoose);
      ask(small, brute, seed, seen);
      small.job.min_iters_per_s = (1 - kLoose) / some_plan(brute, random).iteration_s;
      if (one_in(random, 2)) ask(small, brute, seed, seen);
      small.job.max_usd_per_iter.reset();
      ask(small, brute, seed, seen);
    }
    std::cout << batch.name << ", " << to_string(objective) << ": " << seen << "\n";
    EXPECT_GE(seen.feasible * 2, seen.asked);
    EXPECT_GE(seen.memory_binds * 12, seen.feasible);
    EXPECT_GE(seen.several_stages * 10, seen.feasible);
  }
};

TEST_P(Exactness, OfThroughput) {
  ask_all(Objective::kThroughput);
}
TEST_P(Exactness, OfCost) {
  ask_all(Objective::kCost);
}
TEST_P(Exactness, OfGpus) {
  ask_all(Objective::kGpus);
}

const PlanSpace kOneZone = {};
const PlanSpace kAligned = [] {
  PlanSpace space;
  space.aligned = true;
  space.most_mixed_stages = 0;  // what mixed stages over zones gain is not in the bound
  return space;
}();

Shape limit() {
  Shape shape;
  shape.least_gpus = 8;
  shape.most_gpus = 8;
  shape.least_layers = 7;
  shape.most_layers = 8;
  shape.full_profile = true;
  return shape;
}
/// Links as one thinks of them: they take time, and the same in both directions.
Shape plain() {
  Shape shape;
  shape.quadratics = false;
  shape.symmetric = true;
  shape.gaps = false;
  return shape;
}
Shape odd_nodes() {
  Shape shape;
  shape.odd_nodes = true;
  shape.most_gpus = 7;
  return shape;
}

INSTANTIATE_TEST_SUITE_P(OfOneZone, Exactness,
                         testing::Values(Batch{"plain", plain(), kOneZone, 8001, 100},
                                         Batch{"small_1", {}, kOneZone, 1, 150},
                                         Batch{"small_2", {}, kOneZone, 1001, 150},
                                         Batch{"small_3", {}, kOneZone, 2001, 150},
                                         Batch{"limit_1", limit(), kOneZone, 3001, 40},
                                         Batch{"limit_2", limit(), kOneZone, 4001, 40}),
                         [](const auto& batch) { return std::string(batch.param.name); });

/// Nodes that degrees do not fill, and zones: the plans are seldom worse than the best, and what is
/// proved of them is true.
class Honesty : public Exactness {
 protected:
  void ask_all(Objective objective) const {
    const Batch& batch = GetParam();
    int feasible = 0;
    int best_found = 0;
    double worst = 1;
    for (int n = 0; n < batch.problems; ++n) {
      const std::uint64_t seed = batch.first_seed + static_cast<std::uint64_t>(n);
      SmallProblem small = random_problem(seed, batch.shape);
      small.job.objective = objective;
      const BruteForce brute(small.problem(), sailor(), batch.space, true);
      PlannerOptions options;
      options.threads = 1;
      const PlannedJob found = plan_job(sextant_planner(), small.problem(), sailor(), options);
      const std::optional<Figures> best = brute.best(small.job);
      if (!best || !found.feasible) {
        EXPECT_EQ(found.feasible, best.has_value()) << "seed " << seed << ": " << found.reason;
        continue;
      }
      ++feasible;
      const Figures answer = {found.prediction.iteration_s, found.prediction.usd_per_iter(),
                              gpu_count(found.plan), found.prediction.fits};
      EXPECT_EQ(what_is_impossible(small.cluster, found.plan), "") << "seed " << seed;
      EXPECT_TRUE(all_messages_take_time(small.problem(), found.plan)) << "seed " << seed;
      EXPECT_TRUE(answer.fits) << "seed " << seed;
      const double ratio = value(objective, answer) / value(objective, *best);
      EXPECT_LE(lower_bound(objective, found.search), value(objective, *best) * (1 + 1e-9))
          << "seed " << seed << ": " << summary(found.plan)
          << "; better: " << plan_with(small.problem(), sailor(), batch.space, *best);
      best_found += ratio <= 1 + 1e-9 ? 1 : 0;
      worst = std::max(worst, ratio);
    }
    std::cout << batch.name << ", " << to_string(objective) << ": " << best_found << " of "
              << feasible << " as good as the best, the worst " << worst << "\n";
    EXPECT_GE(best_found * 5, feasible * 4);
  }
};

TEST_P(Honesty, OfThroughput) {
  ask_all(Objective::kThroughput);
}
TEST_P(Honesty, OfCost) {
  ask_all(Objective::kCost);
}
TEST_P(Honesty, OfGpus) {
  ask_all(Objective::kGpus);
}

Shape plain_in_zones(int zones) {
  Shape shape = plain();
  shape.zones = zones;
  shape.most_layers = 5;
  return shape;
}

INSTANTIATE_TEST_SUITE_P(Elsewhere, Honesty,
                         testing::Values(Batch{"odd_nodes", odd_nodes(), kOneZone, 5001, 80},
                                         Batch{"two_zones", plain_in_zones(2), kAligned, 6001, 80}),
                         [](const auto& batch) { return std::string(batch.param.name); });

}  // namespace
}  // namespace sextant::exhaustive
