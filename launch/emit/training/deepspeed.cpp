#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"
#include "launch/emit/shell_word.h"
#include "launch/emit/training/engine_files.h"
#include "launch/emit/training/engine_grid.h"
#include "launch/emit/training/job_readme.h"
#include "launch/emit/training/launch_target.h"
#include "launch/emit/training/megatron_arguments.h"
#include "launch/emit/training/node_layout.h"

namespace sextant {

namespace {

constexpr std::string_view kEngine = "DeepSpeed";
// Members of ds_config.json: https://www.deepspeed.ai/docs/config-json/; hostfile and launcher:
// https://www.deepspeed.ai/getting-started/#resource-configuration-multi-node and
// deepspeed/launcher/runner.py; stages: https://www.deepspeed.ai/tutorials/pipeline/. DeepSpeed has
// no model of its own: that, tensor parallelism and the arguments are Megatron-DeepSpeed's.
constexpr std::string_view kWrittenFor =
    "DeepSpeed 0.19 (https://www.deepspeed.ai/docs/config-json/) with Megatron-DeepSpeed, "
    "https://github.com/deepspeedai/Megatron-DeepSpeed/blob/"
    "f1feb8877d760b4ceaa0551debbf1cb4026fc9be/megatron/arguments.py";

std::string placeholder(std::size_t node) {
  return fmt::format("HOST_OF_NODE_{}", node);
}

/// PipelineModule balances blocks by itself (partition_method type:transformer); which stages take
/// a remainder is its choice, so that only even stages are known to be those of the plan.
std::string partition_obstacle(const Plan& plan, const ModelDescription& model) {
  const std::vector<ChunkContents> chunks = chunk_contents(plan, model);
  const int stages = static_cast<int>(chunks.size());
  for (std::size_t s = 0; s < chunks.size(); ++s) {
    if (chunks[s].blocks * stages == model.layers) continue;
    return fmt::format(
        "stage {} holds {} of {} blocks: {}'s PipelineModule gives each of {} stages as many and "
        "has no argument for it",
        s, chunks[s].blocks, model.layers, kEngine, stages);
  }
  if (!chunks.back().final_norm || !chunks.back().head) {
    return fmt::format("plan: the final norm does not stand with the head: {} keeps them together",
                       kEngine);
  }
  return "";
}

void add_plan_obstacles(const LaunchJob& job, std::vector<std::string>& out) {
  const Plan& plan = job.plan;
  const EngineGrid grid = engine_grid(plan);
  const bool zero_bubble = plan.schedule == ScheduleKind::kZeroBubbleH1;
  if (grid.chunks > 1 || (plan.schedule != ScheduleKind::kOneFOneB && !zero_bubble)) {
    out.push_back(
        fmt::format("plan: schedule {} with {} chunk{} a stage: {} has 1f1b and zb-h1 "
                    "with one",
                    to_string(plan.schedule), grid.chunks, grid.chunks == 1 ? "" : "s", kEngine));
  } else if (layer_count_obstacle(plan, job.model).empty()) {
    const std::string obstacle = partition_obstacle(plan, job.model);
    if (!obstacle.empty()) out.push_back(obstacle);
  }
  if (zero_bubble && (plan.recompute || plan.sequence_parallel)) {
    out.push_back(fmt::format("plan: schedule zb-h1 with {}: {} has it without",
                              plan.recompute ? "recomputation" : "sequence parallelism", kEngine));
  }
  if (plan.zero_stage > 1 && grid.stages > 1) {
    out.push_back(
        fmt::format("plan: ZeRO stage {} with {} stages: {} has stages 2 and 3 of ZeRO only "
                    "without a pipeline",
                    plan.zero_stage, grid.stages, kEngine));
  }
}

void add_model_obstacles(const ModelDescription& model, std::vector<std::string>& out) {
  if (model.attention_bias != model.output_bias) {
    out.push_back(
        fmt::format("model: has biases {} at query, key and value: {} has them in all "
                    "linear layers or in none",
                    model.attention_bias ? "only" : "everywhere but", kEngine));
  }
  if (model.attention_window > 0) {
    out.push_back(fmt::format("model: attends to a window of {} tokens: {} has full attention",
                              model.attention_window, kEngine));
  }
}

OrderedJson config(const LaunchJob& job) {
  const EngineGrid grid = engine_grid(job.plan);
  OrderedJson out;
  out["train_batch_size"] = job.plan.global_batch;
  out["train_micro_batch_size_per_gpu"] = job.plan.microbatch;
  out["gradient_accumulation_steps"] = grid.microbatches;
  out["steps_per_print"] = 1;
  out["gradient_clipping"] = 1.0;
  out["zero_optimization"]["stage"] = job.plan.zero_stage;
  if (job.plan.zero_stage > 0 && job.job.optimizer == Optimizer::kSgd) {
    out["zero_allow_untested_optimizer"] = true;
  }
  if (job.job.dtype == DataType::kBf16) out["bf16"]["enabled"] = true;
  if (job.job.dtype == DataType::kFp16) out["fp16"]["enabled"] = true;
  out["wall_clock_breakdown"] = false;
  return out;
}

std::vector<std::string> arguments_of(const LaunchJob& job, const LaunchOptions& options) {
  const ModelDescription& model = job.model;
  const EngineGrid grid = engine_grid(job.plan);
  std::vector<std::string> out = {"--deepspeed", "--deepspeed_config \"$PWD/ds_config.json\"",
                                  fmt::format("--zero-stage {}", job.plan.zero_stage)};
  if (grid.stages == 1) out.emplace_back("--no-pipeline-parallel");
  if (job.plan.schedule == ScheduleKind::kZeroBubbleH1) out.emplace_back("--enable-zbh1-pipeline");
  const std::vector<std::string> common = megatron_family_arguments(job, options);
  out.insert(out.end(), common.begin(), common.end());
  if (job.plan.recompute) out.emplace_back("--deepspeed-activation-checkpointing");
  if (model.kv_heads != model.heads) {
    out.push_back(fmt::format("--num-key-value-heads {}", model.kv_heads));
  }
  if (model.position == Position::kRotary) out.emplace_back("--use-rotary-position-embeddings");
  out.push_back(fmt::format("--normalization {}",
                            model.norm == Normalization::kRmsNorm ? "rmsnorm" : "layernorm"));
  out.emplace_back("--no-query-key-layer-scaling");
  out.emplace_back("--data-path \"$PWD/data/tokens\"");
  out.emplace_back("--data-impl mmap");
  out.emplace_back("--split '100,0,0'");
  return out;
}

/// Random tokens in the form of megatron/data/indexed_dataset.py (MMapIndexedDataset); epochs of
/// them are repeated as often as the job needs. Megatron-DeepSpeed has no mock data.
std::string token_script(const LaunchJob& job) {
  constexpr int kTokens = 1 << 20;
  const int length = job.job.seq_len + 1;
  return fmt::format(R"py(#!/usr/bin/env python3
"""Writes PREFIX.bin and PREFIX.idx: random tokens as a memory-mapped dataset of Megatron."""
import array
import random
import struct
import sys

VOCABULARY = {}
DOCUMENTS = {}
LENGTH = {}  # tokens of a document

if len(sys.argv) != 2:
    sys.exit("usage: synthetic_tokens.py PREFIX")
generator = random.Random(0)
tokens = array.array("i", (generator.randrange(VOCABULARY) for _ in range(DOCUMENTS * LENGTH)))
with open(sys.argv[1] + ".bin", "wb") as file:
    tokens.tofile(file)
with open(sys.argv[1] + ".idx", "wb") as file:
    # Magic, version 1, code 4 of the data type (int32), sequences, documents and one.
    file.write(b"MMIDIDX\0\0" + struct.pack("<QBQQ", 1, 4, DOCUMENTS, DOCUMENTS + 1))
    array.array("i", [LENGTH] * DOCUMENTS).tofile(file)
    array.array("q", [4 * LENGTH * d for d in range(DOCUMENTS)]).tofile(file)
    array.array("q", range(DOCUMENTS + 1)).tofile(file)
)py",
                     job.model.vocab - 1, std::max(4, kTokens / length), length);
}

std::string start_script(const LaunchJob& job, const LaunchOptions& options,
                         const std::string& master) {
  std::string text = R"sh(#!/usr/bin/env bash
# Starts all ranks from this machine: DeepSpeed's launcher goes to the hosts of hostfile, in the
# order of their ranks, and takes .deepspeed_env along. This folder and Megatron-DeepSpeed must lie
# at the same path on all of them. Arguments are handed on.
set -euo pipefail
cd "$(dirname "$0")"
)sh";
  text += options.engine_path.empty()
              ? ": \"${MEGATRON_DEEPSPEED_PATH:?set it to the checkout of Megatron-DeepSpeed}\"\n"
              : fmt::format("MEGATRON_DEEPSPEED_PATH=${{MEGATRON_DEEPSPEED_PATH:-{}}}\n",
                            shell_word(options.engine_path));
  text += R"sh(if grep -q '^HOST_OF_NODE_' hostfile; then
  echo "start.sh: hostfile still has places for hosts (HOST_OF_NODE_…): put their names in" >&2
  exit 2
fi
mkdir -p data logs
[ -f data/tokens.idx ] || python3 synthetic_tokens.py data/tokens
)sh";
  text += fmt::format("arguments=(\n  {}\n)\n", fmt::join(arguments_of(job, options), "\n  "));
  return text + fmt::format(R"sh(deepspeed --hostfile hostfile --ssh_port "${{SSH_PORT:-22}}" \
  {}--master_port "${{MASTER_PORT:-{}}}" \
  "$MEGATRON_DEEPSPEED_PATH/pretrain_gpt.py" "${{arguments[@]}}" "$@" 2>&1 | tee logs/deepspeed.log
)sh",
                            master.empty() ? "" : "--master_addr " + shell_word(master) + " ",
                            options.master_port);
}

class DeepSpeedTarget : public LaunchTarget {
 public:
  std::string_view name() const override { return "deepspeed"; }
  std::string_view description() const override {
    return "DeepSpeed with the models of Megatron-DeepSpeed, by its launcher and a hostfile";
  }
  std::string_view written_for() const override { return kWrittenFor; }
  std::vector<std::string> obstacles(const LaunchJob& job) const override;
  void put(const LaunchJob& job, const LaunchOptions& options, JobFolder& folder) const override;
};

std::vector<std::string> DeepSpeedTarget::obstacles(const LaunchJob& job) const {
  std::vector<std::string> out = grid_obstacles(job.plan, kEngine);
  if (job.plan.pipelines.size() == 1) add_plan_obstacles(job, out);
  const std::vector<std::string> common = megatron_family_obstacles(job, kEngine);
  out.insert(out.end(), common.begin(), common.end());
  add_model_obstacles(job.model, out);
  std::set<std::string> machines;
  for (const LaunchNode& node : job.nodes) {
    if (machines.insert(machine_name(node)).second) continue;
    out.push_back(
        fmt::format("machine {} holds ranks that are not neighbours: a hostfile of {} "
                    "names a host once",
                    quote(machine_name(node)), kEngine));
    break;
  }
  return out;
}

void DeepSpeedTarget::put(const LaunchJob& job, const LaunchOptions& options,
                          JobFolder& folder) const {
  refuse_container(options, name());
  const std::vector<std::string> hosts = node_hosts(job, options);
  std::string hostfile;
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    hostfile += fmt::format("{} slots={}\n", hosts[i].empty() ? placeholder(i) : hosts[i],
                            job.nodes[i].ranks);
  }
  folder.files["hostfile"] = std::move(hostfile);
  folder.files["ds_config.json"] = json_text(config(job));
  folder.files["synthetic_tokens.py"] = token_script(job);
  folder.files["start.sh"] = start_script(job, options, hosts.front());
  std::string environment = "CUDA_DEVICE_MAX_CONNECTIONS=1\n";
  const std::string tf32 = tf32_override(job.job.dtype);
  if (!tf32.empty()) environment += "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE=" + tf32 + "\n";
  folder.files[".deepspeed_env"] = std::move(environment);
  folder.files["compare.sh"] = compare_log_script(
      job,
      {.pattern = R"(elapsed time per iteration \(ms\): ([0-9.]+))", .unit_s = 1e-3, .warm_up = 2});
  folder.notes.emplace_back(
      "tokens are random, of synthetic_tokens.py, and there is no dropout and no checkpoint");
  if (job.job.framework != "deepspeed") {
    folder.notes.push_back(
        fmt::format("the prediction counts with the transfers of framework {}, not of DeepSpeed",
                    quote(job.job.framework)));
  }
  if (const auto unknown = std::count(hosts.begin(), hosts.end(), ""); unknown > 0) {
    folder.notes.push_back(
        fmt::format("hostfile: {} of {} machines have no host name yet", unknown, hosts.size()));
  }
  ReadmeParts readme;
  readme.start =
      "Every machine needs the same DeepSpeed and Megatron-DeepSpeed, of which "
      "MEGATRON_DEEPSPEED_PATH is the checkout; it and this folder must lie at the same path on "
      "all "
      "of them. From a machine that reaches all hosts of `hostfile` through ssh:\n\n"
      "```sh\n./start.sh\n```\n";
  readme.compare =
      "The last rank logs the time of each iteration; the first two do not count.\n\n"
      "```sh\n./compare.sh logs/deepspeed.log\n```\n";
  readme.files = {{"hostfile", "the machines in the order of their ranks"},
                  {"start.sh", "starts all ranks"},
                  {"ds_config.json", "DeepSpeed's configuration"},
                  {".deepspeed_env", "environment of all ranks"},
                  {"synthetic_tokens.py", "writes random tokens, which start.sh asks it for"},
                  {"compare.sh", "predicted against measured"}};
  put_readme(job, *this, readme, folder);
}

}  // namespace

const LaunchTarget& deepspeed_target() {
  static const DeepSpeedTarget target;
  return target;
}

}  // namespace sextant
