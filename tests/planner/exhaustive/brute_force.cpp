#include "tests/planner/exhaustive/brute_force.h"

#include "analyzer/core/error.h"
#include "tests/planner/exhaustive/message_times.h"

namespace sextant::exhaustive {

namespace {

std::optional<Figures> best_of(const std::vector<Figures>& all, const Job& job,
                               std::optional<Figures> best = {}) {
  for (const Figures& figures : all) {
    if (meets(job, figures) && (!best || better(job.objective, figures, *best))) best = figures;
  }
  return best;
}

}  // namespace

bool better(Objective objective, const Figures& a, const Figures& b) {
  if (objective == Objective::kCost) return a.usd_per_iter < b.usd_per_iter;
  if (objective == Objective::kGpus && a.gpus != b.gpus) return a.gpus < b.gpus;
  return a.iteration_s < b.iteration_s;
}

bool meets(const Job& job, const Figures& figures) {
  return (!job.max_usd_per_iter || figures.usd_per_iter <= *job.max_usd_per_iter) &&
         (!job.min_iters_per_s || 1 / figures.iteration_s >= *job.min_iters_per_s);
}

Figures figures_of(const TrainingProblem& problem, const Estimator& judge, const Plan& plan) {
  const Prediction prediction = judge.predict(problem, plan);
  return {prediction.iteration_s, prediction.usd_per_iter(), gpu_count(plan), prediction.fits};
}

BruteForce::BruteForce(const TrainingProblem& problem, const Estimator& judge,
                       const PlanSpace& space, bool look_for_holes) {
  for_each_plan(problem, space, [&](const Plan& plan) {
    Figures figures;
    try {
      figures = figures_of(problem, judge, plan);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kBadInput) throw;
      return;
    }
    if (!figures.fits) {
      too_large_.push_back(figures);
    } else if (look_for_holes && !all_messages_take_time(problem, plan)) {
      holed_.push_back(figures);
    } else {
      plans_.push_back(figures);
    }
  });
}

std::optional<Figures> BruteForce::best(const Job& job) const {
  return best_of(plans_, job);
}

std::optional<Figures> BruteForce::best_in_any_memory(const Job& job) const {
  return best_of(too_large_, job, best(job));
}

std::optional<Figures> BruteForce::best_through_holes(const Job& job) const {
  return best_of(holed_, job, best(job));
}

}  // namespace sextant::exhaustive
