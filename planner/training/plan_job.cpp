#include <algorithm>
#include <chrono>
#include <limits>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "analyzer/cluster/prices.h"
#include "planner/training/planner.h"

namespace sextant {

namespace {

/// What the judge says of a plan; nothing where it lacks a point or a link for it.
std::optional<Prediction> judgement(const TrainingProblem& problem, const Estimator& judge,
                                    const Plan& plan, PlannedJob& out) {
  try {
    return judge.predict(problem, plan);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kInfeasible) {  // that does not fit, whatever else is known
      Prediction unfit;
      unfit.fits = false;
      unfit.memory_note = error.message();
      return unfit;
    }
    if (error.code() != ErrorCode::kBadInput) throw;
    if (out.plans_not_judged++ == 0) out.not_judged_reason = error.what();
    return std::nullopt;
  }
}

/// By how much the fullest GPU is over its capacity, as a multiple; without stages nobody said.
double overfull(const Prediction& prediction) {
  if (prediction.stages.empty()) return std::numeric_limits<double>::max();
  double most = 0;
  for (const StagePrediction& stage : prediction.stages) {
    most = std::max(most, stage.memory_bound_bytes / stage.memory_capacity_bytes);
  }
  return most;
}

/// Walks the proposals; the first that fits and meets the job's bounds becomes the answer.
void choose(const TrainingProblem& problem, const Estimator& judge,
            const std::vector<Proposal>& proposals, PlannedJob& out) {
  const Job& job = problem.job;
  const std::string& why = out.search.infeasible_reason;
  out.reason = out.search.complete
                   ? why
                   : "the search was stopped, by its budget, its time limit or a signal, before it "
                     "found a plan; there may be one" +
                         (why.empty() ? "" : "; so far: " + why);
  double least_overfull = std::numeric_limits<double>::infinity();
  for (const Proposal& proposal : proposals) {
    const std::optional<Prediction> judged = judgement(problem, judge, proposal.plan, out);
    if (!judged) continue;
    const Prediction& prediction = *judged;
    if (!prediction.fits) {
      ++out.plans_rejected_oom;
      if (out.plans_rejected_constraint == 0 && overfull(prediction) < least_overfull) {
        least_overfull = overfull(prediction);
        out.reason = "its plans do not fit in memory, the nearest: " + prediction.memory_note;
      }
      continue;
    }
    if ((job.max_usd_per_iter && prediction.usd_per_iter() > *job.max_usd_per_iter) ||
        (job.min_iters_per_s && prediction.iters_per_s() < *job.min_iters_per_s)) {
      ++out.plans_rejected_constraint;
      out.reason = fmt::format(
          "its plans miss the job's bounds: {:.4g} iterations/s at {:.4g} USD per iteration",
          prediction.iters_per_s(), prediction.usd_per_iter());
      continue;
    }
    out.feasible = true;
    out.reason.clear();
    out.plan = proposal.plan;
    out.prediction = prediction;
    out.published = proposal.published;
    return;
  }
  if (out.plans_not_judged > 0) {
    out.reason = out.not_judged_reason;
    out.failure = ErrorCode::kBadInput;
  }
}

/// A reason where what `act` does cannot be done for want of input, or of a judge that the planner
/// can search for, so that a comparison goes on.
template <typename Act>
bool succeeds(PlannedJob& out, const Act& act) {
  try {
    act();
    return true;
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kInternal) throw;
    out.reason = error.what();
    out.failure = error.code();
    return false;
  }
}

/// The search, timed.
PlannedJob searched(const Planner& planner, const TrainingProblem& problem, const Estimator& judge,
                    const PlannerOptions& options) {
  PlannedJob out;
  out.planner = &planner;
  out.estimator = &judge;
  const auto start = std::chrono::steady_clock::now();
  succeeds(out, [&] {
    // Without prices every plan costs nothing, which no question about cost means.
    const Job& job = problem.job;
    if (job.objective == Objective::kCost) require_prices(problem.cluster, "objective cost");
    if (job.max_usd_per_iter) require_prices(problem.cluster, "a bound on USD per iteration");
    out.search = planner.search(problem, judge, options);
    out.search_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  });
  return out;
}

/// The answer to a search under `judge`; without its proposals.
PlannedJob judged(PlannedJob search, const TrainingProblem& problem, const Estimator& judge,
                  const std::vector<Proposal>& proposals) {
  search.estimator = &judge;
  if (!search.reason.empty()) return search;  // it ended with that
  succeeds(search, [&] { choose(problem, judge, proposals, search); });
  return search;
}

}  // namespace

PlannedJob plan_job(const Planner& planner, const TrainingProblem& problem, const Estimator& judge,
                    const PlannerOptions& options) {
  return std::move(plan_job(planner, problem, std::vector{&judge}, options).front());
}

std::vector<PlannedJob> plan_job(const Planner& planner, const TrainingProblem& problem,
                                 const std::vector<const Estimator*>& judges,
                                 const PlannerOptions& options) {
  std::vector<PlannedJob> out;
  PlannedJob search;
  std::vector<Proposal> proposals;
  for (const Estimator* judge : judges) {
    if (out.empty() || planner.uses_judge()) {
      search = searched(planner, problem, *judge, options);
      proposals = std::exchange(search.search.proposals, {});
    }
    out.push_back(judged(search, problem, *judge, proposals));
  }
  return out;
}

}  // namespace sextant
