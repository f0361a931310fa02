#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"
#include "launch/emit/shell_word.h"
#include "launch/emit/training/engine_files.h"
#include "launch/emit/training/engine_grid.h"
#include "launch/emit/training/job_readme.h"
#include "launch/emit/training/launch_target.h"
#include "launch/emit/training/torchrun_nodes.h"

namespace sextant {

namespace {

constexpr std::string_view kEngine = "torchtitan";
// The tables and keys of the TOML are the dataclasses and fields of job_config.py.
constexpr std::string_view kWrittenFor =
    "torchtitan 0.2, whose jobs are TOML files (from 0.3 on they are Python modules): "
    "https://github.com/pytorch/torchtitan/blob/v0.2.0/torchtitan/config/job_config.py";

/// A model of torchtitan's registry: torchtitan/models/llama3/__init__.py, llama3_configs.
struct Flavor {
  std::string_view name;
  int layers;
  int hidden;
  int heads;
  int kv_heads;
  int ffn;
  int vocab;
};
constexpr std::array kFlavors = {
    Flavor{"debugmodel", 6, 256, 16, 16, 768, 2048},
    Flavor{"8B", 32, 4096, 32, 8, 14336, 128256},
    Flavor{"70B", 80, 8192, 64, 8, 28672, 128256},
    Flavor{"405B", 126, 16384, 128, 8, 53248, 128256},
};

bool is_llama(const ModelDescription& m) {
  return m.norm == Normalization::kRmsNorm && m.activation == Activation::kSwiGlu &&
         m.position == Position::kRotary && !m.tied_embeddings && !m.attention_bias &&
         !m.output_bias && !m.ffn_bias && m.final_norm && !m.norm_after &&
         m.attention_window == 0 && m.experts == 0 && m.embedding_width == m.hidden &&
         m.head_dim * m.heads == m.hidden;
}

/// Null where the registry has no such model.
const Flavor* flavor_of(const ModelDescription& m) {
  if (!is_llama(m)) return nullptr;
  for (const Flavor& flavor : kFlavors) {
    if (flavor.layers == m.layers && flavor.hidden == m.hidden && flavor.heads == m.heads &&
        flavor.kv_heads == m.kv_heads && flavor.ffn == m.ffn && flavor.vocab == m.vocab) {
      return &flavor;
    }
  }
  return nullptr;
}

/// Of torch.distributed.pipelining; "" where it has none.
std::string_view schedule_name(ScheduleKind kind) {
  switch (kind) {
    case ScheduleKind::kGPipe:
      return "GPipe";
    case ScheduleKind::kOneFOneB:
      return "1F1B";
    case ScheduleKind::kInterleaved:
      return "Interleaved1F1B";
    case ScheduleKind::kZeroBubbleH1:
      return "";
  }
  return "";
}

void add_schedule_obstacles(const Plan& plan, std::vector<std::string>& out) {
  if (schedule_name(plan.schedule).empty()) {
    out.push_back(fmt::format("plan: schedule {}: {} has gpipe, 1f1b and interleaved-1f1b",
                              to_string(plan.schedule), kEngine));
  }
  const EngineGrid grid = engine_grid(plan);
  if (grid.chunks > 1 && plan.schedule != ScheduleKind::kInterleaved) {
    out.push_back(
        fmt::format("plan: {} virtual chunks a stage with schedule {}: {} has them with "
                    "interleaved-1f1b",
                    grid.chunks, to_string(plan.schedule), kEngine));
  }
  if (grid.chunks == 1 && grid.stages > 1 && plan.schedule == ScheduleKind::kInterleaved) {
    out.push_back(
        fmt::format("plan: schedule interleaved-1f1b with one chunk a stage: {} wants two "
                    "and more",
                    kEngine));
  }
  if (grid.stages > 1 && grid.microbatches < grid.stages * grid.chunks) {
    out.push_back(fmt::format("plan: {} microbatches for {} stages: {} needs one for each",
                              grid.microbatches, grid.stages * grid.chunks, kEngine));
  }
}

/// Data parallelism is FSDP (ZeRO 2 or 3), or DDP where there is no other parallelism.
void add_sharding_obstacles(const Plan& plan, std::vector<std::string>& out) {
  const EngineGrid grid = engine_grid(plan);
  if (grid.replicas == 1) return;
  if (plan.zero_stage == 1) {
    out.push_back(fmt::format(
        "plan: ZeRO stage 1: {} shards gradients with the optimizer's state (stage 2), and "
        "parameters (3)",
        kEngine));
  }
  if (plan.zero_stage == 0 && (grid.tp > 1 || grid.stages > 1)) {
    out.push_back(
        fmt::format("plan: {} whole copies of stages that are divided among {} ranks: {} "
                    "copies (ZeRO 0) only where nothing else is parallel",
                    grid.replicas, grid.tp * grid.stages, kEngine));
  }
}

/// A basic string of TOML.
std::string toml_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\u{:04x}", byte);
    } else {
      out += c;
    }
  }
  return out + "\"";
}

/// The modules of a chunk by the names that the model gives them.
std::string module_list(const ChunkContents& chunk) {
  std::vector<std::string> names;
  if (chunk.embedding) names.emplace_back("\"tok_embeddings\"");
  for (int b = 0; b < chunk.blocks; ++b) {
    names.push_back(fmt::format("\"layers.{}\"", chunk.first_block + b));
  }
  if (chunk.final_norm) names.emplace_back("\"norm\"");
  if (chunk.head) names.emplace_back("\"output\"");
  return fmt::format("  [{}],\n", fmt::join(names, ", "));
}

std::string config(const LaunchJob& job, const LaunchOptions& options) {
  const Plan& plan = job.plan;
  const EngineGrid grid = engine_grid(plan);
  const bool sharded = plan.zero_stage > 1 && grid.replicas > 1;
  // A pipeline takes the microbatches of an iteration at once; without one they are accumulated.
  const int local_batch = grid.stages > 1 ? plan.global_batch / grid.replicas : plan.microbatch;
  std::string text = fmt::format(
      "# For torchtitan 0.2: https://github.com/pytorch/torchtitan\n"
      "[job]\n"
      "dump_folder = \"logs\"\n"
      "description = {}\n\n"
      "[model]\n"
      "name = \"llama3\"\n"
      "flavor = \"{}\"\n\n"
      "[training]\n"
      "dataset = \"c4_test\"\n"
      "local_batch_size = {}\n"
      "global_batch_size = {}\n"
      "seq_len = {}\n"
      "steps = {}\n"
      "mixed_precision_param = \"{}\"\n"
      "mixed_precision_reduce = \"float32\"\n\n"
      "[optimizer]\n"
      "name = \"AdamW\"\n"
      "lr = 1e-5\n\n"
      "[lr_scheduler]\n"
      "warmup_steps = 1\n\n",
      toml_string(job.model.name), flavor_of(job.model)->name, local_batch, plan.global_batch,
      job.job.seq_len, options.iterations,
      job.job.dtype == DataType::kBf16 ? "bfloat16" : "float32");
  text += fmt::format(
      "[parallelism]\n"
      "data_parallel_replicate_degree = {}\n"
      "data_parallel_shard_degree = {}\n"
      "tensor_parallel_degree = {}\n"
      "pipeline_parallel_degree = {}\n"
      "context_parallel_degree = 1\n",
      sharded ? 1 : grid.replicas, sharded ? grid.replicas : 1, grid.tp, grid.stages);
  if (sharded) {
    text += fmt::format("fsdp_reshard_after_forward = \"{}\"\n",
                        plan.zero_stage == 3 ? "always" : "never");
  }
  if (grid.stages > 1) {
    text += fmt::format(
        "pipeline_parallel_schedule = \"{}\"\n"
        "pipeline_parallel_microbatch_size = {}\n"
        "module_fqns_per_model_part = [\n",
        schedule_name(plan.schedule), plan.microbatch);
    for (const ChunkContents& chunk : chunk_contents(plan, job.model)) text += module_list(chunk);
    text += "]\n";
  }
  return text + fmt::format(
                    "\n[activation_checkpoint]\n"
                    "mode = \"{}\"\n\n"
                    "[metrics]\n"
                    "log_freq = 1\n"
                    "disable_color_printing = true\n",
                    plan.recompute ? "full" : "none");
}

class TorchtitanTarget : public LaunchTarget {
 public:
  std::string_view name() const override { return "torchtitan"; }
  std::string_view description() const override {
    return "torchtitan 0.2 under torchrun, Llama 3 of its registry, stages by module names";
  }
  std::string_view written_for() const override { return kWrittenFor; }
  std::vector<std::string> obstacles(const LaunchJob& job) const override;
  void put(const LaunchJob& job, const LaunchOptions& options, JobFolder& folder) const override;
};

std::vector<std::string> TorchtitanTarget::obstacles(const LaunchJob& job) const {
  std::vector<std::string> out = grid_obstacles(job.plan, kEngine);
  if (job.plan.pipelines.size() == 1) {
    add_schedule_obstacles(job.plan, out);
    add_sharding_obstacles(job.plan, out);
  }
  if (flavor_of(job.model) == nullptr) {
    out.push_back(fmt::format(
        "model: {} is none of the sizes of Llama 3 that the registry of {} has (8B, 70B, 405B, "
        "debugmodel)",
        quote(job.model.name), kEngine));
  }
  const std::string layers = layer_count_obstacle(job.plan, job.model);
  if (!layers.empty()) out.push_back(layers);
  const int tp = job.plan.pipelines.front().stages.front().replicas.front().tp;
  if (job.model.kv_heads % tp != 0) {
    out.push_back(
        fmt::format("plan: {} key-value heads cannot be divided among {} ranks: {} needs "
                    "the same number of them on each",
                    job.model.kv_heads, tp, kEngine));
  }
  if (job.job.dtype == DataType::kFp16 || job.job.dtype == DataType::kTf32) {
    out.push_back(
        fmt::format("job: data type {}: {} has bf16 and fp32", to_string(job.job.dtype), kEngine));
  }
  if (job.job.optimizer == Optimizer::kSgd) {
    out.push_back(fmt::format("job: SGD: {} has Adam and AdamW", kEngine));
  }
  return out;
}

void TorchtitanTarget::put(const LaunchJob& job, const LaunchOptions& options,
                           JobFolder& folder) const {
  refuse_container(options, name());
  const EngineGrid grid = engine_grid(job.plan);
  folder.files["config.toml"] = config(job, options);
  folder.files["environment.sh"] =
      engine_environment("TORCHTITAN_PATH", "torchtitan 0.2", options.engine_path) +
      "export PYTHONPATH=\"$TORCHTITAN_PATH${PYTHONPATH:+:$PYTHONPATH}\"\n" +
      tf32_export(job.job.dtype);
  TorchrunProgram program =
      engine_program("torchtitan", "TORCHTITAN_PATH", "-m torchtitan.train",
                     {"--job.config_file \"$PWD/config.toml\"", "--job.dump_folder \"$PWD/logs\"",
                      "--model.hf_assets_path \"$TORCHTITAN_PATH/tests/assets/tokenizer\"",
                      "--training.dataset_path \"$TORCHTITAN_PATH/tests/assets/c4_test\""});
  // Each rank logs; one of a machine is enough (as in torchtitan's run_train.sh).
  program.options = " --local-ranks-filter 0 --role rank --tee 3";
  put_torchrun_nodes(job, options, program, folder);
  // Tokens a second of a replica, divided by its GPUs (torchtitan/components/metrics.py).
  const double tokens = static_cast<double>(job.plan.global_batch) / grid.replicas *
                        job.job.seq_len / (grid.tp * grid.stages);
  folder.files["compare.sh"] =
      compare_log_script(job, {.pattern = "tps: ([0-9,]+)", .warm_up = 2, .work = tokens});
  folder.notes.emplace_back(
      "tokens are torchtitan's own c4_test with its small test tokenizer, and there is no "
      "checkpoint");
  if (grid.tp > 1 && !job.plan.sequence_parallel) {
    folder.notes.emplace_back(
        "torchtitan's tensor parallelism divides norms and dropouts by the sequence too, which the "
        "plan does not: less memory than predicted");
  }
  if (job.plan.zero_stage == 0 && grid.replicas > 1 && job.job.dtype == DataType::kBf16) {
    folder.notes.emplace_back(
        "under DDP torchtitan keeps parameters and gradients in fp32 and computes in bf16 by "
        "autocast: other memory and other gradient sums than predicted");
  }
  folder.notes.push_back(
      fmt::format("the prediction counts with the transfers of framework {}, not of torchtitan",
                  quote(job.job.framework)));
  ReadmeParts readme = {
      engine_start_text("torchtitan 0.2"),
      "The log has tokens a second and GPU, from which the time of an iteration follows; the first "
      "two do not count.\n\n" +
          std::string(kCompareLogs),
      engine_files()};
  readme.files.emplace_back("config.toml", "torchtitan's job");
  put_readme(job, *this, readme, folder);
}

}  // namespace

const LaunchTarget& torchtitan_target() {
  static const TorchtitanTarget target;
  return target;
}

}  // namespace sextant
