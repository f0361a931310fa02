#include "planner/training/explain/explanation.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "analyzer/network/collective_cost.h"
#include "analyzer/network/communication_op.h"
#include "analyzer/network/link_level.h"
#include "planner/training/changed_network.h"
#include "planner/training/changed_problem.h"
#include "planner/training/explain/binding.h"
#include "planner/training/explain/replanner.h"
#include "planner/training/explain/rivals.h"

namespace sextant {

namespace {

/// How much of a resource is added where it is not a whole node.
constexpr double kMore = 0.1;
constexpr double kTwice = 2;
/// GPU types that are changed one at a time, those in use first.
constexpr std::size_t kMostTypes = 4;
constexpr std::size_t kMostRivals = 5;
/// Smaller gains are none.
constexpr double kNoticed = 1e-4;

/// Computes in 1 / (1 + kMore) of the time.
void hasten(ModelProfile& profile, const std::string& gpu) {
  for (auto& [key, point] : profile.points) {
    if (key.gpu != gpu) continue;
    for (LayerTime& time : point.layers) {
      for (double* seconds :
           {&time.forward_s, &time.backward_s, &time.update_s, &time.forward_spread.p10_s,
            &time.forward_spread.p90_s, &time.backward_spread.p10_s, &time.backward_spread.p90_s,
            &time.update_spread.p10_s, &time.update_spread.p90_s}) {
        *seconds /= 1 + kMore;
      }
    }
  }
}

class Explainer {
 public:
  Explainer(const PlannedJob& best, const TrainingProblem& problem, const PlannerOptions& options)
      : best_(best), problem_(problem), replanner_(best, problem, options) {
    for (const GpuUse& use : gpus_used(best.plan)) {
      add_type(use.gpu);
      zones_.insert(use.zone);
    }
    for (const GpuPool& pool : problem.cluster.pools) {
      if (pool.count > 0) add_type(pool.gpu);
    }
  }

  Explanation run() {
    Explanation out;
    out.objective = problem_.job.objective;
    out.figures = figures_of(best_.plan, best_.prediction);
    out.binds = bindings(problem_, best_.plan, best_.prediction);
    out.rivals = rivals(best_, problem_, kMostRivals);
    // What people ask for first comes first, should the time be short.
    add_nodes(out.nodes);
    add_memory(out.changes);
    add_bounds(out.changes);
    add_links(out.changes);
    add_computation(out.changes);
    std::stable_sort(out.changes.begin(), out.changes.end(),
                     [](const Change& a, const Change& b) { return a.gain > b.gain; });
    if (!out.changes.empty() && out.changes.front().gain > kNoticed) {
      out.most = out.changes.front().what;
    }
    out.planned_again = replanner_.planned_again();
    out.left_out = replanner_.left_out();
    out.evaluations = replanner_.evaluations();
    return out;
  }

 private:
  void add_type(const std::string& gpu) {
    if (std::find(types_.begin(), types_.end(), gpu) == types_.end()) types_.push_back(gpu);
  }
  static void keep(std::optional<Change> change, std::vector<Change>& out) {
    if (change) out.push_back(std::move(*change));
  }

  void add_nodes(std::vector<Change>& out) {
    for (std::size_t p = 0; p < problem_.cluster.pools.size(); ++p) {
      ChangedProblem changed(problem_);
      GpuPool& pool = changed.cluster.pools[p];
      pool.count += pool.gpus_per_node;
      std::string what = fmt::format("{} {}@{}", pool.gpus_per_node, pool.gpu, pool.zone);
      if (pool.quota && pool.count > *pool.quota) {
        what += fmt::format(" (over the quota of {})", *pool.quota);
      }
      auto change = replanner_.plan_again(changed.problem(), std::move(what));
      if (!change) continue;
      change->gpu = pool.gpu;
      change->zone = pool.zone;
      change->gpus = pool.gpus_per_node;
      change->usd_per_hour = pool.gpus_per_node * pool.usd_per_hour;
      out.push_back(std::move(*change));
    }
  }

  void add_memory(std::vector<Change>& out) {
    for (std::size_t t = 0; t < std::min(types_.size(), kMostTypes); ++t) {
      ChangedProblem changed(problem_);
      for (GpuPool& pool : changed.cluster.pools) {
        if (pool.gpu == types_[t]) pool.memory_bytes *= 1 + kMore;
      }
      keep(replanner_.plan_again(changed.problem(),
                                 fmt::format("{:g} % more memory on {}", 100 * kMore, types_[t])),
           out);
    }
  }

  void add_bounds(std::vector<Change>& out) {
    if (problem_.job.max_usd_per_iter) {
      ChangedProblem changed(problem_);
      changed.job.max_usd_per_iter = *problem_.job.max_usd_per_iter * (1 + kMore);
      keep(replanner_.plan_again(changed.problem(),
                                 fmt::format("{:g} % more USD per iteration allowed", 100 * kMore)),
           out);
    }
    if (problem_.job.min_iters_per_s) {
      ChangedProblem changed(problem_);
      changed.job.min_iters_per_s = *problem_.job.min_iters_per_s * (1 - kMore);
      keep(replanner_.plan_again(changed.problem(),
                                 fmt::format("{:g} % less throughput asked", 100 * kMore)),
           out);
    }
  }

  void add_links(std::vector<Change>& out) {
    ChangedProblem zones(problem_);
    zones.cluster.network =
        with_bandwidth(problem_.cluster.network, ChangedLinks::kBetweenZones, kTwice);
    const std::string twice = "twice the bandwidth between zones";
    std::set<std::string> all_zones;
    for (const GpuPool& pool : problem_.cluster.pools) {
      if (pool.count > 0) all_zones.insert(pool.zone);
    }
    if (all_zones.size() > 1) {
      const auto planned = replanner_.plan_again(zones.problem(), twice);
      const bool other = planned && !planned->plan_change.empty();
      keep(planned, out);
      // What the plan itself gains is a figure of its own only beside another plan's.
      if (zones_.size() > 1 && (other || !planned)) {
        keep(replanner_.judge_again(zones.problem(), twice), out);
      }
    }
    if (gpu_count(best_.plan) < 2) return;
    ChangedProblem machines(problem_);
    machines.cluster.network =
        with_bandwidth(problem_.cluster.network, ChangedLinks::kBetweenMachines, kTwice);
    std::string what = "twice the bandwidth between all machines";
    if (has_measured_collectives()) what += " (measured collectives as they are)";
    keep(replanner_.judge_again(machines.problem(), std::move(what)), out);
  }

  bool has_measured_collectives() const {
    for (const std::string& gpu : types_) {
      for (int world = 2; world <= gpu_count(best_.plan); ++world) {
        if (problem_.cluster.network->collective(CommunicationOp::kAllReduce, gpu,
                                                 LinkLevel::kBetweenNodes, world)) {
          return true;
        }
      }
    }
    return false;
  }

  void add_computation(std::vector<Change>& out) {
    for (std::size_t t = 0; t < std::min(types_.size(), kMostTypes); ++t) {
      ChangedProblem changed(problem_);
      changed.profile = problem_.profile;
      hasten(*changed.profile, types_[t]);
      keep(replanner_.judge_again(changed.problem(),
                                  fmt::format("{} computes {:g} % faster", types_[t], 100 * kMore)),
           out);
    }
    if (!problem_.disturbance.slow.empty()) {
      ChangedProblem changed(problem_);
      changed.disturbance.slow.clear();
      keep(replanner_.judge_again(changed.problem(), "no slow ranks"), out);
    }
  }

  const PlannedJob& best_;
  const TrainingProblem& problem_;
  Replanner replanner_;
  std::vector<std::string> types_;  ///< in use first
  std::set<std::string> zones_;     ///< of the plan
};

}  // namespace

PlanFigures figures_of(const Plan& plan, const Prediction& prediction) {
  return {prediction.iters_per_s(), prediction.usd_per_iter(), gpu_count(plan)};
}

double gain(Objective objective, const PlanFigures& base, const PlanFigures& other) {
  if (objective == Objective::kCost) {
    return base.usd_per_iter > 0 ? 1 - other.usd_per_iter / base.usd_per_iter : 0;
  }
  if (objective == Objective::kGpus && other.gpus != base.gpus) {
    return 1 - static_cast<double>(other.gpus) / base.gpus;
  }
  return other.iters_per_s / base.iters_per_s - 1;
}

Explanation explain(const PlannedJob& best, const TrainingProblem& problem,
                    const PlannerOptions& options) {
  return Explainer(best, problem, options).run();
}

}  // namespace sextant
