#include "planner/training/sextant/stage_search.h"

#include <algorithm>
#include <cmath>

namespace sextant::search {

namespace {

constexpr double kSecondsPerHour = 3600;
/// Plans that differ by less are equal: rounding must not decide which is kept.
constexpr double kRelativeTie = 1e-12;

std::size_t index(int i) {
  return static_cast<std::size_t>(i);
}

/// Seconds of the slowest stage of any pipeline for layers [0, first), first > 0, on GPUs of
/// `capacity` in units of speed 1.
double least_turn(const StageTables& tables, const ReplicaCount& count, int first,
                  double capacity) {
  return count.replicas * tables.work_prefix_s[index(first)] / capacity;
}

double weighted(const SeparableCosts::Weights& weights, const StageTables& tables) {
  return weights.forward * tables.least_forward_s + weights.backward * tables.least_backward_s;
}

/// The least that a stage in front of `stages_behind` others adds to its compute time: it may be
/// the pipeline's first or one in the middle.
double least_transfer(const StageTables& tables, int stages_behind) {
  return std::min(weighted(tables.costs.weights(0, stages_behind + 1), tables),
                  weighted(tables.costs.weights(1, std::max(3, stages_behind + 2)), tables));
}

}  // namespace

StageSearch::StageSearch(const StageTables& tables, const Goal& goal)
    : tables_(tables), goal_(goal) {
  const int layers = tables.layer_count();
  const int mixed_count = tables.option_count() - tables.pure_count;
  lists_.resize(index(layers * tables.option_count() * (mixed_count + 1)));
  for (int stages = 0; stages <= layers; ++stages) {
    const auto front = tables.costs.weights(1, stages + 1);
    least_front_s_.push_back(stages == 0 ? 0 : front.backward * tables.least_backward_s);
    least_transfer_s_.push_back(stages == 0 ? 0 : least_transfer(tables, stages));
  }
}

/// Takes up a replica count: which options there are GPUs for, and the bounds that follow.
void StageSearch::start(const ReplicaCount& count) {
  count_ = count;
  possible_.assign(index(tables_.option_count()), false);
  occurs_.assign(index(tables_.pure_count), false);
  for (int o = 0; o < tables_.option_count(); ++o) {
    const auto& members = tables_.options[index(o)].members;
    possible_[index(o)] = mixed_fits(o, {});
    for (int pure = 0; pure < tables_.pure_count && possible_[index(o)]; ++pure) {
      const auto& only = tables_.options[index(pure)].members[0];
      for (const auto& member : members) {
        if (member.resource == only.resource && member.tp == only.tp) occurs_[index(pure)] = true;
      }
    }
  }
  least_compute_prefix_s_.assign(1, 0);
  for (int l = 0; l < tables_.layer_count(); ++l) {
    double least = std::numeric_limits<double>::infinity();
    for (int o = 0; o < tables_.pure_count; ++o) {
      if (occurs_[index(o)]) least = std::min(least, tables_.compute(o, l, l + 1));
    }
    least_compute_prefix_s_.push_back(least_compute_prefix_s_.back() + least);
  }
}

double StageSearch::lower_bound(const ReplicaCount& count) {
  start(count);
  const int layers = tables_.layer_count();
  const double compute = least_compute_prefix_s_[index(layers)];
  if (!std::isfinite(compute)) return compute;
  if (goal_.objective == Objective::kCost) {
    return static_cast<double>(count.microbatches) * count.replicas *
           tables_.least_usd_prefix[index(layers)];
  }
  const double turn = least_turn(tables_, count, layers, capacity_left({}));
  // One stage transfers nothing, but is all there is; two or more pay for their transfers.
  double single = std::numeric_limits<double>::infinity();
  for (int o = 0; o < tables_.option_count(); ++o) {
    if (possible_[index(o)] && tables_.earliest_first(o, layers, 0) == 0) {
      single = std::min(single, tables_.compute(o, 0, layers));
    }
  }
  const double transfer = least_transfer(tables_, 1);
  const double several = (count.microbatches - 1) * (turn + transfer) +
                         std::max(turn + transfer, compute + 2 * transfer);
  return std::min(count.microbatches * single, several);
}

StageSearch::List& StageSearch::list_of(int first, int option, int mixed) {
  const int mixed_count = tables_.option_count() - tables_.pure_count;
  const int place = mixed < 0 ? 0 : mixed - tables_.pure_count + 1;
  return lists_[index((first * tables_.option_count() + option) * (mixed_count + 1) + place)];
}

double StageSearch::stage_sync(int option, int first, int end) {
  const std::size_t layers = index(tables_.layer_count());
  double& memo = sync_[(index(option) * layers + index(first)) * (layers + 1) + index(end)];
  if (std::isnan(memo)) {
    memo =
        tables_.costs.sync_s(first, end, count_.replicas, tables_.options[index(option)].classes());
  }
  return memo;
}

/// A stage of n layers on a replica of tp GPUs keeps them for tp * (compute + transfer): its
/// transfer weighs on each layer with 1 / n, and n is bounded by memory and by the incumbent.
/// Summed over stages this bounds the slowest turn from below, whatever the stages are.
void StageSearch::add_work_bounds() {
  const int layers = tables_.layer_count();
  double longest_turn = std::numeric_limits<double>::infinity();
  if (goal_.objective == Objective::kThroughput && count_.microbatches > 1) {
    longest_turn = incumbent_ / (count_.microbatches - 1);
  }
  work_s_.assign(index(layers), {});
  for (int behind = 1; behind < layers; ++behind) {
    const auto first_place = tables_.costs.weights(0, behind + 1);
    std::vector<double> per_layer_transfer;
    for (int o = 0; o < tables_.pure_count; ++o) {
      if (!occurs_[index(o)]) {
        per_layer_transfer.push_back(std::numeric_limits<double>::infinity());
        continue;
      }
      const double forward = tables_.least_forward_from_s[index(o)];
      const double transfer = std::min(first_place.forward * forward,
                                       forward + tables_.least_backward_from_s[index(o)]);
      int longest = 0;
      int first = 0;
      for (int end = 1; end <= layers; ++end) {
        first = std::max(first, tables_.earliest_first(o, end, behind));
        while (first < end && tables_.compute(o, first, end) + transfer > longest_turn) ++first;
        longest = std::max(longest, end - first);
      }
      per_layer_transfer.push_back(longest > 0 ? transfer / longest
                                               : std::numeric_limits<double>::infinity());
    }
    std::vector<double>& prefix = work_s_[index(behind)];
    prefix.push_back(0);
    for (int l = 0; l < layers; ++l) {
      double least = std::numeric_limits<double>::infinity();
      for (int o = 0; o < tables_.pure_count; ++o) {
        const auto& member = tables_.options[index(o)].members[0];
        least = std::min(least, tables_.speed[index(member.resource)] * member.tp *
                                    (tables_.compute(o, l, l + 1) + per_layer_transfer[index(o)]));
      }
      prefix.push_back(prefix.back() + least);
    }
  }
}

/// What is left of the resources, in GPUs of speed 1.
double StageSearch::capacity_left(const Label& label) const {
  double capacity = 0;
  for (std::size_t r = 0; r < tables_.grouping.size(); ++r) {
    capacity += left(static_cast<int>(r), label.used) * tables_.speed[r];
  }
  if (label.mixed >= 0) {
    // The mixed stage takes at least what D replicas of its cheaper member would.
    double least = std::numeric_limits<double>::infinity();
    for (const auto& member : tables_.options[index(label.mixed)].members) {
      least = std::min(least, member.tp * tables_.speed[index(member.resource)]);
    }
    capacity -= count_.replicas * least;
  }
  return capacity;
}

/// No completion of the label by stages for layers [0, label.first) scores below this.
double StageSearch::completion_bound(const Label& label, double capacity) const {
  constexpr double kImpossible = std::numeric_limits<double>::infinity();
  if (capacity <= 0) return kImpossible;
  const double front = label.open_s + least_front_s_[index(label.stages)];
  const double transfer = least_transfer_s_[index(label.stages)];
  const double turn = std::max(
      {label.closed_max_s, front, least_turn(tables_, count_, label.first, capacity) + transfer});
  const double sum =
      label.closed_sum_s + front + transfer + least_compute_prefix_s_[index(label.first)];
  const double time = (count_.microbatches - 1) * turn + sum + label.sync_s + label.update_s;
  if (time > goal_.max_iteration_s) return kImpossible;
  // What is in use is paid for the whole iteration, what follows at least for its work.
  const double usd = label.usd_per_s * time + static_cast<double>(count_.microbatches) *
                                                  count_.replicas *
                                                  tables_.least_usd_prefix[index(label.first)];
  if (usd > goal_.max_usd_per_iter) return kImpossible;
  return goal_.objective == Objective::kThroughput ? time : usd;
}

/// Whether `a` is at least as good as `b` whatever stages come before them; both start at the same
/// layer with the same option, `a` has no mixed stage or that of `b` (a mixed stage takes of what
/// the others leave, so having none is no worse), and `a` uses no more GPUs.
bool StageSearch::dominates(const Label& a, const Label& b) const {
  // A stage that is its pipeline's last sends its gradient at another weight than one in the
  // middle.
  if (a.stages > b.stages || (a.stages == 1) != (b.stages == 1) || a.usd_per_s > b.usd_per_s) {
    return false;
  }
  // T is a sum of maxima and sums: where `a` is worse in one of them, it loses at most the
  // difference. The front's turn enters both the maximum and the sum.
  const double turn_loss =
      std::max({0.0, a.closed_max_s - std::max(b.closed_max_s, b.open_s), a.open_s - b.open_s});
  const double loss = (count_.microbatches - 1) * turn_loss + std::max(0.0, a.sync_s - b.sync_s) +
                      std::max(0.0, a.update_s - b.update_s);
  return loss + a.sum_s() <= b.sum_s() * (1 + kRelativeTie);
}

bool StageSearch::dominated_by(const List& list, const Label& label) const {
  const double most = label.sum_s() * (1 + kRelativeTie);
  for (const Entry& entry : list) {
    if (entry.sum_s > most) return false;  // and all that follow
    if (entry.used.within(label.used) && dominates(labels_[index(entry.label)], label)) return true;
  }
  return false;
}

bool StageSearch::mixed_fits(int option, const Used& used) const {
  int places = 0;
  for (const auto& member : tables_.options[index(option)].members) {
    places += left(member.resource, used) / member.tp;
  }
  return places >= count_.replicas;
}

/// Takes the option's GPUs; false where there are not enough.
bool StageSearch::take(int option, Label& label) const {
  const StageOption& choice = tables_.options[index(option)];
  double least_usd = std::numeric_limits<double>::infinity();
  for (const auto& member : choice.members) {
    least_usd =
        std::min(least_usd, member.tp * tables_.grouping[index(member.resource)].usd_per_hour);
  }
  label.usd_per_s += count_.replicas * least_usd / kSecondsPerHour;
  if (choice.mixed()) {
    if (label.mixed >= 0) return false;
    label.mixed = option;
    return mixed_fits(option, label.used);
  }
  const auto& member = choice.members[0];
  label.used.add(member.resource, member.tp);
  if (left(member.resource, label.used) < 0) return false;
  return label.mixed < 0 || mixed_fits(label.mixed, label.used);
}

void StageSearch::insert(const Label& label, const Limits& limits, Outcome& outcome) {
  List& list = list_of(label.first, label.option, label.mixed);
  if (dominated_by(list, label)) return;
  if (label.mixed >= 0 && dominated_by(list_of(label.first, label.option, -1), label)) return;
  const auto place =
      std::upper_bound(list.begin(), list.end(), label.sum_s(),
                       [](double sum_s, const Entry& entry) { return sum_s < entry.sum_s; });
  // Only labels of a larger sum can be dominated by this one.
  const auto kept = std::remove_if(place, list.end(), [&](const Entry& entry) {
    return label.used.within(entry.used) && dominates(label, labels_[index(entry.label)]);
  });
  const auto at = place - list.begin();
  list.erase(kept, list.end());
  if (limits.beam > 0 && list.size() >= limits.beam) {
    outcome.complete = false;
    const auto bound = [&](const Entry& entry) { return labels_[index(entry.label)].bound; };
    const auto worst =
        std::max_element(list.begin(), list.end(),
                         [&](const Entry& a, const Entry& b) { return bound(a) < bound(b); });
    if (bound(*worst) <= label.bound) return;
    const auto removed = worst - list.begin();
    list.erase(worst);
    list.insert(list.begin() + at - (removed < at ? 1 : 0),
                {label.sum_s(), label.used, static_cast<std::int32_t>(labels_.size())});
  } else {
    list.insert(list.begin() + at,
                {label.sum_s(), label.used, static_cast<std::int32_t>(labels_.size())});
  }
  labels_.push_back(label);
}

void StageSearch::finish(const Label& label, const Accept& accept) {
  const double turn = std::max(label.closed_max_s, label.open_s);
  const double time = (count_.microbatches - 1) * turn + label.closed_sum_s + label.open_s +
                      label.sync_s + label.update_s;
  const double usd = label.usd_per_s * time;
  const double score = goal_.objective == Objective::kThroughput ? time : usd;
  if (score >= incumbent_ * (1 - kRelativeTie) || time > goal_.max_iteration_s ||
      usd > goal_.max_usd_per_iter) {
    return;
  }
  std::vector<StageChoice> stages;
  for (const Label* at = &label; at->option >= 0; at = &labels_[index(at->parent)]) {
    stages.push_back({at->first, labels_[index(at->parent)].first, at->option});
  }
  incumbent_ = accept(stages);
}

void StageSearch::extend_by(std::int32_t at, int option, const Limits& limits, const Accept& accept,
                            Outcome& outcome) {
  const Label base = labels_[index(at)];
  Label front;
  front.used = base.used;
  front.mixed = base.mixed;
  front.usd_per_s = base.usd_per_s;
  if (!take(option, front)) return;
  front.parent = at;
  front.option = option;
  front.stages = base.stages + 1;
  const int end = base.first;
  double sent = 0;
  if (base.stages > 0) {
    // The stage behind now knows where its gradients go.
    const auto weights = tables_.costs.weights(1, base.stages == 1 ? 2 : 3);
    const double turn = base.open_s + weights.backward * tables_.backward(base.option, option, end);
    front.closed_max_s = std::max(base.closed_max_s, turn);
    front.closed_sum_s = base.closed_sum_s + turn;
    sent = tables_.forward(option, base.option, end - 1);
    if (!std::isfinite(sent + turn)) return;  // no link is known between the two
  }
  const double first_place_weight = tables_.costs.weights(0, front.stages).forward;
  const double capacity = capacity_left(front);
  const int earliest = tables_.earliest_first(option, end, base.stages);
  for (int first = end - 1; first >= earliest; --first) {
    if (*limits.budget == 0) {
      outcome.complete = false;
      return;
    }
    --*limits.budget;
    front.first = first;
    front.open_s =
        tables_.compute(option, first, end) + (first == 0 ? first_place_weight : 1) * sent;
    // Longer stages are slower still, and what they leave to others is less than what they add.
    const double turn = std::max(front.closed_max_s, front.open_s);
    if (goal_.objective == Objective::kThroughput &&
        (count_.microbatches - 1) * turn + front.closed_sum_s + front.open_s + base.sync_s +
                least_compute_prefix_s_[index(first)] >=
            incumbent_) {
      // Only the last step can become cheaper, where the first place weighs less.
      if (first_place_weight >= 1 || first == 0) return;
      continue;
    }
    front.sync_s = std::max(base.sync_s, stage_sync(option, first, end));
    front.update_s = std::max(base.update_s, tables_.update(option, first, end));
    if (first == 0) {
      finish(front, accept);
    } else {
      front.bound = completion_bound(front, capacity);
      if (front.bound < incumbent_ * (1 - kRelativeTie)) insert(front, limits, outcome);
    }
  }
}

StageSearch::Outcome StageSearch::run(const ReplicaCount& count, double incumbent,
                                      const Limits& limits, const Accept& accept) {
  Outcome outcome;
  start(count);
  incumbent_ = incumbent;
  const int layers = tables_.layer_count();
  add_work_bounds();
  sync_.assign(index(tables_.option_count() * layers * (layers + 1)),
               std::numeric_limits<double>::quiet_NaN());
  labels_.clear();
  for (List& list : lists_) list.clear();
  Label root;
  root.first = layers;
  labels_.push_back(root);
  const auto extend = [&](std::int32_t label) {
    for (int option = 0; option < tables_.option_count(); ++option) {
      if (possible_[index(option)]) extend_by(label, option, limits, accept, outcome);
    }
  };
  extend(0);
  for (auto list = lists_.rbegin(); list != lists_.rend(); ++list) {
    // Extensions start at earlier layers, so this list no longer grows.
    for (const Entry& entry : *list) {
      const double bound = labels_[index(entry.label)].bound;
      if (bound >= incumbent_ * (1 - kRelativeTie)) continue;
      if (*limits.budget > 0) extend(entry.label);
      // What the budget left unextended, the last one perhaps half.
      if (*limits.budget == 0) outcome.open_bound = std::min(outcome.open_bound, bound);
    }
  }
  return outcome;
}

}  // namespace sextant::search
