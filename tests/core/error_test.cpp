#include "analyzer/core/error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/random.h"
#include "analyzer/core/utf8.h"

namespace sextant {
namespace {

TEST(Error, CarriesItsContextsOutermostFirst) {
  Error error(ErrorCode::kBadInput, "expected a number");
  error.in("reading pools").in("cluster.json");
  EXPECT_STREQ(error.what(), "cluster.json: reading pools: expected a number");
  EXPECT_EQ(error.message(), "expected a number");
  EXPECT_EQ(error.exit_code(), 3);
}

// The exit codes are a contract with scripts.
TEST(Error, HasTheExitCodesOfTheManual) {
  EXPECT_EQ(Error(ErrorCode::kInternal, "").exit_code(), 1);
  EXPECT_EQ(Error(ErrorCode::kUsage, "").exit_code(), 2);
  EXPECT_EQ(Error(ErrorCode::kBadInput, "").exit_code(), 3);
  EXPECT_EQ(Error(ErrorCode::kInfeasible, "").exit_code(), 4);
  EXPECT_EQ(Error(ErrorCode::kPartial, "").exit_code(), 5);
  EXPECT_EQ(to_string(ErrorCode::kInfeasible), "infeasible");
}

TEST(Quote, DisarmsWhatCouldForgeOrFlood) {
  EXPECT_EQ(quote("plain"), "\"plain\"");
  EXPECT_EQ(quote("größer"), "\"größer\"");
  EXPECT_EQ(quote("a\"b\\c"), "\"a\\\"b\\\\c\"");
  EXPECT_EQ(quote("a\nb\x1b[31m"), "\"a\\x0ab\\x1b[31m\"");
  EXPECT_EQ(quote("\xFF\xC0\xAF"), "\"\\xff\\xc0\\xaf\"");  // not UTF-8; an overlong '/'
  EXPECT_EQ(quote("\xC2\x9B[31m"), "\"\\xc2\\x9b[31m\"");   // U+009B opens an escape
  EXPECT_EQ(quote(std::string_view("a\0b", 3)), "\"a\\x00b\"");
  EXPECT_EQ(quote("%n%s"), "\"%n%s\"");
  const std::string flood = quote(std::string(4096, 'x'));
  EXPECT_LT(flood.size(), 120U);
  EXPECT_THAT(flood, testing::EndsWith("(4096 bytes)"));
}

// Invariant: whatever goes in, what comes out is UTF-8 without control characters.
TEST(Quote, AlwaysGivesCleanText) {
  Random random(1);
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    for (std::uint64_t n = random.below(60); n > 0; --n) {
      text += static_cast<char>(random.below(256));
    }
    const std::string clean = quote(text, 40);
    for (std::size_t at = 0; at < clean.size();) {
      const std::size_t length = utf8_length(std::string_view(clean).substr(at));
      ASSERT_GT(length, 0U);
      ASSERT_GE(static_cast<unsigned char>(clean[at]), 0x20);
      ASSERT_NE(clean[at], 0x7F);
      at += length;
    }
  }
}

TEST(NearestName, FindsASlipOfTheFingersOnly) {
  const std::vector<std::string> names = {"throughput", "cost", "latency"};
  EXPECT_EQ(nearest_name("throughptu", names), "throughput");
  EXPECT_EQ(nearest_name("coast", names), "cost");
  EXPECT_EQ(nearest_name("bandwidth", names), "");
  EXPECT_EQ(nearest_name(std::string(5000, 'c'), names), "");
  EXPECT_EQ(nearest_name("cost", {}), "");
}

TEST(NearestName, OffersNothingForWhatHasLittleInCommon) {
  EXPECT_EQ(nearest_name("", {"1T", "70B"}), "");
  EXPECT_EQ(nearest_name("ab", {"1T", "70B"}), "");
  EXPECT_EQ(nearest_name("1t", {"1T", "70B"}), "1T");
  EXPECT_EQ(nearest_name("OPT-31B", {"OPT-30B", "OPT-350M"}), "OPT-30B");
}

}  // namespace
}  // namespace sextant
