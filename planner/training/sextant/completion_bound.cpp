#include "planner/training/sextant/completion_bound.h"

#include <algorithm>
#include <cmath>

#include "planner/training/sextant/index.h"
#include "planner/training/sextant/stock.h"

namespace sextant::search {

namespace {

/// Ways to have GPUs of each type per replica that are counted one by one.
constexpr std::size_t kMostUnits = 2048;

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
  return goal_.score(time, usd, std::max(fewest, gpus_for_work(layers)));
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

}  // namespace sextant::search
