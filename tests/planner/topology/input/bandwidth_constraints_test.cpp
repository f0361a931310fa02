#include "planner/topology/input/bandwidth_constraints.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "analyzer/core/error.h"

namespace sextant {
namespace {

using Relation = BandwidthConstraint::Relation;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

BandwidthConstraint only(std::string_view text) {
  const auto all = bandwidth_constraints_from(text, 4);
  EXPECT_THAT(all, SizeIs(1)) << text;
  return all.front();
}

std::string refusal(std::string_view text) {
  try {
    bandwidth_constraints_from(text, 4);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUsage);
    return error.what();
  }
  return "accepted";
}

TEST(BandwidthConstraints, ReadEquationsAndInequalities) {
  const BandwidthConstraint fixed = only("B0 = 500");
  EXPECT_THAT(fixed.coefficients, ElementsAre(1, 0, 0, 0));
  EXPECT_EQ(fixed.relation, Relation::kEqual);
  EXPECT_EQ(fixed.bound_bytes_per_s, 500e9);
  EXPECT_EQ(fixed.text, "B0 = 500");
  const BandwidthConstraint sum = only("  B2+B3<=200 ");
  EXPECT_THAT(sum.coefficients, ElementsAre(0, 0, 1, 1));
  EXPECT_EQ(sum.relation, Relation::kAtMost);
  EXPECT_EQ(sum.bound_bytes_per_s, 200e9);
  EXPECT_EQ(sum.text, "B2+B3<=200");
  const BandwidthConstraint difference = only("2*B0 - B1 >= 1.5e1");
  EXPECT_THAT(difference.coefficients, ElementsAre(2, -1, 0, 0));
  EXPECT_EQ(difference.relation, Relation::kAtLeast);
  EXPECT_EQ(difference.bound_bytes_per_s, 15e9);
}

TEST(BandwidthConstraints, BringAllToOneSide) {
  const BandwidthConstraint order = only("B0 >= B1");
  EXPECT_THAT(order.coefficients, ElementsAre(1, -1, 0, 0));
  EXPECT_EQ(order.bound_bytes_per_s, 0);
  const BandwidthConstraint mixed = only("10 + 0.5B3 - b1*2 == B0 + 3 - B3");
  EXPECT_THAT(mixed.coefficients, ElementsAre(-1, -2, 0, 1.5));
  EXPECT_EQ(mixed.bound_bytes_per_s, -7e9);
  EXPECT_EQ(mixed.relation, Relation::kEqual);
  EXPECT_THAT(only("-B0 + B0 + B2 <= -1*B1").coefficients, ElementsAre(0, 1, 1, 0));
}

TEST(BandwidthConstraints, ReadChainsLinkByLink) {
  const auto chain = bandwidth_constraints_from("500 >= B0 >= B1 >= 2*B2", 3);
  ASSERT_THAT(chain, SizeIs(3));
  EXPECT_EQ(chain[0].text, "500 >= B0");
  EXPECT_THAT(chain[0].coefficients, ElementsAre(-1, 0, 0));
  EXPECT_EQ(chain[0].bound_bytes_per_s, -500e9);
  EXPECT_EQ(chain[1].text, "B0 >= B1");
  EXPECT_EQ(chain[2].text, "B1 >= 2*B2");
  EXPECT_THAT(chain[2].coefficients, ElementsAre(0, 1, -2));
}

TEST(BandwidthConstraints, PointAtWhatIsWrong) {
  EXPECT_EQ(refusal("B0 >= B4"),
            "constraint \"B0 >= B4\", column 7: expected a dimension from B0 to B3, found \"B4\"");
  EXPECT_THAT(refusal(""), HasSubstr("column 1: expected a number or a dimension, as in 2*B0, "
                                     "found the end"));
  EXPECT_THAT(refusal("B0 + B1"), HasSubstr("column 8: expected <=, = or >=, found the end"));
  EXPECT_THAT(refusal("B0 < 5"), HasSubstr("column 4: expected <=, = or >=, found \"<\""));
  EXPECT_THAT(refusal("B0 = "), HasSubstr("column 6: expected a number or a dimension"));
  EXPECT_THAT(refusal("B0 = 5 GB/s"), HasSubstr("column 8: expected <=, = or >=, found \"GB/s\""));
  EXPECT_THAT(refusal("B0 * B1 = 5"), HasSubstr("column 6: expected a number, found \"B1\""));
  EXPECT_THAT(refusal("3 * 4 = B0"), HasSubstr("column 5: expected a dimension"));
  EXPECT_THAT(refusal("B = 5"), HasSubstr("column 1: expected a dimension from B0 to B3"));
  EXPECT_THAT(refusal("B-1 = 5"), HasSubstr("column 1: expected a dimension"));
  EXPECT_THAT(refusal("C0 = 5"), HasSubstr("column 1: expected a number or a dimension"));
  EXPECT_THAT(refusal("B0 = 1e999"), HasSubstr("column 6: expected a finite number"));
  EXPECT_THAT(refusal("B0 = nan"), HasSubstr("column 6: expected a number or a dimension"));
  EXPECT_THAT(refusal("1e308*B0 + 1e308*B0 = 1"), HasSubstr("too large"));
  EXPECT_THAT(refusal("3 <= 5"), HasSubstr("\"3 <= 5\" says nothing of a bandwidth"));
  EXPECT_THAT(refusal("B0 <= B0"), HasSubstr("says nothing of a bandwidth"));
}

RC_GTEST_PROP(BandwidthConstraints, ReadWhatTheyPrint, ()) {
  const auto coefficients = *rc::gen::container<std::vector<int>>(4, rc::gen::inRange(-9, 10));
  RC_PRE(coefficients != std::vector<int>(4, 0));
  const int bound = *rc::gen::inRange(-1000, 1000);
  std::string text;
  for (std::size_t d = 0; d < 4; ++d) {
    text += fmt::format("{} {}*B{}", coefficients[d] < 0 ? "-" : "+", std::abs(coefficients[d]), d);
  }
  const auto all = bandwidth_constraints_from(fmt::format("{} <= {}", text, bound), 4);
  RC_ASSERT(all.size() == 1U);
  for (std::size_t d = 0; d < 4; ++d) RC_ASSERT(all[0].coefficients[d] == coefficients[d]);
  RC_ASSERT(all[0].bound_bytes_per_s == 1e9 * bound);
}

RC_GTEST_PROP(BandwidthConstraints, SurviveAnyText, (const std::string& text)) {
  try {
    bandwidth_constraints_from(text, 3);
  } catch (const Error& error) {
    RC_ASSERT(error.code() == ErrorCode::kUsage);
  }
}

}  // namespace
}  // namespace sextant
