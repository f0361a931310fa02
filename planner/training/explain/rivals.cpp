#include "planner/training/explain/rivals.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "planner/training/explain/plan_shape.h"

namespace sextant {

namespace {

/// Smaller parts of what ours takes are not worth a word.
constexpr double kNoticed = 1e-3;

struct TimePart {
  const char* name;
  double TimeBreakdown::*seconds;
};
constexpr TimePart kTimeParts[] = {{"computation", &TimeBreakdown::compute_s},
                                   {"bubbles", &TimeBreakdown::bubble_s},
                                   {"transfers", &TimeBreakdown::exposed_transfer_s},
                                   {"synchronisation", &TimeBreakdown::exposed_sync_s},
                                   {"update", &TimeBreakdown::update_s},
                                   {"overhead", &TimeBreakdown::overhead_s}};

std::vector<PartDifference> time_parts(const Prediction& ours, const Prediction& other) {
  std::vector<PartDifference> out;
  if (ours.breakdown && other.breakdown) {
    for (const TimePart& part : kTimeParts) {
      out.push_back(
          {part.name, (*other.breakdown).*part.seconds - (*ours.breakdown).*part.seconds, "s"});
    }
  } else {
    out = {{"the slowest stage's pace", other.steady_s - ours.steady_s, "s"},
           {"fill and drain", other.fill_s - ours.fill_s, "s"},
           {"synchronisation", other.sync_s - ours.sync_s, "s"},
           {"update", other.update_s - ours.update_s, "s"}};
  }
  std::erase_if(out, [&](const PartDifference& part) {
    return std::abs(part.more) < kNoticed * ours.iteration_s;
  });
  return out;
}

std::vector<PartDifference> parts_of(Objective objective, const PlanFigures& ours_figures,
                                     const PlanFigures& other_figures, const Prediction& ours,
                                     const Prediction& other) {
  std::vector<PartDifference> out;
  if (objective == Objective::kCost) {
    out = {{"GPUs' time", other.compute_usd - ours.compute_usd, "usd"},
           {"egress", other.egress_usd - ours.egress_usd, "usd"}};
    std::erase_if(out, [&](const PartDifference& part) {
      return std::abs(part.more) < kNoticed * ours.usd_per_iter();
    });
  } else if (objective == Objective::kGpus && other_figures.gpus != ours_figures.gpus) {
    out = {{"GPUs", static_cast<double>(other_figures.gpus - ours_figures.gpus), "gpus"}};
  } else {
    out = time_parts(ours, other);
  }
  std::stable_sort(out.begin(), out.end(), [](const PartDifference& a, const PartDifference& b) {
    return a.more > b.more;
  });
  return out;
}

/// Nothing where the judge knows no such plan.
std::optional<Rival> rival(const PlannedJob& best, const TrainingProblem& problem, const Plan& plan,
                           std::string what) {
  Rival out;
  out.what = std::move(what);
  try {
    const Prediction p = best.estimator->predict(problem, plan);
    const PlanFigures ours = figures_of(best.plan, best.prediction);
    out.figures = figures_of(plan, p);
    out.gain = gain(problem.job.objective, ours, out.figures);
    out.parts = parts_of(problem.job.objective, ours, out.figures, best.prediction, p);
    if (!p.fits) out.impossible = "does not fit in memory: " + p.memory_note;
    const Job& job = problem.job;
    if (job.max_usd_per_iter && p.usd_per_iter() > *job.max_usd_per_iter) {
      out.impossible = fmt::format("costs {:.5g} USD per iteration", p.usd_per_iter());
    } else if (job.min_iters_per_s && p.iters_per_s() < *job.min_iters_per_s) {
      out.impossible = fmt::format("does {:.5g} iterations/s", p.iters_per_s());
    }
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kBadInput && error.code() != ErrorCode::kInfeasible) throw;
    return std::nullopt;  // the profile has no such point
  }
  return out;
}

bool shares_set(const Plan& plan) {
  for (const Pipeline& pipeline : plan.pipelines) {
    for (const Stage& stage : pipeline.stages) {
      for (const Replica& replica : stage.replicas) {
        if (replica.share != 0) return true;
      }
    }
  }
  return false;
}

}  // namespace

std::vector<Rival> rivals(const PlannedJob& best, const TrainingProblem& problem,
                          std::size_t most) {
  std::vector<Rival> out;
  for (const Proposal& alternative : best.search.alternatives) {
    if (out.size() >= most) break;
    if (alternative.plan == best.plan) continue;
    if (auto found = rival(best, problem, alternative.plan, shape_text(alternative.plan))) {
      out.push_back(std::move(*found));
    }
  }
  // Shares are counts of microbatches: they would be others.
  const int ours = shares_set(best.plan) ? 0 : best.plan.microbatch;
  for (const int microbatch : {ours * 2, ours % 2 == 0 ? ours / 2 : 0}) {
    if (microbatch < 1 || microbatch > best.plan.global_batch) continue;
    Plan other = best.plan;
    other.microbatch = microbatch;
    if (auto found =
            rival(best, problem, other, fmt::format("this plan with microbatch {}", microbatch))) {
      out.push_back(std::move(*found));
    }
  }
  std::stable_sort(out.begin(), out.end(), [](const Rival& a, const Rival& b) {
    if (a.impossible.empty() != b.impossible.empty()) return a.impossible.empty();
    return a.gain > b.gain;
  });
  return out;
}

}  // namespace sextant
