#pragma once

#include <string>
#include <vector>

#include "analyzer/serving/placement.h"

namespace sextant {

struct VllmStage {
  std::string machine;
  std::string type;
  std::string host;
  LayerInterval layers;
  double kv_tokens = 0;  ///< that its KV cache has room for
};

/// One server over several machines, of which each holds a stage.
struct VllmPipeline {
  int number = 1;
  std::vector<VllmStage> stages;
  int gpus = 1;  ///< of each machine
  int port = 0;
  int master_port = 0;
  double flow_tokens_per_s = 0;
};

/// "pipeline_1/stage_0.sh".
std::string vllm_stage_path(const VllmPipeline& pipeline, std::size_t stage);
std::string vllm_stage_script(const VllmPipeline& pipeline, std::size_t stage,
                              const std::string& model_path);
/// Starts all of them.
std::string vllm_start_script(const std::vector<VllmPipeline>& pipelines);
std::string vllm_readme(const std::vector<VllmPipeline>& pipelines, const ServedModel& model,
                        const std::vector<std::string>& notes);

}  // namespace sextant
