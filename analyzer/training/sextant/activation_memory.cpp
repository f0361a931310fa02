#include "analyzer/training/sextant/activation_memory.h"

#include <algorithm>

namespace sextant::sextant_model {

namespace {

/// Where nobody measured the workspace of a layer's backward, this much of what the layer saved:
/// for every tensor saved there is the gradient of it and of what was computed from it, in blocks
/// of different sizes that a caching allocator does not use for one another. For the head (logits
/// and softmax saved) both gradients and the logits of the microbatch before, which a pipeline
/// engine still has. Halves chosen on the published GH-96 rows (Sailor, SOSP'25, figure 5a).
constexpr double kWorkspacePerSaved = 2;
constexpr double kHeadWorkspacePerSaved = 1.5;

/// One layer for one microbatch, bytes.
struct LayerActivations {
  double saved = 0;       ///< kept from forward to backward
  double recomputed = 0;  ///< made again in the backward
  double forward_workspace = 0;
  double backward_workspace = 0;
};

LayerActivations layer_activations(const StageMemoryInput& input, const LayerMemory& memory,
                                   int layer) {
  const double b = input.plan.microbatch;
  const int last = input.problem.profile.layer_count - 1;
  LayerActivations out;
  out.saved = memory.saved_activation_bytes * b;
  if (memory.training) {
    // The profiler's workspaces are without the output and its gradient.
    out.forward_workspace = (memory.output_bytes + memory.training->forward_workspace_bytes) * b;
    out.backward_workspace = (memory.output_bytes + memory.training->backward_workspace_bytes) * b;
  } else {
    out.backward_workspace =
        out.saved * (layer == last ? kHeadWorkspacePerSaved : kWorkspacePerSaved);
  }
  const bool is_block = layer > 0 && layer < last;
  if (input.plan.recompute && !input.problem.profile.recompute && is_block) {
    // A border between two blocks is kept once: by the profiler's count with the block behind it,
    // by a framework's allocator with the block before it.
    const double border = (memory.training ? memory.input_bytes : memory.output_bytes) * b;
    const double kept = std::min(out.saved, border);
    out.recomputed = out.saved - kept;
    out.saved = kept;
  }
  return out;
}

double sum(const Transient& transient) {
  return transient.saved + transient.recomputed + transient.workspace;
}

void take(Transient& largest, const Transient& other) {
  if (sum(other) > sum(largest)) largest = other;
}

}  // namespace

ActivationMemory activation_memory(const StageMemoryInput& input) {
  const ModelProfile& profile = input.problem.profile;
  const Stage& stage = input.plan.pipelines[static_cast<std::size_t>(input.pipeline)]
                           .stages[static_cast<std::size_t>(input.stage)];
  const int tp = stage.replicas[static_cast<std::size_t>(input.replica)].tp;
  const std::vector<LayerMemory>& memory = profile.memory_at(tp);
  const double b = input.plan.microbatch;

  ActivationMemory out;
  bool all_measured = true;
  for (const LayerRange& range : stage.chunks) {
    ChunkActivations& chunk = out.chunks.emplace_back();
    for (int l = range.first; l < range.end; ++l) {
      const LayerMemory& layer = memory[static_cast<std::size_t>(l)];
      const LayerActivations here = layer_activations(input, layer, l);
      all_measured = all_measured && layer.training.has_value();
      chunk.saved += here.saved;
      // A layer's backward begins when those of all layers behind it are over.
      take(chunk.forward, {chunk.saved, 0, here.forward_workspace});
      take(chunk.backward, {chunk.saved, here.recomputed, here.backward_workspace});
    }
    const LayerMemory& first = memory[static_cast<std::size_t>(range.first)];
    const LayerMemory& last = memory[static_cast<std::size_t>(range.end - 1)];
    const bool has_previous = range.first > 0;
    const bool has_next = range.end < profile.layer_count;
    // What the profiler counts as saved has a layer's input but not its output; what a framework's
    // allocator grew by, the other way round.
    if (first.training) {
      chunk.boundary = has_next ? last.output_bytes * b : 0;
    } else {
      chunk.boundary = has_previous ? first.input_bytes * b : 0;
    }
    chunk.messages =
        (has_previous ? first.input_bytes * b : 0) + (has_next ? last.output_bytes * b : 0);
  }
  out.saved_source = "saved activations of the profile, for each microbatch in flight";
  if (input.plan.recompute) out.saved_source += "; of a block only its input (Chen et al. 2016)";
  out.boundary_source = "activation received or sent, for each microbatch in flight";
  out.workspace_source =
      all_measured ? "measured in the profile"
                   : "2 times what the layer saved, of the head 1.5 times: gradients of it "
                     "(chosen on Sailor's published GH-96 measurements)";
  return out;
}

}  // namespace sextant::sextant_model
