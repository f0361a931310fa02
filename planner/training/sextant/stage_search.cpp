#include "planner/training/sextant/stage_search.h"

#include <algorithm>
#include <cmath>

#include "planner/training/sextant/index.h"

namespace sextant::search {

namespace {

constexpr double kSecondsPerHour = 3600;
/// Plans that differ by less are equal: rounding must not decide which is kept.
constexpr double kRelativeTie = 1e-12;
/// Comparing so many pairs of labels takes about as long as one extension.
constexpr std::uint64_t kComparisonsPerEvaluation = 16;
/// Bounds the memory of one search to about 100 MB.
constexpr std::size_t kMostLabels = 500'000;
constexpr std::uint64_t kLabelsBetweenStops = 64;

}  // namespace

StageSearch::StageSearch(const StageTables& tables, const MemoryLimits& memory_limits,
                         const Goal& goal, const ReplicaCount& count, CompletionBound& bound,
                         SearchMemory& memory)
    : tables_(tables),
      limits_of_memory_(memory_limits),
      goal_(goal),
      count_(count),
      bound_(bound),
      memory_(memory),
      stock_(tables, count) {}

StageSearch::List& StageSearch::list_of(int first, int option, int mixed) {
  const int mixed_count = tables_.option_count() - tables_.pure_count;
  const int place = mixed < 0 ? 0 : mixed - tables_.pure_count + 1;
  return memory_
      .lists[index((first * tables_.option_count() + option) * (mixed_count + 1) + place)];
}

double StageSearch::stage_sync(int option, int first, int end) {
  const std::size_t layers = index(tables_.layer_count());
  double& memo =
      memory_.sync_s[(index(option) * layers + index(first)) * (layers + 1) + index(end)];
  if (!std::isnan(memo)) return memo;
  const auto& prefix = tables_.costs.sync_prefix;
  const bool alike = first > 0 && !prefix.empty() &&
                     prefix[index(end)] - prefix[index(first)] ==
                         prefix[index(end - 1)] - prefix[index(first - 1)];
  // memory_.sync_s is not resized meanwhile, so that the reference stays.
  memo = alike ? stage_sync(option, first - 1, end - 1)
               : tables_.costs.sync_s(first, end, count_.replicas,
                                      tables_.options[index(option)].ring);
  return memo;
}

void StageSearch::spend(std::uint64_t evaluations) {
  *limits_->budget -= std::min(*limits_->budget, evaluations);
}

/// Whether `a` is at least as good as `b` whatever stages come before them; both start at the same
/// layer with the same option, `a` has no mixed stage or that of `b` (a mixed stage takes of what
/// the others leave, so having none is no worse), and `a` uses no more GPUs.
bool StageSearch::dominates(const Label& a, const Label& b) const {
  // A stage that is its pipeline's last sends its gradient at another weight than one in the
  // middle.
  if (a.stages > b.stages || (a.stages == 1) != (b.stages == 1)) return false;
  if (goal_.counts_usd() && (a.usd_per_s > b.usd_per_s || a.egress_usd > b.egress_usd)) {
    return false;
  }
  if (goal_.objective == Objective::kGpus && a.gpus > b.gpus) return false;
  // T is a sum of maxima and sums: where `a` is worse in one of them, it loses at most the
  // difference. The front's turn enters both the maximum and the sum.
  const double turn_loss =
      std::max({0.0, a.closed_max_s - std::max(b.closed_max_s, b.open_s), a.open_s - b.open_s});
  const double loss = (count_.microbatches - 1) * turn_loss + std::max(0.0, a.sync_s - b.sync_s) +
                      std::max(0.0, a.update_s - b.update_s);
  return loss + a.sum_s() <= b.sum_s() * (1 + kRelativeTie);
}

bool StageSearch::dominated_by(const List& list, const Label& label,
                               std::uint64_t& compared) const {
  const double most = label.sum_s() * (1 + kRelativeTie);
  for (const Entry& entry : list) {
    if (entry.sum_s > most) return false;  // and all that follow
    ++compared;
    if (entry.used.within(label.used) && dominates(memory_.labels[index(entry.label)], label))
      return true;
  }
  return false;
}

void StageSearch::insert(const Label& label) {
  if (memory_.labels.size() >= kMostLabels) {
    outcome_.complete = false;
    outcome_.open_bound = std::min(outcome_.open_bound, label.bound);
    return;
  }
  std::uint64_t compared = 0;
  List& list = list_of(label.first, label.option, label.mixed);
  if (dominated_by(list, label, compared) ||
      (label.mixed >= 0 && dominated_by(list_of(label.first, label.option, -1), label, compared))) {
    spend(compared / kComparisonsPerEvaluation);
    return;
  }
  const auto place =
      std::upper_bound(list.begin(), list.end(), label.sum_s(),
                       [](double sum_s, const Entry& entry) { return sum_s < entry.sum_s; });
  compared += static_cast<std::uint64_t>(list.end() - place);
  spend(compared / kComparisonsPerEvaluation);
  // Only labels of a larger sum can be dominated by this one.
  const auto kept = std::remove_if(place, list.end(), [&](const Entry& entry) {
    return label.used.within(entry.used) && dominates(label, memory_.labels[index(entry.label)]);
  });
  auto at = place - list.begin();
  list.erase(kept, list.end());
  if (limits_->beam > 0 && list.size() >= limits_->beam) {
    const auto bound = [&](const Entry& entry) { return memory_.labels[index(entry.label)].bound; };
    const auto worst =
        std::max_element(list.begin(), list.end(),
                         [&](const Entry& a, const Entry& b) { return bound(a) < bound(b); });
    outcome_.complete = false;
    outcome_.open_bound = std::min(outcome_.open_bound, std::max(bound(*worst), label.bound));
    if (bound(*worst) <= label.bound) return;
    if (worst - list.begin() < at) --at;
    list.erase(worst);
  }
  list.insert(list.begin() + at,
              {label.sum_s(), label.used, static_cast<std::int32_t>(memory_.labels.size())});
  memory_.labels.push_back(label);
}

void StageSearch::finish(const Label& label) {
  const double turn = std::max(label.closed_max_s, label.open_s);
  const double time = (count_.microbatches - 1) * turn + label.closed_sum_s + label.open_s +
                      label.sync_s + label.update_s;
  const double usd = label.usd_per_s * time + label.egress_usd;
  const double score = goal_.score(time, usd, label.gpus);
  if (score >= incumbent_ * (1 - kRelativeTie) || !goal_.allows(time, usd)) return;
  Found found{{}, time, score};
  for (const Label* at = &label; at->option >= 0; at = &memory_.labels[index(at->parent)]) {
    found.stages.push_back({at->first, memory_.labels[index(at->parent)].first, at->option});
  }
  incumbent_ = (*accept_)(found);
}

/// Takes the option's GPUs, a mixed stage the cheapest and fewest that it may have.
void StageSearch::pay(const Label& base, int option, Label& front) const {
  double least_usd = std::numeric_limits<double>::infinity();
  int fewest = std::numeric_limits<int>::max();
  for (const auto& member : tables_.options[index(option)].members) {
    least_usd = std::min(least_usd, member.tp * tables_.resource(member.resource).usd_per_hour);
    fewest = std::min(fewest, member.tp);
  }
  front.usd_per_s = base.usd_per_s + count_.replicas * least_usd / kSecondsPerHour;
  front.gpus = base.gpus + count_.replicas * fewest;
}

/// Of groups that could change places, the first is used first.
bool StageSearch::skips_a_group(int option, const Used& used) const {
  const auto& groups = tables_.grouping.groups;
  const int group = tables_.resource(tables_.options[index(option)].members[0].resource).group;
  const auto is_used = [&](int g) {
    const auto& resources = groups[index(g)].resources;
    return std::any_of(resources.begin(), resources.end(), [&](int r) { return used.get(r) > 0; });
  };
  if (groups[index(group)].alike == group || is_used(group)) return false;
  for (int before = groups[index(group)].alike; before < group; ++before) {
    if (groups[index(before)].alike == groups[index(group)].alike && !is_used(before)) return true;
  }
  return false;
}

void StageSearch::extend_by(std::int32_t at, int option) {
  const StageOption& choice = tables_.options[index(option)];
  const Label base = memory_.labels[index(at)];
  if (choice.mixed() && (base.mixed >= 0 || !choice.suits(count_.replicas))) return;
  if (!choice.mixed() && base.mixed < 0 && skips_a_group(option, base.used)) return;
  Label front;
  front.used = base.used;
  front.mixed = choice.mixed() ? option : base.mixed;
  if (!choice.mixed()) front.used.add(choice.members[0].resource, choice.members[0].tp);
  if (!stock_.has_room(front.used, front.mixed)) return;
  pay(base, option, front);
  front.parent = at;
  front.option = option;
  front.stages = base.stages + 1;
  const int end = base.first;
  const bool charges = tables_.costs.charges_transfers && goal_.counts_usd();
  double sent = 0;
  double egress_usd = base.egress_usd;
  if (base.stages > 0) {
    // The stage behind now knows where its gradients go.
    const auto weights = tables_.costs.weights(1, base.stages == 1 ? 2 : 3);
    const double turn = base.open_s + weights.backward * tables_.backward(base.option, option, end);
    front.closed_max_s = std::max(base.closed_max_s, turn);
    front.closed_sum_s = base.closed_sum_s + turn;
    sent = tables_.forward(option, base.option, end - 1);
    if (!std::isfinite(sent + turn)) return;  // no link is known between the two
    if (charges) {
      egress_usd += static_cast<double>(count_.microbatches) * count_.replicas *
                    tables_.border_usd(option, base.option, end - 1);
    }
  }
  const double first_place_weight = tables_.costs.weights(0, front.stages).forward;
  const double middle_weight = tables_.costs.weights(1, 3).forward;
  const double capacity = bound_.capacity_left(front);
  const int earliest = limits_of_memory_.earliest_first(option, end, base.stages);
  for (int first = end - 1; first >= earliest; --first) {
    if (*limits_->budget == 0) {
      outcome_.complete = false;
      outcome_.open_bound = std::min(outcome_.open_bound, base.bound);
      return;
    }
    spend(1);
    front.first = first;
    const double weight = base.stages == 0 ? 0 : (first == 0 ? first_place_weight : middle_weight);
    front.open_s = tables_.compute(option, first, end) + weight * sent;
    // Longer stages are slower still.
    if (std::max(front.closed_max_s, front.open_s) > turns_.high * (1 + kRelativeTie)) {
      // Only the last step can become cheaper, where the first place weighs less.
      if (first == 0 || earliest > 0 || first_place_weight >= middle_weight) return;
      first = 1;
      continue;
    }
    front.sync_s = std::max(base.sync_s, stage_sync(option, first, end));
    if (!std::isfinite(front.sync_s)) continue;
    front.update_s = std::max(base.update_s, tables_.update(option, first, end));
    front.egress_usd =
        charges ? egress_usd + tables_.costs.sync_usd(first, end, count_.replicas, choice.classes)
                : 0;
    if (first == 0) {
      finish(front);
    } else {
      front.bound = bound_.of_label(front, capacity);
      if (front.bound < incumbent_ * (1 - kRelativeTie)) insert(front);
    }
  }
}

void StageSearch::extend(std::int32_t at) {
  for (int option = 0; option < tables_.option_count(); ++option) extend_by(at, option);
}

StageSearch::Outcome StageSearch::run(double incumbent, const TurnRange& turns,
                                      const Limits& limits, const Accept& accept) {
  outcome_ = {};
  incumbent_ = incumbent;
  turns_ = turns;
  limits_ = &limits;
  accept_ = &accept;
  const int layers = tables_.layer_count();
  memory_.sync_s.assign(index(tables_.option_count() * layers * (layers + 1)),
                        std::numeric_limits<double>::quiet_NaN());
  memory_.labels.clear();
  for (List& list : memory_.lists) list.clear();
  const int mixed_count = tables_.option_count() - tables_.pure_count;
  memory_.lists.resize(index(layers * tables_.option_count() * (mixed_count + 1)));
  Label root;
  root.first = layers;
  memory_.labels.push_back(root);
  // The relaxed problem was set up for this search.
  spend(bound_.evaluations());
  std::uint64_t evaluations = bound_.evaluations();
  extend(0);
  bool stopping = false;
  std::uint64_t asked = 0;
  for (auto list = memory_.lists.rbegin(); list != memory_.lists.rend(); ++list) {
    // Extensions start at earlier layers, so this list no longer grows.
    for (const Entry& entry : *list) {
      const double bound = memory_.labels[index(entry.label)].bound;
      if (bound >= incumbent_ * (1 - kRelativeTie)) continue;
      if (++asked % kLabelsBetweenStops == 0) stopping = stopping || limits.stop();
      if (!stopping && *limits.budget > 0) extend(entry.label);
      spend(bound_.evaluations() - evaluations);
      evaluations = bound_.evaluations();
      if (stopping || *limits.budget == 0) {  // not extended, or perhaps half
        outcome_.complete = false;
        outcome_.open_bound = std::min(outcome_.open_bound, bound);
      }
    }
  }
  return outcome_;
}

}  // namespace sextant::search
