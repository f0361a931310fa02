#include <algorithm>
#include <cmath>

#include "planner/training/sextant/completion_bound.h"
#include "planner/training/sextant/index.h"

namespace sextant::search {

namespace {

constexpr double kTurnPrecision = 1e-3;

}  // namespace

/// Longest iteration of a plan that scores below `target` and costs at least that much a second.
double CompletionBound::longest_time_s(double target, double usd_per_s) const {
  double longest_s = goal_.max_iteration_s;
  if (goal_.objective == Objective::kThroughput) longest_s = std::min(longest_s, target);
  const double most_usd =
      std::min(goal_.max_usd_per_iter, goal_.objective == Objective::kCost ? target : kNever);
  return usd_per_s > 0 ? std::min(longest_s, most_usd / usd_per_s) : longest_s;
}

double CompletionBound::longest_turn_s(double target) const {
  // GPUs that are paid for longer cost more.
  double least_usd_per_s = kNever;
  for (const auto& option : relaxation_.options()) {
    least_usd_per_s = std::min(least_usd_per_s, count_.replicas * option.usd_per_s);
  }
  const double longest_s = longest_time_s(target, least_usd_per_s) - least_sync_s_;
  const double compute = relaxation_.least_compute_prefix_s[index(relaxation_.layer_count())];
  double turn = longest_s / count_.microbatches;
  if (count_.microbatches > 1) {
    turn = std::min(turn, (longest_s - compute) / (count_.microbatches - 1));
  }
  return turn;
}

/// What is left for synchronisation in an iteration of that time and slowest turn.
double CompletionBound::longest_sync_s(double time_s, double turn_s) const {
  const double compute = relaxation_.least_compute_prefix_s[index(relaxation_.layer_count())];
  return time_s - (count_.microbatches - 1) * turn_s - std::max(turn_s, compute);
}

/// By relaxed option, then pair, and end: where the longest stage within the limit starts; `end`
/// where not even one layer does.
std::vector<std::vector<int>> CompletionBound::longest_stages(const StageLimit& limit) const {
  const int layers = relaxation_.layer_count();
  const int ways = static_cast<int>(relaxation_.options().size() + pairs_.size());
  std::vector<std::vector<int>> out;
  for (int way = 0; way < ways; ++way) {
    std::vector<int>& starts = out.emplace_back();
    for (int end = 0; end <= layers; ++end) {
      int first = end;
      while (first > 0 && within(limit, way, first - 1, end)) --first;
      // In the first place a stage sends back nothing.
      if (end > 0 && within(limit, way, 0, end)) first = 0;
      starts.push_back(first);
    }
  }
  return out;
}

/// By units in use, the earliest layer from which the last layers can be done with them within the
/// limit, with or without a mixed stage; stops at the first that needs no more layers unless `all`
/// are asked for. A stage that reaches further leaves no more to others, so the
/// longest stages are best.
std::vector<int> CompletionBound::reach(const StageLimit& limit, bool all) const {
  const int layers = relaxation_.layer_count();
  const int options = static_cast<int>(relaxation_.options().size());
  const std::vector<std::vector<int>> longest = longest_stages(limit);
  const int never = layers + 1;
  const std::size_t states = pairs_.size() + 1;
  steps_ += unit_count_ * states * index(options) / 2 + 4096;
  std::vector<int> starts(unit_count_ * states, never);
  starts[0] = layers;
  std::vector<int> best(unit_count_, never);
  for (Units units = 0; units < unit_count_; ++units) {
    const int fewest = fewest_stages(units);
    for (std::size_t m = 0; m < states; ++m) {
      int& end = starts[units * states + m];
      if (end == never) continue;
      const int behind = std::min(layers - 1, fewest + (m > 0 ? 1 : 0));
      const auto first_of = [&](int way) {
        // The last stage has none behind it, whatever its share of the capacity is.
        return std::max(longest[index(way)][index(end)],
                        earliest_first(way, end, end == layers ? 0 : behind));
      };
      // Stages that are too small to count as a part of the capacity.
      for (int o = 0; o < options && end > 0;) {
        const int first = option_units_[index(o)] == 0 ? first_of(o) : end;
        o = first < end ? 0 : o + 1;
        end = std::min(end, first);
      }
      best[units] = std::min(best[units], end);
      if (end == 0) {
        if (!all) return best;
        continue;
      }
      for (int o = 0; o < options; ++o) {
        const Units next = after(units, o);
        if (next == unit_count_ || next == units || (m > 0 && !room_[m - 1][next])) continue;
        int& there = starts[next * states + m];
        there = std::min(there, std::max(first_of(o), 0));
      }
      if (m > 0) continue;
      for (std::size_t p = 0; p < pairs_.size(); ++p) {
        if (!room_[p][units]) continue;
        const int first = first_of(options + static_cast<int>(p));
        int& there = starts[units * states + p + 1];
        if (first < end) there = std::min(there, first);
      }
    }
  }
  return best;
}

bool CompletionBound::reaches(const StageLimit& limit, double most_usd_per_s) const {
  const bool any_will_do = !std::isfinite(most_usd_per_s);
  const std::vector<int> best = reach(limit, !any_will_do);
  for (Units units = 0; units < unit_count_; ++units) {
    if (best[units] == 0 && (any_will_do || least_usd_per_s(units) <= most_usd_per_s)) return true;
  }
  return false;
}

bool CompletionBound::may_reach(double target) const {
  const double longest_s = longest_turn_s(target);
  return !std::isfinite(longest_s) || reaches({longest_s, kNever}, kNever);
}

/// Of an iteration whose slowest stage takes that long.
double CompletionBound::least_time_s(double turn_s) const {
  const double compute = relaxation_.least_compute_prefix_s[index(relaxation_.layer_count())];
  return (count_.microbatches - 1) * turn_s + std::max(turn_s, compute) + least_sync_s_;
}

double CompletionBound::least_turn_s(double target) const {
  double low =
      count_.replicas * relaxation_.work_prefix_s[index(relaxation_.layer_count())] / capacity_;
  low = least_turn_s(target, low, kNever);
  const double most_usd =
      std::min(goal_.max_usd_per_iter, goal_.objective == Objective::kCost ? target : kNever);
  // What may be paid a second falls with the time, and fewer GPUs take longer.
  constexpr int kMostRounds = 4;
  for (int round = 0; round < kMostRounds && std::isfinite(low) && std::isfinite(most_usd);
       ++round) {
    const double before = low;
    low = least_turn_s(target, low, most_usd / least_time_s(low));
    if (!(low > before * (1 + 4 * kTurnPrecision))) break;
  }
  return low;
}

/// No less than `low_s`, of GPUs for at most so many USD a second.
double CompletionBound::least_turn_s(double target, double low_s, double most_usd_per_s) const {
  const double longest_s = longest_turn_s(target);
  // GPUs cost at least as much a second as those that the work needs.
  const StageLimit widest{longest_s, longest_sync_s(longest_time_s(target, 0), low_s)};
  if (low_s > longest_s || (std::isfinite(longest_s) && !reaches(widest, most_usd_per_s))) {
    return kNever;
  }
  const auto reaches_within = [&](double turn_s) {
    return reaches({turn_s, widest.sync_s}, most_usd_per_s);
  };
  double low = low_s;
  double high = low * (1 + kTurnPrecision);
  double step = 0.04;
  while (!reaches_within(high)) {
    low = high;
    if (low > longest_s) return kNever;
    high *= 1 + step;
    step *= 2;
    if (step > 1e9) return kNever;  // no turn is long enough: memory or GPUs are short
  }
  while (high > low * (1 + kTurnPrecision)) {
    const double middle = std::sqrt(low * high);
    (reaches_within(middle) ? high : low) = middle;
  }
  return low;
}

double CompletionBound::of_turns(const TurnRange& range, double target) const {
  const double compute = relaxation_.least_compute_prefix_s[index(relaxation_.layer_count())];
  const double time =
      (count_.microbatches - 1) * range.low + std::max(range.low, compute) + least_sync_s_;
  StageLimit limit{range.high, longest_sync_s(longest_time_s(target, 0), range.low)};
  double score = 0;
  // What GPUs cost limits the time, that the synchronisation, and that the GPUs.
  constexpr int kMostRounds = 4;
  for (int round = 0; round < kMostRounds; ++round) {
    const std::vector<int> best = reach(limit, true);
    double usd_per_s = kNever;
    double least = kNever;
    for (Units units = 0; units < unit_count_; ++units) {
      if (best[units] != 0) continue;
      const double here = least_usd_per_s(units);
      usd_per_s = std::min(usd_per_s, here);
      if (goal_.allows(time, here * time)) {
        least = std::min(least, goal_.score(time, here * time, fewest_gpus(units)));
      }
    }
    score = least;
    if (!(score < target)) return kNever;
    const double sync_s = longest_sync_s(longest_time_s(target, usd_per_s), range.low);
    if (!(sync_s < limit.sync_s * (1 - kTurnPrecision))) break;
    limit.sync_s = sync_s;
  }
  return score;
}

/// Of GPUs that use those units; where they are none, all is one mixed stage or too small to count.
double CompletionBound::least_usd_per_s(Units units) const {
  double usd_per_s = 0;
  double least_of_a_replica = kNever;
  double least_by_capacity = kNever;
  std::vector<double> of_type(gpus_.size(), kNever);
  for (const auto& option : relaxation_.options()) {
    double& usd = of_type[index(option.type)];
    usd = std::min(usd, option.usd_per_s / option.tp);
    least_of_a_replica = std::min(least_of_a_replica, option.usd_per_s);
    least_by_capacity = std::min(least_by_capacity, usd / relaxation_.speed[index(option.type)]);
  }
  if (by_type()) {
    for (std::size_t type = 0; type < gpus_.size(); ++type) {
      if (digit(units, type) > 0) usd_per_s += digit(units, type) * of_type[type];
    }
    usd_per_s *= count_.replicas;
  } else {
    usd_per_s = capacity_ * static_cast<double>(units) / kCapacityParts * least_by_capacity;
  }
  return std::max(usd_per_s, count_.replicas * least_of_a_replica);
}

double CompletionBound::fewest_gpus(Units units) const {
  double gpus = 0;
  double fewest_of_a_replica = kNever;
  double fastest = 0;
  for (const auto& option : relaxation_.options()) {
    fewest_of_a_replica = std::min<double>(fewest_of_a_replica, option.tp);
    fastest = std::max(fastest, relaxation_.speed[index(option.type)]);
  }
  if (by_type()) {
    for (std::size_t type = 0; type < gpus_.size(); ++type) gpus += digit(units, type);
    gpus *= count_.replicas;
  } else {
    gpus = capacity_ * static_cast<double>(units) / kCapacityParts / fastest;
  }
  return std::max(gpus, count_.replicas * fewest_of_a_replica);
}

}  // namespace sextant::search
