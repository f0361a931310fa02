#include "planner/training/sextant/completion_bound.h"

#include <algorithm>
#include <cmath>

namespace sextant::search {

namespace {

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

CompletionBound::CompletionBound(const StageTables& tables, const ReplicaCount& count,
                                 const Goal& goal)
    : tables_(tables), count_(count), goal_(goal) {
  for (int stages = 0; stages <= tables.layer_count(); ++stages) {
    const auto front = tables.costs.weights(1, stages + 1);
    least_front_s_.push_back(stages == 0 ? 0 : front.backward * tables.least_backward_s);
    least_transfer_s_.push_back(stages == 0 ? 0 : least_transfer(tables, stages));
  }
  const GpuStock stock(tables, count);
  possible_.assign(index(tables_.option_count()), false);
  occurs_.assign(index(tables_.pure_count), false);
  for (int o = 0; o < tables_.option_count(); ++o) {
    const auto& members = tables_.options[index(o)].members;
    possible_[index(o)] = stock.has_room(o, {});
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

double CompletionBound::of_all() const {
  const int layers = tables_.layer_count();
  const double compute = least_compute_prefix_s_[index(layers)];
  if (!std::isfinite(compute)) return compute;
  if (goal_.objective == Objective::kCost) {
    return static_cast<double>(count_.microbatches) * count_.replicas *
           tables_.least_usd_prefix[index(layers)];
  }
  const double turn = least_turn(tables_, count_, layers, capacity_left({}));
  // One stage transfers nothing, but is all there is; two or more pay for their transfers.
  double single = std::numeric_limits<double>::infinity();
  for (int o = 0; o < tables_.option_count(); ++o) {
    if (possible_[index(o)] && tables_.earliest_first(o, layers, 0) == 0) {
      single = std::min(single, tables_.compute(o, 0, layers));
    }
  }
  const double transfer = least_transfer(tables_, 1);
  const double several = (count_.microbatches - 1) * (turn + transfer) +
                         std::max(turn + transfer, compute + 2 * transfer);
  return std::min(count_.microbatches * single, several);
}

/// A stage of n layers on a replica of tp GPUs keeps them for tp * (compute + transfer): its
/// transfer weighs on each layer with 1 / n, and n is bounded by memory and by the incumbent.
/// Summed over stages this bounds the slowest turn from below, whatever the stages are.
void CompletionBound::use_incumbent(double incumbent) {
  const int layers = tables_.layer_count();
  double longest_turn = std::numeric_limits<double>::infinity();
  if (goal_.objective == Objective::kThroughput && count_.microbatches > 1) {
    longest_turn = incumbent / (count_.microbatches - 1);
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

double CompletionBound::capacity_left(const Label& label) const {
  const GpuStock stock(tables_, count_);
  double capacity = 0;
  for (std::size_t r = 0; r < tables_.grouping.size(); ++r) {
    capacity += stock.left(static_cast<int>(r), label.used) * tables_.speed[r];
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

double CompletionBound::of_label(const Label& label, double capacity) const {
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

}  // namespace sextant::search
