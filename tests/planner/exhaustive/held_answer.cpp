#include "tests/planner/exhaustive/held_answer.h"

#include <map>
#include <tuple>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "tests/planner/exhaustive/message_times.h"

namespace sextant::exhaustive {

namespace {

constexpr double kSame = 1e-9;

std::string text_of(const Figures& figures) {
  return fmt::format("{:.12g} s, {:.12g} USD, {} GPUs", figures.iteration_s, figures.usd_per_iter,
                     figures.gpus);
}

}  // namespace

std::string what_is_impossible(const Cluster& cluster, const Plan& plan) {
  try {
    check(plan);
  } catch (const Error& error) {
    return error.what();
  }
  std::map<std::tuple<std::string, std::string, int>, int> on_node;
  for (const Pipeline& pipeline : plan.pipelines) {
    for (const Stage& stage : pipeline.stages) {
      for (const Replica& replica : stage.replicas) {
        for (const Machine& machine : replica.machines) {
          on_node[{machine.gpu, machine.zone, machine.node}] += machine.count;
        }
      }
    }
  }
  for (const auto& [place, used] : on_node) {
    const auto& [gpu, zone, node] = place;
    const GpuPool* pool = cluster.find(gpu, zone);
    if (pool == nullptr) return fmt::format("no {} in {}", gpu, zone);
    const int size = std::min(pool->gpus_per_node, pool->count - node * pool->gpus_per_node);
    if (node < 0 || used > size) {
      return fmt::format("{} GPUs on node {} of {} in {}, which has {}", used, node, gpu, zone,
                         size);
    }
  }
  return "";
}

double lower_bound(Objective objective, const SearchResult& search) {
  switch (objective) {
    case Objective::kThroughput:
      return search.bound_iters_per_s ? 1 / *search.bound_iters_per_s : -1;
    case Objective::kCost:
      return search.bound_usd_per_iter.value_or(-1);
    case Objective::kGpus:
      return search.bound_gpus.value_or(-1);
  }
  return -1;
}

double value(Objective objective, const Figures& figures) {
  if (objective == Objective::kGpus) return figures.gpus;
  return objective == Objective::kCost ? figures.usd_per_iter : figures.iteration_s;
}

std::string plan_with(const TrainingProblem& problem, const Estimator& judge,
                      const PlanSpace& space, const Figures& figures) {
  std::string text;
  for_each_plan(problem, space, [&](const Plan& plan) {
    if (!text.empty() || gpu_count(plan) != figures.gpus) return;
    try {
      const Figures here = figures_of(problem, judge, plan);
      if (here.fits && here.iteration_s == figures.iteration_s &&
          here.usd_per_iter == figures.usd_per_iter) {
        text = summary(plan);
        for (const Stage& stage : plan.pipelines[0].stages) {
          text += " /";
          for (const Replica& r : stage.replicas) {
            text += fmt::format(" {}@{}:{}", r.machines[0].gpu, r.machines[0].zone, r.tp);
          }
        }
      }
    } catch (const Error&) {
      return;  // not this one
    }
  });
  return text;
}

std::string difference(const TrainingProblem& problem, const PlannedJob& found,
                       const BruteForce& brute) {
  const Job& job = problem.job;
  const std::optional<Figures> best = brute.best(job);
  if (!best) {
    if (found.feasible) return "no plan is feasible, the planner has " + summary(found.plan);
    // A link that all plans need and nobody knows is a lack of the input.
    const bool lacks_a_link =
        found.failure == ErrorCode::kBadInput && found.reason.find("link") != std::string::npos;
    if (found.failure != ErrorCode::kInfeasible && !lacks_a_link) {
      return "wrong failure: " + found.reason;
    }
    return found.reason.empty() ? "no reason is given" : "";
  }
  if (!found.feasible) return fmt::format("{} was missed: {}", text_of(*best), found.reason);
  const Figures answer = {found.prediction.iteration_s, found.prediction.usd_per_iter(),
                          gpu_count(found.plan), found.prediction.fits};
  const std::string both =
      fmt::format("{} ({}), brute force {}", text_of(answer), summary(found.plan), text_of(*best));
  if (std::string wrong = what_is_impossible(problem.cluster, found.plan); !wrong.empty()) {
    return wrong;
  }
  if (!all_messages_take_time(problem, found.plan)) return "gains by a hole: " + both;
  if (!answer.fits || !meets(job, answer)) return "breaks a bound: " + both;
  const double least = value(job.objective, *best);
  if (value(job.objective, answer) > least * (1 + kSame)) return "is worse: " + both;
  if (value(job.objective, answer) < least * (1 - kSame)) return "is not of the space: " + both;
  if (job.objective == Objective::kGpus && answer.iteration_s > best->iteration_s * (1 + kSame)) {
    return "is slower: " + both;
  }
  const double bound = lower_bound(job.objective, found.search);
  if (bound < 0) return "proves nothing";
  if (bound > least * (1 + kSame)) return fmt::format("bound {:.12g} is violated: {}", bound, both);
  if (found.search.complete && bound < least * (1 - kSame)) {
    return fmt::format("bound {:.12g} of a complete search: {}", bound, both);
  }
  if (!found.search.complete) return "did not finish: " + both;
  return "";
}

}  // namespace sextant::exhaustive
