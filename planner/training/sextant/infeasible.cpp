#include "planner/training/sextant/infeasible.h"

#include <limits>

#include <fmt/format.h>

#include "planner/training/sextant/sextant_planner.h"

namespace sextant::search {

namespace {

/// Without its bounds the job may be feasible: then says how far the best plans are from them.
/// Empty where it is not, or has no bounds.
std::string what_the_bounds_ask(const TrainingProblem& job_problem, const Estimator& judge) {
  if (!job_problem.job.max_usd_per_iter && !job_problem.job.min_iters_per_s) return "";
  std::string text = "no plan meets the job's bounds (";
  if (job_problem.job.min_iters_per_s) {
    text += fmt::format("at least {:.5g} iterations/s", *job_problem.job.min_iters_per_s);
  }
  if (job_problem.job.max_usd_per_iter) {
    text +=
        fmt::format("{}at most {:.5g} USD per iteration",
                    job_problem.job.min_iters_per_s ? ", " : "", *job_problem.job.max_usd_per_iter);
  }
  text += ")";
  for (const Objective objective : {Objective::kThroughput, Objective::kCost}) {
    Job unbounded = job_problem.job;
    unbounded.objective = objective;
    unbounded.max_usd_per_iter.reset();
    unbounded.min_iters_per_s.reset();
    const TrainingProblem problem{unbounded,
                                  job_problem.profile,
                                  job_problem.cluster,
                                  job_problem.calibration,
                                  job_problem.disturbance,
                                  job_problem.model};
    const SearchResult found = sextant_planner().search(problem, judge, {});
    if (found.proposals.empty()) return "";
    const Proposal& best = found.proposals.front();
    text += fmt::format("; the {} does {:.5g} iterations/s at {:.5g} USD per iteration",
                        objective == Objective::kThroughput ? "fastest" : "cheapest",
                        1 / best.believed_iteration_s, best.believed_usd_per_iter);
  }
  return text;
}

}  // namespace

std::string why_infeasible(const TrainingProblem& problem, const Estimator& judge,
                           const std::vector<Scenario>& scenarios) {
  if (scenarios.empty()) {
    return "no GPU type of the cluster has a profile of this model at a microbatch that the global "
           "batch allows";
  }
  if (std::string text = what_the_bounds_ask(problem, judge); !text.empty()) return text;
  // Nothing fits: say how far the smallest stage is from fitting.
  double least_ratio = std::numeric_limits<double>::infinity();
  std::string text = "no plan fits";
  for (const Scenario& scenario : scenarios) {
    const auto& costs = scenario.costs;
    for (std::size_t c = 0; c < costs->classes.size(); ++c) {
      double need = 0;
      int layer = 0;
      for (int l = 0; l < costs->layer_count; ++l) {
        const auto i = static_cast<std::size_t>(l);
        const double here = costs->fixed_bytes[c] + costs->state_prefix_bytes[c][i + 1] -
                            costs->state_prefix_bytes[c][i] +
                            costs->activation_prefix_bytes[c][i + 1] -
                            costs->activation_prefix_bytes[c][i];
        if (here > need) {
          need = here;
          layer = l;
        }
      }
      const double ratio = need / costs->capacity_bytes[c];
      if (ratio >= least_ratio) continue;
      least_ratio = ratio;
      const GpuPool& pool = problem.cluster.pools[static_cast<std::size_t>(costs->classes[c].pool)];
      text = fmt::format(
          "no plan fits: at best, layer {} alone needs {:.1f} of {:.1f} GiB on {} with tensor "
          "degree "
          "{} and microbatch {}{}",
          layer, need / (1 << 30), costs->capacity_bytes[c] / (1 << 30), pool.gpu,
          costs->classes[c].tp, costs->settings.microbatch,
          ratio <= 1 ? "; that fits, but all layers together do not on the GPUs and links there are"
                     : "");
    }
  }
  return text;
}

}  // namespace sextant::search
