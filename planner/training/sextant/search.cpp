#include "planner/training/sextant/search.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cmath>
#include <map>
#include <set>
#include <thread>
#include <tuple>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/interrupt.h"
#include "planner/training/sextant/local_search.h"
#include "planner/training/sextant/plan_builder.h"
#include "planner/training/sextant/type_pipelines.h"
#include "planner/training/sextant/work_bound.h"

namespace sextant::search {

namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();
/// The bound of other objectives seldom meets the best plan, which is found early.
constexpr std::uint64_t kDefaultEvaluations = 100'000'000;
constexpr std::uint64_t kDefaultEvaluationsOfOthers = 6'000'000;
/// Of clusters of more pools; there each takes longer.
constexpr std::size_t kManyPools = 16;
constexpr std::uint64_t kDefaultEvaluationsOfMany = 30'000'000;
/// Ways to group zones that are tried; each takes memory that grows with the zones.
constexpr std::size_t kMostGroupings = 64;
constexpr std::size_t kMostGroupingsOfMany = 12;
/// Candidates of a round: more than cores, and so many that few rounds are needed.
constexpr std::size_t kRound = 8;
/// How far above its bound a candidate is looked into first.
constexpr double kFirstStep = 0.01;
constexpr double kLongestStep = 0.1;
/// Evaluations that one look into a candidate may take; more after it was cut short.
constexpr std::uint64_t kEvaluationsOfOneLook = 2'000'000;
constexpr int kMostCutShort = 2;
/// Part of the budget after which it shows how the bound rises.
constexpr std::uint64_t kPartToJudgeBy = 40;
/// Where plans are sought without proof: the best finds of quick looks, and replica counts so near
/// to theirs.
constexpr std::size_t kMostCentres = 32;
constexpr double kNearSize = 2;
constexpr std::size_t kMostBeams = 400;
constexpr std::uint64_t kEvaluationsOfABeam = 250'000;
/// Labels kept per layer and option where a plan is wanted quickly, and where the best is sought
/// without proof.
constexpr std::size_t kQuickBeam = 2;
constexpr std::size_t kWideBeam = 16;
constexpr std::uint64_t kQuickEvaluations = 60'000;
constexpr std::size_t kMostToSurvey = 192;
constexpr std::size_t kMostStocksToSurvey = 64;
/// How far the formula of an inexact view may be from what its estimator predicts.
constexpr double kInexactness = 0.05;
/// And where that found nothing.
constexpr double kMoreRoom = 2;
/// Ranges of turns for objectives that are not of time alone.
constexpr double kTurnRange = 1.12;
/// A bound this close to the best plan is met.
constexpr double kProved = 1e-9;
constexpr int kMostRefusals = 64;
constexpr std::size_t kMostAlternatives = 12;
/// Plans that are improved step by step, and how many steps are judged.
constexpr std::size_t kMostToImprove = 6;
constexpr std::uint64_t kMostJudgements = 600;
/// For the plans of one GPU type with a part of the batch.
constexpr std::uint64_t kEvaluationsOfAPart = 300'000;

/// Of equal bounds, as of work alone, fewer replicas leave less to lose.
bool later(const Candidate& a, const Candidate& b) {
  if (a.lower != b.lower) return a.lower > b.lower;
  return a.count.replicas > b.count.replicas;
}

}  // namespace

Search::Search(const TrainingProblem& problem, const Estimator& judge,
               const PlannerOptions& options, std::optional<int> microbatch)
    : problem_(problem),
      judge_(judge),
      options_(options),
      start_(std::chrono::steady_clock::now()),
      budget_(options.max_evaluations > 0                       ? options.max_evaluations
              : problem.cluster.pools.size() > kManyPools       ? kDefaultEvaluationsOfMany
              : problem.job.objective == Objective::kThroughput ? kDefaultEvaluations
                                                                : kDefaultEvaluationsOfOthers),
      left_(budget_),
      threads_(options.threads > 0 ? options.threads
                                   : std::max(1U, std::thread::hardware_concurrency())),
      archive_({}) {
  goal_.objective = problem.job.objective;
  if (problem.job.max_usd_per_iter) goal_.max_usd_per_iter = *problem.job.max_usd_per_iter;
  if (problem.job.min_iters_per_s) {
    goal_.max_iteration_s = 1 / *problem.job.min_iters_per_s;
    goal_.gpus_per_second = 0.5 * *problem.job.min_iters_per_s;
  }
  archive_ = Archive(goal_);
  memories_.resize(threads_);
  build_scenarios(microbatch);
}

bool Search::stopped() const {
  if (interrupted()) return true;
  if (!options_.time_limit_s) return false;
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start_;
  return passed.count() >= *options_.time_limit_s;
}

void Search::build_scenarios(std::optional<int> microbatch) {
  std::set<int> microbatches;
  int gpus = 0;
  for (const GpuPool& pool : problem_.cluster.pools) {
    if (pool.count < 1) continue;
    for (const int b : problem_.profile.microbatches(pool.gpu)) microbatches.insert(b);
    gpus += pool.count;
  }
  groupings_ =
      groupings(problem_.cluster,
                problem_.cluster.pools.size() > kManyPools ? kMostGroupingsOfMany : kMostGroupings);
  const Freedom& freedom = problem_.job.freedom;
  bool separates = true;
  for (const int b : microbatches) {
    if (b > problem_.job.global_batch || b != microbatch.value_or(b)) continue;
    for (const int zero_stage : freedom.zero_stages) {
      for (const bool recompute : freedom.recompute) {
        // Schedules differ in what the formula leaves out; they are tried on the plans found.
        Scenario scenario;
        scenario.costs = judge_.separable(
            problem_, PlanSettings{b, ScheduleKind::kOneFOneB, zero_stage, recompute});
        if (scenario.costs == nullptr) {
          separates = separates && (zero_stage != 0 || recompute);
          continue;
        }
        exact_ = exact_ && scenario.costs->exact;
        if (groupings_.empty()) continue;
        scenario.relaxation = std::make_unique<Relaxation>(
            *scenario.costs, problem_.cluster, groupings_.front().types, std::max(1, gpus));
        for (const Grouping& grouping : groupings_) {
          auto tables = std::make_unique<StageTables>(*scenario.costs, grouping, problem_.cluster);
          if (tables->options.empty()) tables.reset();
          scenario.tables.push_back(std::move(tables));
        }
        scenarios_.push_back(std::move(scenario));
      }
    }
  }
  if (!separates) {
    throw_usage(fmt::format(
        "planner sextant: estimator {} has no separable view; judge with another", judge_.name()));
  }
  room_goal_ = goal_;
  if (!exact_) {
    room_goal_.max_iteration_s *= 1 + kInexactness;
    room_goal_.max_usd_per_iter *= 1 + kInexactness;
  }
}

/// Nothing where the plan does not fit, misses a bound, or the judge lacks what it needs to know: a
/// link, a point of the profile, microbatches that suit the schedule.
std::optional<JudgedPlan> Search::judged(const Plan& plan) const {
  JudgedPlan out{plan, {}, 0};
  try {
    check(plan);
    out.prediction = judge_.predict(problem_, plan);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kBadInput) throw;
    return std::nullopt;
  }
  if (!out.prediction.fits ||
      !goal_.allows(out.prediction.iteration_s, out.prediction.usd_per_iter())) {
    return std::nullopt;
  }
  out.score = archive_.score_of(out.plan, out.prediction);
  return out;
}

void Search::keep(JudgedPlan plan) {
  if (archive_.empty()) {
    first_plan_s_ =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }
  archive_.add(std::move(plan));
}

void Search::judge_known_plans() {
  for (const Plan& plan : options_.known_plans) {
    if (plan.model != problem_.job.model || plan.global_batch != problem_.job.global_batch ||
        plan.layer_count != problem_.profile.layer_count || plan.pipelines.empty()) {
      continue;
    }

    bool has_gpus = true;
    for (const GpuUse& use : gpus_used(plan)) {
      const GpuPool* pool = problem_.cluster.find(use.gpu, use.zone);
      has_gpus = has_gpus && pool != nullptr && pool->count >= use.count;
    }
    if (!has_gpus) continue;
    if (auto known = judged(plan)) keep(std::move(*known));
  }
}

double Search::cut() const {
  if (exact_) return archive_.best_score();
  return least_formula_ * (1 + kInexactness);
}

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

/// Looks into all tasks at once; what is found is taken in their order. Returns the best score that
/// each found, infinity where none.
std::vector<double> Search::do_round(const std::vector<Task>& tasks) {
  std::vector<Finding> findings(tasks.size());
  std::atomic<std::size_t> next{0};
  const auto work = [&](std::size_t worker) {
    for (std::size_t t = next++; t < tasks.size(); t = next++) {
      findings[t] = look_into(tasks[t], memories_[worker]);
    }
  };
  const std::size_t workers = std::min<std::size_t>(threads_, tasks.size());
  {
    std::vector<std::jthread> others;
    for (std::size_t worker = 1; worker < workers; ++worker) others.emplace_back(work, worker);
    work(0);
  }
  std::vector<double> scores;
  for (Finding& finding : findings) {
    scores.push_back(kNever);
    for (const JudgedPlan& plan : finding.plans) {
      scores.back() = std::min(scores.back(), plan.score);
    }
    left_ -= std::min(left_, finding.evaluations);
    for (JudgedPlan& plan : finding.plans) keep(std::move(plan));
    least_formula_ = std::min(least_formula_, finding.least_formula);
    refused_ = std::min(refused_, finding.refused);
    for (Candidate& candidate : finding.open) {
      open_.push_back(candidate);
      std::push_heap(open_.begin(), open_.end(), later);
    }
  }
  return scores;
}

/// The most promising candidate of each microbatch, power of two of replicas and, where asked for,
/// grouping; best first.
std::vector<Candidate> Search::of_each_size(const std::vector<Candidate>& candidates,
                                            bool of_each_grouping) {
  // In the order of the candidates, not of where their tables lie in memory.
  std::map<std::tuple<const Scenario*, int, const StageTables*>, std::size_t> places;
  std::vector<Candidate> order;
  for (const Candidate& candidate : candidates) {
    const int size = std::bit_width(static_cast<unsigned>(candidate.count.replicas));
    const auto [found, is_new] = places.try_emplace(
        {candidate.scenario, size, of_each_grouping ? candidate.tables : nullptr}, order.size());
    if (is_new) {
      order.push_back(candidate);
    } else if (candidate.lower < order[found->second].lower) {
      order[found->second] = candidate;
    }
  }
  std::stable_sort(order.begin(), order.end(),
                   [](const Candidate& a, const Candidate& b) { return a.lower < b.lower; });
  return order;
}

/// Quick looks into candidates of all sizes and groupings; those where plans were found, best
/// first.
std::vector<Candidate> Search::survey(const std::vector<Candidate>& candidates, std::size_t most) {
  const std::vector<Candidate> order = of_each_size(candidates, true);
  std::vector<std::pair<double, Candidate>> found;
  for (std::size_t next = 0; next < std::min(order.size(), most) && left_ > 0 && !stopped();) {
    std::vector<Task> tasks;
    for (; next < order.size() && tasks.size() < kRound; ++next) {
      tasks.push_back({order[next], kQuickBeam, true, std::min(kQuickEvaluations, left_), true});
    }
    const std::vector<double> scores = do_round(tasks);
    for (std::size_t t = 0; t < tasks.size(); ++t) {
      if (std::isfinite(scores[t])) found.emplace_back(scores[t], tasks[t].candidate);
    }
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<Candidate> out;
  for (const auto& [score, candidate] : found) out.push_back(candidate);
  return out;
}

/// A plan within milliseconds: quick looks into candidates of all sizes, since the bounds do not
/// know yet which of them can do at all. Whatever the budget and the time, a plan is sought.
void Search::find_first_plans() {
  const std::vector<Candidate> order = of_each_size(open_, false);
  // For other objectives than throughput the first plan can be far off: all sizes are tried.
  const bool first_will_do = goal_.objective == Objective::kThroughput;
  for (std::size_t next = 0; next < order.size() && !(first_will_do && !archive_.empty());) {
    std::vector<Task> tasks;
    for (; next < order.size() && tasks.size() < kRound; ++next) {
      tasks.push_back({order[next], kQuickBeam, true, 0});
    }
    for (Task& task : tasks) task.budget = kQuickEvaluations;
    do_round(tasks);
  }
}

void Search::branch_and_bound() {
  std::vector<Candidate> parked;
  double first_bound = 0;
  const std::uint64_t left_at_start = left_;
  while (!open_.empty() && left_ > 0 && !stopped()) {
    // The proof is given up where the bound, rising on as it did, would not meet the best plan.
    const double bound = open_.front().lower;
    const std::uint64_t spent = left_at_start - left_;
    if (first_bound == 0) first_bound = bound;
    if (spent > budget_ / kPartToJudgeBy && std::isfinite(cut())) {
      const double rise = (bound - first_bound) / static_cast<double>(spent);
      if (cut() - bound > rise * static_cast<double>(left_)) break;
    }
    std::vector<Task> tasks;
    while (tasks.size() < kRound && !open_.empty() && open_.front().lower < cut() * (1 - kProved)) {
      std::pop_heap(open_.begin(), open_.end(), later);
      if (open_.back().cut_short >= kMostCutShort) {
        parked.push_back(open_.back());
      } else {
        tasks.push_back({open_.back(), 0, false, 0});
      }
      open_.pop_back();
    }
    if (tasks.empty()) break;
    for (Task& task : tasks) {
      task.budget =
          std::min(kEvaluationsOfOneLook << (2 * task.candidate.cut_short), left_ / tasks.size());
      if (task.budget == 0) task.budget = 1;
    }
    do_round(tasks);
  }
  for (const Candidate& candidate : parked) {
    open_.push_back(candidate);
    std::push_heap(open_.begin(), open_.end(), later);
  }
}

/// Where the proof was given up, the best plan is still sought with what is left: around the sizes
/// and groupings where quick looks found the best plans.
void Search::improve_by_beams() {
  std::vector<Task> all;
  std::set<std::pair<const StageTables*, int>> seen;
  std::size_t centres = 0;
  for (const Candidate& centre : survey(open_, kMostToSurvey)) {
    if (++centres > kMostCentres || all.size() >= kMostBeams) break;
    for (const Candidate& near : open_) {
      const double ratio = static_cast<double>(near.count.replicas) / centre.count.replicas;
      if (near.tables == centre.tables && ratio > 1 / kNearSize && ratio < kNearSize &&
          near.lower < cut() && seen.emplace(near.tables, near.count.replicas).second) {
        // Labels kept by what they have done so far, and by what the relaxed problem promises.
        all.push_back({near, kWideBeam, true, kEvaluationsOfABeam});
        if (problem_.cluster.pools.size() <= kManyPools) {
          all.push_back({near, kWideBeam, false, kEvaluationsOfABeam});
        }
      }
    }
  }
  for (std::size_t next = 0; next < all.size() && left_ > 0 && !stopped();) {
    std::vector<Task> tasks;
    for (; next < all.size() && tasks.size() < kRound; ++next) {
      all[next].budget = std::min(all[next].budget, left_);
      if (all[next].candidate.lower < cut() * (1 - kProved)) tasks.push_back(all[next]);
    }
    do_round(tasks);
  }
}

std::vector<int> Search::microbatches() const {
  std::vector<int> out;
  for (const Scenario& scenario : scenarios_) {
    const int b = scenario.costs->settings.microbatch;
    if (std::find(out.begin(), out.end(), b) == out.end()) out.push_back(b);
  }
  return out;
}

/// A search by itself, without steps of its own.
std::optional<QuickPlan> Search::best_of(const TrainingProblem& part, int microbatch) const {
  PlannerOptions quick;
  quick.threads = threads_;
  quick.max_evaluations = kEvaluationsOfAPart;
  if (options_.time_limit_s) {
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start_;
    quick.time_limit_s = *options_.time_limit_s - passed.count();
  }
  Search search(part, judge_, quick, microbatch);
  search.open_ = enumerate_candidates(search.scenarios_, search.room_goal_, part.job.global_batch);
  std::make_heap(search.open_.begin(), search.open_.end(), later);
  search.find_first_plans();
  search.branch_and_bound();
  if (search.archive_.empty()) return std::nullopt;
  const JudgedPlan& best = search.archive_.best();
  return QuickPlan{best.plan, best.prediction.iters_per_s()};
}

/// What the formula of an inexact view leaves out, the judge sees.
void Search::improve_locally() {
  const auto judge = [&](const Plan& plan) -> std::optional<JudgedPlan> {
    return stopped() ? std::nullopt : judged(plan);
  };
  for (const Plan& plan : type_pipelines(
           problem_, microbatches(), [&](const auto&part, int b) { return best_of(part, b); })) {
    if (auto found = judge(plan)) keep(std::move(*found));
  }
  std::vector<JudgedPlan> begin;
  for (const JudgedPlan* plan : archive_.ranked(kMostToImprove)) begin.push_back(*plan);
  LocalSearch local(problem_.job.freedom, judge, kMostJudgements);
  for (JudgedPlan& plan : begin) keep(local.improve(std::move(plan)));
}

double Search::proved_bound() const {
  if (!exact_) {
    double least = kNever;
    for (const Scenario& scenario : scenarios_) {
      least = std::min(least, work_bound(problem_, *scenario.relaxation, goal_,
                                         scenario.costs->settings.microbatch));
    }
    return std::min(least, archive_.best_score());
  }
  double least = std::min(archive_.best_score(), refused_);
  for (const Candidate& candidate : open_) least = std::min(least, candidate.lower);
  return least;
}

SearchResult Search::result() const {
  SearchResult out;
  out.evaluations = std::min(budget_, budget_ - left_);
  const double bound = proved_bound();
  out.complete = archive_.best_score() <= bound * (1 + kProved);
  if (archive_.empty()) return out;
  const JudgedPlan& best = archive_.best();
  const auto proposal = [](const JudgedPlan& judged) {
    return Proposal{judged.plan, judged.prediction.iteration_s, judged.prediction.usd_per_iter()};
  };
  out.proposals.push_back(proposal(best));
  for (const JudgedPlan* other : archive_.ranked(kMostAlternatives + 1)) {
    if (other != &best) out.alternatives.push_back(proposal(*other));
  }
  out.first_plan_s = first_plan_s_;
  out.space = exact_ ? "one pipeline: any microbatch that was profiled, any stages, on each any "
                       "GPU type and tensor degree or a mix of two types on one stage, replicas in "
                       "one zone or over zones alike"
                     : "all plans, from their work alone";
  switch (goal_.objective) {
    case Objective::kThroughput:
      out.bound_iters_per_s = 1 / bound;
      break;
    case Objective::kCost:
      out.bound_usd_per_iter = bound;
      break;
    case Objective::kGpus:
      out.bound_gpus = std::floor(bound);
      break;
  }
  return out;
}

void Search::search() {
  open_ = enumerate_candidates(scenarios_, room_goal_, problem_.job.global_batch);
  std::make_heap(open_.begin(), open_.end(), later);
  // Plans of zones as one stock can be better than their formula, which takes the slowest links.
  std::vector<Candidate> of_stocks;
  std::copy_if(open_.begin(), open_.end(), std::back_inserter(of_stocks),
               [](const Candidate& candidate) {
                 const auto& groups = candidate.tables->grouping.groups;
                 return std::any_of(groups.begin(), groups.end(),
                                    [](const ZoneGroup& group) { return !group.aligned; });
               });
  find_first_plans();
  // A formula that is no exact one may rank candidates wrong: the judge sees a plan of many.
  if (!exact_) survey(open_, kMostToSurvey);
  branch_and_bound();
  if (!open_.empty() && open_.front().lower < cut() * (1 - kProved)) improve_by_beams();
  if (exact_) survey(of_stocks, kMostStocksToSurvey);
}

SearchResult Search::run() {
  judge_known_plans();
  search();
  if (!exact_ && archive_.empty() && !stopped()) {
    // The formula may be further off than that.
    room_goal_.max_iteration_s *= kMoreRoom;
    room_goal_.max_usd_per_iter *= kMoreRoom;
    search();
  }
  if (!exact_) improve_locally();
  SearchResult out = result();
  if (out.proposals.empty()) out.complete = open_.empty() || open_.front().lower == kNever;
  return out;
}

}  // namespace sextant::search
