#include <cmath>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "planner/topology/closed_form.h"
#include "planner/topology/weighted_division.h"
#include "tests/planner/topology/random_problem.h"

namespace sextant {
namespace {

constexpr int kProblems = 200;

/// Runs `check(problem, random)` on as many problems of both targets.
template <typename Check>
void for_random_problems(bool constrained, Check check) {
  for (int seed = 0; seed < kProblems; ++seed) {
    Random random(static_cast<std::uint64_t>(seed));
    for (const BandwidthTarget target : {BandwidthTarget::kTime, BandwidthTarget::kTimeTimesCost}) {
      SCOPED_TRACE(fmt::format("seed {}, {}", seed, to_string(target)));
      BandwidthProblem problem = random_problem(random, target);
      if (constrained) constrain(problem, random);
      check(problem, random);
      if (::testing::Test::HasFailure()) return;
    }
  }
}

bool is_proved(const BandwidthDivision& division, double residual) {
  return division.kkt_residual <= residual &&
         division.lower_bound >= division.objective * (1 - 2e-8);
}

void expect_consistent(const BandwidthProblem& problem, const BandwidthDivision& division) {
  EXPECT_TRUE(satisfies(problem, division.bandwidth_bytes_per_s));
  EXPECT_LE(division.lower_bound, division.objective);
  EXPECT_NEAR(objective_at(problem, division.bandwidth_bytes_per_s) / division.objective, 1, 1e-12);
}

TEST(DivisionProperties, UnderATotalTheOptimumIsProved) {
  for_random_problems(false, [&](const BandwidthProblem& problem, Random&) {
    const BandwidthDivision division = divide_bandwidth(problem);
    EXPECT_TRUE(is_proved(division, 1e-8)) << division.kkt_residual;
    expect_consistent(problem, division);
  });
}

// Bandwidths between constraints may lie further apart than doubles can tell; the answer says so.
TEST(DivisionProperties, UnderConstraintsNearlyEveryOptimumIsProved) {
  int unproved = 0;
  for_random_problems(true, [&](const BandwidthProblem& problem, Random&) {
    const BandwidthDivision division = divide_bandwidth(problem);
    unproved += is_proved(division, 1e-6) ? 0 : 1;
    expect_consistent(problem, division);
  });
  EXPECT_LE(unproved, 1);
}

TEST(DivisionProperties, NoRandomDivisionIsBetter) {
  for (const bool constrained : {false, true}) {
    for_random_problems(constrained, [](const BandwidthProblem& problem, Random& random) {
      const BandwidthDivision division = divide_bandwidth(problem);
      for (int i = 0; i < 50; ++i) {
        const std::vector<double> other = random_division(problem, random);
        if (other.empty()) continue;
        EXPECT_GE(objective_at(problem, other), division.objective * (1 - 1e-12));
      }
      // And near the optimum: a little moved from one dimension to another.
      for (std::size_t from = 0; from < division.bandwidth_bytes_per_s.size(); ++from) {
        for (std::size_t to = 0; to < division.bandwidth_bytes_per_s.size(); ++to) {
          std::vector<double> other = division.bandwidth_bytes_per_s;
          const double moved = 1e-3 * other[from];
          other[from] -= moved;
          other[to] += moved;
          if (!satisfies(problem, other, 1e-12)) continue;
          EXPECT_GE(objective_at(problem, other), division.objective * (1 - 1e-10));
        }
      }
    });
  }
}

TEST(DivisionProperties, MoreBudgetNeverHurts) {
  for_random_problems(false, [](BandwidthProblem problem, Random& random) {
    problem.target = BandwidthTarget::kTime;
    const double before = divide_bandwidth(problem).time_s;
    problem.constraints.front().bound_bytes_per_s *= 1 + random.uniform();
    EXPECT_LE(divide_bandwidth(problem).time_s, before * (1 + 1e-12));
  });
}

TEST(DivisionProperties, UnitsChangeNothingButUnits) {
  for_random_problems(true, [](const BandwidthProblem& problem, Random&) {
    const BandwidthDivision division = divide_bandwidth(problem);
    BandwidthProblem scaled = problem;
    constexpr double kBandwidth = 1e-9;
    constexpr double kSeconds = 1e3;
    constexpr double kUsd = 7;
    const auto scale = [](StepTime::Term& term) {
      term.constant_s *= kSeconds;
      for (double& weight : term.weights_bytes) weight *= kSeconds * kBandwidth;
    };
    scale(scaled.time.always);
    for (StepTime::Maximum& maximum : scaled.time.maxima) {
      for (StepTime::Term& term : maximum.terms) scale(term);
    }
    for (double& usd : scaled.usd_per_byte_per_s) usd *= kUsd / kBandwidth;
    for (BandwidthConstraint& constraint : scaled.constraints) {
      constraint.bound_bytes_per_s *= kBandwidth;
    }
    const BandwidthDivision other = divide_bandwidth(scaled);
    if (!is_proved(division, 1e-6)) return;
    EXPECT_NEAR(other.time_s / (division.time_s * kSeconds), 1, 1e-7);
    const double unit = problem.target == BandwidthTarget::kTime ? kSeconds : kSeconds * kUsd;
    EXPECT_NEAR(other.objective / (division.objective * unit), 1, 1e-7);
  });
}

TEST(DivisionProperties, TheOrderOfWorkloadsChangesNothing) {
  for (int seed = 0; seed < kProblems; ++seed) {
    Random random(static_cast<std::uint64_t>(seed));
    BandwidthProblem problem = random_problem(random, BandwidthTarget::kTimeTimesCost);
    const std::size_t dimensions = problem.usd_per_byte_per_s.size();
    std::vector<StepTime> steps = {problem.time};
    while (steps.size() < 3) {
      const BandwidthProblem other = random_problem(random, problem.target);
      if (other.usd_per_byte_per_s.size() == dimensions) steps.push_back(other.time);
    }
    std::vector<double> factors = {1, 0.5, 2};
    problem.time = weighted_sum(steps, factors);
    const double objective = divide_bandwidth(problem).objective;
    std::swap(steps[0], steps[2]);
    std::swap(factors[0], factors[2]);
    problem.time = weighted_sum(steps, factors);
    EXPECT_NEAR(divide_bandwidth(problem).objective / objective, 1, 1e-9) << "seed " << seed;
  }
}

TEST(DivisionProperties, TheClosedFormIsWhatTheIterationFinds) {
  int compared = 0;
  for (int seed = 0; seed < 4 * kProblems; ++seed) {
    Random random(static_cast<std::uint64_t>(seed));
    const BandwidthProblem problem = random_problem(random, BandwidthTarget::kTime);
    const auto form = closed_form(problem);
    if (!form) continue;
    ++compared;
    const WeightedDivision iterated = weighted_division(presolve(problem), 0);
    EXPECT_NEAR(problem.time.seconds(form->bandwidth_bytes_per_s) / iterated.time_s, 1, 1e-9)
        << "seed " << seed;
    EXPECT_LE(kkt_residual(problem, 1, 0, form->bandwidth_bytes_per_s, form->multipliers), 1e-9)
        << "seed " << seed;
  }
  EXPECT_GT(compared, kProblems / 2);
}

}  // namespace
}  // namespace sextant
