#include "launch/emit/training/engine_grid.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/plan/rank_layout.h"

namespace sextant {

namespace {

/// The first replica of the plan whose property is not that of the replica that it is held against.
struct Difference {
  RankPlace place;
  RankPlace other;
};

const Stage& stage_at(const Plan& plan, const RankPlace& place) {
  return plan.pipelines[static_cast<std::size_t>(place.pipeline)]
      .stages[static_cast<std::size_t>(place.stage)];
}

const Replica& replica_at(const Plan& plan, const RankPlace& place) {
  return stage_at(plan, place).replicas[static_cast<std::size_t>(place.replica)];
}

/// Holds every replica against the first of the plan or, with `within_stage`, of its stage.
template <typename Property>
std::optional<Difference> first_difference(const Plan& plan, bool within_stage,
                                           const Property& property) {
  const RankLayout layout(plan);
  for (const RankPlace& place : layout.places()) {
    RankPlace other;
    if (within_stage) other = {place.pipeline, place.stage, 0, 0};
    if (property(replica_at(plan, place)) != property(replica_at(plan, other))) {
      return Difference{place, other};
    }
  }
  return std::nullopt;
}

std::string replica_name(const RankPlace& place) {
  return place.pipeline == 0 ? fmt::format("stage {} replica {}", place.stage, place.replica)
                             : fmt::format("pipeline {} stage {} replica {}", place.pipeline,
                                           place.stage, place.replica);
}

std::string tensor_obstacle(const Plan& plan, std::string_view engine) {
  const auto difference = first_difference(plan, false, [](const Replica& r) { return r.tp; });
  if (!difference) return "";
  return fmt::format("{} has tensor degree {}, {} has {}: {} has one for all ranks",
                     replica_name(difference->place), replica_at(plan, difference->place).tp,
                     replica_name(difference->other), replica_at(plan, difference->other).tp,
                     engine);
}

std::string replica_count_obstacle(const Plan& plan, std::string_view engine) {
  const std::vector<Stage>& stages = plan.pipelines.front().stages;
  for (std::size_t s = 1; s < stages.size(); ++s) {
    const std::size_t first = stages.front().replicas.size();
    if (stages[s].replicas.size() == first) continue;
    return fmt::format("stage {} has {} replicas, stage 0 has {}: {} has as many in every stage", s,
                       stages[s].replicas.size(), first, engine);
  }
  return "";
}

/// Other types in one stage start, and every collective and microbatch then waits for the slower.
/// What decides is that no engine has a way to say it: shares are equal, and kernels, memory and
/// precision are chosen once for all ranks.
std::string mixed_obstacle(const Plan& plan, std::string_view engine) {
  const RankLayout layout(plan);
  for (const RankPlace& place : layout.places()) {
    const std::string& first = stage_at(plan, place).replicas.front().machines.front().gpu;
    for (const Machine& machine : replica_at(plan, place).machines) {
      if (machine.gpu == first) continue;
      return fmt::format(
          "{} is on {}, replica 0 of its stage on {}: {} takes the GPUs of a stage to be alike, "
          "with "
          "equal shares and one choice of kernels",
          replica_name(place), quote(machine.gpu), quote(first), engine);
    }
  }
  return "";
}

std::string share_obstacle(const Plan& plan, std::string_view engine) {
  const auto difference = first_difference(plan, true, [](const Replica& r) { return r.share; });
  if (!difference) return "";
  return fmt::format("{} takes {} {} an iteration, {} takes {}: {} gives all replicas as many",
                     replica_name(difference->place), replica_at(plan, difference->place).share,
                     plan.split == BatchSplit::kSamples ? "sequences" : "microbatches",
                     replica_name(difference->other), replica_at(plan, difference->other).share,
                     engine);
}

std::string batch_obstacle(const Plan& plan, std::string_view engine) {
  const std::size_t replicas = plan.pipelines.front().stages.front().replicas.size();
  const auto batch = static_cast<std::size_t>(plan.global_batch);
  if (batch % (replicas * static_cast<std::size_t>(plan.microbatch)) == 0) return "";
  return fmt::format(
      "plan: a global batch of {} is no multiple of {} replicas with microbatches of {}: {} needs "
      "a "
      "whole number of microbatches for each replica",
      plan.global_batch, replicas, plan.microbatch, engine);
}

}  // namespace

std::vector<std::string> grid_obstacles(const Plan& plan, std::string_view engine) {
  std::vector<std::string> obstacles;
  const auto add = [&](std::string obstacle) {
    if (!obstacle.empty()) obstacles.push_back(std::move(obstacle));
  };
  add(tensor_obstacle(plan, engine));
  add(mixed_obstacle(plan, engine));
  if (plan.pipelines.size() > 1) {
    add(fmt::format("plan: has {} pipelines: {} has one, whose stages have equal replicas",
                    plan.pipelines.size(), engine));
    return obstacles;  // what follows counts in one pipeline
  }
  add(replica_count_obstacle(plan, engine));
  add(share_obstacle(plan, engine));
  add(batch_obstacle(plan, engine));
  return obstacles;
}

EngineGrid engine_grid(const Plan& plan) {
  const Pipeline& pipeline = plan.pipelines.front();
  const Stage& first = pipeline.stages.front();
  EngineGrid grid;
  grid.tp = first.replicas.front().tp;
  grid.replicas = static_cast<int>(first.replicas.size());
  grid.stages = static_cast<int>(pipeline.stages.size());
  grid.chunks = static_cast<int>(first.chunks.size());
  grid.microbatches = plan.global_batch / (grid.replicas * plan.microbatch);
  return grid;
}

std::vector<ChunkContents> chunk_contents(const Plan& plan, const ModelDescription& model) {
  const std::vector<LayerKind> layers = layer_sequence(model);
  const std::vector<Stage>& stages = plan.pipelines.front().stages;
  std::vector<ChunkContents> out;
  int block = 0;
  for (std::size_t v = 0; v < stages.front().chunks.size(); ++v) {
    for (const Stage& stage : stages) {
      ChunkContents& contents = out.emplace_back();
      contents.first_block = block;
      for (int l = stage.chunks[v].first; l < stage.chunks[v].end; ++l) {
        switch (layers[static_cast<std::size_t>(l)]) {
          case LayerKind::kEmbedding:
            contents.embedding = true;
            break;
          case LayerKind::kBlock:
            ++contents.blocks;
            break;
          case LayerKind::kFinalNorm:
            contents.final_norm = true;
            break;
          case LayerKind::kHead:
            contents.head = true;
            break;
        }
      }
      block += contents.blocks;
    }
  }
  return out;
}

std::string layer_count_obstacle(const Plan& plan, const ModelDescription& model) {
  const std::size_t layers = layer_sequence(model).size();
  if (layers == static_cast<std::size_t>(plan.layer_count)) return "";
  return fmt::format(
      "plan: divides {} layers, but {} has {} (embedding, {} blocks{}, head): what stands where is "
      "not known",
      plan.layer_count, quote(model.name), layers, model.layers,
      model.final_norm ? ", final norm" : "");
}

}  // namespace sextant
