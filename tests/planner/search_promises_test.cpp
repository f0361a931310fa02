// What planner `sextant` promises of a search that is not run to its end, of the plans it begins
// with, and of its threads.
#include <cmath>
#include <csignal>
#include <cstdlib>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "analyzer/core/interrupt.h"
#include "planner/training/sextant/sextant_planner.h"
#include "tests/planner/exhaustive/held_answer.h"
#include "tests/planner/exhaustive/large_problem.h"
#include "tests/planner/exhaustive/random_problem.h"

namespace sextant::exhaustive {
namespace {

constexpr double kSame = 1e-9;
constexpr const char* kJudges[] = {"sailor", "sextant"};

Shape positive_links(int zones) {
  Shape shape;
  shape.quadratics = false;
  shape.zones = zones;
  return shape;
}

Figures figures_of_answer(const PlannedJob& found) {
  return {found.prediction.iteration_s, found.prediction.usd_per_iter(), gpu_count(found.plan),
          found.prediction.fits};
}

/// Everything of an answer that may be printed, but for times.
std::string printed(const PlannedJob& found) {
  std::string text = found.feasible ? to_json(found.plan).dump() : found.reason;
  const auto add = [&](double number) { text += fmt::format(" {}", number); };
  add(found.prediction.iteration_s);
  add(found.prediction.usd_per_iter());
  add(found.prediction.peak_memory_bytes);
  add(found.search.bound_iters_per_s.value_or(-1));
  add(found.search.bound_usd_per_iter.value_or(-1));
  add(found.search.bound_gpus.value_or(-1));
  add(static_cast<double>(found.search.evaluations));
  text += found.search.complete ? " complete " : " stopped ";
  text += found.search.space;
  for (const Proposal& other : found.search.alternatives) {
    text += to_json(other.plan).dump();
    add(other.believed_iteration_s);
    add(other.believed_usd_per_iter);
  }
  return text;
}

void expect_the_same_with_threads(const TrainingProblem& problem, const PlannerOptions& some,
                                  const std::string& where) {
  for (const char* judge : kJudges) {
    PlannerOptions options = some;
    options.threads = 1;
    const std::string one =
        printed(plan_job(sextant_planner(), problem, estimator_named(judge), options));
    for (const unsigned threads : {2U, 4U}) {
      options.threads = threads;
      EXPECT_EQ(printed(plan_job(sextant_planner(), problem, estimator_named(judge), options)), one)
          << where << ", judge " << judge << ", " << threads << " threads";
    }
  }
}

TEST(Threads, ChangeNothing) {
  for (std::uint64_t seed = 40'001; seed <= 40'020; ++seed) {
    SmallProblem small = random_problem(seed, positive_links(seed % 2 == 0 ? 2 : 1));
    for (const Objective objective : {Objective::kThroughput, Objective::kCost, Objective::kGpus}) {
      small.job.objective = objective;
      expect_the_same_with_threads(small.problem(), {}, "seed " + std::to_string(seed));
    }
  }
}

// Where the budget ends the search, the threads have most to differ in.
TEST(Threads, ChangeNothingInAStoppedSearch) {
  const LargeProblem large = large_problem("OPT-350M", even_gpus(48, 2, 1));
  for (const std::uint64_t budget : {100U, 5'000U, 100'000U}) {
    PlannerOptions options;
    options.max_evaluations = budget;
    expect_the_same_with_threads(large.problem(), options, std::to_string(budget));
  }
}

TEST(Threads, ChangeNothingInTwoZones) {
  const LargeProblem large = large_problem("OPT-350M", even_gpus(64, 2, 2));
  PlannerOptions options;
  options.max_evaluations = 50'000;
  expect_the_same_with_threads(large.problem(), options, "two zones");
}

/// Plans of the problem, of any shape that the planner may have been given by its user.
std::vector<Plan> some_plans(const TrainingProblem& problem, Random& random) {
  PlanSpace space;
  if (one_in(random, 3)) space.two_pipelines = true;
  if (one_in(random, 3)) space.unequal_shares = true;
  if (one_in(random, 3)) space.any_replica = true;
  std::vector<Plan> out;
  std::uint64_t seen = 0;
  for_each_plan(problem, space, [&](const Plan& plan) {  // one of all, each as likely
    if (random.below(++seen) == 0) out.assign(1, plan);
  });
  return out;
}

TEST(KnownPlans, AreNotLost) {
  int used = 0;
  for (std::uint64_t seed = 41'001; seed <= 41'060; ++seed) {
    Shape shape = positive_links(1);
    shape.most_gpus = 5;
    shape.most_layers = 4;
    SmallProblem small = random_problem(seed, shape);
    small.job.global_batch = 1 + small.job.global_batch % 8;
    Random random(seed);
    PlannerOptions options;
    for (int n = 0; n < 4; ++n) {
      for (Plan& plan : some_plans(small.problem(), random)) {
        options.known_plans.push_back(std::move(plan));
      }
    }
    if (one_in(random, 2)) options.max_evaluations = 5;  // then they matter
    for (const char* name : kJudges) {
      const Estimator& judge = estimator_named(name);
      for (const Objective objective :
           {Objective::kThroughput, Objective::kCost, Objective::kGpus}) {
        small.job.objective = objective;
        const PlannedJob found = plan_job(sextant_planner(), small.problem(), judge, options);
        for (const Plan& plan : options.known_plans) {
          Figures known;
          try {
            known = figures_of(small.problem(), judge, plan);
          } catch (const Error&) {
            continue;  // the judge does not know such plans
          }
          if (!known.fits) continue;
          ++used;
          ASSERT_TRUE(found.feasible) << "seed " << seed << ": " << found.reason;
          EXPECT_FALSE(better(objective, known, figures_of_answer(found)))
              << "seed " << seed << ", " << name << ", " << to_string(objective) << ": "
              << summary(plan) << " is better than " << summary(found.plan);
        }
      }
    }
  }
  EXPECT_GE(used, 100);
}

// What does not suit the problem is passed over: GPUs that are not there, another model, another
// batch, bounds that it misses.
TEST(KnownPlans, ThatDoNotSuitArePassedOver) {
  SmallProblem small;
  small.measure("A100-40", 1, {1, 2});
  small.add("A100-40", "a", 4);
  const PlannedJob without =
      plan_job(sextant_planner(), small.problem(), estimator_named("sailor"), {});
  ASSERT_TRUE(without.feasible);
  std::vector<Plan> wrong(5, without.plan);
  wrong[0].pipelines[0].stages[0].replicas[0].machines[0].gpu = "H100-80";
  wrong[1].layer_count = 3;
  wrong[2].global_batch = 16;
  wrong[3].microbatch = 7;
  wrong[4].pipelines.clear();
  PlannerOptions options;
  options.known_plans = wrong;
  const PlannedJob found =
      plan_job(sextant_planner(), small.problem(), estimator_named("sailor"), options);
  ASSERT_TRUE(found.feasible) << found.reason;
  EXPECT_EQ(found.plan, without.plan);
}

/// A search that was stopped: a plan of the problem, no better than the best and with a bound that
/// is no worse.
void expect_honest(const TrainingProblem& problem, const PlannedJob& cut, const PlannedJob& whole,
                   const std::string& where) {
  if (!whole.feasible) {
    EXPECT_FALSE(cut.feasible) << where;
    return;
  }
  ASSERT_TRUE(cut.feasible) << where << ": " << cut.reason;
  EXPECT_EQ(what_is_impossible(problem.cluster, cut.plan), "") << where;
  const Objective objective = problem.job.objective;
  const double least = value(objective, figures_of_answer(whole));
  const double here = value(objective, figures_of_answer(cut));
  EXPECT_TRUE(meets(problem.job, figures_of_answer(cut))) << where;
  EXPECT_GE(here, least * (1 - kSame)) << where;
  const double bound = lower_bound(objective, cut.search);
  EXPECT_GT(bound, 0) << where;
  EXPECT_LE(bound, least * (1 + kSame)) << where;
  EXPECT_TRUE(!cut.search.complete || here <= least * (1 + kSame)) << where;
}

TEST(StoppedSearch, HasAPlanAndABound) {
  for (std::uint64_t seed = 42'001; seed <= 42'040; ++seed) {
    SmallProblem small = random_problem(seed, positive_links(1));
    for (const Objective objective : {Objective::kThroughput, Objective::kCost, Objective::kGpus}) {
      small.job.objective = objective;
      const Estimator& sailor = estimator_named("sailor");
      const PlannedJob whole = plan_job(sextant_planner(), small.problem(), sailor, {});
      for (const std::uint64_t budget : {1U, 10U, 100U}) {
        PlannerOptions options;
        options.max_evaluations = budget;
        const PlannedJob cut = plan_job(sextant_planner(), small.problem(), sailor, options);
        expect_honest(small.problem(), cut, whole,
                      "seed " + std::to_string(seed) + ", " + std::to_string(budget) + ", " +
                          std::string(to_string(objective)));
      }
    }
  }
}

TEST(StoppedSearch, ByTheClock) {
  LargeProblem large = large_problem("OPT-350M", even_gpus(32, 2, 1));
  for (const char* judge : kJudges) {
    const PlannedJob whole =
        plan_job(sextant_planner(), large.problem(), estimator_named(judge), {});
    for (const double limit_s : {0.0, 1e-3, 0.02}) {
      PlannerOptions options;
      options.time_limit_s = limit_s;
      const PlannedJob cut =
          plan_job(sextant_planner(), large.problem(), estimator_named(judge), options);
      ASSERT_TRUE(cut.feasible) << judge << ", " << limit_s << " s: " << cut.reason;
      EXPECT_EQ(what_is_impossible(large.cluster, cut.plan), "");
      EXPECT_GE(*cut.search.bound_iters_per_s, whole.prediction.iters_per_s() * (1 - kSame))
          << judge << ", " << limit_s << " s";
    }
  }
}

TEST(StoppedSearchDeathTest, BySignals) {
  EXPECT_EXIT(
      {
        handle_interrupts();
        std::raise(SIGINT);
        const LargeProblem large = large_problem("OPT-350M", even_gpus(32, 2, 1));
        const PlannedJob cut =
            plan_job(sextant_planner(), large.problem(), estimator_named("sailor"), {});
        const bool honest = cut.feasible && !cut.search.complete && cut.search.bound_iters_per_s &&
                            *cut.search.bound_iters_per_s >= cut.prediction.iters_per_s();
        std::_Exit(honest ? EXIT_SUCCESS : EXIT_FAILURE);
      },
      testing::ExitedWithCode(EXIT_SUCCESS), "");
}

// Where no search comes to its end, the plan of a part of the GPUs is one of the whole, too.
TEST(LargeClusters, AreNoWorseThanTheirParts) {
  struct Case {
    std::vector<GpuCount> part;
    std::vector<GpuCount> whole;
  };
  const std::vector<Case> cases = {
      {{{"A100-40", "a", 32}}, {{"A100-40", "a", 32}, {"V100-16", "a", 32}}},
      {{{"A100-40", "a", 80}}, {{"A100-40", "a", 80}, {"V100-16", "a", 80}}},
      {{{"A100-40", "a", 20}, {"V100-16", "a", 20}}, {{"A100-40", "a", 24}, {"V100-16", "a", 36}}},
      {{{"A100-40", "a", 128}}, {{"A100-40", "a", 128}, {"V100-16", "a", 128}}},
      {{{"A100-40", "a", 32}}, {{"A100-40", "a", 32}, {"A100-40", "b", 32}, {"V100-16", "b", 32}}},
  };
  for (const Case& here : cases) {
    for (const char* judge : kJudges) {
      for (const Objective objective : {Objective::kThroughput, Objective::kCost}) {
        double last = HUGE_VAL;
        for (const auto& gpus : {here.part, here.whole}) {
          LargeProblem large = large_problem("OPT-350M", gpus);
          large.job.objective = objective;
          if (objective == Objective::kCost) large.job.min_iters_per_s = 0.05;
          PlannerOptions options;
          options.max_evaluations = 200'000;
          const PlannedJob found =
              plan_job(sextant_planner(), large.problem(), estimator_named(judge), options);
          ASSERT_TRUE(found.feasible) << found.reason;
          const double value_here = value(objective, figures_of_answer(found));
          EXPECT_LE(value_here, last * (1 + kSame))
              << large.cluster.summary() << ", judge " << judge << ", " << to_string(objective);
          last = value_here;
        }
      }
    }
  }
}

}  // namespace
}  // namespace sextant::exhaustive
