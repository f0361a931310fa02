#include "analyzer/training/sextant/memory.h"

#include <algorithm>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/plan/schedule.h"
#include "analyzer/training/plan_checks.h"
#include "analyzer/training/sextant/activation_memory.h"
#include "analyzer/training/sextant/state_memory.h"

namespace sextant {

namespace {

using sextant_model::ActivationMemory;
using sextant_model::ChunkActivations;
using sextant_model::StateMemory;
using sextant_model::Transient;

/// What the bound allows a caching allocator to hold beside tensors that come and go, as a share of
/// these. Beside process_bytes_spread it covers every published GH-96 row, by 0.6 % at least.
constexpr double kFragmentation = 0.08;

/// What is there at one moment beside what is always there, bytes.
struct Moment {
  double saved = 0;
  double boundary = 0;
  double recomputed = 0;
  double workspace = 0;
  double messages = 0;
  double gathered_weights = 0;
  double gathered_gradients = 0;
  double update = 0;
  std::string text;

  double sum() const {
    return saved + boundary + recomputed + workspace + messages + gathered_weights +
           gathered_gradients + update;
  }
};

void check_input(const StageMemoryInput& input) {
  const ModelProfile& profile = input.problem.profile;
  require_layers_of(profile, input.plan);
  if (profile.recompute && !input.plan.recompute) {
    throw_bad_input(
        fmt::format("plan: does not recompute activations, but the profile of {} (variant {}) was "
                    "measured with recomputation and cannot tell what is saved without",
                    quote(profile.model), quote(profile.variant)));
  }
}

/// Walks the program of one stage and keeps the fullest moment.
class Walk {
 public:
  Walk(const StateMemory& state, const ActivationMemory& activations)
      : state_(state), activations_(activations) {}

  /// Highest over what is held at the beginning.
  Moment forward(const ChunkActivations& chunk) const {
    Moment out;
    out.saved = chunk.forward.saved;
    out.workspace = chunk.forward.workspace;
    // The activation that leaves, or has come, is there from now on.
    out.boundary = chunk.boundary;
    out.messages = chunk.messages;
    out.gathered_weights = state_.gathered_weights.bytes;
    return out;
  }
  /// Likewise; what the layers behind have freed counts as negative.
  Moment backward(const ChunkActivations& chunk) const {
    Moment out;
    out.saved = chunk.backward.saved - chunk.saved;
    out.recomputed = chunk.backward.recomputed;
    out.workspace = chunk.backward.workspace;
    out.messages = chunk.messages;
    out.gathered_weights = state_.gathered_weights.bytes;
    out.gathered_gradients = state_.gathered_gradients.bytes;
    return out;
  }

  Moment fullest(const std::vector<Task>& program) const {
    Moment fullest;
    const bool split = std::any_of(program.begin(), program.end(), [](const Task& task) {
      return task.work == Work::kBackwardWeight;
    });
    const Work frees = split ? Work::kBackwardWeight : Work::kBackward;
    double saved = 0;
    double boundary = 0;
    for (const Task& task : program) {
      const ChunkActivations& chunk = activations_.chunks[static_cast<std::size_t>(task.chunk)];
      const bool is_forward = task.work == Work::kForward;
      Moment now = is_forward ? forward(chunk) : backward(chunk);
      now.saved += saved;
      now.boundary += boundary;
      if (now.sum() > fullest.sum()) {
        fullest = now;
        fullest.text = fmt::format("{} of microbatch {}", is_forward ? "forward" : "backward",
                                   task.microbatch);
        if (activations_.chunks.size() > 1) fullest.text += fmt::format(", chunk {}", task.chunk);
      }
      if (is_forward) {
        saved += chunk.saved;
        boundary += chunk.boundary;
      } else if (task.work == frees) {
        saved -= chunk.saved;
        boundary -= chunk.boundary;
      }
    }
    return fullest;
  }

 private:
  const StateMemory& state_;
  const ActivationMemory& activations_;
};

/// Microbatches after which the schedule holds no more than before, so that long programs need not
/// be walked to the end.
int telling_microbatches(const StageMemoryInput& input, int stages) {
  const bool repeats = input.plan.schedule == ScheduleKind::kOneFOneB ||
                       input.plan.schedule == ScheduleKind::kZeroBubbleH1;
  return repeats ? std::min(input.microbatches, 2 * stages) : input.microbatches;
}

}  // namespace

RankMemory rank_memory(const StageMemoryInput& input) {
  check_input(input);
  const StateMemory state = sextant_model::state_memory(input);
  const ActivationMemory activations = sextant_model::activation_memory(input);
  const Walk walk(state, activations);

  const auto stages = static_cast<int>(
      input.plan.pipelines[static_cast<std::size_t>(input.pipeline)].stages.size());
  Moment fullest = walk.fullest(stage_program(input.plan.schedule, input.stage, stages,
                                              telling_microbatches(input, stages),
                                              static_cast<int>(activations.chunks.size())));
  RankMemory out;
  for (const ChunkActivations& chunk : activations.chunks) {
    out.chunks.push_back(
        {chunk.saved + chunk.boundary, walk.forward(chunk).sum(), walk.backward(chunk).sum()});
  }
  out.update_bytes = state.update_workspace.bytes;
  if (out.update_bytes > fullest.sum()) {
    fullest = Moment();
    fullest.update = out.update_bytes;
    fullest.text = "update";
  }

  const Calibration& calibration = input.problem.calibration;
  const auto add = [&](const char* name, double bytes, const std::string& source) {
    if (bytes != 0) out.terms.push_back({name, bytes, source});
    return bytes;
  };
  out.static_bytes += add("weights", state.weights.bytes, state.weights.source);
  out.static_bytes += add("gradients", state.gradients.bytes, state.gradients.source);
  out.static_bytes += add("optimizer state", state.optimizer.bytes, state.optimizer.source);
  out.static_bytes +=
      add("communication buffer and copies", state.copies.bytes, state.copies.source);
  add("activations", fullest.saved, activations.saved_source);
  add("boundary activations", fullest.boundary, activations.boundary_source);
  add("recomputed activations", fullest.recomputed,
      "activations of the block that is computed again (Chen et al. 2016)");
  add("workspace", fullest.workspace, activations.workspace_source);
  add("messages", fullest.messages,
      "buffers of one activation and one gradient to or from each neighbouring stage");
  add("gathered weights", fullest.gathered_weights, state.gathered_weights.source);
  add("gathered gradients", fullest.gathered_gradients, state.gathered_gradients.source);
  add("update workspace", fullest.update, state.update_workspace.source);
  out.static_bytes +=
      add("process", calibration.process_bytes,
          calibration.source.empty() ? "default of an unknown site: context, libraries, buffers"
                                     : "calibrated: " + calibration.source);
  out.expected_bytes = out.static_bytes + fullest.sum();
  out.bound_bytes =
      out.expected_bytes + calibration.process_bytes_spread + kFragmentation * fullest.sum();
  out.fullest = fullest.text;
  return out;
}

}  // namespace sextant
