#include "planner/training/sextant/completion_bound.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "planner/training/sextant/stock.h"

namespace sextant::search {

namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();
/// Ways to have GPUs of each type per replica that are counted one by one.
constexpr std::size_t kMostUnits = 2048;
/// Parts of the capacity that are counted where those are more.
constexpr std::size_t kCapacityParts = 1023;
/// Steps in relaxed completions that one search takes before it makes do with capacities.
constexpr std::uint64_t kMostSolvingSteps = 12'000'000;
/// Completions lie far apart in memory.
constexpr int kStepsOfALookUp = 8;
constexpr double kTurnPrecision = 1e-3;

std::size_t index(int i) {
  return static_cast<std::size_t>(i);
}

}  // namespace

CompletionBound::CompletionBound(const StageTables& tables, const Relaxation& relaxation,
                                 const ReplicaCount& count, const Goal& goal)
    : tables_(tables), relaxation_(relaxation), count_(count), goal_(goal) {
  gpus_.assign(tables.grouping.types.size(), 0);
  for (const Resource& resource : tables.grouping.resources) {
    gpus_[index(resource.type)] += resource.count;
  }
  for (std::size_t type = 0; type < gpus_.size(); ++type) {
    capacity_ += static_cast<double>(gpus_[type]) * relaxation.speed[type];
  }
}

void CompletionBound::prepare() {
  const Stock stock(tables_, count_);
  const auto& options = relaxation_.options();
  int largest_degree = 1;
  for (const auto& option : options) largest_degree = std::max(largest_degree, option.tp);
  const std::size_t useful = index(relaxation_.layer_count() * largest_degree);
  most_units_.assign(gpus_.size(), 0);
  for (std::size_t r = 0; r < tables_.grouping.resources.size(); ++r) {
    const auto type = index(tables_.grouping.resources[r].type);
    most_units_[type] =
        std::min(useful, most_units_[type] + index(stock.most_units(static_cast<int>(r))));
  }
  unit_count_ = 1;
  for (const std::size_t most : most_units_) {
    unit_count_ = std::min(kMostUnits + 1, unit_count_ * (most + 1));
  }
  if (unit_count_ <= kMostUnits) {
    std::size_t stride = 1;
    for (const std::size_t most : most_units_) {
      strides_.push_back(stride);
      stride *= most + 1;
    }
    for (const auto& option : options) {
      option_units_.push_back(index(option.tp) * strides_[index(option.type)]);
    }
    most_units_of_a_stage_ = index(largest_degree);
  } else {
    unit_count_ = kCapacityParts + 1;
    most_units_of_a_stage_ = 1;
    for (const auto& option : options) {
      const double part = count_.replicas * option.tp * relaxation_.speed[index(option.type)] /
                          capacity_ * kCapacityParts;
      // More than all is no option.
      option_units_.push_back(static_cast<std::size_t>(std::min<double>(part, kCapacityParts + 1)));
      most_units_of_a_stage_ = std::max(most_units_of_a_stage_, option_units_.back() + 1);
    }
  }
  add_pairs();
}

/// By layers [first, end) at first + end * layers: what a stage of the option synchronises.
std::vector<double> CompletionBound::syncs_of(const StageOption& option) const {
  const SeparableCosts& costs = tables_.costs;
  const int layers = relaxation_.layer_count();
  const auto place = [&](int first, int end) { return index(end * layers + first); };
  const auto& prefix = costs.sync_prefix;
  std::vector<double> out(index((layers + 1) * layers), kNever);
  for (int end = 1; end <= layers; ++end) {
    for (int first = 0; first < end; ++first) {
      // Stages one layer further to the front are mostly alike.
      const bool alike = first > 0 && !prefix.empty() &&
                         prefix[index(end)] - prefix[index(first)] ==
                             prefix[index(end - 1)] - prefix[index(first - 1)];
      out[place(first, end)] = alike ? out[place(first - 1, end - 1)]
                                     : costs.sync_s(first, end, count_.replicas, option.ring);
    }
  }
  return out;
}

/// Synchronisation need not grow with the stage (published links are faster for some larger
/// messages), so that each interval takes the least of those that hold it. An option of a type and
/// degree is as fast as its fastest place.
void CompletionBound::add_syncs() {
  const int layers = relaxation_.layer_count();
  const int options = static_cast<int>(relaxation_.options().size());
  const int ways = options + static_cast<int>(pairs_.size());
  if (count_.replicas < 2 || !tables_.costs.exact) return;
  syncs_.assign(index(ways * (layers + 1) * layers), kNever);
  for (int o = 0; o < tables_.option_count(); ++o) {
    const StageOption& option = tables_.options[index(o)];
    if (!option.suits(count_.replicas)) continue;
    const int way = option.mixed() ? options + pair_of_option_[index(o - tables_.pure_count)]
                                   : relaxation_.option_of(tables_.type_of(option.members[0]),
                                                           option.members[0].tp);
    const std::vector<double> syncs = syncs_of(option);
    double* const begin = &syncs_[index_of(way, 0)];
    std::transform(syncs.begin(), syncs.end(), begin, begin,
                   [](double a, double b) { return std::min(a, b); });
  }
  for (int way = 0; way < ways; ++way) {
    for (int end = layers; end > 0; --end) {
      for (int first = 0; first < end; ++first) {
        double& sync = syncs_[index_of(way, end) + index(first)];
        if (first > 0) sync = std::min(sync, sync_s(way, first - 1, end));
        if (end < layers) sync = std::min(sync, sync_s(way, first, end + 1));
      }
    }
  }
  for (int l = 0; l < layers; ++l) {
    double least = kNever;
    for (int way = 0; way < ways; ++way) least = std::min(least, sync_s(way, l, l + 1));
    least_sync_s_ = std::max(least_sync_s_, least);
  }
}

CompletionBound::Units CompletionBound::after(Units units, int option) const {
  const auto o = index(option);
  if (by_type()) {
    const auto& here = relaxation_.options()[o];
    if (index(digit(units, index(here.type)) + here.tp) > most_units_[index(here.type)]) {
      return unit_count_;
    }
  }
  return std::min(unit_count_, units + option_units_[o]);
}

/// Stages that use so much: no fewer.
int CompletionBound::fewest_stages(Units units) const {
  std::size_t total = units;
  if (by_type()) {
    total = 0;
    for (std::size_t type = 0; type < most_units_.size(); ++type) {
      total += index(digit(units, type));
    }
  }
  return static_cast<int>((total + most_units_of_a_stage_ - 1) / most_units_of_a_stage_);
}

void CompletionBound::add_pairs() {
  for (int o = tables_.pure_count; o < tables_.option_count(); ++o) {
    const auto& members = tables_.options[index(o)].members;
    const Pair pair{relaxation_.option_of(tables_.type_of(members[0]), members[0].tp),
                    relaxation_.option_of(tables_.type_of(members[1]), members[1].tp)};
    std::size_t place = 0;
    while (place < pairs_.size() && (pairs_[place].a != pair.a || pairs_[place].b != pair.b)) {
      ++place;
    }
    if (place == pairs_.size()) pairs_.push_back(pair);
    pair_of_option_.push_back(static_cast<int>(place));
  }
  for (const Pair& pair : pairs_) {
    std::vector<bool>& room = room_.emplace_back(unit_count_);
    for (Units units = 0; units < unit_count_; ++units) room[units] = has_room(pair, units);
  }
}

/// Whether D replicas, each on one of the two options, find GPUs in what the units leave.
bool CompletionBound::has_room(const Pair& pair, Units units) const {
  const auto& a = relaxation_.options()[index(pair.a)];
  const auto& b = relaxation_.options()[index(pair.b)];
  if (!by_type()) {
    return units + std::min(option_units_[index(pair.a)], option_units_[index(pair.b)]) <
           unit_count_;
  }
  const auto left = [&](int type) {
    return gpus_[index(type)] - std::int64_t{count_.replicas} * digit(units, index(type));
  };
  if (a.type == b.type) return left(a.type) / std::min(a.tp, b.tp) >= count_.replicas;
  return left(a.type) / a.tp + left(b.type) / b.tp >= count_.replicas;
}

CompletionBound::Units CompletionBound::units_of(const Used& used) const {
  Units units = 0;
  double capacity = 0;
  for (std::size_t r = 0; r < tables_.grouping.resources.size(); ++r) {
    const auto type = index(tables_.grouping.resources[r].type);
    const int here = used.get(static_cast<int>(r));
    if (by_type()) {
      units += index(here) * strides_[type];
    } else {
      capacity += here * count_.replicas * relaxation_.speed[type];
    }
  }
  return by_type()
             ? units
             : std::min(unit_count_ - 1, static_cast<Units>(capacity / capacity_ * kCapacityParts));
}

double CompletionBound::capacity_left(Units units) const {
  if (!by_type()) {
    return capacity_ * (1 - static_cast<double>(units) / kCapacityParts);
  }
  double capacity = 0;
  for (std::size_t type = 0; type < gpus_.size(); ++type) {
    capacity +=
        static_cast<double>(gpus_[type] - std::int64_t{count_.replicas} * digit(units, type)) *
        relaxation_.speed[type];
  }
  return capacity;
}

double CompletionBound::capacity_left(const Label& label) const {
  double capacity = 0;
  for (std::size_t r = 0; r < tables_.grouping.resources.size(); ++r) {
    const Resource& resource = tables_.grouping.resources[r];
    capacity +=
        static_cast<double>(resource.count -
                            std::int64_t{label.used.get(static_cast<int>(r))} * count_.replicas) *
        relaxation_.speed[index(resource.type)];
  }
  if (label.mixed >= 0) {
    // The mixed stage takes at least what D replicas of its cheaper member would.
    double least = kNever;
    for (const auto& member : tables_.options[index(label.mixed)].members) {
      least = std::min(least, member.tp * relaxation_.speed[index(tables_.type_of(member))]);
    }
    capacity -= count_.replicas * least;
  }
  return capacity;
}

double CompletionBound::of_all() const {
  const int layers = relaxation_.layer_count();
  const std::size_t all = index(layers);
  if (!(capacity_ > 0) || relaxation_.options().empty()) return kNever;
  const double turn = count_.replicas * relaxation_.work_prefix_s[all] / capacity_;
  const double compute = relaxation_.least_compute_prefix_s[all];
  if (!std::isfinite(compute)) return kNever;
  const double time = (count_.microbatches - 1) * turn + std::max(turn, compute);
  const double usd = static_cast<double>(count_.microbatches) * count_.replicas *
                     relaxation_.least_usd_prefix[all];
  if (!goal_.allows(time, usd)) return kNever;
  double fewest = kNever;
  for (const auto& option : relaxation_.options()) {
    fewest = std::min(fewest, static_cast<double>(count_.replicas) * option.tp);
  }
  return goal_.score(time, usd, fewest);
}

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

double CompletionBound::turn_s(int way, int first, int end) const {
  const int options = static_cast<int>(relaxation_.options().size());
  if (way < options) return relaxation_.turn(way, first, end);
  const Pair& pair = pairs_[index(way - options)];
  return std::max(relaxation_.turn(pair.a, first, end), relaxation_.turn(pair.b, first, end));
}

int CompletionBound::earliest_first(int way, int end, int behind) const {
  const int options = static_cast<int>(relaxation_.options().size());
  if (way < options) return relaxation_.earliest_first(way, end, behind);
  const Pair& pair = pairs_[index(way - options)];
  return std::max(relaxation_.earliest_first(pair.a, end, behind),
                  relaxation_.earliest_first(pair.b, end, behind));
}

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
  return goal_.score(time, usd, label.gpus + rest.gpus);
}

}  // namespace sextant::search
