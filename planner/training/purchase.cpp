#include "planner/training/purchase.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "analyzer/cluster/prices.h"
#include "analyzer/core/table.h"
#include "analyzer/training/run_figures.h"
#include "planner/training/gap.h"

namespace sextant {

namespace {

constexpr double kSecondsPerHour = 3600;

class Search {
 public:
  Search(const Planner& planner, const TrainingProblem& problem, const Estimator& judge,
         const PlannerOptions& options, const PurchaseQuestion& question)
      : planner_(planner),
        problem_(problem),
        judge_(judge),
        options_(options),
        question_(question) {}

  Purchase run();

 private:
  /// With the bounds of the question that are asked for, and the job's own.
  PlannedJob ask(Objective objective, bool in_time, bool in_budget);
  /// The best plan without the deadline or the budget: throws where that misses them, and else,
  /// the first search having overlooked it, asks again with it at hand.
  PlannedJob look_again(const PlannedJob& first);
  [[noreturn]] void fail_time(const PlannedJob& fastest) const;
  [[noreturn]] void fail_budget(const PlannedJob& cheapest) const;
  std::string tokens_text() const {
    return fmt::format("{:g} billion tokens", question_.tokens / 1e9);
  }

  const Planner& planner_;
  const TrainingProblem& problem_;
  const Estimator& judge_;
  PlannerOptions options_;
  const PurchaseQuestion& question_;
  Purchase out_;
};

PlannedJob Search::ask(Objective objective, bool in_time, bool in_budget) {
  Job job = problem_.job;
  job.objective = objective;
  if (in_time && out_.least_iters_per_s) {
    job.min_iters_per_s = std::max(*out_.least_iters_per_s, job.min_iters_per_s.value_or(0));
  }
  if (in_budget && out_.most_usd_per_iter) {
    job.max_usd_per_iter =
        std::min(*out_.most_usd_per_iter, job.max_usd_per_iter.value_or(HUGE_VAL));
  }
  const TrainingProblem problem = {
      job,           problem_.profile, problem_.cluster, problem_.calibration, problem_.disturbance,
      problem_.model};
  return plan_job(planner_, problem, judge_, options_);
}

void Search::fail_time(const PlannedJob& fastest) const {
  const SearchResult& search = fastest.search;
  const bool sure = search.bound_iters_per_s && *search.bound_iters_per_s < *out_.least_iters_per_s;
  const double run_s = out_.iterations * fastest.prediction.iteration_s;
  const std::string quotas = text_of(quotas_used_up(problem_.cluster, fastest.plan));
  throw_infeasible(fmt::format(
      "{} on {} in {}{}: that needs {:.4g} iterations/s, and the fastest does {:.4g} on {} GPUs of "
      "{}{}; it takes {}, {} too long",
      sure ? "no plan trains" : "no plan was found that trains", tokens_text(),
      format_seconds(*question_.deadline_s),
      question_.budget_usd ? fmt::format(" for {:.2f} USD", *question_.budget_usd) : "",
      *out_.least_iters_per_s, fastest.prediction.iters_per_s(), gpu_count(fastest.plan),
      problem_.cluster.gpu_count(), quotas.empty() ? "" : " (quotas used up: " + quotas + ")",
      format_seconds(run_s), format_seconds(run_s - *question_.deadline_s)));
}

void Search::fail_budget(const PlannedJob& cheapest) const {
  const SearchResult& search = cheapest.search;
  const bool sure =
      search.bound_usd_per_iter && *search.bound_usd_per_iter > *out_.most_usd_per_iter;
  const double run_usd = out_.iterations * cheapest.prediction.usd_per_iter();
  throw_infeasible(fmt::format(
      "{} on {} for {:.2f} USD: that leaves {:.4g} USD for an iteration, and the cheapest takes "
      "{:.4g}; it costs {:.2f} USD, {:.2f} too much, and takes {}",
      sure ? "no plan trains" : "no plan was found that trains", tokens_text(),
      *question_.budget_usd, *out_.most_usd_per_iter, cheapest.prediction.usd_per_iter(), run_usd,
      run_usd - *question_.budget_usd,
      format_seconds(out_.iterations * cheapest.prediction.iteration_s)));
}

PlannedJob Search::look_again(const PlannedJob& first) {
  const auto again = [&](PlannedJob known) {
    options_.known_plans.push_back(known.plan);
    PlannedJob answer = ask(out_.objective, true, true);
    return answer.feasible ? answer : known;
  };
  if (question_.deadline_s) {
    PlannedJob fastest = ask(Objective::kThroughput, false, true);
    if (fastest.feasible) {
      if (fastest.prediction.iters_per_s() < *out_.least_iters_per_s) fail_time(fastest);
      return again(std::move(fastest));
    }
  }
  if (question_.budget_usd) {
    PlannedJob cheapest = ask(Objective::kCost, false, false);
    if (cheapest.feasible) {
      if (cheapest.prediction.usd_per_iter() > *out_.most_usd_per_iter) fail_budget(cheapest);
      if (!question_.deadline_s) return again(std::move(cheapest));
    }
  }
  throw Error(first.failure, first.reason);
}

Purchase Search::run() {
  const std::optional<double> tokens_per_iter = tokens_per_iteration(problem_);
  if (!tokens_per_iter) {
    throw_bad_input(
        fmt::format("{}: a run of so many tokens needs the sequence length of {}; add "
                    "the member \"seq_len\"",
                    problem_.job.source, quote(problem_.job.model)));
  }
  require_prices(problem_.cluster, "what a run costs");
  out_.iterations = std::ceil(question_.tokens / *tokens_per_iter);
  if (question_.deadline_s) {
    out_.objective = question_.fewest;
    out_.least_iters_per_s = out_.iterations / *question_.deadline_s;
  } else {
    out_.objective = Objective::kThroughput;
  }
  if (question_.budget_usd) out_.most_usd_per_iter = *question_.budget_usd / out_.iterations;

  out_.planned = ask(out_.objective, true, true);
  if (!out_.planned.feasible) {
    if (out_.planned.failure != ErrorCode::kInfeasible) {
      throw Error(out_.planned.failure, out_.planned.reason);
    }
    out_.planned = look_again(out_.planned);
  }
  out_.proved = proved_best(out_.planned, out_.objective);
  const Prediction& prediction = out_.planned.prediction;
  out_.run_s = out_.iterations * prediction.iteration_s;
  out_.compute_usd = out_.iterations * prediction.compute_usd;
  out_.egress_usd = out_.iterations * prediction.egress_usd;
  const double hours = out_.run_s / kSecondsPerHour;
  for (const GpuUse& use : gpus_used(out_.planned.plan)) {
    const GpuPool* pool = problem_.cluster.find(use.gpu, use.zone);
    const double usd_per_hour = pool == nullptr ? 0 : pool->usd_per_hour;
    out_.gpus.push_back(
        {use.gpu, use.zone, use.count, usd_per_hour, use.count * usd_per_hour * hours});
    out_.gpu_hours += use.count * hours;
  }
  return std::move(out_);
}

}  // namespace

Purchase purchase(const Planner& planner, const TrainingProblem& problem, const Estimator& judge,
                  const PlannerOptions& options, const PurchaseQuestion& question) {
  return Search(planner, problem, judge, options, question).run();
}

}  // namespace sextant
