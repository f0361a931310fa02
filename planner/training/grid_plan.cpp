#include "planner/training/grid_plan.h"

namespace sextant {

Plan grid_plan(const TrainingProblem& problem, int microbatch,
               const std::vector<LayerRange>& stages, int dp, int tp, const GpuPool& pool) {
  Plan plan;
  plan.model = problem.profile.model;
  plan.layer_count = problem.profile.layer_count;
  plan.global_batch = problem.job.global_batch;
  plan.microbatch = microbatch;
  Pipeline& pipeline = plan.pipelines.emplace_back();
  for (const LayerRange& layers : stages) {
    Stage& stage = pipeline.stages.emplace_back();
    stage.chunks = {layers};
    stage.replicas.assign(static_cast<std::size_t>(dp),
                          Replica{{Machine{pool.gpu, pool.zone, -1, tp}}, tp, 0});
  }
  return plan;
}

}  // namespace sextant
