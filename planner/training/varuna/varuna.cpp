// Planner `varuna`. It takes a node for a GPU: its tables are of layers that all GPUs of a node
// share (tensor degree = GPUs of a node), its replicas are nodes. The plan that it then proposes
// has a GPU wherever it thought of a node.
#include "planner/training/varuna/varuna.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/table.h"
#include "analyzer/plan/layer_split.h"
#include "analyzer/training/gpu_usd.h"
#include "analyzer/training/varuna/model.h"
#include "planner/training/cluster_view.h"
#include "planner/training/grid_plan.h"
#include "planner/training/published_objectives.h"
#include "planner/training/search_budget.h"

namespace sextant {

namespace {

/// The GPUs that it counts as one: those of a node; of a node of which there are fewer, or whose
/// number was not profiled, the most that were.
int gpus_counted_as_one(const TrainingProblem& problem, const GpuPool& pool) {
  const int most = std::min(pool.gpus_per_node, pool.count);
  int degree = 0;
  for (const auto& [key, point] : problem.profile.points) {
    if (key.gpu == pool.gpu && key.tp <= most) degree = std::max(degree, key.tp);
  }
  if (degree == 0) {
    throw_bad_input(fmt::format("profile of {}: has no point of {} at a tensor degree up to {}",
                                quote(problem.profile.model), quote(pool.gpu), most));
  }
  return degree;
}

class Search {
 public:
  Search(const TrainingProblem& problem, const PlannerOptions& options)
      : problem_(problem),
        budget_(options),
        pool_(only_pool_seen(problem.cluster)),
        degree_(gpus_counted_as_one(problem, pool_)),
        nodes_(pool_.count / degree_),
        table_(varuna::layer_table(problem, pool_.gpu, degree_)) {}

  SearchResult run() {
    const int layers = problem_.profile.layer_count;
    for (int depth = 1; depth <= std::min(layers, nodes_); ++depth) {
      // A stage for each layer has no plan in any recorded run.
      if (layers % depth != 0 || (depth == layers && layers > 1)) continue;
      if (budget_.spent()) break;
      try_depth(depth);
    }
    found_.evaluations = budget_.evaluations();
    found_.complete = budget_.complete();
    sort();
    if (found_.proposals.empty()) {
      found_.infeasible_reason =
          reason_.empty() ? "the search was stopped before it found a plan" : reason_;
    }
    return std::move(found_);
  }

 private:
  void try_depth(int depth) {
    varuna::Grid grid;
    grid.stages = split_evenly(problem_.profile.layer_count, depth, Remainder::kFirstStages);
    grid.dp = nodes_ / depth;
    grid.tp = degree_;
    grid.global_batch = problem_.job.global_batch;
    grid.gpu = pool_.gpu;
    grid.zone = pool_.zone;
    grid.gpus_per_node = pool_.gpus_per_node;
    const std::optional<int> microbatch = largest_microbatch(grid.stages);
    if (!microbatch) return;
    grid.microbatch = *microbatch;
    if (grid.microbatches() < 1) {
      reason_ = fmt::format("{} pipelines of {} stages have fewer than one each of {} sequences",
                            grid.dp, depth, grid.global_batch);
      return;
    }
    budget_.count();
    Proposal proposal;
    proposal.believed_iteration_s = varuna::grid_times(problem_, table_, grid).iteration_s();
    if (!(proposal.believed_iteration_s > 0)) {
      reason_ = table_.source + ": has no times";
      return;
    }
    proposal.plan = grid_plan(problem_, grid.microbatch, grid.stages, nodes_ * degree_ / depth,
                              /*tp=*/1, pool_);
    proposal.believed_usd_per_iter =
        gpu_usd(problem_.cluster, proposal.plan, proposal.believed_iteration_s);
    found_.proposals.push_back(std::move(proposal));
  }

  /// From the largest that was profiled, halved until what it needs fits.
  std::optional<int> largest_microbatch(const std::vector<LayerRange>& stages) {
    for (int m = table_.by_microbatch.rbegin()->first; m >= 1; m /= 2) {
      const auto layers = table_.by_microbatch.find(m);
      if (layers == table_.by_microbatch.end()) continue;
      double most = 0;
      for (const LayerRange& stage : stages) {
        most = std::max(most, varuna::stage_memory_bytes(layers->second, stage, degree_));
      }
      if (most <= pool_.memory_bytes) return m;
      reason_ = fmt::format("by its own model {} stages at microbatch {} need {} of {}",
                            stages.size(), m, format_gib(most), format_gib(pool_.memory_bytes));
    }
    return std::nullopt;
  }

  void sort() {
    const bool by_cost = problem_.job.objective == Objective::kCost;
    std::stable_sort(found_.proposals.begin(), found_.proposals.end(),
                     [by_cost](const Proposal& a, const Proposal& b) {
                       return by_cost ? a.believed_usd_per_iter < b.believed_usd_per_iter
                                      : a.believed_iteration_s < b.believed_iteration_s;
                     });
  }

  const TrainingProblem& problem_;
  SearchBudget budget_;
  const GpuPool& pool_;
  int degree_ = 1;
  int nodes_ = 1;
  varuna::LayerTable table_;
  SearchResult found_;
  std::string reason_;  ///< what the last depth without a plan lacked
};

class VarunaPlanner : public Planner {
 public:
  std::string_view name() const override { return "varuna"; }
  std::string_view description() const override {
    return "Varuna (EuroSys'22): pipeline depth and microbatch by its simulation, one GPU type in "
           "one zone, no tensor parallelism";
  }
  SearchResult search(const TrainingProblem& problem, const Estimator& /*judge*/,
                      const PlannerOptions& options) const override {
    if (auto refused = refused_objective(problem.job)) return std::move(*refused);
    return Search(problem, options).run();
  }
};

}  // namespace

const Planner& varuna_planner() {
  static const VarunaPlanner planner;
  return planner;
}

}  // namespace sextant
