#include "planner/training/diagnosis.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/cluster/no_gpus.h"
#include "analyzer/core/error.h"
#include "analyzer/core/interrupt.h"
#include "planner/training/changed_network.h"
#include "planner/training/changed_problem.h"
#include "planner/training/memory_diagnosis.h"

namespace sextant {

namespace {

std::string place(const GpuPool& pool) {
  return pool.gpu + "@" + pool.zone;
}

/// "a", "a and b", "a, b and c".
std::string listed(const std::vector<std::string>& names) {
  if (names.size() < 2) return names.empty() ? "" : names.front();
  return fmt::format("{} and {}", fmt::join(names.begin(), names.end() - 1, ", "), names.back());
}

/// What of the cluster the profile lets a plan use.
struct Profiled {
  std::vector<std::string> usable;
  std::vector<std::string> unprofiled;
  /// With the reason: microbatch or tensor degree.
  std::vector<std::string> unsuited;
};

Profiled profiled(const TrainingProblem& problem) {
  Profiled out;
  const ModelProfile& profile = problem.profile;
  for (const GpuPool& pool : problem.cluster.pools) {
    if (pool.count == 0) continue;
    const std::vector<int> microbatches = profile.microbatches(pool.gpu);
    if (microbatches.empty()) {
      out.unprofiled.push_back(place(pool));
      continue;
    }
    if (microbatches.front() > problem.job.global_batch) {
      out.unsuited.push_back(
          fmt::format("the smallest microbatch profiled on {} is {}, the global batch {}", pool.gpu,
                      microbatches.front(), problem.job.global_batch));
      continue;
    }
    const int most = std::min(pool.count, pool.gpus_per_node);
    int least_degree = std::numeric_limits<int>::max();
    for (const int microbatch : microbatches) {
      if (microbatch > problem.job.global_batch) continue;
      for (const int tp : profile.tensor_degrees(pool.gpu, microbatch)) {
        if (profile.memory.contains(tp)) least_degree = std::min(least_degree, tp);
      }
    }
    if (least_degree > most) {
      out.unsuited.push_back(
          fmt::format("the smallest tensor degree profiled on {} is {}, a node has {}", pool.gpu,
                      least_degree, most));
      continue;
    }
    out.usable.push_back(place(pool));
  }
  return out;
}

/// Why no GPU can be used.
std::string nothing_usable(const TrainingProblem& problem, const Profiled& found) {
  std::vector<std::string> reasons = found.unsuited;
  if (!found.unprofiled.empty()) {
    const std::vector<std::string> known = problem.profile.gpus();
    reasons.push_back(fmt::format("the profile of {} has no point of {}; it has {}",
                                  quote(problem.profile.model), listed(found.unprofiled),
                                  known.empty() ? "none at all" : listed(known)));
  }
  std::string text = fmt::format("no plan can use any GPU: {}", fmt::join(reasons, "; "));
  // Whatever the job asks, there is nothing to plan with.
  if (found.unsuited.empty()) throw_bad_input(text);
  return text;
}

/// "0.5 iterations/s at 0.01 USD".
std::string figures(const Prediction& p) {
  return fmt::format("{:.5g} iterations/s at {:.5g} USD per iteration", p.iters_per_s(),
                     p.usd_per_iter());
}

double percent(double part) {
  return 100 * part;
}

/// The bounds of a job against the best plans without them.
class BoundDiagnosis {
 public:
  BoundDiagnosis(const PlanProbe& probe, const TrainingProblem& problem, bool complete)
      : probe_(probe), problem_(problem), job_(problem.job), complete_(complete) {}

  /// "" where the job has no bounds, or no plan even without them.
  std::string text() const {
    if (!job_.max_usd_per_iter && !job_.min_iters_per_s) return "";
    const auto fastest = best(Objective::kThroughput, false, false);
    if (!fastest) return "";
    if (job_.min_iters_per_s && fastest->prediction.iters_per_s() < *job_.min_iters_per_s) {
      return too_slow(*fastest);
    }
    const auto cheapest = best(Objective::kCost, false, false);
    if (cheapest && job_.max_usd_per_iter &&
        cheapest->prediction.usd_per_iter() > *job_.max_usd_per_iter) {
      return too_dear(*cheapest);
    }
    if (!job_.max_usd_per_iter || !job_.min_iters_per_s) {
      return "no plan was found that meets the job's bound, though one without it does: " +
             figures((job_.max_usd_per_iter && cheapest ? *cheapest : *fastest).prediction);
    }
    return contradiction(best(Objective::kThroughput, true, false),
                         best(Objective::kCost, false, true));
  }

 private:
  std::optional<Proposed> best(Objective objective, bool max_cost, bool min_throughput) const {
    ChangedProblem changed(problem_);
    changed.job.objective = objective;
    if (!max_cost) changed.job.max_usd_per_iter.reset();
    if (!min_throughput) changed.job.min_iters_per_s.reset();
    return probe_.best(changed.problem());
  }

  std::string too_slow(const Proposed& fastest) const {
    return fmt::format(
        "no plan {} {:.5g} iterations/s: the fastest{} does {}, {:.1f} % less than asked",
        complete_ || fastest.complete ? "does" : "was found that does", *job_.min_iters_per_s,
        found(fastest), figures(fastest.prediction),
        percent(1 - fastest.prediction.iters_per_s() / *job_.min_iters_per_s));
  }
  std::string too_dear(const Proposed& cheapest) const {
    return fmt::format(
        "no plan {} at most {:.5g} USD per iteration: the cheapest{} does {}, {}",
        complete_ || cheapest.complete ? "costs" : "was found that costs", *job_.max_usd_per_iter,
        found(cheapest), figures(cheapest.prediction),
        times_of(cheapest.prediction.usd_per_iter() / *job_.max_usd_per_iter, "what is allowed"));
  }
  /// Each bound can be met alone.
  std::string contradiction(const std::optional<Proposed>& within_cost,
                            const std::optional<Proposed>& at_throughput) const {
    std::string text = fmt::format(
        "{} {:.5g} iterations/s for at most {:.5g} USD per iteration",
        complete_ ? "the job's bounds contradict each other: no plan does"
                  : "each of the job's bounds can be met, but no plan was found that does",
        *job_.min_iters_per_s, *job_.max_usd_per_iter);
    if (within_cost) {
      text +=
          fmt::format("; within that cost the fastest{} does {}, {:.1f} % too slow",
                      found(*within_cost), figures(within_cost->prediction),
                      percent(1 - within_cost->prediction.iters_per_s() / *job_.min_iters_per_s));
    }
    if (at_throughput) {
      text +=
          fmt::format("; at that throughput the cheapest{} does {}, {}", found(*at_throughput),
                      figures(at_throughput->prediction),
                      times_of(at_throughput->prediction.usd_per_iter() / *job_.max_usd_per_iter,
                               "what is allowed"));
    }
    return text;
  }
  /// A search that was stopped has found one, not the best.
  static std::string_view found(const Proposed& plan) { return plan.complete ? "" : " found"; }

  const PlanProbe& probe_;
  const TrainingProblem& problem_;
  const Job& job_;
  bool complete_;
};

/// From where to where the network knows no link, of pools that a plan could join.
std::vector<std::string> missing_links(const Cluster& cluster) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < cluster.pools.size(); ++i) {
    for (std::size_t j = i; j < cluster.pools.size(); ++j) {
      const GpuPool& from = cluster.pools[i];
      const GpuPool& to = cluster.pools[j];
      if (from.count == 0 || to.count == 0 || (i == j && from.node_count() < 2)) continue;
      if (cluster.network->find({from.zone, from.gpu, 1}, {to.zone, to.gpu, 1})) continue;
      out.push_back(i == j ? fmt::format("between nodes of {}", place(from))
                           : fmt::format("from {} to {}", place(from), place(to)));
    }
  }
  return out;
}

/// Throws where a plan is found as soon as the network has all links.
void expect_links(const PlanProbe& probe, const TrainingProblem& problem) {
  const std::vector<std::string> missing = missing_links(problem.cluster);
  if (missing.empty()) return;
  ChangedProblem linked(problem);
  linked.cluster.network = with_all_links(problem.cluster.network);
  const auto plan = probe.best(linked.problem());
  if (!plan) return;
  throw_bad_input(
      fmt::format("no plan fits on GPUs that the cluster's network joins; it has no link {}. With "
                  "such links a plan of {} GPUs is found: {}",
                  fmt::join(missing, ", "), gpu_count(plan->plan), summary(plan->plan)));
}

/// What of the cluster was no help, and why; "" where all was.
std::string left_out(const Profiled& found) {
  std::string text;
  if (!found.unprofiled.empty()) {
    text += fmt::format("; {} could not be used for want of a profile", listed(found.unprofiled));
  }
  for (const std::string& reason : found.unsuited) text += "; " + reason;
  return text;
}

}  // namespace

std::string why_no_plan(const PlanSearch& search, const TrainingProblem& problem,
                        const Estimator& judge, const PlannerOptions& options, bool complete) {
  if (problem.cluster.gpu_count() < 1) return why_no_gpus(problem.cluster);
  const Profiled found = profiled(problem);
  if (found.usable.empty()) return nothing_usable(problem, found);
  const PlanProbe probe(search, judge, options);
  std::string text = BoundDiagnosis(probe, problem, complete).text();
  if (text.empty()) {
    ChangedProblem unbounded(problem);
    unbounded.job.objective = Objective::kThroughput;
    unbounded.job.max_usd_per_iter.reset();
    unbounded.job.min_iters_per_s.reset();
    if (complete) expect_links(probe, unbounded.problem());
    text = why_no_memory(probe, unbounded.problem());
  }
  if (interrupted()) return "no plan was found; the search for the reason was interrupted";
  return text + left_out(found);
}

}  // namespace sextant
