#include "planner/training/sailor/sailor_planner.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "analyzer/core/error.h"
#include "planner/training/published_objectives.h"
#include "planner/training/sailor/data_parallel_degrees.h"
#include "planner/training/sailor/explain.h"
#include "planner/training/sailor/quirks.h"
#include "planner/training/sailor/regions.h"
#include "planner/training/sailor/stage_search.h"

namespace sextant {

namespace sailor_search {

namespace {

/// Plans name every replica, so a list of hundreds of them for thousands of GPUs is long. It is cut
/// where it would hold more replicas than this.
constexpr std::size_t kMostReplicasListed = 200'000;

/// The default budget. Two GPU types need far less; three types of more than about a hundred GPUs
/// each need more, as the number of splits of a stage grows with the square of D.
constexpr std::uint64_t kMostEvaluations = 20'000'000;

constexpr double kCentsPerUsd = 100;
constexpr double kMostUsd = 1e12;

struct Candidate {
  int microbatch = 0;
  Placement placement;
};

SearchLimits limits_of(const Job& job, const PlannerOptions& options) {
  SearchLimits limits;
  limits.objective = job.objective;
  if (job.objective == Objective::kThroughput && job.max_usd_per_iter) {
    limits.budget_cents = std::llround(std::min(*job.max_usd_per_iter, kMostUsd) * kCentsPerUsd);
  }
  if (job.objective == Objective::kCost && job.min_iters_per_s) {
    limits.longest_iteration_s = 1 / *job.min_iters_per_s;
  }
  if (options.time_limit_s) {
    limits.deadline = std::chrono::steady_clock::now() +
                      std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                          std::chrono::duration<double>(*options.time_limit_s));
  }
  return limits;
}

/// Whether the job's bound on what the planner minimises against lets the candidate pass.
bool meets_bound(const Job& job, const Estimate& estimate) {
  if (job.objective == Objective::kThroughput) {
    return !job.max_usd_per_iter || estimate.usd() < *job.max_usd_per_iter;
  }
  return !job.min_iters_per_s || estimate.time_s < 1 / *job.min_iters_per_s;
}

/// H3: degrees of data parallelism are tried in turn up to the first plan that is no better than
/// the best so far that met the job's bound.
class DegreeWalk {
 public:
  explicit DegreeWalk(const Job& job) : job_(job) {}

  /// False where the walk ends; that plan is then not proposed.
  bool goes_on(const Estimate& estimate) {
    const double value =
        job_.objective == Objective::kThroughput ? estimate.time_s : estimate.usd();
    if (value >= best_) return false;
    if (meets_bound(job_, estimate)) best_ = value;
    return true;
  }

 private:
  const Job& job_;
  double best_ = std::numeric_limits<double>::infinity();
};

bool within_stock(const Resources& resources, const Placement& placement) {
  std::vector<int> left = resources.stock;
  for (const std::vector<ReplicaRun>& stage : placement.stages) {
    for (const ReplicaRun& run : stage) {
      int& gpus =
          left[static_cast<std::size_t>(run.place.zone * resources.type_count() + run.place.type)];
      gpus -= run.count * run.place.tp;
      if (gpus < 0) return false;
    }
  }
  return true;
}

class Search {
 public:
  Search(const TrainingProblem& problem, const PlannerOptions& options)
      : problem_(problem),
        resources_(read_resources(problem.cluster)),
        tables_(problem.profile, problem.job, resources_),
        links_(resources_, tables_, problem.cluster),
        stages_(tables_, links_, resources_, problem.job.global_batch,
                limits_of(problem.job, options)),
        most_evaluations_(options.max_evaluations != 0 ? options.max_evaluations
                                                       : kMostEvaluations) {}

  SearchResult run() {
    const std::vector<RegionOrder> orders = region_orders(resources_, *problem_.cluster.network);
    // Every microbatch size has an equal share of the evaluations that are left. Large ones need
    // few and come first.
    std::uint64_t sizes_left = tables_.microbatches().size();
    for (auto at = tables_.microbatches().rbegin(); at != tables_.microbatches().rend(); ++at) {
      const std::uint64_t done = stages_.evaluations();
      links_.begin_microbatch(*at);
      stages_.begin_microbatch(*at, done + (most_evaluations_ - done) / sizes_left--);
      search_microbatch(*at, orders);
      if (stages_.exhausted() || stages_.interrupted()) complete_ = false;
      if (stages_.interrupted()) break;
    }
    return result();
  }

 private:
  void search_microbatch(int microbatch, const std::vector<RegionOrder>& orders) {
    std::vector<int> replicas =
        data_parallel_degrees(problem_.job.global_batch, microbatch, problem_.cluster.gpu_count());
    if (problem_.job.objective == Objective::kThroughput) {
      std::reverse(replicas.begin(), replicas.end());
    }
    for (int depth = 1; depth <= tables_.layer_count(); ++depth) {
      search_depth(microbatch, depth, orders, replicas);
    }
  }

  void search_depth(int microbatch, int depth, const std::vector<RegionOrder>& orders,
                    const std::vector<int>& replicas) {
    const std::vector<LayerRange> split = uniform_split(tables_.layer_count(), depth);
    const TensorDegrees degrees =
        tensor_degrees(tables_, resources_.type_count(), microbatch, split);
    stages_.begin_stages(split, degrees);
    for (const RegionOrder& order : orders) {
      if (can_hold_pipeline(order, degrees)) walk_degrees(microbatch, order, replicas);
    }
    stages_.end_stages();
  }

  void walk_degrees(int microbatch, const RegionOrder& order, const std::vector<int>& replicas) {
    DegreeWalk walk(problem_.job);
    stages_.begin_order(order.regions);
    for (const int count : replicas) {
      std::optional<Placement> placement = stages_.solve(count);
      if (!placement) continue;
      if (!walk.goes_on(placement->estimate)) return;
      if (!meets_bound(problem_.job, placement->estimate)) {
        ++over_bound_;
      } else if (within_stock(resources_, *placement)) {
        candidates_.push_back({microbatch, *std::move(placement)});
      }
    }
  }

  SearchResult result() {
    const bool by_time = problem_.job.objective == Objective::kThroughput;
    const auto value = [by_time](const Candidate& candidate) {
      return by_time ? candidate.placement.estimate.time_s : candidate.placement.estimate.usd();
    };
    // Ties go to fewer stages, then to smaller microbatches, as in the artifact.
    std::stable_sort(candidates_.begin(), candidates_.end(),
                     [&](const Candidate& a, const Candidate& b) {
                       if (value(a) != value(b)) return value(a) < value(b);
                       const auto shape = [](const Candidate& candidate) {
                         return std::pair(candidate.placement.stages.size(), candidate.microbatch);
                       };
                       return shape(a) < shape(b);
                     });
    SearchResult found;
    found.evaluations = stages_.evaluations();
    found.complete = complete_;
    std::size_t listed = 0;
    for (const Candidate& candidate : candidates_) {
      found.proposals.push_back(proposal(candidate));
      for (const std::vector<ReplicaRun>& stage : candidate.placement.stages) {
        for (const ReplicaRun& run : stage) listed += static_cast<std::size_t>(run.count);
      }
      if (listed > kMostReplicasListed) break;
    }
    if (found.proposals.empty()) {
      found.infeasible_reason = found.complete
                                    ? why_infeasible(problem_, resources_, tables_, over_bound_)
                                    : "the search was stopped before it found a plan";
    }
    return found;
  }

  Proposal proposal(const Candidate& candidate) const {
    Proposal made;
    made.believed_iteration_s = candidate.placement.estimate.time_s;
    made.believed_usd_per_iter = candidate.placement.estimate.usd();
    Plan& plan = made.plan;
    plan.model = problem_.profile.model;
    plan.layer_count = tables_.layer_count();
    plan.global_batch = problem_.job.global_batch;
    plan.microbatch = candidate.microbatch;
    Pipeline& pipeline = plan.pipelines.emplace_back();
    const int depth = static_cast<int>(candidate.placement.stages.size());
    const std::vector<LayerRange> split = uniform_split(tables_.layer_count(), depth);
    for (std::size_t s = 0; s < split.size(); ++s) {
      Stage& stage = pipeline.stages.emplace_back();
      stage.chunks = {split[s]};
      for (const ReplicaRun& run : candidate.placement.stages[s]) {
        Machine machine;
        machine.gpu = resources_.types[static_cast<std::size_t>(run.place.type)].name;
        machine.zone = resources_.zones[static_cast<std::size_t>(run.place.zone)];
        machine.count = run.place.tp;
        Replica replica;
        replica.machines = {machine};
        replica.tp = run.place.tp;
        stage.replicas.insert(stage.replicas.end(), static_cast<std::size_t>(run.count), replica);
      }
    }
    return made;
  }

  const TrainingProblem& problem_;
  Resources resources_;
  LayerTables tables_;
  LinkTimes links_;
  StageSearch stages_;
  std::vector<Candidate> candidates_;
  int over_bound_ = 0;
  bool complete_ = true;
  std::uint64_t most_evaluations_;
};

class SailorPlanner : public Planner {
 public:
  std::string_view name() const override { return "sailor"; }
  std::string_view description() const override {
    return "Sailor's published search (SOSP'25) with its own cost model, as a baseline";
  }
  SearchResult search(const TrainingProblem& problem, const Estimator&,
                      const PlannerOptions& options) const override {
    if (problem.cluster.gpu_count() == 0) {
      SearchResult nothing;
      nothing.infeasible_reason = "the cluster has no GPUs";
      return nothing;
    }
    if (auto refused = refused_objective(problem.job)) return std::move(*refused);
    if (problem.cluster.network == nullptr) {
      throw_bad_input("planner sailor needs a cluster with a network");
    }
    return Search(problem, options).run();
  }
};

}  // namespace

}  // namespace sailor_search

const Planner& sailor_planner() {
  static const sailor_search::SailorPlanner planner;
  return planner;
}

}  // namespace sextant
