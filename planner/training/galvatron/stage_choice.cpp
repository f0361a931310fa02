#include "planner/training/galvatron/stage_choice.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <utility>

namespace sextant::galvatron {

namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();

/// Least seconds by MB at hand; memory ascends, seconds fall.
class Staircase {
 public:
  struct Step {
    int mb = 0;
    double seconds = 0;
  };

  double at(int mb) const {
    const auto above =
        std::upper_bound(steps_.begin(), steps_.end(), mb,
                         [](int value, const Step& step) { return value < step.mb; });
    return above == steps_.begin() ? kNever : std::prev(above)->seconds;
  }
  const std::vector<Step>& steps() const { return steps_; }

  /// Of any steps those that are lower than all before them.
  static Staircase of(std::vector<Step> steps) {
    std::sort(steps.begin(), steps.end(), [](const Step& a, const Step& b) {
      return std::pair(a.mb, a.seconds) < std::pair(b.mb, b.seconds);
    });
    Staircase out;
    for (const Step& step : steps) {
      if (out.steps_.empty() || step.seconds < out.steps_.back().seconds)
        out.steps_.push_back(step);
    }
    return out;
  }

 private:
  std::vector<Step> steps_;
};

class Programme {
 public:
  Programme(int blocks, int budget_mb, const BlockCosts& costs)
      : budget_mb_(budget_mb), costs_(costs), strategies_(costs.seconds.size()) {
    least_.resize(static_cast<std::size_t>(blocks));
    for (std::size_t b = 0; b < least_.size(); ++b) {
      for (std::size_t s = 0; s < strategies_; ++s) least_[b].push_back(staircase(b, s));
    }
  }

  std::optional<StageChoice> answer() const {
    StageChoice out;
    out.strategies.resize(least_.size());
    int left = budget_mb_;
    std::size_t after = strategies_;  // none
    for (std::size_t b = least_.size(); b-- > 0;) {
      const auto [strategy, seconds] = best_before(b, left, after);
      if (seconds == kNever) return std::nullopt;
      if (b + 1 == least_.size()) out.seconds = seconds;
      out.strategies[b] = static_cast<int>(strategy);
      left -= costs_.memory_mb[strategy];
      after = strategy;
    }
    return out;
  }

 private:
  Staircase staircase(std::size_t block, std::size_t s) const {
    std::vector<Staircase::Step> steps;
    const auto add = [&](int mb, double seconds) {
      if (mb <= budget_mb_) steps.push_back({mb, seconds});
    };
    const int mb = costs_.memory_mb[s];
    if (block == 0) add(mb, costs_.seconds[s]);
    for (std::size_t a = 0; block > 0 && a < strategies_; ++a) {
      for (const Staircase::Step& step : least_[block - 1][a].steps()) {
        add(step.mb + mb, step.seconds + costs_.resharding_s[a][s] + costs_.seconds[s]);
      }
    }
    return Staircase::of(std::move(steps));
  }

  /// The strategy of a block with `mb` for it and those before it, before one of strategy `after`.
  std::pair<std::size_t, double> best_before(std::size_t block, int mb, std::size_t after) const {
    std::size_t best = 0;
    double least = kNever;
    for (std::size_t s = 0; s < strategies_; ++s) {
      double seconds = least_[block][s].at(mb);
      if (after < strategies_) seconds += costs_.resharding_s[s][after] + costs_.seconds[after];
      if (seconds < least) {
        least = seconds;
        best = s;
      }
    }
    return {best, least};
  }

  int budget_mb_;
  const BlockCosts& costs_;
  std::size_t strategies_;
  std::vector<std::vector<Staircase>> least_;  ///< [block][its strategy]
};

}  // namespace

std::optional<StageChoice> choose_strategies(int blocks, int budget_mb, const BlockCosts& costs) {
  if (budget_mb < 0 || costs.seconds.empty()) return std::nullopt;
  return Programme(blocks, budget_mb, costs).answer();
}

}  // namespace sextant::galvatron
