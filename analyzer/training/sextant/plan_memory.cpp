#include "analyzer/training/sextant/plan_memory.h"

#include <algorithm>
#include <map>
#include <tuple>

#include <fmt/format.h>

#include "analyzer/core/table.h"
#include "analyzer/training/sextant/memory.h"

namespace sextant {

namespace {

/// The token table's weights on a rank of a stage that has both the embedding and the head of a
/// tied model: one copy serves both.
double shared_table_bytes(const TrainingProblem& problem, const Plan& plan, const Stage& stage,
                          int tp) {
  if (problem.model == nullptr || !problem.model->tied_embeddings) return 0;
  bool first = false;
  bool last = false;
  for (const LayerRange& chunk : stage.chunks) {
    first |= chunk.first == 0;
    last |= chunk.end == plan.layer_count;
  }
  if (!first || !last) return 0;
  const ModelDescription& model = *problem.model;
  return static_cast<double>(padded_vocab(model, tp)) / tp * model.embedding_width *
         element_bytes(problem.job.dtype);
}

RankMemory memory_of(const TrainingProblem& problem, const Plan& plan, std::size_t p, std::size_t s,
                     std::size_t r, int microbatches) {
  const Stage& stage = plan.pipelines[p].stages[s];
  return rank_memory({problem, plan, static_cast<int>(p), static_cast<int>(s), static_cast<int>(r),
                      microbatches,
                      shared_table_bytes(problem, plan, stage, stage.replicas[r].tp)});
}

void add_stage(const TrainingProblem& problem, const Plan& plan, std::size_t p, std::size_t s,
               const std::vector<PlacedReplica>& replicas, const std::vector<int>& microbatches,
               StagePrediction& out) {
  double fullest = -1;
  std::map<std::tuple<const GpuPool*, int, int>, bool> seen;
  for (std::size_t r = 0; r < replicas.size(); ++r) {
    const PlacedReplica& replica = replicas[r];
    if (!seen.emplace(std::tuple(replica.pool, replica.tp, microbatches[r]), true).second) continue;
    const RankMemory memory = memory_of(problem, plan, p, s, r, microbatches[r]);
    const double capacity = replica.pool->memory_bytes;
    if (memory.bound_bytes / capacity <= fullest) continue;
    fullest = memory.bound_bytes / capacity;
    out.peak_memory_bytes = memory.expected_bytes;
    out.memory_bound_bytes = memory.bound_bytes;
    out.memory_capacity_bytes = capacity;
    out.memory_terms = memory.terms;
  }
}

}  // namespace

void add_memory(const TrainingProblem& problem, const Plan& plan, const Placement& placement,
                const std::vector<std::vector<int>>& microbatches, Prediction& prediction) {
  std::size_t index = 0;
  for (std::size_t p = 0; p < placement.size(); ++p) {
    for (std::size_t s = 0; s < placement[p].size(); ++s, ++index) {
      StagePrediction& stage = prediction.stages[index];
      add_stage(problem, plan, p, s, placement[p][s], microbatches[p], stage);
      prediction.peak_memory_bytes =
          std::max(prediction.peak_memory_bytes, stage.peak_memory_bytes);
      prediction.memory_bound_bytes =
          std::max(prediction.memory_bound_bytes, stage.memory_bound_bytes);
      if (stage.memory_bound_bytes <= stage.memory_capacity_bytes || !prediction.fits) continue;
      prediction.fits = false;
      prediction.memory_note = fmt::format(
          "stage {} needs {}, and with what allocators and libraries may add up to {}, of {}",
          index, format_gib(stage.peak_memory_bytes), format_gib(stage.memory_bound_bytes),
          format_gib(stage.memory_capacity_bytes));
    }
  }
}

void add_memory(const TrainingProblem& problem, const Plan& plan,
                const std::vector<std::vector<int>>& microbatches, Timeline& timeline) {
  std::vector<std::vector<const TimelineSpan*>> computations(timeline.tracks.size());
  for (const TimelineSpan& span : timeline.spans) {
    if (span.stream != Stream::kCompute) continue;
    computations[static_cast<std::size_t>(span.track)].push_back(&span);
  }
  const Activity frees = plan.schedule == ScheduleKind::kZeroBubbleH1 ? Activity::kBackwardWeight
                                                                      : Activity::kBackward;
  for (std::size_t t = 0; t < computations.size(); ++t) {
    const TimelineTrack& track = timeline.tracks[t];
    const auto p = static_cast<std::size_t>(track.pipeline);
    const auto r = static_cast<std::size_t>(track.replica);
    const RankMemory memory =
        memory_of(problem, plan, p, static_cast<std::size_t>(track.stage), r, microbatches[p][r]);
    const int index = static_cast<int>(t);
    double held = memory.static_bytes;
    timeline.memory.push_back({index, 0, held});
    for (const TimelineSpan* span : computations[t]) {
      double peak = held;
      const double before = held;
      if (span->activity == Activity::kUpdate) {
        peak += memory.update_bytes;
      } else {
        const ChunkMemory& chunk = memory.chunks[static_cast<std::size_t>(span->chunk)];
        if (span->activity == Activity::kForward) {
          peak += chunk.forward_peak_bytes;
          held += chunk.held_bytes;
        } else {
          if (span->activity != Activity::kBackwardWeight) peak += chunk.backward_peak_bytes;
          if (span->activity == frees) held -= chunk.held_bytes;
        }
      }
      timeline.memory.push_back({index, span->start_s, std::max(peak, before)});
      timeline.memory.push_back({index, span->end_s, held});
    }
  }
}

}  // namespace sextant
