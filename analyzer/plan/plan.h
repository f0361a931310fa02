#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "analyzer/core/json_document.h"

namespace sextant {

/// Half-open interval of pipeline layers.
struct LayerRange {
  int first = 0;
  int end = 0;
  int size() const { return end - first; }
  bool operator==(const LayerRange&) const = default;
};

/// GPUs of one machine that belong to one replica of a stage.
struct Machine {
  std::string gpu;
  std::string zone;
  int node = -1;  ///< index within the pool, -1 where left to the launcher
  int count = 0;  ///< GPUs used
  bool operator==(const Machine&) const = default;
};

/// One copy of a stage: `tp` tensor-parallel ranks on one or more machines.
struct Replica {
  std::vector<Machine> machines;
  int tp = 1;
  /// Its share of an iteration, in units of the plan's BatchSplit; 0 where all replicas share
  /// alike.
  int share = 0;
  bool operator==(const Replica&) const = default;
};

struct Stage {
  /// Contiguous layers, one range for each virtual chunk (one chunk unless the schedule
  /// interleaves).
  std::vector<LayerRange> chunks;
  std::vector<Replica> replicas;
  int layer_count() const;
  bool operator==(const Stage&) const = default;
};

/// Stages in order; replica r of a stage exchanges activations with replica r mod |next| of the
/// next.
struct Pipeline {
  std::vector<Stage> stages;
  bool operator==(const Pipeline&) const = default;
};

enum class ScheduleKind { kGPipe, kOneFOneB, kInterleaved, kZeroBubbleH1 };
std::string_view to_string(ScheduleKind kind);
ScheduleKind schedule_from(std::string_view name);

enum class BatchSplit { kMicrobatches, kSamples };

/// Who computes what: which layers on which GPUs, with which degrees. No cost in it.
struct Plan {
  std::string model;
  int layer_count = 0;
  int global_batch = 0;  ///< sequences an iteration
  int microbatch = 0;    ///< sequences
  ScheduleKind schedule = ScheduleKind::kOneFOneB;
  BatchSplit split = BatchSplit::kMicrobatches;
  bool recompute = false;
  int zero_stage = 0;
  bool sequence_parallel = false;
  std::vector<Pipeline> pipelines;

  bool operator==(const Plan&) const = default;
};

/// GPUs in use, by (type, zone), sorted.
struct GpuUse {
  std::string gpu;
  std::string zone;
  int count = 0;
};
std::vector<GpuUse> gpus_used(const Plan& plan);
int gpu_count(const Plan& plan);

/// Throws Error(kBadInput) naming the pipeline, stage and replica where the plan contradicts
/// itself: layers not covered once and in order, no replicas, tp that is not the GPUs of its
/// machines, shares that do not add up to the global batch.
void check(const Plan& plan);
/// The plan, after check(); errors name the file it was read from.
Plan checked(Plan plan, const std::string& file);

/// The members of document `plan` (without predictions), and back.
OrderedJson to_json(const Plan& plan);
Plan plan_from_json(const JsonNode& node);

/// The artifact's own form: {"mbs", "pipeline_list": [{"num_stages", "layers_per_stage",
/// "tmp_per_stage", "dp"}]}. Replicas on several machines keep all of them. Throws Error(kBadInput)
/// where the plan has virtual chunks, which that form cannot say.
OrderedJson to_artifact_json(const Plan& plan);
/// Reads it, and its uniform variant {P, D, T, mbs, gpu_type, num_gpus_per_node, zone}: layers then
/// split as evenly as they go, the remainder to the first stages.
Plan plan_from_artifact_json(const JsonNode& node, std::string model, int layer_count,
                             int global_batch);

/// By stage, pipeline after pipeline, what its replicas run on: "A100-40 TP1 x3 + V100-16 TP4 x24",
/// "A100-40@zone …" where the plan uses several zones.
std::vector<std::string> replica_texts(const Plan& plan);

/// "b8: 7 layers V100-16 TP2 x16 | 19 layers A100-40 TP2 x16": one line for a person. Equal
/// pipelines are counted: "b1: 3 pipelines of 26 layers A100-40 TP1 x1 || …".
std::string summary(const Plan& plan);

}  // namespace sextant
