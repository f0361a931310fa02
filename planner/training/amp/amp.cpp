#include "planner/training/amp/amp.h"

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/plan/layer_split.h"
#include "analyzer/training/amp/model.h"
#include "analyzer/training/amp/tables.h"
#include "analyzer/training/gpu_usd.h"
#include "planner/training/cluster_view.h"
#include "planner/training/published_objectives.h"
#include "planner/training/search_budget.h"

namespace sextant {

namespace {

using amp::Grid;
using amp::LayerTables;
using amp::Machines;

/// Plans name every replica, so a list of them for many thousand GPUs is long. It is cut where it
/// would hold more replicas than this.
constexpr std::size_t kMostReplicasListed = 1'000'000;

std::vector<int> divisors_of(int number) {
  std::vector<int> out;
  for (int d = 1; d <= number; ++d) {
    if (number % d == 0) out.push_back(d);
  }
  return out;
}

/// The GPUs of a plan, counted in units of equal size.
struct Stock {
  int unit = 1;   ///< GPUs; tensor groups divide it
  int units = 0;  ///< in use: so many that the GPUs divide the global batch
  int gpus() const { return unit * units; }
};

/// A unit is a machine, and the units in use are the most whose GPUs divide the batch. Where there
/// is no such number (the published code then has no plan) the largest part of a machine takes its
/// place with which there is one.
Stock stock_of(const std::vector<GpuPool>& pools, int gpus_per_node, int global_batch) {
  for (int unit = gpus_per_node; unit >= 1; --unit) {
    if (gpus_per_node % unit != 0 || global_batch % unit != 0) continue;
    int units = 0;
    for (const GpuPool& pool : pools) units += pool.count / unit;
    while (units > 0 && global_batch / unit % units != 0) --units;
    if (units > 0) return {unit, units};
  }
  return {};  // not reached: one GPU divides every batch
}

struct Candidate {
  int tp = 1;
  int dp = 1;
  int microbatch = 1;
  double iteration_s = 0;

  /// By time in single precision, in which the published code computes, so that what differs by
  /// rounding alone is a tie; ties in the order of its enumeration.
  auto rank() const { return std::make_tuple(static_cast<float>(iteration_s), microbatch, tp, dp); }
};

class AmpSearch {
 public:
  AmpSearch(const TrainingProblem& problem, const PlannerOptions& options)
      : problem_(problem), budget_(options), pools_(last_pool_of_each_type(problem.cluster)) {
    std::vector<const GpuPool*> pools;
    int gpus = 0;
    for (const GpuPool& pool : pools_) {
      pools.push_back(&pool);
      gpus += pool.count;
    }
    machines_ = amp::machines_of(problem.cluster, pools, gpus);
    stock_ = stock_of(pools_, machines_.gpus_per_node, problem.job.global_batch);
  }

  SearchResult run() {
    const std::vector<int> degrees = divisors_of(stock_.unit);
    for (const int tp : degrees) {
      if (!budget_.complete()) break;
      search_degree(tp);
    }
    result_.evaluations = budget_.evaluations();
    result_.complete = budget_.complete();
    list_proposals();
    if (result_.proposals.empty()) result_.infeasible_reason = why_none(degrees);
    return std::move(result_);
  }

 private:
  void search_degree(int tp) {
    std::vector<std::string> gpus;
    for (const GpuPool& pool : pools_) gpus.push_back(pool.gpu);
    const std::optional<LayerTables> tables = amp::layer_tables(problem_, gpus, tp);
    if (!tables) return;
    const int batch = problem_.job.global_batch;
    for (const int dp : divisors_of(stock_.gpus() / tp)) {
      const int stages = stock_.gpus() / (tp * dp);
      if (batch % dp != 0 || stages > problem_.profile.layer_count) continue;
      Grid grid = {dp, tp, 1, batch, split(stages)};
      for (const int microbatch : divisors_of(batch / dp)) {
        if (budget_.spent()) return;
        budget_.count();
        grid.microbatch = microbatch;
        candidates_.push_back(
            {tp, dp, microbatch, cost_of(*tables, machines_, grid).iteration_s()});
        if (candidates_.size() == 1) result_.first_plan_s = budget_.elapsed_s();
      }
    }
  }

  /// Sorting by cost is sorting by time: all candidates use the same GPUs.
  void list_proposals() {
    std::sort(candidates_.begin(), candidates_.end(),
              [](const Candidate& a, const Candidate& b) { return a.rank() < b.rank(); });
    std::size_t listed = 0;
    for (const Candidate& candidate : candidates_) {
      listed += static_cast<std::size_t>(stock_.gpus() / candidate.tp);
      if (listed > kMostReplicasListed && !result_.proposals.empty()) break;
      Proposal& made = result_.proposals.emplace_back();
      made.plan = plan_of(candidate);
      made.believed_iteration_s = candidate.iteration_s;
      made.believed_usd_per_iter = gpu_usd(problem_.cluster, made.plan, candidate.iteration_s);
    }
  }

  /// Replicas take their GPUs from the first type until it has none left, then from the next: the
  /// replicas of a stage may be of different types.
  Plan plan_of(const Candidate& candidate) const {
    Plan plan;
    plan.model = problem_.profile.model;
    plan.layer_count = problem_.profile.layer_count;
    plan.global_batch = problem_.job.global_batch;
    plan.microbatch = candidate.microbatch;
    Pipeline& pipeline = plan.pipelines.emplace_back();
    auto pool = pools_.begin();
    int left = usable(*pool);
    for (const LayerRange& layers : split(stock_.gpus() / (candidate.tp * candidate.dp))) {
      Stage& stage = pipeline.stages.emplace_back();
      stage.chunks = {layers};
      for (int d = 0; d < candidate.dp; ++d) {
        while (left < candidate.tp) left = usable(*++pool);
        left -= candidate.tp;
        stage.replicas.push_back(
            {{Machine{pool->gpu, pool->zone, -1, candidate.tp}}, candidate.tp, 0});
      }
    }
    return plan;
  }

  std::vector<LayerRange> split(int stages) const {
    return split_evenly(problem_.profile.layer_count, stages, Remainder::kLastStage);
  }
  int usable(const GpuPool& pool) const { return pool.count / stock_.unit * stock_.unit; }

  std::string why_none(const std::vector<int>& degrees) const {
    if (!result_.complete) return "the search was stopped before its first plan";
    std::string types;
    for (const GpuPool& pool : pools_) types += (types.empty() ? "" : ", ") + pool.gpu;
    return fmt::format(
        "AMP tries tensor degrees that divide the {} GPUs of a machine, and has neither times nor "
        "sizes of {} on {} at any of {}",
        stock_.unit, quote(problem_.profile.model), types, fmt::join(degrees, ", "));
  }

  const TrainingProblem& problem_;
  SearchBudget budget_;
  std::vector<GpuPool> pools_;
  Machines machines_;
  Stock stock_;
  std::vector<Candidate> candidates_;
  SearchResult result_;
};

class AmpPlanner : public Planner {
 public:
  std::string_view name() const override { return "amp"; }
  std::string_view description() const override {
    return "AMP (NeurIPS'22): every grid of degrees by its own cost model, which knows no memory";
  }
  SearchResult search(const TrainingProblem& problem, const Estimator&,
                      const PlannerOptions& options) const override {
    if (auto refused = refused_objective(problem.job)) return std::move(*refused);
    return AmpSearch(problem, options).run();
  }
};

}  // namespace

const Planner& amp_planner() {
  static const AmpPlanner planner;
  return planner;
}

}  // namespace sextant
