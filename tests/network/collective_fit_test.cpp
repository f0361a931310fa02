#include "analyzer/network/fit/collective_fit.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "tests/network/synthetic_points.h"

namespace sextant::testing {
namespace {

// n = 4, 1 us a step, 1 GB/s, 4 KB, launch 10 us.
// all_reduce ring: 10 + 6 * 1 + 1.5 * 4 us = 22 us; tree: 10 + 2 * 2 * 1 + 2 * 4 us = 22 us.
// all_gather: 10 + 3 * 1 + 0.75 * 4 us = 16 us; broadcast tree: 10 + 2 * 1 + 4 us = 16 us.
TEST(CollectiveTerms, AddUpRingAndTree) {
  CollectiveTerms terms;
  terms.launch_s = 10e-6;
  terms.step_s = 1e-6;
  terms.bandwidth_bytes_per_s = 1e9;
  EXPECT_NEAR(terms.seconds(CommunicationOp::kAllReduce, 4, 4000), 22e-6, 1e-15);
  EXPECT_NEAR(terms.seconds(CommunicationOp::kAllGather, 4, 4000), 16e-6, 1e-15);
  EXPECT_NEAR(terms.seconds(CommunicationOp::kReduceScatter, 4, 4000), 16e-6, 1e-15);
  EXPECT_NEAR(terms.seconds(CommunicationOp::kAllToAll, 4, 4000), 16e-6, 1e-15);
  EXPECT_NEAR(terms.seconds(CommunicationOp::kBroadcast, 4, 4000), 16e-6, 1e-15);
  // Large messages take the ring (6 + 1.5 MB/(GB/s)), small ones in a large world the tree:
  // 16 ranks, 1 byte: 30 steps or 2 * 4.
  EXPECT_NEAR(terms.seconds(CommunicationOp::kAllReduce, 4, 1e6), 10e-6 + 6e-6 + 1.5e-3, 1e-12);
  EXPECT_NEAR(terms.seconds(CommunicationOp::kAllReduce, 16, 1), 18e-6, 1e-8);
  // Outside the range they are held fast.
  terms.low_bytes = 4000;
  terms.high_bytes = 8000;
  EXPECT_NEAR(terms.seconds(CommunicationOp::kAllGather, 4, 1), 16e-6, 1e-15);
  EXPECT_NEAR(terms.seconds(CommunicationOp::kAllGather, 4, 16000), 38e-6, 1e-15);
}

std::vector<WorldPoints> worlds_of(CommunicationOp op, const std::vector<int>& sizes, double noise,
                                   std::uint64_t seed) {
  CollectiveTerms truth;
  truth.launch_s = 8e-6;
  truth.step_s = 3e-6;
  truth.bandwidth_bytes_per_s = 150e9;
  Random random(seed);
  std::vector<WorldPoints> out;
  for (const int n : sizes) {
    out.push_back({n, sampled([&](double bytes) { return truth.seconds(op, n, bytes); }, 10, 30, 21,
                              noise, random)});
  }
  return out;
}

TEST(CollectiveFit, RecoversTheTermsAndPredictsOtherWorlds) {
  for (const CommunicationOp op :
       {CommunicationOp::kAllReduce, CommunicationOp::kAllGather, CommunicationOp::kReduceScatter,
        CommunicationOp::kAllToAll, CommunicationOp::kBroadcast}) {
    const auto fit = fit_collective_terms(op, worlds_of(op, {2, 4, 8}, 0.02, 5));
    EXPECT_NEAR(fit.terms.launch_s, 8e-6, 1.5e-6) << to_string(op);
    EXPECT_NEAR(fit.terms.step_s, 3e-6, 0.5e-6) << to_string(op);
    EXPECT_NEAR(fit.terms.bandwidth_bytes_per_s, 150e9, 6e9) << to_string(op);
    ASSERT_EQ(fit.fit.held_out.size(), 4U);
    EXPECT_EQ(fit.fit.held_out[0].what, "world size 2");
    EXPECT_EQ(fit.fit.held_out[3].what, "message sizes one by one");
    for (const FitRecord::HeldOut& part : fit.fit.held_out) EXPECT_LT(part.median_error, 0.12);
    const WorldPoints unseen = worlds_of(op, {16}, 0, 6).front();
    for (const FitPoint& point : unseen.points) {
      EXPECT_NEAR(fit.terms.seconds(op, 16, point.bytes), point.time_s, 0.15 * point.time_s);
    }
  }
}

TEST(CollectiveFit, StandardErrorsAreHonest) {
  constexpr int kSeeds = 200;
  int launch = 0, step = 0, bandwidth = 0;
  for (int seed = 0; seed < kSeeds; ++seed) {
    const auto fit = fit_collective_terms(
        CommunicationOp::kAllGather,
        worlds_of(CommunicationOp::kAllGather, {2, 4, 8}, 0.02, static_cast<std::uint64_t>(seed)));
    const auto within = [&](std::size_t k, double truth) {
      const FitRecord::Coefficient& one = fit.fit.coefficients[k];
      return std::abs(one.value - truth) <= one.standard_error.value() ? 1 : 0;
    };
    launch += within(0, 8e-6);
    step += within(1, 3e-6);
    bandwidth += within(2, 150e9);
  }
  for (const int count : {launch, step, bandwidth}) {
    EXPECT_GT(count, kSeeds * 0.57);
    EXPECT_LT(count, kSeeds * 0.79);
  }
}

// One world does not tell a launch from steps.
TEST(CollectiveFit, SaysWhatOneWorldDoesNotTell) {
  const auto fit = fit_collective_terms(CommunicationOp::kAllReduce,
                                        worlds_of(CommunicationOp::kAllReduce, {4}, 0.02, 7));
  EXPECT_EQ(fit.terms.launch_s, 0);
  EXPECT_FALSE(fit.fit.coefficients[0].standard_error.has_value());
  ASSERT_EQ(fit.fit.held_out.size(), 1U);
  EXPECT_EQ(fit.fit.held_out[0].what, "message sizes one by one");
  EXPECT_THAT(fit.fit.method, ::testing::HasSubstr("one world"));
}

TEST(CollectiveFit, RefusesWhatTellsNothing) {
  EXPECT_THROW(fit_collective_terms(CommunicationOp::kAllReduce, {}), Error);
  const std::vector<WorldPoints> alone = {{1, {{1024, 1e-5}, {2048, 1e-5}, {4096, 1e-5}}}};
  EXPECT_THROW(fit_collective_terms(CommunicationOp::kAllReduce, alone), Error);
}

}  // namespace
}  // namespace sextant::testing
