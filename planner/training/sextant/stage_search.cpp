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

/// Seconds of the slowest stage of any pipeline for layers [0, first) on what is left of the
/// resources; 0 where there are no such layers.
double least_turn(const StageTables& tables, const ReplicaCount& count, int first,
                  double capacity) {
  if (first == 0) return 0;
  return count.replicas * tables.work_prefix_s[index(first)] / capacity;
}

/// The least that a stage in front of others adds to its compute time.
double least_transfer(const StageTables& tables, int stages_behind) {
  // Stage weights are those of the estimator; place 0 and place 1 of a pipeline this long.
  const auto first = tables.costs.weights(0, stages_behind + 1);
  const auto middle = tables.costs.weights(1, std::max(3, stages_behind + 2));
  return std::min(
      first.forward * tables.least_forward_s + first.backward * tables.least_backward_s,
      middle.forward * tables.least_forward_s + middle.backward * tables.least_backward_s);
}

}  // namespace

double lower_bound(const StageTables& tables, const ReplicaCount& count, const Goal& goal) {
  double capacity = 0;
  for (std::size_t r = 0; r < tables.grouping.size(); ++r) {
    capacity += tables.grouping[r].count * tables.speed[r];
  }
  const int layers = tables.layer_count();
  const double turn = least_turn(tables, count, layers, capacity);
  const double time = (count.microbatches - 1) * turn +
                      std::max(turn, tables.least_compute_prefix_s[index(layers)]);
  if (goal.objective == Objective::kThroughput) return time;
  return static_cast<double>(count.microbatches) * count.replicas *
         tables.least_usd_prefix[index(layers)];
}

StageSearch::StageSearch(const StageTables& tables, const ReplicaCount& count, const Goal& goal)
    : tables_(tables), count_(count), goal_(goal), resources_(tables.grouping.size()) {
  const std::size_t layers = index(tables.layer_count());
  sync_.assign(index(tables.option_count()) * layers * (layers + 1),
               std::numeric_limits<double>::quiet_NaN());
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

/// No completion of the label, whose front stage starts at layer `first`, scores below this.
double StageSearch::score_bound(const Label& label, int first, const int* used) const {
  double capacity = 0;
  for (std::size_t r = 0; r < resources_; ++r) {
    capacity += (tables_.grouping[r].count - used[r]) * tables_.speed[r];
  }
  if (label.mixed >= 0) {
    // The mixed stage takes at least its cheaper member's share, D replicas of it.
    double least = std::numeric_limits<double>::infinity();
    for (const auto& member : tables_.options[index(label.mixed)].members) {
      least = std::min(least, member.tp * tables_.speed[index(member.resource)]);
    }
    capacity -= count_.replicas * least;
  }
  if (first > 0 && capacity <= 0) return std::numeric_limits<double>::infinity();
  double turn = std::max(label.closed_max_s, label.open_s);
  double sum = label.closed_sum_s + label.open_s;
  if (first > 0) {
    const double transfer = least_transfer(tables_, label.stages);
    const auto weights = tables_.costs.weights(1, label.stages + 1);
    const double front = label.open_s + weights.backward * tables_.least_backward_s;
    turn = std::max(
        {label.closed_max_s, front, least_turn(tables_, count_, first, capacity) + transfer});
    sum = label.closed_sum_s + front + tables_.least_compute_prefix_s[index(first)] + transfer;
  }
  const double time = (count_.microbatches - 1) * turn + sum + label.sync_s + label.update_s;
  if (time > goal_.max_iteration_s) return std::numeric_limits<double>::infinity();
  // What is in use is paid for the whole iteration, what follows at least for its work.
  const double usd = label.usd_per_s * time + static_cast<double>(count_.microbatches) *
                                                  count_.replicas *
                                                  tables_.least_usd_prefix[index(first)];
  if (usd > goal_.max_usd_per_iter) return std::numeric_limits<double>::infinity();
  return goal_.objective == Objective::kThroughput ? time : usd;
}

/// Whether `a` is at least as good as `b` whatever stages come before them; both have the same
/// front.
bool StageSearch::dominates(const Label& a, const int* used_a, const Label& b,
                            const int* used_b) const {
  // A stage that is its pipeline's last sends its gradient at another weight than one in the
  // middle.
  if (a.stages > b.stages || (a.stages == 1) != (b.stages == 1)) return false;
  for (std::size_t r = 0; r < resources_; ++r) {
    if (used_a[r] > used_b[r]) return false;
  }
  // T is a sum of maxima and sums: where `a` is worse in one of them, it loses at most the
  // difference. The front's turn enters both the maximum and the sum.
  const double turn_loss =
      std::max({0.0, a.closed_max_s - std::max(b.closed_max_s, b.open_s), a.open_s - b.open_s});
  const double loss = (count_.microbatches - 1) * turn_loss + std::max(0.0, a.sync_s - b.sync_s) +
                      std::max(0.0, a.update_s - b.update_s);
  return loss + a.closed_sum_s + a.open_s <= (b.closed_sum_s + b.open_s) * (1 + kRelativeTie);
}

bool StageSearch::mixed_fits(int option, const std::vector<int>& used) const {
  int places = 0;
  for (const auto& member : tables_.options[index(option)].members) {
    places +=
        (tables_.grouping[index(member.resource)].count - used[index(member.resource)]) / member.tp;
  }
  return places >= count_.replicas;
}

/// Takes the option's GPUs; false where there are not enough.
bool StageSearch::take(int option, std::vector<int>& used, Label& label) const {
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
    return mixed_fits(option, used);
  }
  const auto& member = choice.members[0];
  int& taken = used[index(member.resource)];
  taken += count_.replicas * member.tp;
  if (taken > tables_.grouping[index(member.resource)].count) return false;
  return label.mixed < 0 || mixed_fits(label.mixed, used);
}

void StageSearch::insert(const Label& label, const std::vector<int>& used, const Limits& limits,
                         Outcome& outcome) {
  const std::size_t options = index(tables_.option_count());
  auto& list = lists_[(index(label.first) * options + index(label.option)) * (options + 1) +
                      index(label.mixed + 1)];
  for (const std::int32_t other : list) {
    if (dominates(labels_[index(other)], used_of(other), label, used.data())) return;
  }
  std::erase_if(list, [&](std::int32_t other) {
    const bool beaten = dominates(label, used.data(), labels_[index(other)], used_of(other));
    labels_[index(other)].dead = labels_[index(other)].dead || beaten;
    return beaten;
  });
  if (limits.beam > 0 && list.size() >= limits.beam) {
    // Drop the worst by its bound.
    outcome.complete = false;
    const auto bound = [&](std::int32_t other) {
      return score_bound(labels_[index(other)], label.first, used_of(other));
    };
    const auto worst = std::max_element(list.begin(), list.end(),
                                        [&](auto a, auto b) { return bound(a) < bound(b); });
    if (bound(*worst) <= score_bound(label, label.first, used.data())) return;
    labels_[index(*worst)].dead = true;
    list.erase(worst);
  }
  list.push_back(static_cast<std::int32_t>(labels_.size()));
  labels_.push_back(label);
  used_.insert(used_.end(), used.begin(), used.end());
}

void StageSearch::finish(const Label& label, const Accept& accept) {
  const double turn = std::max(label.closed_max_s, label.open_s);
  const double time = (count_.microbatches - 1) * turn + label.closed_sum_s + label.open_s +
                      label.sync_s + label.update_s;
  const double score = goal_.objective == Objective::kThroughput ? time : label.usd_per_s * time;
  if (score >= incumbent_ * (1 - kRelativeTie) || time > goal_.max_iteration_s ||
      label.usd_per_s * time > goal_.max_usd_per_iter) {
    return;
  }
  std::vector<StageChoice> stages;
  int end = 0;
  const Label* at = &label;
  while (at->option >= 0) {
    const Label& behind = labels_[index(at->parent)];
    end = behind.first;
    stages.push_back({at->first, end, at->option});
    at = &behind;
  }
  incumbent_ = accept(stages, time);
}

void StageSearch::extend(std::int32_t at, const Limits& limits, const Accept& accept,
                         Outcome& outcome) {
  const Label base = labels_[index(at)];
  const std::vector<int> base_used(used_of(at), used_of(at) + resources_);
  const int end = base.first;
  const bool last = base.option < 0;  // the new stage is the pipeline's last
  std::vector<int> used;
  for (int option = 0; option < tables_.option_count(); ++option) {
    used = base_used;
    Label front;
    front.mixed = base.mixed;
    front.usd_per_s = base.usd_per_s;
    if (!take(option, used, front)) continue;
    front.parent = at;
    front.option = option;
    front.stages = base.stages + 1;
    double sent = 0;
    if (!last) {
      // The stage behind now knows where its gradients go.
      const auto weights = tables_.costs.weights(1, base.stages == 1 ? 2 : 3);
      const double turn =
          base.open_s + weights.backward * tables_.backward(base.option, option, end);
      front.closed_max_s = std::max(base.closed_max_s, turn);
      front.closed_sum_s = base.closed_sum_s + turn;
      sent = tables_.forward(option, base.option, end - 1);
    }
    for (int first = end - 1; first >= 0; --first) {
      if (*limits.budget == 0) {
        outcome.complete = false;
        return;
      }
      --*limits.budget;
      if (!tables_.fits(option, first, end, base.stages)) break;
      const double compute = tables_.compute(option, first, end);
      double weight = last ? 0 : 1;
      if (first == 0) weight = tables_.costs.weights(0, front.stages).forward;
      front.first = first;
      front.open_s = compute + (last ? 0 : weight * sent);
      front.sync_s = std::max(base.sync_s, stage_sync(option, first, end));
      front.update_s = std::max(base.update_s, tables_.update(option, first, end));
      if ((count_.microbatches - 1) * compute >= incumbent_ &&
          goal_.objective == Objective::kThroughput) {
        break;  // longer stages are slower still
      }
      if (first == 0) {
        finish(front, accept);
      } else if (score_bound(front, first, used.data()) < incumbent_ * (1 - kRelativeTie)) {
        insert(front, used, limits, outcome);
      }
    }
  }
}

StageSearch::Outcome StageSearch::run(double incumbent, const Limits& limits,
                                      const Accept& accept) {
  Outcome outcome;
  incumbent_ = incumbent;
  const std::size_t options = index(tables_.option_count());
  labels_.clear();
  used_.clear();
  lists_.assign(index(tables_.layer_count()) * options * (options + 1), {});
  Label root;
  root.first = tables_.layer_count();
  labels_.push_back(root);
  used_.assign(resources_, 0);
  extend(0, limits, accept, outcome);
  for (int first = tables_.layer_count() - 1; first > 0; --first) {
    for (std::size_t o = 0; o < options * (options + 1); ++o) {
      const auto& list = lists_[index(first) * options * (options + 1) + o];
      // extend() only adds labels that start earlier: this list no longer grows.
      for (std::size_t i = 0; i < list.size(); ++i) {
        const std::int32_t label = list[i];
        if (score_bound(labels_[index(label)], first, used_of(label)) >=
            incumbent_ * (1 - kRelativeTie)) {
          continue;
        }
        extend(label, limits, accept, outcome);
        if (*limits.budget == 0) return outcome;
      }
    }
  }
  return outcome;
}

}  // namespace sextant::search
