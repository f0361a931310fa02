#include "reproduce/helix_report.h"

namespace sextant {

std::vector<std::string> helix_notes(const HelixExperiment& experiment) {
  std::vector<std::string> notes = {
      "Simulated with the machines, models and requests of Helix's artifact (seed 0) as its own "
      "simulator does, 'separate' with random links as there. Decode throughput counts decode "
      "steps that end within the window; latencies are those of prompts and of single decode "
      "steps.",
      "'flow' is the maximum flow of a placement as planners count it, 'bound' what no placement "
      "of the same machines exceeds, whatever their network (prompt and decode tokens per second "
      "together)."};
  if (experiment.online) {
    notes.emplace_back(
        "30 minutes of requests at the recorded rates, scaled to what the artifact offers each "
        "method; all are served to the end. Methods are offered different rates, which limit "
        "their throughput.");
  } else {
    notes.emplace_back(
        "10 minutes after one of warming up. Helix and ours add requests while the fullest "
        "layer's cache is at most 80 % planned for; the others keep as many under way as the "
        "artifact gives them. 'rejected' are prompts that found no way with room, which the "
        "artifact drops.");
  }
  if (experiment.study == HelixExperiment::Study::kScheduling) {
    notes.emplace_back(
        "One placement, that of the paper's study. 'mean_queue' has the requests that wait at "
        "each machine.");
    return notes;
  }
  if (experiment.cluster == "highhet") {
    notes.emplace_back(
        "No figures of this cluster were published with the artifact. Helix's placement is that "
        "of its ablation study, with our flow split; Swarm's is made anew.");
    notes.emplace_back(
        "The artifact's own separate pipelines were not to be had: here each type has equal parts "
        "of the layers, and 'separate-plus' a pipeline of V100 and T4 more. Where a machine holds "
        "more layers than its profile has, its KV cache is the one recorded on the single cluster, "
        "or what the profile extrapolates to; where that is full, the "
        "youngest request starts again.");
  } else {
    notes.emplace_back(
        "'helix' and the other recorded placements under Helix's scheduler follow the flow split "
        "that was recorded (maximum flows are not unique); '-own-split' follows ours.");
  }
  if (experiment.model == "llama30b") {
    notes.emplace_back(
        "Helix and 'separate' serve LLaMA-30B with one system for each machine type: throughputs "
        "are summed, latencies pooled. Ours is one placement over all machines, offered the sum "
        "of Helix's rates.");
  }
  notes.emplace_back(
      "'sextant' is placed for throughput and latency of served requests, 'sextant-flow' for "
      "maximum flow alone; both follow our flow split and have one seed.");
  return notes;
}

}  // namespace sextant
