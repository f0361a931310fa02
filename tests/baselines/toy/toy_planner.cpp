#include "planner/training/cluster_view.h"
#include "planner/training/grid_plan.h"
#include "planner/training/planner.h"

namespace sextant {

namespace {

/// The whole model on every GPU that it sees.
class ToyPlanner : public Planner {
 public:
  std::string_view name() const override { return "toy"; }
  std::string_view description() const override { return "data parallelism and nothing else"; }
  SearchResult search(const TrainingProblem& problem, const Estimator& /*judge*/,
                      const PlannerOptions& /*options*/) const override {
    const GpuPool& pool = only_pool_seen(problem.cluster);
    SearchResult result;
    Proposal& proposal = result.proposals.emplace_back();
    proposal.plan = grid_plan(problem, 1, {{0, problem.profile.layer_count}}, pool.count, 1, pool);
    proposal.believed_iteration_s =
        estimator_named("toy").predict(problem, proposal.plan).iteration_s;
    result.evaluations = 1;
    return result;
  }
};

}  // namespace

const Planner& toy_planner() {
  static const ToyPlanner planner;
  return planner;
}

}  // namespace sextant
