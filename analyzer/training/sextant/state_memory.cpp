#include "analyzer/training/sextant/state_memory.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "analyzer/training/framework.h"
#include "analyzer/training/sextant/layer_state.h"

namespace sextant::sextant_model {

namespace {

constexpr double kFp32Bytes = 4;
constexpr const char* kMeasured = "measured in the profile";

/// Replicas of all pipelines that hold layer `layer`, among which ZeRO divides its state.
int holders(const Plan& plan, int layer) {
  std::size_t count = 0;
  for (const Pipeline& pipeline : plan.pipelines) {
    for (const Stage& stage : pipeline.stages) {
      const bool holds = std::any_of(
          stage.chunks.begin(), stage.chunks.end(),
          [&](const LayerRange& chunk) { return chunk.first <= layer && layer < chunk.end; });
      if (holds) count += stage.replicas.size();
    }
  }
  return static_cast<int>(count);
}

/// "a; b" of the parts that say something.
std::string join(std::string text, const std::string& more) {
  return more.empty() ? text : text + "; " + more;
}

}  // namespace

StateMemory state_memory(const StageMemoryInput& input) {
  const TrainingProblem& problem = input.problem;
  const Job& job = problem.job;
  const Stage& stage = input.plan.pipelines[static_cast<std::size_t>(input.pipeline)]
                           .stages[static_cast<std::size_t>(input.stage)];
  const int tp = stage.replicas[static_cast<std::size_t>(input.replica)].tp;
  const std::vector<LayerMemory>& memory = problem.profile.memory_at(tp);
  const Framework& framework = framework_named(job.framework);
  const int zero = input.plan.zero_stage;

  StateMemory out;
  bool all_measured = true;
  bool has_first = false;
  bool shared = false;
  for (const LayerRange& chunk : stage.chunks) {
    has_first = has_first || chunk.first == 0;
    for (int l = chunk.first; l < chunk.end; ++l) {
      const LayerMemory& layer = memory[static_cast<std::size_t>(l)];
      LayerState state = layer_state(layer, job);
      all_measured = all_measured && layer.training.has_value();
      if (l == problem.profile.layer_count - 1 && l > 0 && has_first && state.weights > 0) {
        const double kept = 1 - std::min(1.0, input.tied_table_bytes / state.weights);
        shared = kept < 1;
        state.weights *= kept;
        state.gradients *= kept;
        state.optimizer *= kept;
      }
      const int replicas = holders(input.plan, l);
      const double rest = 1 - 1.0 / replicas;  // that the other replicas keep
      out.weights.bytes += state.weights * (zero >= 3 ? 1.0 / replicas : 1);
      out.gradients.bytes += state.gradients * (zero >= 2 ? 1.0 / replicas : 1);
      out.optimizer.bytes += state.optimizer * (zero >= 1 ? 1.0 / replicas : 1);
      if (zero >= 3) {
        out.gathered_weights.bytes = std::max(out.gathered_weights.bytes, state.weights * rest);
      }
      if (zero >= 2) {
        out.gathered_gradients.bytes =
            std::max(out.gathered_gradients.bytes, state.gradients * rest);
      }
      out.update_workspace.bytes = std::max(out.update_workspace.bytes, state.update_workspace);
    }
  }
  out.copies.bytes = out.weights.bytes * framework.extra_state_per_weight;

  const auto sharded = [&](int from) {
    return zero < from ? std::string()
                       : fmt::format(
                             "divided among the replicas: ZeRO stage {} (Rajbhandari et "
                             "al. 2020, section 5)",
                             zero);
  };
  const std::string once = shared ? "the head's table is the embedding's" : "";
  out.weights.source = join(join("parameter bytes of the profile", once), sharded(3));
  out.gradients.source =
      join(all_measured ? kMeasured : "as large as the weights, in their data type", sharded(2));
  out.optimizer.source = join(
      all_measured && job.optimizer == Optimizer::kAdam
          ? kMeasured
          : fmt::format("{} bytes a parameter: {} in fp32{} (Rajbhandari et al. 2020, section 3.1)",
                        optimizer_bytes_per_parameter(job),
                        job.optimizer == Optimizer::kAdam ? "two moments" : "momentum",
                        element_bytes(job.dtype) < kFp32Bytes ? ", master weights" : ""),
      sharded(1));
  out.copies.source =
      fmt::format("{} times the weights: {}", framework.extra_state_per_weight, framework.source);
  out.gathered_weights.source = "largest layer, the other replicas' parts (ZeRO stage 3)";
  out.gathered_gradients.source =
      "largest layer before its gradients are scattered, the other replicas' parts";
  out.update_workspace.source = all_measured ? kMeasured : "fp32 gradients of the largest layer";
  return out;
}

}  // namespace sextant::sextant_model
