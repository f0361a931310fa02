#include "analyzer/training/uniform_view.h"

#include <fmt/format.h>

#include "analyzer/core/error.h"

namespace sextant {

UniformView uniform_view(const Plan& plan, std::string_view estimator) {
  if (plan.pipelines.size() != 1) {
    throw_bad_input(fmt::format("estimator {}: does not model several pipelines", estimator));
  }
  const Pipeline& pipeline = plan.pipelines.front();
  UniformView view;
  view.tp = pipeline.stages.front().replicas.front().tp;
  view.dp = static_cast<int>(pipeline.stages.front().replicas.size());
  view.pp = static_cast<int>(pipeline.stages.size());
  view.microbatch = plan.microbatch;
  view.global_batch = plan.global_batch;
  view.zone = pipeline.stages.front().replicas.front().machines.front().zone;
  for (const Stage& stage : pipeline.stages) {
    if (stage.chunks.size() != 1) {
      throw_bad_input(fmt::format("estimator {}: does not model virtual chunks", estimator));
    }
    view.stages.push_back(stage.chunks.front());
    std::vector<std::string>& gpus = view.gpus.emplace_back();
    for (const Replica& replica : stage.replicas) gpus.push_back(replica.machines.front().gpu);
  }
  return view;
}

}  // namespace sextant
