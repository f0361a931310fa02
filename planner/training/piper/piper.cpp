#include "planner/training/piper/piper.h"

#include <limits>
#include <utility>

#include <fmt/format.h>

#include "analyzer/core/table.h"
#include "analyzer/training/gpu_usd.h"
#include "analyzer/training/piper/chain.h"
#include "analyzer/training/piper/tables.h"
#include "planner/training/cluster_view.h"
#include "planner/training/piper/stage_search.h"
#include "planner/training/published_objectives.h"
#include "planner/training/search_budget.h"

namespace sextant {

namespace {

// The published configuration: its profiles of other degrees and microbatches are not used.
constexpr int kTensorDegree = 1;
constexpr int kMicrobatch = 1;

Plan plan_of(const TrainingProblem& problem, const GpuPool& pool, const piper::Division& division) {
  Plan plan;
  plan.model = problem.profile.model;
  plan.layer_count = problem.profile.layer_count;
  plan.global_batch = problem.job.global_batch;
  plan.microbatch = kMicrobatch;
  Pipeline& pipeline = plan.pipelines.emplace_back();
  for (const piper::ChosenStage& chosen : division.stages) {
    Stage& stage = pipeline.stages.emplace_back();
    stage.chunks = {chosen.layers};
    stage.replicas.assign(
        static_cast<std::size_t>(chosen.dp),
        Replica{{Machine{pool.gpu, pool.zone, -1, kTensorDegree}}, kTensorDegree, 0});
  }
  return plan;
}

std::string why_none(const piper::Chain& chain, const GpuPool& pool) {
  double largest = 0;
  int which = 0;
  for (int l = 0; l < chain.size(); ++l) {
    const double bytes = chain.activation_bytes({l, l + 1}) + chain.state_bytes({l, l + 1});
    if (bytes > largest) {
      largest = bytes;
      which = l;
    }
  }
  return fmt::format(
      "Piper divides the model at tensor degree {} and microbatch {} only, and no division among "
      "{} {} fits in their {}: layer {} alone needs {}, all layers {}",
      kTensorDegree, kMicrobatch, pool.count, pool.gpu, format_gib(pool.memory_bytes), which,
      format_gib(largest),
      format_gib(chain.activation_bytes({0, chain.size()}) + chain.state_bytes({0, chain.size()})));
}

class PiperPlanner : public Planner {
 public:
  std::string_view name() const override { return "piper"; }
  std::string_view description() const override {
    return "Piper (NeurIPS'21): stages of different data parallelism by dynamic programming";
  }
  SearchResult search(const TrainingProblem& problem, const Estimator&,
                      const PlannerOptions& options) const override {
    SearchResult out;
    if (auto refused = refused_objective(problem.job)) return std::move(*refused);
    SearchBudget budget(options);
    const GpuPool& pool = only_pool_seen(problem.cluster);
    const piper::LayerTables tables =
        piper::layer_tables(problem, pool.gpu, kTensorDegree, kMicrobatch);
    if (!tables.timed) problem.profile.at(pool.gpu, kTensorDegree, kMicrobatch);  // throws
    const piper::Chain chain(tables.layers);
    const piper::Devices devices = {pool.count, pool.memory_bytes,
                                    pool.count > 1 ? piper::link_bytes_per_s(problem.cluster, pool)
                                                   : std::numeric_limits<double>::infinity()};
    const std::optional<piper::Division> best =
        piper::best_division(chain, devices, problem.job.global_batch, budget);
    out.evaluations = budget.evaluations();
    out.complete = budget.complete();
    if (!best) {
      out.infeasible_reason = out.complete
                                  ? why_none(chain, pool)
                                  : "the search was stopped, and has no plan before its end";
      return out;
    }
    out.first_plan_s = budget.elapsed_s();
    Proposal& made = out.proposals.emplace_back();
    made.plan = plan_of(problem, pool, *best);
    made.believed_iteration_s = best->sample_s * problem.job.global_batch / kMicrobatch;
    made.believed_usd_per_iter = gpu_usd(problem.cluster, made.plan, made.believed_iteration_s);
    return out;
  }
};

}  // namespace

const Planner& piper_planner() {
  static const PiperPlanner planner;
  return planner;
}

}  // namespace sextant
