#pragma once

#include <optional>
#include <vector>

namespace sextant::galvatron {

/// What a block of a stage costs with each strategy.
struct BlockCosts {
  std::vector<int> memory_mb;
  std::vector<double> seconds;
  /// resharding_s[a][b]: from a block with strategy a to one with strategy b.
  std::vector<std::vector<double>> resharding_s;
};

/// Which strategy each block of a stage takes.
struct StageChoice {
  std::vector<int> strategies;
  double seconds = 0;  ///< of all blocks and of what lies between them
};

/// The fastest strategies of `blocks` equal blocks within `budget_mb`; nothing where none fit. It
/// is the published dynamic programme over blocks and MB of memory,
///   f[b][v][s] = min over a of f[b-1][v - memory(s)][a] + resharding(a, s) + seconds(s),
/// with the answer that it has: the first strategy of equal ones. As f is a falling staircase in v,
/// each is kept as the few steps where it falls.
std::optional<StageChoice> choose_strategies(int blocks, int budget_mb, const BlockCosts& costs);

}  // namespace sextant::galvatron
