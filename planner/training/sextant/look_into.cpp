#include <algorithm>
#include <cmath>

#include "planner/training/sextant/index.h"
#include "planner/training/sextant/plan_builder.h"
#include "planner/training/sextant/search.h"
#include "planner/training/sextant/search_limits.h"

namespace sextant::search {

/// The turns that a plan of the candidate can have, and from them a sharper bound. Objectives that
/// are not of time alone trade turns for GPUs: they get several ranges.
void Search::refine(const Candidate& candidate, CompletionBound& bound, Finding& finding) const {
  if (!bound.may_reach(cut())) return;
  bound.add_syncs();
  if (!std::isfinite(bound.least_sync_s())) return;  // replicas that no link joins
  const double target = cut();
  const double least = bound.least_turn_s(target);
  if (!std::isfinite(least)) return;
  const double longest = bound.longest_turn_s(target);
  Candidate refined = candidate;
  refined.refined = true;
  const auto add = [&](const TurnRange& range) {
    refined.turns = range;
    refined.lower = std::max(candidate.lower, bound.of_turns(range, target));
    if (refined.lower < target) finding.open.push_back(refined);
  };
  if (goal_.objective != Objective::kCost) {
    add({least, longest});
    return;
  }
  // No stage takes longer than the whole model on the slowest GPUs.
  double slowest = least;
  const Relaxation& relaxation = *candidate.scenario->relaxation;
  for (int o = 0; o < static_cast<int>(relaxation.options().size()); ++o) {
    slowest = std::max(slowest, relaxation.compute(o, 0, relaxation.layer_count()));
  }
  const double end = std::min(longest, 2 * slowest);
  for (double low = least; low < end; low *= kTurnRange) {
    add({low, low * kTurnRange < end ? low * kTurnRange : longest});
  }
}

Search::Finding Search::look_into(const Task& task, SearchMemory& memory) const {
  Finding finding;
  const Candidate& candidate = task.candidate;
  CompletionBound bound(*candidate.tables, *candidate.scenario->relaxation, candidate.count,
                        room_goal_);
  if (!task.everywhere) bound.prepare();
  if (!candidate.refined && !task.everywhere && task.beam == 0) {
    refine(candidate, bound, finding);
    finding.evaluations += 1 + bound.evaluations();
    return finding;
  }
  // How good a candidate is for others of its kind shows even where it is no better than the best.
  double target = task.survey ? kNever : cut();
  TurnRange turns = candidate.turns;
  if (task.everywhere) {
    turns = {};
    bound.look_everywhere();
  } else {
    const double step = std::min(kLongestStep, kFirstStep * std::pow(2.0, candidate.tries)) /
                        std::pow(8.0, candidate.cut_short);
    if (task.beam == 0 && candidate.lower > 0) {
      target = std::min(target, candidate.lower * (1 + step));
    }
    turns.high = std::min(turns.high, bound.longest_turn_s(target));
    bound.add_syncs();
    bound.look_between(turns, target);
  }
  std::optional<MemoryLimits> own_limits;
  if (!candidate.scenario->costs->sharded_prefix_bytes.empty()) {
    own_limits.emplace(*candidate.scenario->costs, candidate.tables->options,
                       candidate.count.replicas);
  }
  const MemoryLimits& limits = own_limits ? *own_limits : candidate.tables->limits.front();
  std::uint64_t left = task.budget;
  int refusals = 0;
  double incumbent = target;
  // In one zone the formula is right but for what a mixed stage costs: of its plans, the one that
  // is built is the cheapest.
  const bool one_price = std::all_of(
      candidate.tables->grouping.groups.begin(), candidate.tables->grouping.groups.end(),
      [](const ZoneGroup& group) { return group.zones.size() == 1; });
  const auto accept = [&](const StageSearch::Found& found) {
    const std::optional<Plan> plan =
        build_plan(problem_, *candidate.tables, candidate.count, found.stages);
    std::optional<JudgedPlan> judged_plan;
    if (plan) judged_plan = judged(*plan);
    if (!judged_plan) {
      const bool too_dear = plan && one_price && goal_.counts_usd();
      if (!too_dear) finding.refused = std::min(finding.refused, found.score);
      if (++refusals > kMostRefusals) left = 0;
      return incumbent;
    }
    finding.least_formula = std::min(finding.least_formula, found.score);
    const bool slower = judged_plan->prediction.iteration_s > found.time_s * (1 + kProved);
    if (slower || (!one_price && judged_plan->score > found.score * (1 + kProved))) {
      finding.refused = std::min(finding.refused, found.score);
    }
    incumbent = std::min(incumbent, exact_ ? judged_plan->score : found.score);
    finding.plans.push_back(std::move(*judged_plan));
    return incumbent;
  };
  const StageSearch::Limits search_limits{task.beam, &left,
                                          [&] { return !task.everywhere && stopped(); }};
  const StageSearch::Outcome outcome =
      StageSearch(*candidate.tables, limits, room_goal_, candidate.count, bound, memory)
          .run(incumbent, turns, search_limits, accept);
  finding.evaluations += task.budget - left;
  if (task.everywhere || task.beam > 0) return finding;
  Candidate rest = candidate;
  ++rest.tries;
  double reached = std::min(target, incumbent);
  if (!outcome.complete) {
    ++rest.cut_short;
    reached = std::min(reached, outcome.open_bound);
  }
  rest.lower = std::max(rest.lower, reached);
  // What it found is its best, unless it was cut short.
  const bool settled = outcome.complete && incumbent < target;
  if (!settled) finding.open.push_back(rest);
  return finding;
}

}  // namespace sextant::search
