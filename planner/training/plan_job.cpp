#include <chrono>

#include <fmt/format.h>

#include "analyzer/cluster/prices.h"
#include "planner/training/planner.h"

namespace sextant {

namespace {

/// Walks the proposals; the first that fits and meets the job's bounds becomes the answer.
void choose(const TrainingProblem& problem, const Estimator& judge, PlannedJob& out) {
  const Job& job = problem.job;
  const std::string& why = out.search.infeasible_reason;
  out.reason = out.search.complete
                   ? why
                   : "the search was stopped, by its budget, its time limit or a signal, before it "
                     "found a plan; there may be one" +
                         (why.empty() ? "" : "; so far: " + why);
  for (Proposal& proposal : out.search.proposals) {
    const Prediction prediction = judge.predict(problem, proposal.plan);
    if (!prediction.fits) {
      ++out.plans_rejected_oom;
      if (out.plans_rejected_constraint == 0) {
        out.reason = "its plans do not fit in memory: " + prediction.memory_note;
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
    out.plan = std::move(proposal.plan);
    out.prediction = prediction;
    return;
  }
}

}  // namespace

PlannedJob plan_job(const Planner& planner, const TrainingProblem& problem, const Estimator& judge,
                    const PlannerOptions& options) {
  PlannedJob out;
  out.planner = &planner;
  out.estimator = &judge;
  const auto start = std::chrono::steady_clock::now();
  try {
    // Without prices every plan costs nothing, which no question about cost means.
    const Job& job = problem.job;
    if (job.objective == Objective::kCost) require_prices(problem.cluster, "objective cost");
    if (job.max_usd_per_iter) require_prices(problem.cluster, "a bound on USD per iteration");
    out.search = planner.search(problem, judge, options);
    out.search_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    choose(problem, judge, out);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kBadInput) throw;
    out.reason = error.what();
    out.failure = error.code();
  }
  out.search.proposals.clear();
  return out;
}

}  // namespace sextant
