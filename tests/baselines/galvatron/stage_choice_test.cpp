// The staircases of the planner's dynamic programme give what its table gives.
#include "planner/training/galvatron/stage_choice.h"

#include <limits>

#include <gtest/gtest.h>

#include "analyzer/core/random.h"

namespace sextant::galvatron {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();

/// The programme as published: a table over blocks, MB and strategies with back pointers.
std::optional<StageChoice> by_table(int blocks, int budget_mb, const BlockCosts& costs) {
  if (budget_mb < 0) return std::nullopt;
  const std::size_t kinds = costs.seconds.size();
  const auto columns = static_cast<std::size_t>(budget_mb) + 1;
  std::vector<std::vector<double>> least(columns, std::vector<double>(kinds, 0));
  std::vector<std::vector<std::vector<int>>> marks;
  for (int block = 0; block < blocks; ++block) {
    auto& mark = marks.emplace_back(columns, std::vector<int>(kinds, -1));
    for (std::size_t v = columns; v-- > 0;) {
      std::vector<double> here(kinds, kNever);
      for (std::size_t s = 0; s < kinds; ++s) {
        const auto mb = static_cast<std::size_t>(costs.memory_mb[s]);
        if (v < mb) continue;
        for (std::size_t a = 0; a < kinds; ++a) {
          const double between = block == 0 ? 0 : costs.resharding_s[a][s];
          const double seconds = least[v - mb][a] + between + costs.seconds[s];
          if (seconds < here[s]) {
            here[s] = seconds;
            mark[v][s] = static_cast<int>(a);
          }
        }
      }
      least[v] = here;
    }
  }
  std::size_t v = columns - 1;
  std::size_t s = 0;
  for (std::size_t k = 1; k < kinds; ++k) {
    if (least[v][k] < least[v][s]) s = k;
  }
  if (least[v][s] == kNever) return std::nullopt;
  StageChoice out;
  out.seconds = least[v][s];
  out.strategies.assign(static_cast<std::size_t>(blocks), 0);
  for (auto block = static_cast<std::size_t>(blocks); block-- > 0;) {
    out.strategies[block] = static_cast<int>(s);
    const int before = marks[block][v][s];
    v -= static_cast<std::size_t>(costs.memory_mb[s]);
    s = static_cast<std::size_t>(before);
  }
  return out;
}

TEST(StageChoice, IsThatOfTheTable) {
  Random random(7);
  int fits = 0;
  for (int round = 0; round < 400; ++round) {
    const auto pick = [&](int low, int high) {
      return low + static_cast<int>(random.below(static_cast<std::uint64_t>(high - low + 1)));
    };
    BlockCosts costs;
    const int kinds = pick(1, 5);
    for (int k = 0; k < kinds; ++k) {
      costs.memory_mb.push_back(pick(1, 30));
      costs.seconds.push_back(pick(1, 6) * 0.25);  // with equal ones among them
      auto& row = costs.resharding_s.emplace_back();
      for (int to = 0; to < kinds; ++to) row.push_back(to == k ? 0 : pick(0, 2) * 0.125);
    }
    const int blocks = pick(1, 9);
    const int budget = pick(-1, 150);
    const auto expected = by_table(blocks, budget, costs);
    const auto found = choose_strategies(blocks, budget, costs);
    ASSERT_EQ(found.has_value(), expected.has_value());
    if (!found) continue;
    ++fits;
    EXPECT_EQ(found->strategies, expected->strategies);
    EXPECT_DOUBLE_EQ(found->seconds, expected->seconds);
  }
  EXPECT_GT(fits, 100);
}

}  // namespace
}  // namespace sextant::galvatron
