#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"
#include "launch/emit/shell_word.h"
#include "launch/emit/training/engine_files.h"
#include "launch/emit/training/engine_grid.h"
#include "launch/emit/training/job_readme.h"
#include "launch/emit/training/launch_target.h"
#include "launch/emit/training/megatron_arguments.h"
#include "launch/emit/training/torchrun_nodes.h"

namespace sextant {

namespace {

constexpr std::string_view kEngine = "Megatron-LM";
// Every argument that this file and megatron_arguments.cpp write is an add_argument of
// megatron/training/arguments.py; the grammar of the layout:
// https://docs.nvidia.com/megatron-core/developer-guide/latest/user-guide/features/pipeline_parallel_layout.html
constexpr std::string_view kWrittenFor =
    "Megatron-LM, megatron/training/arguments.py as of "
    "https://github.com/NVIDIA/Megatron-LM/blob/000c4ac24f61159c138b0975def722c65245983c/megatron/"
    "training/arguments.py (Megatron Core 0.15 on; --pipeline-model-parallel-layout)";

/// Blocks that attend to a window, as --window-attn-skip-freq lists them: 1 has it.
std::string window_pattern(const ModelDescription& model) {
  std::vector<int> blocks;
  for (int b = 0; b < model.layers; ++b) blocks.push_back(has_window(model, b) ? 1 : 0);
  return fmt::format("[{}]", fmt::join(blocks, ","));
}

/// "Et*12|t*14L": chunks in the order of the model, all stages of virtual chunk 0 first.
std::string layout(const std::vector<ChunkContents>& chunks) {
  std::string text;
  for (std::size_t c = 0; c < chunks.size(); ++c) {
    if (c > 0) text += '|';
    if (chunks[c].embedding) text += 'E';
    if (chunks[c].blocks > 0) text += fmt::format("t*{}", chunks[c].blocks);
    if (chunks[c].head) text += 'L';
  }
  return text;
}

bool is_even(const std::vector<ChunkContents>& chunks) {
  for (const ChunkContents& chunk : chunks) {
    if (chunk.blocks != chunks.front().blocks) return false;
  }
  return true;
}

std::vector<std::string> schedule_obstacles(const Plan& plan) {
  std::vector<std::string> out;
  if (plan.schedule == ScheduleKind::kGPipe || plan.schedule == ScheduleKind::kZeroBubbleH1) {
    out.push_back(fmt::format("plan: schedule {}: {} has 1f1b and interleaved-1f1b",
                              to_string(plan.schedule), kEngine));
  }
  if (plan.pipelines.size() > 1) return out;
  const EngineGrid grid = engine_grid(plan);
  if (grid.chunks > 1 && (grid.stages < 2 || grid.microbatches % grid.stages != 0)) {
    out.push_back(
        fmt::format("plan: {} virtual chunks a stage over {} stages and {} microbatches: {} "
                    "interleaves two stages and more, with a multiple of so many microbatches",
                    grid.chunks, grid.stages, grid.microbatches, kEngine));
  }
  return out;
}

class MegatronTarget : public LaunchTarget {
 public:
  std::string_view name() const override { return "megatron"; }
  std::string_view description() const override {
    return "Megatron-LM's pretrain_gpt.py under torchrun, uneven stages by its pipeline layout";
  }
  std::string_view written_for() const override { return kWrittenFor; }
  std::vector<std::string> obstacles(const LaunchJob& job) const override;
  void put(const LaunchJob& job, const LaunchOptions& options, JobFolder& folder) const override;
};

std::vector<std::string> MegatronTarget::obstacles(const LaunchJob& job) const {
  const Plan& plan = job.plan;
  const ModelDescription& model = job.model;
  std::vector<std::string> out = grid_obstacles(plan, kEngine);
  const auto append = [&](const std::vector<std::string>& more) {
    out.insert(out.end(), more.begin(), more.end());
  };
  append(schedule_obstacles(plan));
  if (plan.zero_stage > 1) {
    out.push_back(fmt::format(
        "plan: ZeRO stage {}: {}'s distributed optimizer divides the optimizer's state only (stage "
        "1)",
        plan.zero_stage, kEngine));
  }
  append(megatron_family_obstacles(job, kEngine));
  if (model.output_bias && !model.attention_bias) {
    out.push_back(fmt::format(
        "model: has biases everywhere but at query, key and value: {} has them in all linear "
        "layers, in none, or only there",
        kEngine));
  }
  if (layer_count_obstacle(plan, model).empty() && plan.pipelines.size() == 1) {
    for (const ChunkContents& chunk : chunk_contents(plan, model)) {
      if (!chunk.final_norm || chunk.head) continue;
      out.push_back(fmt::format(
          "plan: the final norm and the head stand on different stages: {} keeps them together",
          kEngine));
    }
  }
  return out;
}

std::vector<std::string> arguments_of(const LaunchJob& job, const LaunchOptions& options) {
  const ModelDescription& model = job.model;
  const EngineGrid grid = engine_grid(job.plan);
  const std::vector<ChunkContents> chunks = chunk_contents(job.plan, model);
  std::vector<std::string> out = megatron_family_arguments(job, options);
  if (!is_even(chunks)) {
    out.push_back(fmt::format("--pipeline-model-parallel-layout {}", shell_word(layout(chunks))));
  } else if (grid.chunks > 1) {
    out.push_back(fmt::format("--num-virtual-stages-per-pipeline-rank {}", grid.chunks));
  }
  if (model.attention_bias && !model.output_bias) out.emplace_back("--add-qkv-bias");
  if (model.kv_heads != model.heads) {
    out.emplace_back("--group-query-attention");
    out.push_back(fmt::format("--num-query-groups {}", model.kv_heads));
  }
  out.push_back(fmt::format("--position-embedding-type {}",
                            model.position == Position::kLearned ? "learned_absolute" : "rope"));
  out.push_back(fmt::format("--normalization {}",
                            model.norm == Normalization::kRmsNorm ? "RMSNorm" : "LayerNorm"));
  if (model.attention_window > 0) {
    // A token sees so many before it, beside itself.
    out.push_back(fmt::format("--window-size {}",
                              shell_word(fmt::format("({},0)", model.attention_window - 1))));
    out.push_back(fmt::format("--window-attn-skip-freq {}", shell_word(window_pattern(model))));
  }
  if (job.plan.zero_stage == 1) out.emplace_back("--use-distributed-optimizer");
  if (job.job.framework == "megatron-overlap") out.emplace_back("--overlap-grad-reduce");
  out.emplace_back("--mock-data");
  return out;
}

void MegatronTarget::put(const LaunchJob& job, const LaunchOptions& options,
                         JobFolder& folder) const {
  refuse_container(options, name());
  folder.files["environment.sh"] =
      engine_environment("MEGATRON_PATH", "Megatron-LM", options.engine_path) +
      // Asked for with tensor parallelism before Blackwell.
      "export CUDA_DEVICE_MAX_CONNECTIONS=1\n" + tf32_export(job.job.dtype);
  put_torchrun_nodes(
      job, options,
      engine_program("Megatron-LM", "MEGATRON_PATH", "\"$MEGATRON_PATH/pretrain_gpt.py\"",
                     arguments_of(job, options)),
      folder);
  // The last rank prints it; newer versions add the mean after a slash.
  folder.files["compare.sh"] = compare_log_script(
      job,
      {.pattern = R"(elapsed time per iteration \(ms\): ([0-9.]+))", .unit_s = 1e-3, .warm_up = 2});
  folder.notes.emplace_back(
      "tokens are Megatron-LM's mock data, and there is no dropout and no checkpoint");
  if (!job.job.framework.starts_with("megatron")) {
    folder.notes.push_back(
        fmt::format("the prediction counts with the transfers of framework {}, not of Megatron-LM",
                    quote(job.job.framework)));
  }
  folder.notes.emplace_back(
      "kernels are of Transformer Engine; where a GPU or the installation has none, hand on "
      "--transformer-impl local, and --no-gradient-accumulation-fusion where Apex is missing");
  const ReadmeParts readme = {
      engine_start_text("Megatron-LM"),
      "The last rank logs the time of each iteration; the first two do not count.\n\n" +
          std::string(kCompareLogs),
      engine_files()};
  put_readme(job, *this, readme, folder);
}

}  // namespace

const LaunchTarget& megatron_target() {
  static const MegatronTarget target;
  return target;
}

}  // namespace sextant
