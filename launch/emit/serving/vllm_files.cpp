#include "launch/emit/serving/vllm_files.h"

#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"
#include "analyzer/core/table.h"
#include "launch/emit/shell_word.h"

namespace sextant {

namespace {

/// Whose options and environment this is written for.
constexpr std::string_view kVersion = "0.33.0";

}  // namespace

std::string vllm_stage_path(const VllmPipeline& pipeline, std::size_t stage) {
  return fmt::format("pipeline_{}/stage_{}.sh", pipeline.number, stage);
}

std::string vllm_stage_script(const VllmPipeline& pipeline, std::size_t stage,
                              const std::string& model_path) {
  const std::size_t stages = pipeline.stages.size();
  const VllmStage& held = pipeline.stages[stage];
  std::vector<int> partition;
  for (const VllmStage& each : pipeline.stages) partition.push_back(each.layers.layers());
  std::string text = fmt::format(
      "#!/usr/bin/env bash\n"
      "# Pipeline {}, stage {} of 0 to {}: {} (type {}), layers {} to {}. For vLLM {}.\n"
      "# Arguments are handed on to vllm serve; give all stages the same.\n"
      "set -euo pipefail\n"
      "export VLLM_PP_LAYER_PARTITION={}\n"
      "exec vllm serve {} \\\n"
      "  --tensor-parallel-size {} --pipeline-parallel-size {}",
      pipeline.number, stage, stages - 1, quote(held.machine), quote(held.type), held.layers.first,
      held.layers.end - 1, kVersion, fmt::join(partition, ","), shell_word(model_path),
      pipeline.gpus, stages);
  if (stages > 1) {
    text += fmt::format(
        " \\\n  --distributed-executor-backend mp --nnodes {} --node-rank {}"
        " \\\n  --master-addr {} --master-port {}",
        stages, stage, shell_word(pipeline.stages.front().host), pipeline.master_port);
  }
  text += stage == 0 ? fmt::format(" \\\n  --port {}", pipeline.port) : " \\\n  --headless";
  return text + " \\\n  \"$@\"\n";
}

std::string vllm_start_script(const std::vector<VllmPipeline>& pipelines) {
  std::string text = R"sh(#!/usr/bin/env bash
# Starts every stage on its host through ssh, with its output in logs/; Ctrl-C ends all of them.
# Arguments are handed on to every vllm serve.
set -euo pipefail
cd "$(dirname "$0")"
mkdir -p logs

)sh";
  text += shell_word_function();
  text += R"sh(
words=
for argument in "$@"; do words+=$(word "$argument"); done

# stage HOST PIPELINE STAGE. A terminal (-tt), so that what runs there ends with ssh.
stage() {
  local script
  script=$(word "$(cat "pipeline_$2/stage_$3.sh")")
  ssh -tt -o BatchMode=yes -- "$1" "bash -c$script stage_$3.sh$words" \
    < /dev/null > "logs/pipeline_$2_stage_$3.log" 2>&1 &
}

trap 'kill $(jobs -p) 2> /dev/null || true' EXIT
)sh";
  for (const VllmPipeline& pipeline : pipelines) {
    for (std::size_t s = 0; s < pipeline.stages.size(); ++s) {
      text +=
          fmt::format("stage {} {} {}\n", shell_word(pipeline.stages[s].host), pipeline.number, s);
    }
  }
  return text + "wait\n";
}

std::string vllm_readme(const std::vector<VllmPipeline>& pipelines, const ServedModel& model,
                        const std::vector<std::string>& notes) {
  std::string text = fmt::format(
      R"({} on {} pipeline{} of vLLM workers

Written for vLLM {}: several machines without Ray (--nnodes, --node-rank), and
VLLM_PP_LAYER_PARTITION, which gives each stage its number of layers. The model must
have {} layers and lie at the same place on all machines, which all run the same vLLM.

Start each stage on its host with its script, in any order, or all of them with
start_by_ssh.sh. Arguments are handed on to vllm serve; give all stages of a pipeline the
same, as --max-model-len 4096. The first stage serves the OpenAI API at its port.

)",
      quote(model.name), pipelines.size(), pipelines.size() == 1 ? "" : "s", kVersion,
      model.layers);
  double all = 0;
  for (const VllmPipeline& pipeline : pipelines) all += pipeline.flow_tokens_per_s;
  constexpr auto kLeft = Table::Align::kLeft;
  Table servers({{"pipeline"}, {"server", kLeft}, {"port"}, {"stages"}, {"tokens/s"}, {"weight"}});
  Table stages({{"script", kLeft},
                {"machine", kLeft},
                {"host", kLeft},
                {"type", kLeft},
                {"GPUs"},
                {"layers"},
                {"tokens of KV cache"}});
  for (const VllmPipeline& pipeline : pipelines) {
    const double flow = pipeline.flow_tokens_per_s;
    servers.add_row({std::to_string(pipeline.number), quote(pipeline.stages.front().host),
                     std::to_string(pipeline.port), std::to_string(pipeline.stages.size()),
                     fmt::format("{:.1f}", flow), fmt::format("{:.3f}", all > 0 ? flow / all : 0)});
    for (std::size_t s = 0; s < pipeline.stages.size(); ++s) {
      const VllmStage& stage = pipeline.stages[s];
      stages.add_row({vllm_stage_path(pipeline, s), quote(stage.machine), quote(stage.host),
                      quote(stage.type), std::to_string(pipeline.gpus),
                      fmt::format("{} to {}", stage.layers.first, stage.layers.end - 1),
                      fmt::format("{:.0f}", stage.kv_tokens)});
    }
  }
  text += servers.text() + "\n" + stages.text() + "\nTo know:\n";
  for (const std::string& note : notes) text += "- " + note + "\n";
  return text;
}

}  // namespace sextant
