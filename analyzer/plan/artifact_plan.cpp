// The plan as the Sailor artifact writes it (specs: its validation plan files and its planner's
// output).
#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/plan/layer_split.h"
#include "analyzer/plan/plan.h"

namespace sextant {

namespace {

constexpr int kMostReplicas = 1'000'000;

/// [[gpu, gpus used, zone], …], tp].
Replica replica_from(const JsonNode& node) {
  if (!node.is_array() || node.size() != 2) {
    node.fail("a replica [[[gpu, gpus used, zone], …], tp]");
  }
  Replica replica;
  replica.tp = static_cast<int>(node.at(std::size_t{1}).integer(1, kMostReplicas));
  int left = replica.tp;
  for (const JsonNode& entry : node.at(std::size_t{0}).elements()) {
    if (!entry.is_array() || entry.size() != 3) entry.fail("a machine [gpu, gpus used, zone]");
    Machine machine;
    machine.gpu = entry.at(std::size_t{0}).name();
    machine.zone = entry.at(std::size_t{2}).name();
    // The artifact often writes the GPUs of the whole machine, of which the replica takes tp.
    machine.count =
        std::min(left, static_cast<int>(entry.at(std::size_t{1}).integer(1, kMostReplicas)));
    left -= machine.count;
    if (machine.count > 0) replica.machines.push_back(std::move(machine));
  }
  if (left > 0) {
    node.fail(
        fmt::format("machines with at least {} GPUs, the replica's tensor degree", replica.tp),
        fmt::format("{}", replica.tp - left));
  }
  return replica;
}

Stage stage_from(const JsonNode& layers, const JsonNode& replicas) {
  Stage stage;
  int next = -1;
  for (const JsonNode& id : layers.elements()) {
    const auto layer = static_cast<int>(id.integer(0, kMostReplicas));
    if (next >= 0 && layer != next) id.fail(fmt::format("layer {}, after its predecessor", next));
    if (next < 0) stage.chunks.push_back({layer, layer});
    next = layer + 1;
    stage.chunks.back().end = next;
  }
  if (stage.chunks.empty()) layers.fail("at least one layer");
  for (const JsonNode& replica : replicas.elements())
    stage.replicas.push_back(replica_from(replica));
  return stage;
}

/// The uniform form: P stages of D replicas of T GPUs of one type.
Pipeline uniform_pipeline(const JsonNode& node, int layer_count) {
  const auto stages = static_cast<int>(node.at("P").integer(1, layer_count));
  const auto replicas = static_cast<int>(node.at("D").integer(1, kMostReplicas));
  const auto tp = static_cast<int>(node.at("T").integer(1, kMostReplicas));
  Machine machine;
  machine.gpu = node.at("gpu_type").name();
  machine.zone = node.at("zone").name();
  machine.count = tp;
  if (const auto per_node = node.find("num_gpus_per_node")) {
    if (per_node->integer(1, kMostReplicas) < tp) {
      per_node->fail(fmt::format("at least the tensor degree {}", tp));
    }
  }
  Pipeline pipeline;
  for (const LayerRange& layers : split_evenly(layer_count, stages, Remainder::kFirstStages)) {
    Stage& stage = pipeline.stages.emplace_back();
    stage.chunks.push_back(layers);
    stage.replicas.assign(static_cast<std::size_t>(replicas), Replica{{machine}, tp, 0});
  }
  return pipeline;
}

}  // namespace

OrderedJson to_artifact_json(const Plan& plan) {
  OrderedJson pipelines = OrderedJson::array();
  for (const Pipeline& pipeline : plan.pipelines) {
    OrderedJson layers_per_stage = OrderedJson::array();
    OrderedJson replicas_per_stage = OrderedJson::array();
    OrderedJson degrees = OrderedJson::array();
    for (const Stage& stage : pipeline.stages) {
      if (stage.chunks.size() != 1) {
        throw_bad_input("plan: the artifact's form cannot say virtual chunks");
      }
      OrderedJson layers = OrderedJson::array();
      for (int l = stage.chunks[0].first; l < stage.chunks[0].end; ++l) layers.push_back(l);
      OrderedJson replicas = OrderedJson::array();
      for (const Replica& replica : stage.replicas) {
        OrderedJson machines = OrderedJson::array();
        for (const Machine& machine : replica.machines) {
          machines.push_back(OrderedJson::array({machine.gpu, machine.count, machine.zone}));
        }
        replicas.push_back(OrderedJson::array({std::move(machines), replica.tp}));
      }
      layers_per_stage.push_back(std::move(layers));
      degrees.push_back(stage.replicas.size());
      replicas_per_stage.push_back(std::move(replicas));
    }
    pipelines.push_back({{"num_stages", pipeline.stages.size()},
                         {"layers_per_stage", std::move(layers_per_stage)},
                         {"tmp_per_stage", std::move(replicas_per_stage)},
                         {"dp", std::move(degrees)}});
  }
  return {{"mbs", plan.microbatch}, {"pipeline_list", std::move(pipelines)}};
}

Plan plan_from_artifact_json(const JsonNode& node, std::string model, int layer_count,
                             int global_batch) {
  Plan plan;
  plan.model = std::move(model);
  plan.layer_count = layer_count;
  plan.global_batch = global_batch;
  plan.microbatch = node.at("mbs").count();
  if (!node.has("pipeline_list")) {
    plan.pipelines.push_back(uniform_pipeline(node, layer_count));
  } else {
    for (const JsonNode& entry : node.at("pipeline_list").elements()) {
      const JsonNode layers = entry.at("layers_per_stage");
      const JsonNode replicas = entry.at("tmp_per_stage");
      if (layers.size() != replicas.size()) {
        replicas.fail(fmt::format("as many stages as layers_per_stage has, {}", layers.size()));
      }
      Pipeline& pipeline = plan.pipelines.emplace_back();
      for (std::size_t s = 0; s < layers.size(); ++s) {
        pipeline.stages.push_back(stage_from(layers.at(s), replicas.at(s)));
      }
    }
  }
  return checked(std::move(plan), node.file());
}

}  // namespace sextant
