#include "analyzer/profile/model_profile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/profile/profile_grid.h"
#include "tests/profile/toy_points.h"

namespace sextant {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

ProfilePoint point(double forward_s, Evidence evidence) {
  return {{{forward_s, 2 * forward_s, 0.5}, {2 * forward_s, 4 * forward_s, 0.5}}, evidence, "here"};
}

/// GPU "a" at tp 1 x {1, 2, 8} and tp 2 x {1}; GPU "b" at tp 1 x {1}, estimated.
ModelProfile sample() {
  ModelProfile profile;
  profile.model = "toy";
  profile.variant = "fp32";
  profile.layer_count = 2;
  profile.points[{"a", 1, 1}] = point(1, Evidence::kMeasuredGpu);
  profile.points[{"a", 1, 2}] = point(2, Evidence::kReplayed);
  profile.points[{"a", 1, 8}] = point(5, Evidence::kMeasuredGpu);
  profile.points[{"a", 2, 1}] = point(1, Evidence::kMeasuredGpu);
  profile.points[{"b", 1, 1}] = point(1, Evidence::kEstimated);
  profile.memory[1] = {{1, 2, 3, 4}, {5, 6, 7, 8}};
  return profile;
}

TEST(ModelProfile, AnswersWhatIsThere) {
  const ModelProfile profile = sample();
  EXPECT_THAT(profile.gpus(), ElementsAre("a", "b"));
  EXPECT_THAT(profile.microbatches("a"), ElementsAre(1, 2, 8));
  EXPECT_THAT(profile.tensor_degrees("a", 1), ElementsAre(1, 2));
  EXPECT_THAT(profile.tensor_degrees("a", 8), ElementsAre(1));
  EXPECT_THAT(profile.tensor_degrees("c", 8), ElementsAre());
  EXPECT_EQ(profile.find("a", 2, 2), nullptr);
  EXPECT_EQ(profile.at("a", 1, 8).layers[0].forward_s, 5);
  EXPECT_EQ(profile.memory_at(1)[1].output_bytes, 7);
}

TEST(ModelProfile, NamesWhatIsMissingAndWhatThereIs) {
  const ModelProfile profile = sample();
  EXPECT_THAT(message_of([&] { profile.at("a", 2, 8); }),
              AllOf(HasSubstr("tensor degree 2, microbatch 8"), HasSubstr("(1, 8), (2, 1)")));
  EXPECT_THAT(message_of([&] { profile.at("H100", 1, 1); }),
              AllOf(HasSubstr("\"H100\""), HasSubstr("there are a, b")));
  EXPECT_THAT(message_of([&] { profile.memory_at(4); }), HasSubstr("tensor degree 4"));
}

TEST(ModelProfile, IsWorthItsWeakestPoint) {
  const ModelProfile profile = sample();
  EXPECT_EQ(profile.evidence({"a"}), Evidence::kReplayed);
  EXPECT_EQ(profile.evidence({"a", "b"}), Evidence::kEstimated);
  EXPECT_EQ(profile.evidence({"c"}), Evidence::kEstimated);
}

TEST(ProfileGrid, ListsHoles) {
  const auto holes = grid_holes(sample(), "a");
  EXPECT_EQ(describe_holes(holes), "tp 2 at microbatch 2, 8");
  EXPECT_EQ(describe_holes(grid_holes(sample(), "b")), "");
}

TEST(ProfileGrid, InterpolatesInsideTheGridAndSaysSo) {
  const ModelProfile profile = sample();
  const LookedUpPoint measured = look_up(profile, "a", 1, 2);
  EXPECT_FALSE(measured.interpolated);
  // Half-way between microbatch 2 (2 s) and 8 (5 s) lies 5, at 3.5 s.
  const LookedUpPoint between = look_up(profile, "a", 1, 5);
  EXPECT_TRUE(between.interpolated);
  EXPECT_DOUBLE_EQ(between.point.layers[0].forward_s, 3.5);
  EXPECT_DOUBLE_EQ(between.point.layers[1].backward_s, 14);
  EXPECT_EQ(between.point.evidence, Evidence::kReplayed);
  EXPECT_THAT(between.note, HasSubstr("microbatch 2 and 8"));
}

TEST(ProfileGrid, NeverExtrapolates) {
  const ModelProfile profile = sample();
  EXPECT_THAT(message_of([&] { look_up(profile, "a", 1, 16); }), HasSubstr("extrapolated"));
  EXPECT_THAT(message_of([&] { look_up(profile, "a", 2, 2); }), HasSubstr("extrapolated"));
  EXPECT_THAT(message_of([&] { look_up(profile, "a", 4, 1); }), HasSubstr("tensor degree 4"));
}

}  // namespace
}  // namespace sextant
