#pragma once

// Jobs of the tiny Llama of nine layers (tests/data/profiler) on small machines of two GPU types in
// two zones, as run_plan runs them.

#include <string>
#include <vector>

#include "analyzer/model/model_document.h"
#include "launch/emit/training/launch_target.h"
#include "launch/emit/training/node_layout.h"
#include "tests/support/project_paths.h"

namespace sextant::testing {

/// Four nodes of two A100 and of four V100 in the hall, and two of two A100 far away.
inline std::vector<GpuPool> small_pools() {
  std::vector<GpuPool> pools(3);
  pools[0].gpu = pools[2].gpu = "A100-40";
  pools[1].gpu = "V100-16";
  pools[0].zone = pools[1].zone = "hall";
  pools[2].zone = "far away";
  pools[0].gpus_per_node = pools[2].gpus_per_node = 2;
  pools[1].gpus_per_node = 4;
  pools[0].count = 8;
  pools[1].count = 16;
  pools[2].count = 4;
  return pools;
}

struct StageOnGpus {
  LayerRange layers;
  std::string gpu = "A100-40";
  std::string zone = "hall";
  int tp = 1;
};

/// One pipeline of two replicas.
inline Plan two_replicas(const std::vector<StageOnGpus>& stages) {
  Plan plan;
  plan.model = "tiny-llama";
  plan.layer_count = 9;
  plan.global_batch = 8;
  plan.microbatch = 2;
  Pipeline& pipeline = plan.pipelines.emplace_back();
  for (const StageOnGpus& of : stages) {
    Stage& stage = pipeline.stages.emplace_back();
    stage.chunks = {of.layers};
    stage.replicas.assign(2, Replica{{{of.gpu, of.zone, -1, of.tp}}, of.tp, 0});
  }
  return plan;
}

inline Plan uniform_plan() {
  return two_replicas({{{0, 5}}, {{5, 9}}});
}
/// Other layers and another tensor degree in the second stage.
inline Plan uneven_plan() {
  return two_replicas({{{0, 2}}, {{2, 9}, "A100-40", "hall", 2}});
}
inline Plan mixed_plan() {
  return two_replicas({{{0, 2}, "V100-16", "hall", 2}, {{2, 9}, "A100-40", "hall", 2}});
}
inline Plan far_plan() {
  return two_replicas({{{0, 5}}, {{5, 9}, "A100-40", "far away"}});
}
/// The stages of the A100 share the second node with each other, and have the V100 between them.
inline Plan scattered_plan() {
  Plan plan = two_replicas({{{0, 2}}, {{2, 5}, "V100-16"}, {{5, 9}}});
  for (Stage& stage : plan.pipelines.front().stages) {
    stage.replicas.push_back(stage.replicas.front());
  }
  plan.global_batch = 12;
  return plan;
}

inline LaunchJob launch_job(Plan plan) {
  LaunchJob job;
  job.model = read_model(source_path("tests/data/profiler/tiny-llama.json"));
  job.model_document = to_json(job.model);
  job.job.model = job.model.name;
  job.job.global_batch = plan.global_batch;
  job.job.seq_len = 64;
  job.job.framework = "sextant";
  job.nodes = node_layout(plan, small_pools());
  job.plan_document = to_json(plan);
  job.plan = std::move(plan);
  RecordedPrediction& prediction = job.prediction.emplace();
  prediction.estimator = "sextant";
  prediction.iteration_s = 0.25;
  prediction.usd_per_iter = 0.001;
  prediction.tokens_per_s = 2048;
  prediction.peak_memory_bytes = 3.0 * (1 << 30);
  prediction.memory_bound_bytes = 3.5 * (1 << 30);
  return job;
}

}  // namespace sextant::testing
