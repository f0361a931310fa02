#include "planner/serving/milp/milp.h"

#include <chrono>
#include <csignal>
#include <sys/types.h>
#include <thread>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "analyzer/core/files.h"
#include "analyzer/core/interrupt.h"
#include "analyzer/serving/flow/placement_flow.h"
#include "analyzer/serving/formats/helix_files.h"
#include "tests/planner/serving/milp/small_placement_problem.h"
#include "tests/support/reference_data.h"
#include "tests/support/temporary_folder.h"

namespace sextant {
namespace {

using ::testing::HasSubstr;
using testing::SmallPlacementProblem;

double flow_of(const PlacementProblem& problem, const Placement& placement) {
  return placement_flow(*problem.cluster, *problem.profiles, problem.throughput, placement,
                        problem.partial_inference);
}

/// Nothing ends the search but a proof.
MilpOptions to_the_end() {
  MilpOptions options;
  options.time_limit_s = 300;
  options.early_stop_share = 2;
  options.enough_share = 2;
  return options;
}

double seconds_of(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

TEST(Milp, FindsTheBestOfAllPlacementsAndProvesIt) {
  for (int bits = 0; bits < 4; ++bits) {
    SmallPlacementProblem small(4, 5, 5);
    small.problem.partial_inference = (bits & 1) != 0;
    MilpOptions options = to_the_end();
    options.allow_unused = (bits & 2) != 0;
    double best = 0;
    small.each_placement(options.allow_unused, [&](const Placement& placement) {
      best = std::max(best, flow_of(small.problem, placement));
    });
    options.remove_redundant = bits == 0 || bits == 3;
    SCOPED_TRACE(bits);
    const PlacementResult result = place_milp(small.problem, options);
    EXPECT_NEAR(result.flow_tokens_per_s, best, 1e-9 * best);
    EXPECT_EQ(result.flow_tokens_per_s, flow_of(small.problem, result.placement));
    EXPECT_NEAR(result.bound_tokens_per_s, best, 1e-6 * best);
    EXPECT_TRUE(result.proved);
    EXPECT_TRUE(result.complete);
  }
}

TEST(Milp, SaysThatTheModelDoesNotFit) {
  SmallPlacementProblem small(2, 9, 1);  // two machines hold 7 of 9 layers
  const PlacementResult result = place_milp(small.problem, to_the_end());
  EXPECT_TRUE(result.placement.empty());
  EXPECT_THAT(result.reason, HasSubstr("every layer"));
  EXPECT_FALSE(result.proved);
  EXPECT_TRUE(result.complete);
}

class MilpOnHelix : public ::testing::Test {
 protected:
  void SetUp() override {
    SEXTANT_NEEDS(data_);
    profiles_ = read_helix_profiles(data_, "llama70b");
    cluster_ = read_helix_cluster(data_ / "clusters/single/cluster24.ini", machine_profiles_);
    problem_ = placement_problem(cluster_, profiles_);
    options_.start =
        read_helix_placement(data_ / "placements/single/layout_llama70b/petals/petals_sol.ini", 24);
  }
  const std::filesystem::path data_ = reference_data("helix");
  const std::filesystem::path machine_profiles_ = data_ / "clusters/single/machine_profiles.ini";
  ServingProfiles profiles_;
  ServingCluster cluster_;
  PlacementProblem problem_;
  MilpOptions options_;
};

TEST_F(MilpOnHelix, EndsAtTheTimeLimitWithItsStart) {
  PlacementResult result;
  options_.time_limit_s = 0.5;
  const double seconds = seconds_of([&] { result = place_milp(problem_, options_); });
  EXPECT_LT(seconds, 3);
  EXPECT_GE(result.flow_tokens_per_s, flow_of(problem_, options_.start));
  EXPECT_EQ(result.flow_tokens_per_s, flow_of(problem_, result.placement));
  EXPECT_LE(result.bound_tokens_per_s, 2045.642);
  EXPECT_GE(result.bound_tokens_per_s, 1289.5557);  // the published one has as much
  EXPECT_FALSE(result.proved);
  EXPECT_FALSE(result.complete);
}

TEST_F(MilpOnHelix, TellsOfItsIncumbents) {
  options_.time_limit_s = 0.5;
  double last_s = 0;
  double last_flow = 0;
  options_.on_incumbent = [&](double seconds, double flow, double bound) {
    EXPECT_GE(seconds, last_s);
    EXPECT_GT(flow, last_flow);
    EXPECT_GE(bound, flow);
    last_s = seconds;
    last_flow = flow;
  };
  EXPECT_EQ(place_milp(problem_, options_).flow_tokens_per_s, last_flow);
}

TEST_F(MilpOnHelix, EndsEarlyWhereItHasEnough) {
  options_.time_limit_s = 60;
  options_.enough_share = 0.15;  // the start has 532 of 2804
  EXPECT_LT(seconds_of([&] { EXPECT_FALSE(place_milp(problem_, options_).complete); }), 30);
  options_.enough_share = 1;
  options_.early_stop_share = 0.15;
  options_.early_stop_s = 0.3;
  EXPECT_LT(seconds_of([&] { EXPECT_FALSE(place_milp(problem_, options_).complete); }), 30);
}

// In a process of its own, since an interrupt is for good.
TEST_F(MilpOnHelix, KeepsItsIncumbentWhenInterrupted) {
  const auto interrupted_search = [&] {
    handle_interrupts();
    std::thread([] {
      std::this_thread::sleep_for(std::chrono::milliseconds(300));
      ::kill(::getpid(), SIGINT);
    }).detach();
    PlacementResult result;
    options_.time_limit_s = 60;
    const double seconds = seconds_of([&] { result = place_milp(problem_, options_); });
    ::_exit(seconds < 30 && result.flow_tokens_per_s > 531 && !result.complete ? 0 : 1);
  };
  EXPECT_EXIT(interrupted_search(), ::testing::ExitedWithCode(0), "");
}

TEST_F(MilpOnHelix, DoesNotTakeThePublishedOptimumForProvedWithoutAProof) {
  profiles_ = read_helix_profiles(data_, "llama30b");
  cluster_ = read_helix_cluster(data_ / "clusters/ablation/cluster10.ini", machine_profiles_);
  problem_ = placement_problem(cluster_, profiles_);
  options_.start =
      read_helix_placement(data_ / "placements/ablation/layouts/quality/ilp_sol.ini", 10);
  options_.time_limit_s = 1;
  const PlacementResult result = place_milp(problem_, options_);
  EXPECT_NEAR(result.flow_tokens_per_s, 286.5874, 1e-4);
  EXPECT_GE(result.bound_tokens_per_s, result.flow_tokens_per_s);
  EXPECT_LE(result.bound_tokens_per_s, 340.704);
  EXPECT_FALSE(result.proved);
  EXPECT_FALSE(result.complete);
}

TEST_F(MilpOnHelix, ProvesByTheTightBoundAlone) {
  cluster_ = read_helix_cluster(data_ / "clusters/single/a100.ini", machine_profiles_);
  profiles_ = read_helix_profiles(data_, "llama30b");
  problem_ = placement_problem(cluster_, profiles_);
  options_.start = read_helix_placement(
      data_ / "placements/single/layout_llama30b/separate/a100_solution_file.ini",
      cluster_.machines.size());
  options_.time_limit_s = 60;
  const PlacementResult result = place_milp(problem_, options_);
  EXPECT_NEAR(result.flow_tokens_per_s, 1044.53334505649, 1e-6);
  EXPECT_TRUE(result.proved);
  EXPECT_TRUE(result.complete);
}

TEST(Milp, WritesTheProblem) {
  const SmallPlacementProblem small(3, 6, 1);
  const TemporaryFolder folder;
  MilpOptions options = to_the_end();
  for (const std::string name : {"p.lp", "p.mps"}) {
    options.write_problem = (folder.path() / name).string();
    EXPECT_GT(place_milp(small.problem, options).flow_tokens_per_s, 0);
    const std::string text = read_file(options.write_problem);
    EXPECT_THAT(text, HasSubstr("f_source_0"));
    EXPECT_THAT(text, HasSubstr("no_later_0_1"));
  }
  const auto refused = [&](const std::string& path) {
    options.write_problem = path;
    try {
      place_milp(small.problem, options);
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr((folder.path() / "p.").string()));
      return error.code();
    }
    return ErrorCode::kInternal;
  };
  EXPECT_EQ(refused((folder.path() / "p.lp" / "q.lp").string()), ErrorCode::kBadInput);
  EXPECT_EQ(refused((folder.path() / "p.txt").string()), ErrorCode::kUsage);
}

}  // namespace
}  // namespace sextant
