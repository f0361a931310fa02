#include <limits>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/plan/plan.h"

namespace sextant {

namespace {

constexpr int kMostLayers = 100'000;
constexpr int kMostGpus = 1'000'000;

constexpr std::pair<ScheduleKind, std::string_view> kScheduleNames[] = {
    {ScheduleKind::kGPipe, "gpipe"},
    {ScheduleKind::kOneFOneB, "1f1b"},
    {ScheduleKind::kInterleaved, "interleaved-1f1b"},
    {ScheduleKind::kZeroBubbleH1, "zb-h1"},
};

std::string_view to_string(BatchSplit split) {
  return split == BatchSplit::kSamples ? "samples" : "microbatches";
}

OrderedJson to_json(const Replica& replica) {
  OrderedJson machines = OrderedJson::array();
  for (const Machine& machine : replica.machines) {
    OrderedJson entry = {{"gpu", machine.gpu}, {"zone", machine.zone}};
    if (machine.node >= 0) entry["node"] = machine.node;
    entry["count"] = machine.count;
    machines.push_back(std::move(entry));
  }
  OrderedJson out = {{"tp", replica.tp}, {"machines", std::move(machines)}};
  if (replica.share > 0) out["share"] = replica.share;
  return out;
}

Replica replica_from(const JsonNode& node) {
  node.only({"tp", "machines", "share"});
  Replica replica;
  replica.tp = static_cast<int>(node.at("tp").integer(1, kMostGpus));
  if (const auto share = node.find("share")) {
    replica.share = static_cast<int>(share->integer(0, std::numeric_limits<int>::max()));
  }
  for (const JsonNode& entry : node.at("machines").elements()) {
    entry.only({"gpu", "zone", "node", "count"});
    Machine machine;
    machine.gpu = entry.at("gpu").name();
    machine.zone = entry.at("zone").name();
    if (const auto index = entry.find("node")) {
      machine.node = static_cast<int>(index->integer(0, kMostGpus));
    }
    machine.count = static_cast<int>(entry.at("count").integer(1, kMostGpus));
    replica.machines.push_back(std::move(machine));
  }
  return replica;
}

Stage stage_from(const JsonNode& node) {
  node.only({"layers", "replicas"});
  Stage stage;
  for (const JsonNode& chunk : node.at("layers").elements()) {
    if (chunk.size() != 2) chunk.fail("a pair [first, end)");
    stage.chunks.push_back({static_cast<int>(chunk.at(std::size_t{0}).integer(0, kMostLayers)),
                            static_cast<int>(chunk.at(std::size_t{1}).integer(0, kMostLayers))});
  }
  for (const JsonNode& replica : node.at("replicas").elements()) {
    stage.replicas.push_back(replica_from(replica));
  }
  return stage;
}

}  // namespace

std::string_view to_string(ScheduleKind kind) {
  for (const auto& [value, name] : kScheduleNames) {
    if (value == kind) return name;
  }
  return "1f1b";
}

ScheduleKind schedule_from(std::string_view name) {
  std::string known;
  for (const auto& [value, text] : kScheduleNames) {
    if (text == name) return value;
    known += fmt::format(" {}", text);
  }
  throw_bad_input(fmt::format("schedule {} is not one of{}", quote(name), known));
}

OrderedJson to_json(const Plan& plan) {
  OrderedJson pipelines = OrderedJson::array();
  for (const Pipeline& pipeline : plan.pipelines) {
    OrderedJson stages = OrderedJson::array();
    for (const Stage& stage : pipeline.stages) {
      OrderedJson layers = OrderedJson::array();
      for (const LayerRange& chunk : stage.chunks) {
        layers.push_back(OrderedJson::array({chunk.first, chunk.end}));
      }
      OrderedJson replicas = OrderedJson::array();
      for (const Replica& replica : stage.replicas) replicas.push_back(to_json(replica));
      stages.push_back({{"layers", std::move(layers)}, {"replicas", std::move(replicas)}});
    }
    pipelines.push_back({{"stages", std::move(stages)}});
  }
  return {{"schema", schema_id("plan")},      {"model", plan.model},
          {"layer_count", plan.layer_count},  {"global_batch", plan.global_batch},
          {"microbatch", plan.microbatch},    {"schedule", to_string(plan.schedule)},
          {"split", to_string(plan.split)},   {"recompute", plan.recompute},
          {"zero_stage", plan.zero_stage},    {"sequence_parallel", plan.sequence_parallel},
          {"pipelines", std::move(pipelines)}};
}

Plan plan_from_json(const JsonNode& node) {
  // "prediction", "job" and "cluster" are what a planner said of the plan and what it was made for
  // (analyzer/training/plan_origin.h); they are not part of it.
  constexpr int kMinor = 1;
  expect_known(node, node.has("schema") && has_newer_minor(node, kMinor),
               {"schema", "model", "layer_count", "global_batch", "microbatch", "schedule", "split",
                "recompute", "zero_stage", "sequence_parallel", "pipelines", "prediction", "job",
                "cluster"});
  Plan plan;
  plan.model = node.at("model").name();
  plan.layer_count = static_cast<int>(node.at("layer_count").integer(1, kMostLayers));
  plan.global_batch = node.at("global_batch").count();
  plan.microbatch = node.at("microbatch").count();
  if (const auto schedule = node.find("schedule"))
    plan.schedule = schedule_from(schedule->string());
  if (const auto split = node.find("split")) {
    if (split->string() != "microbatches" && split->string() != "samples") {
      split->fail("\"microbatches\" or \"samples\"");
    }
    plan.split = split->string() == "samples" ? BatchSplit::kSamples : BatchSplit::kMicrobatches;
  }
  if (const auto flag = node.find("recompute")) plan.recompute = flag->boolean();
  if (const auto stage = node.find("zero_stage")) {
    plan.zero_stage = static_cast<int>(stage->integer(0, 3));
  }
  if (const auto flag = node.find("sequence_parallel")) plan.sequence_parallel = flag->boolean();
  for (const JsonNode& pipeline : node.at("pipelines").elements()) {
    pipeline.only({"stages"});
    Pipeline& out = plan.pipelines.emplace_back();
    for (const JsonNode& stage : pipeline.at("stages").elements()) {
      out.stages.push_back(stage_from(stage));
    }
  }
  return checked(std::move(plan), node.file());
}

}  // namespace sextant
