// Planner `atlas` against what the published code was recorded to find, and beyond the records:
// zones of odd sizes, nodes without a profile, tight memory.
#include "planner/training/atlas/atlas.h"

#include <algorithm>
#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "analyzer/training/sailor/sailor.h"
#include "planner/training/atlas/placement.h"
#include "tests/baselines/support/recorded.h"
#include "tests/support/project_paths.h"
#include "tests/support/reference_data.h"
#include "tests/support/small_problem.h"

namespace sextant {
namespace {

using testing::HasSubstr;

TEST(AtlasPlanner, FindsTheRecordedPlans) {
  SEXTANT_NEEDS(reference_data("baselines"));
  const auto answers = recorded_answers("Atlas");
  EXPECT_EQ(answers.size(), 3U);
  for (const RecordedAnswer& answer : answers) {
    SCOPED_TRACE(answer.cluster);
    const TrainingInput input = published_input(answer.figure, answer.cluster);
    const PlannedJob job =
        plan_job(atlas_planner(), input.problem(), sailor_estimator(), PlannerOptions{});
    ASSERT_TRUE(job.feasible) << job.reason;
    EXPECT_NEAR(job.prediction.iters_per_s() / answer.iters_per_s, 1, 1e-9);
    EXPECT_NEAR(job.prediction.usd_per_iter() / answer.usd_per_iter, 1, 1e-9);
    EXPECT_EQ(job.plans_rejected_oom, answer.plans_rejected_oom);
    EXPECT_TRUE(job.search.complete);
  }
}

TEST(AtlasPlanner, PlansOnShippedClusters) {
  for (const char* cluster : {"geo", "two-types"}) {
    TrainingInputOptions options;
    options.cluster = source_path(std::string("profiles/clusters/") + cluster + ".json");
    options.job = source_path("profiles/jobs/opt-350m.json");
    const TrainingInput input = load_training_input(options);
    const PlannedJob job =
        plan_job(atlas_planner(), input.problem(), sailor_estimator(), PlannerOptions{});
    EXPECT_TRUE(job.feasible) << cluster << ": " << job.reason;
  }
}

class Small : public testing::Test {
 protected:
  Small() { small_.measure("A", 1, {1, 2, 4}); }

  SearchResult search(const PlannerOptions& options = {}) const {
    return atlas_planner().search(small_.problem(), sailor_estimator(), options);
  }
  /// Plans that check() accepts, within every pool, best first.
  void expect_sound(const SearchResult& result) const {
    double last = 0;
    for (const Proposal& proposal : result.proposals) {
      check(proposal.plan);
      EXPECT_GE(proposal.believed_iteration_s, last);
      last = proposal.believed_iteration_s;
      for (const GpuUse& use : gpus_used(proposal.plan)) {
        EXPECT_LE(use.count, small_.cluster.find(use.gpu, use.zone)->count);
      }
      for (const Stage& stage : proposal.plan.pipelines.front().stages) {
        EXPECT_EQ(stage.replicas.size(),
                  proposal.plan.pipelines.front().stages.front().replicas.size());
      }
    }
  }

  SmallProblem small_;
};

TEST_F(Small, KeepsWithinZonesThatAreNoWholeNumberOfNodes) {
  small_.job.global_batch = 64;
  small_.add("A", "far-east-a", 4);
  small_.add("A", "near-west-a", 7);
  small_.add("A", "near-west-b", 9);
  small_.add("A", "near-west-c", 3);
  const SearchResult result = search();
  ASSERT_FALSE(result.proposals.empty());
  expect_sound(result);
  // near-west: one node and two of them, so at most three replicas; the published count by GPUs,
  // (7 + 9 + 3) / 4, would see four.
  std::size_t most = 0;
  for (const Proposal& proposal : result.proposals) {
    most = std::max(most, proposal.plan.pipelines.front().stages.front().replicas.size());
  }
  EXPECT_EQ(most, 3U);
}

TEST_F(Small, PlansAreSoundOnOddClusters) {
  int found = 0;
  for (const int here : {1, 4, 5, 12}) {
    for (const int there : {0, 4, 6, 17}) {
      for (const int batch : {1, 2, 9, 64}) {
        small_.cluster.pools.clear();
        small_.add("A", "b-1-x", here);
        small_.add("A", "a-1-x", there);
        small_.job.global_batch = batch;
        const SearchResult result = search();
        EXPECT_TRUE(result.complete);
        EXPECT_NE(result.proposals.empty(), result.infeasible_reason.empty());
        expect_sound(result);
        found += result.proposals.empty() ? 0 : 1;
      }
    }
  }
  EXPECT_GT(found, 30);
}

TEST_F(Small, PlacesWholeStagesInTheLargestRegionFirst) {
  small_.add("A", "b-1-x", 4);
  small_.add("A", "a-1-x", 8);
  small_.add("A", "a-1-y", 4);
  small_.add("B", "a-1-y", 400);
  const atlas::Site site(small_.cluster, 4);
  EXPECT_EQ(site.room(1), 4);
  EXPECT_EQ(site.room(2), 1);  // neither the third node of a-1 nor that of b-1
  EXPECT_FALSE(site.place(2, 2));
  const auto places = site.place(4, 1);
  ASSERT_TRUE(places);
  std::string zones;
  for (const atlas::StagePlaces& stage : *places) zones += stage.front().pool->zone + " ";
  EXPECT_EQ(zones, "a-1-x a-1-x a-1-y b-1-x ");
}

/// Knows of nothing between regions.
class NetworkOfRegions : public UniformNetwork {
 public:
  LinkModel between(const LinkEnd& from, const LinkEnd& to) const override {
    if (from.zone != to.zone) throw_bad_input("no link between zones");
    return UniformNetwork::between(from, to);
  }
};

TEST_F(Small, StaysWhereLinksAreKnown) {
  small_.cluster.network = std::make_shared<NetworkOfRegions>();
  small_.add("A", "a-1-x", 8);
  small_.add("A", "b-1-x", 4);
  small_.job.global_batch = 64;
  const SearchResult result = search();
  ASSERT_FALSE(result.proposals.empty());
  for (const Proposal& proposal : result.proposals) {
    EXPECT_EQ(gpus_used(proposal.plan).size(), 1U);
  }
}

TEST_F(Small, SortsByCostWhereThatIsTheObjective) {
  small_.add("A", "a-1-x", 16);
  small_.add("A", "b-1-x", 16);
  small_.job.objective = Objective::kCost;
  const SearchResult result = search();
  ASSERT_FALSE(result.proposals.empty());
  for (std::size_t i = 1; i < result.proposals.size(); ++i) {
    EXPECT_GE(result.proposals[i].believed_usd_per_iter,
              result.proposals[i - 1].believed_usd_per_iter);
  }
}

TEST_F(Small, SaysWhatBinds) {
  small_.add("A", "a-1-x", 3);
  EXPECT_THAT(search().infeasible_reason, HasSubstr("no zone has one"));
  small_.cluster.pools.clear();
  small_.add("A", "a-1-x", 16, 5e9);
  EXPECT_THAT(search().infeasible_reason, HasSubstr("no plan fits in memory"));
  small_.cluster.pools.clear();
  small_.add("B", "a-1-x", 16);
  EXPECT_THROW(search(), Error);
}

TEST_F(Small, StopsAtItsBudget) {
  small_.add("A", "a-1-x", 16);
  PlannerOptions options;
  options.max_evaluations = 2;
  const SearchResult part = search(options);
  EXPECT_FALSE(part.complete);
  EXPECT_EQ(part.evaluations, 2U);
  EXPECT_EQ(part.proposals.size(), 2U);
}

}  // namespace
}  // namespace sextant
