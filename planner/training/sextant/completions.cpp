#include <algorithm>
#include <cmath>

#include "planner/training/sextant/completion_bound.h"
#include "planner/training/sextant/index.h"

namespace sextant::search {

namespace {

/// Steps in relaxed completions that one search takes before it makes do with capacities.
constexpr std::uint64_t kMostSolvingSteps = 12'000'000;
/// Completions lie far apart in memory.
constexpr int kStepsOfALookUp = 8;

}  // namespace

void CompletionBound::look_between(const TurnRange& range, double target) {
  turns_ = range;
  turns_.high = std::min(turns_.high, longest_turn_s(target));
  limit_ = {turns_.high, longest_sync_s(longest_time_s(target, 0), turns_.low)};
  const auto layers = index(relaxation_.layer_count() + 1);
  memo_.assign((pairs_.size() + 1) * layers * layers, {});
  gave_up_ = false;
  solving_steps_ = 0;
  find_cover();
}

void CompletionBound::look_everywhere() {
  turns_ = {};
  limit_ = {kNever, kNever};
  gave_up_ = true;
}

/// The end of the longest stage from `first` on; `first` where there is none. Pairs come after
/// options. Never the last layer: a label has a stage behind.
int CompletionBound::farthest(int way, int first, int behind) const {
  const int layers = relaxation_.layer_count();
  const auto fits = [&](int end) {
    return within(limit_, way, first, end) && earliest_first(way, end, behind) <= first;
  };
  int end = first;
  while (end + 1 < layers && fits(end + 1)) ++end;
  return end;
}

/// The mirror image of reach(): from the first layer on, with what labels leave.
void CompletionBound::find_cover() {
  const int layers = relaxation_.layer_count();
  const int options = static_cast<int>(relaxation_.options().size());
  const int ways = options + static_cast<int>(pairs_.size());
  const std::size_t states = pairs_.size() + 1;
  cover_.assign(unit_count_ * states, 0);
  steps_ += unit_count_ * states * index(options);
  // farthest() by (way, behind, first), found when asked for.
  std::vector<int> known(index(ways * layers * layers), -1);
  const auto end_of = [&](int way, int first, int behind) {
    int& end = known[index((way * layers + behind) * layers + first)];
    if (end < 0) end = farthest(way, first, behind);
    return end;
  };
  // What starts at the first layer sends back nothing, and may so reach further.
  const auto end_after = [&](int way, int covered, int behind) {
    return std::max(end_of(way, covered, behind), end_of(way, 0, behind));
  };
  for (Units units = unit_count_; units-- > 0;) {
    const int fewest = fewest_stages(units);
    for (std::size_t state = states; state-- > 0;) {
      if (state > 0 && !room_[state - 1][units]) continue;
      const int behind = std::min(layers - 1, std::max(1, fewest + (state > 0 ? 1 : 0)));
      int& covered = cover_[units * states + state];
      for (int o = 0; o < options; ++o) {
        const Units next = after(units, o);
        if (next == unit_count_ || next == units || (state > 0 && !room_[state - 1][next])) {
          continue;
        }
        covered = std::max(covered, end_after(o, cover_[next * states + state], behind));
      }
      if (state == 0) {
        for (std::size_t p = 0; p < pairs_.size(); ++p) {
          if (!room_[p][units]) continue;
          covered = std::max(covered, end_after(options + static_cast<int>(p),
                                                cover_[units * states + p + 1], behind));
        }
      }
      for (int o = 0; o < options;) {
        const int end = option_units_[index(o)] == 0 ? end_after(o, covered, behind) : covered;
        o = end > covered ? 0 : o + 1;
        covered = std::max(covered, end);
      }
    }
  }
}

const CompletionBound::Least& CompletionBound::completion(int mixed, int behind, int end,
                                                          Units units) {
  static constexpr Least kNothing{0, 0, 0, 0};
  if (end == 0) return kNothing;
  const auto layers = index(relaxation_.layer_count() + 1);
  std::vector<Least>& row = memo_[(index(mixed) * layers + index(behind)) * layers + index(end)];
  if (row.empty()) row.assign(unit_count_, {std::numeric_limits<double>::quiet_NaN(), 0, 0, 0});
  if (std::isnan(row[units].sum_s)) row[units] = solve(mixed, behind, end, units);
  return row[units];
}

CompletionBound::Least CompletionBound::solve(int mixed, int behind, int end, Units units) {
  Least best{kNever, kNever, kNever, kNever};
  const std::size_t states = pairs_.size() + 1;
  if (end > cover_[units * states + index(mixed)]) return best;
  const auto& options = relaxation_.options();
  const int option_count = static_cast<int>(options.size());
  const double replicas = count_.replicas;
  const auto try_stages = [&](int way, int mixed_after, Units next, double usd_per_s, double gpus) {
    const int latest = std::min(end - 1, cover_[next * states + index(mixed_after)]);
    const int earliest = earliest_first(way, end, behind);
    if (latest < earliest) return;
    const auto steps = static_cast<std::uint64_t>(kStepsOfALookUp * (latest - earliest + 1));
    steps_ += steps;
    solving_steps_ += steps;
    for (int first = latest; first >= earliest; --first) {
      if (!within(limit_, way, first, end)) {
        // In the first place a stage sends back nothing.
        if (first == 0 || earliest > 0 || !within(limit_, way, 0, end)) return;
        first = 1;
        continue;
      }
      const Least& rest = completion(mixed_after, behind + 1, first, next);
      const double turn = turn_s(way, first, end);
      best.sum_s = std::min(best.sum_s, turn + rest.sum_s);
      best.usd_per_s = std::min(best.usd_per_s, usd_per_s + rest.usd_per_s);
      best.usd_turns = std::min(best.usd_turns, usd_per_s * turn + rest.usd_turns);
      best.gpus = std::min(best.gpus, gpus + rest.gpus);
    }
  };
  for (int o = 0; o < option_count; ++o) {
    const Units next = after(units, o);
    if (next == unit_count_ || (mixed > 0 && !room_[index(mixed - 1)][next])) continue;
    try_stages(o, mixed, next, replicas * options[index(o)].usd_per_s,
               replicas * options[index(o)].tp);
  }
  if (mixed > 0) return best;
  for (std::size_t p = 0; p < pairs_.size(); ++p) {
    if (!room_[p][units]) continue;
    const auto& a = options[index(pairs_[p].a)];
    const auto& b = options[index(pairs_[p].b)];
    const int pair = static_cast<int>(p);
    try_stages(option_count + pair, pair + 1, units, replicas * std::min(a.usd_per_s, b.usd_per_s),
               replicas * std::min(a.tp, b.tp));
  }
  return best;
}

double CompletionBound::of_label(const Label& label, double capacity) {
  if (capacity <= 0) return kNever;
  const std::size_t first = index(label.first);
  const double work = count_.replicas * relaxation_.work_prefix_s[first];
  if (work > capacity * turns_.high) return kNever;
  const double front =
      label.open_s +
      relaxation_.least_backward_s * tables_.costs.weights(1, label.stages == 1 ? 2 : 3).backward;
  Least rest{relaxation_.least_compute_prefix_s[first], 0, 0, 0};
  if (!gave_up_) {
    const int mixed =
        label.mixed < 0 ? 0 : pair_of_option_[index(label.mixed - tables_.pure_count)] + 1;
    const Units units = units_of(label.used);
    if (label.first > cover_[units * (pairs_.size() + 1) + index(mixed)]) return kNever;
    // A bound that is dear to find is done without.
    if (solving_steps_ > kMostSolvingSteps) gave_up_ = true;
    rest = completion(mixed, label.stages, label.first, units);
    if (!std::isfinite(rest.sum_s)) return kNever;
  }
  const double turn = std::max({turns_.low, label.closed_max_s, front, work / capacity});
  const double time = (count_.microbatches - 1) * turn + label.closed_sum_s + front + rest.sum_s +
                      std::max(label.sync_s, least_sync_s_) + label.update_s;
  // What is in use is paid for the whole iteration; what follows at least for its own turns, and
  // while the pipeline fills and synchronises.
  const double turns = count_.microbatches - 1;
  const double usd = label.usd_per_s * time + label.egress_usd +
                     std::max(rest.usd_per_s * time,
                              turns * rest.usd_turns + rest.usd_per_s * (time - turns * turn));
  if (!goal_.allows(time, usd)) return kNever;
  return goal_.score(time, usd, label.gpus + std::max(rest.gpus, gpus_for_work(label.first)));
}

}  // namespace sextant::search
