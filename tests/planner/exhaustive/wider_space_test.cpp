// What planner `sextant` forgoes by its space: plans with more freedom, all of them tried on small
// clusters, against the best of the space. Prints how often and how much they gain.
#include <algorithm>
#include <iostream>
#include <map>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/planner/exhaustive/brute_force.h"
#include "tests/planner/exhaustive/random_problem.h"

namespace sextant::exhaustive {
namespace {

/// Gains of one wider space over the problems, as shares of the objective.
struct Gains {
  std::vector<double> all;

  double mean() const {
    double sum = 0;
    for (const double gain : all) sum += gain;
    return all.empty() ? 0 : sum / static_cast<double>(all.size());
  }
  std::string text() const {
    const auto gaining = std::count_if(all.begin(), all.end(), [](double g) { return g > 1e-9; });
    const auto much = std::count_if(all.begin(), all.end(), [](double g) { return g > 0.05; });
    const double most = all.empty() ? 0 : *std::max_element(all.begin(), all.end());
    return fmt::format("{} of {} gain, {} more than 5 %; mean {:.2f} %, most {:.1f} %", gaining,
                       all.size(), much, 100 * mean(), 100 * most);
  }
};

double gain(Objective objective, const Figures& stated, const Figures& wider) {
  return objective == Objective::kCost ? stated.usd_per_iter / wider.usd_per_iter - 1
                                       : stated.iteration_s / wider.iteration_s - 1;
}

PlanSpace with(int mixed, bool any, bool shares, bool pipelines, bool aligned) {
  PlanSpace space;
  space.most_mixed_stages = mixed;
  space.any_replica = any;
  space.unequal_shares = shares;
  space.two_pipelines = pipelines;
  space.aligned = aligned;
  return space;
}

/// Throughput, and throughput at no more USD than the cheapest plan twice over, and cost at no less
/// than half the best throughput.
std::vector<Job> jobs_of(const Job& job, const BruteForce& brute) {
  std::vector<Job> jobs(3, job);
  jobs[2].objective = Objective::kCost;
  const std::optional<Figures> fastest = brute.best(jobs[0]);
  const std::optional<Figures> cheapest = brute.best(jobs[2]);
  if (!fastest) return {};
  jobs[1].max_usd_per_iter = 1.3 * cheapest->usd_per_iter;
  jobs[2].min_iters_per_s = 0.7 / fastest->iteration_s;
  return jobs;
}

void compare(const Shape& shape, const PlanSpace& stated,
             const std::map<std::string, PlanSpace>& wider, std::uint64_t first_seed,
             int problems) {
  const char* names[] = {"throughput", "throughput in a budget", "cost at a throughput"};
  std::map<std::string, Gains> gains;
  const Estimator& sailor = estimator_named("sailor");
  for (int n = 0; n < problems; ++n) {
    SmallProblem small = random_problem(first_seed + static_cast<std::uint64_t>(n), shape);
    small.job.global_batch = 4 + small.job.global_batch % 12;
    const BruteForce narrow(small.problem(), sailor, stated, false);
    const std::vector<Job> jobs = jobs_of(small.job, narrow);
    for (const auto& [name, space] : wider) {
      const BruteForce wide(small.problem(), sailor, space, false);
      for (std::size_t j = 0; j < jobs.size(); ++j) {
        const double here = gain(jobs[j].objective, *narrow.best(jobs[j]), *wide.best(jobs[j]));
        EXPECT_GE(here, -1e-12) << "the space is not wider, problem " << n;
        gains[name + ", " + names[j]].all.push_back(here);
      }
    }
  }
  for (const auto& [name, all] : gains) std::cout << name << ": " << all.text() << "\n";
}

Shape positive_links(int gpus, int layers, int zones) {
  Shape shape;
  shape.most_gpus = gpus;
  shape.most_layers = layers;
  shape.zones = zones;
  shape.quadratics = false;
  shape.gaps = false;
  return shape;
}

TEST(WiderSpace, OfMixedStages) {
  compare(positive_links(8, 7, 1), {},
          {{"two mixed stages", with(2, false, false, false, false)},
           {"any mixed stages", with(9, false, false, false, false)}},
          20'001, 150);
}

TEST(WiderSpace, OfUnlikeReplicas) {
  compare(positive_links(6, 4, 1), {},
          {{"any replica", with(9, true, false, false, false)},
           {"unequal shares", with(1, false, true, false, false)},
           {"any replica, unequal shares", with(9, true, true, false, false)},
           {"two pipelines", with(1, false, false, true, false)}},
          21'001, 100);
}

TEST(WiderSpace, OfZones) {
  PlanSpace anywhere = with(1, false, false, false, true);
  anywhere.mixed_anywhere = true;
  compare(positive_links(6, 3, 2), with(1, false, false, false, true),
          {{"a mixed stage of any two pools", anywhere},
           {"two mixed stages in two zones", with(2, false, false, false, true)},
           {"any mixed stages in two zones", with(9, false, false, false, true)},
           {"any replica in two zones", with(9, true, false, false, false)}},
          22'001, 100);
}

}  // namespace
}  // namespace sextant::exhaustive
