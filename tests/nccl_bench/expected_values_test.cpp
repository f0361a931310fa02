#include "nccl_bench/expected_values.h"

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

#include "nccl_bench/group.h"

namespace sextant::bench {
namespace {

// Verification is worth what it catches. An error that shifts, exchanges, repeats or leaves out
// blocks must change a value somewhere, for blocks of every size and every number of ranks.

ValueRule rule_of(int ranks, ElementType type, bool is_reduction, int round = 0) {
  return ValueRule::of(ranks, round, largest_exact(type), is_reduction);
}

/// Whether two functions of the index differ somewhere in the first `count`.
template <typename A, typename B>
bool differ(const A& a, const B& b, std::int64_t count = 64) {
  for (std::int64_t i = 0; i < count; ++i) {
    if (a(i) != b(i)) return true;
  }
  return false;
}

TEST(ExpectedValues, AreExactInEveryType) {
  for (const int ranks : {1, 2, 3, 8, 64, 127, 128, 1000, 5000}) {
    for (int t = 0; t < 6; ++t) {
      const auto type = static_cast<ElementType>(t);
      for (const bool is_reduction : {false, true}) {
        const ValueRule rule = rule_of(ranks, type, is_reduction);
        int largest = 0;
        for (std::int64_t i = 0; i < 100; ++i) {
          largest = std::max(largest, is_reduction ? rule.sum(i) : rule.given(0, i));
          EXPECT_GE(rule.given(ranks - 1, i), 0);
          EXPECT_LT(rule.given(ranks - 1, i), rule.modulus);
        }
        EXPECT_GT(largest, 0);
        // What no sum exceeds, whatever the values.
        const int bound = (rule.modulus - 1) * (is_reduction ? rule.contributors : 1);
        EXPECT_LE(bound, largest_exact(type)) << ranks << " " << to_string(type);
      }
    }
  }
}

TEST(ExpectedValues, ShowAShift) {
  for (const bool is_reduction : {false, true}) {
    for (const int ranks : {2, 4, 8, 16, 64}) {
      const ValueRule rule = rule_of(ranks, ElementType::kInt8, is_reduction);
      for (std::int64_t shift = 1; shift < (std::int64_t{1} << 34); shift *= 2) {
        EXPECT_TRUE(differ([&](auto i) { return rule.given(1, i); },
                           [&](auto i) { return rule.given(1, i + shift); }))
            << ranks << " " << shift;
        EXPECT_TRUE(differ([&](auto i) { return rule.sum(i); },
                           [&](auto i) { return rule.sum(i + shift); }))
            << "sum, " << ranks << " " << shift;
      }
    }
  }
}

TEST(ExpectedValues, ShowExchangedRanks) {
  const ValueRule rule = rule_of(256, ElementType::kFp32, false);
  for (int a = 0; a < 256; ++a) {
    for (int b = 0; b < a; ++b) {
      EXPECT_TRUE(differ([&](auto i) { return rule.given(a, i); },
                         [&](auto i) { return rule.given(b, i); }))
          << a << " " << b;
    }
  }
}

TEST(ExpectedValues, ShowARankThatIsCountedTwiceOrNot) {
  for (const int ranks : {2, 4, 8, 64}) {
    const ValueRule rule = rule_of(ranks, ElementType::kBf16, true);
    for (int rank = 0; rank < ranks; ++rank) {
      EXPECT_TRUE(differ([&](auto i) { return rule.sum(i); },
                         [&](auto i) { return rule.sum(i) - rule.given(rank, i); }));
    }
  }
}

// What the round before left in the buffers is not taken for the result.
TEST(ExpectedValues, ShowAResultOfTheRoundBefore) {
  const ValueRule before = rule_of(4, ElementType::kFp32, true, 0);
  const ValueRule now = rule_of(4, ElementType::kFp32, true, 1);
  EXPECT_TRUE(differ([&](auto i) { return before.sum(i); }, [&](auto i) { return now.sum(i); }));
  EXPECT_TRUE(
      differ([&](auto i) { return before.given(2, i); }, [&](auto i) { return now.given(2, i); }));
}

// A single value that another one took the place of is seen with the odds that values differ.
TEST(ExpectedValues, AreSpreadEvenly) {
  const ValueRule rule = rule_of(2, ElementType::kFp32, false);
  std::vector<int> counts(static_cast<std::size_t>(rule.modulus));
  constexpr int kEach = 1000;
  for (std::int64_t i = 0; i < kEach * rule.modulus; ++i) {
    ++counts[static_cast<std::size_t>(rule.given(1, i))];
  }
  // Six standard deviations of a count.
  for (const int count : counts) EXPECT_NEAR(count, kEach, 6 * 32);
}

}  // namespace
}  // namespace sextant::bench
