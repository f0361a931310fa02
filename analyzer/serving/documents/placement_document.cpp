#include "analyzer/serving/documents/placement_document.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "analyzer/core/error.h"

namespace sextant {

namespace {

constexpr int kMostLayers = 100'000;
constexpr std::int64_t kMostEvaluations = std::int64_t{1} << 53;

std::string end_name(const ServedNetwork& network, int node) {
  return node == kCoordinator ? std::string(kCoordinatorName)
                              : network.nodes[static_cast<std::size_t>(node)].name;
}

LayerInterval read_interval(const JsonNode& node, int layers) {
  const std::vector<JsonNode> ends = node.elements();
  if (ends.size() != 2) node.fail("the first layer and the one after the last");
  LayerInterval interval;
  interval.first = static_cast<int>(ends[0].integer(0, layers - 1));
  interval.end = static_cast<int>(ends[1].integer(0, layers));
  if (interval.empty()) node.fail("at least one layer");
  return interval;
}

OrderedJson machine_json(const PlacementDocument::Machine& machine) {
  OrderedJson out = {{"machine", machine.name}, {"type", machine.type}};
  if (!machine.layers.empty()) out["layers"] = {machine.layers.first, machine.layers.end};
  return out;
}

}  // namespace

double PlacementDocument::gap() const {
  if (proved || !(upper_bound_tokens_per_s > 0)) return 0;
  return std::max(0.0, 1 - flow_tokens_per_s / upper_bound_tokens_per_s);
}

std::vector<PlacementDocument::Edge> flow_edges(const ServedNetwork& network) {
  std::vector<PlacementDocument::Edge> edges;
  for (const ServedLink& link : network.links) {
    if (!(link.flow_tokens_per_s > 0)) continue;
    edges.push_back(
        {end_name(network, link.from), end_name(network, link.to), link.flow_tokens_per_s});
  }
  return edges;
}

OrderedJson to_json(const PlacementDocument& document) {
  OrderedJson out = {{"schema", schema_id("placement")},
                     {"model", document.model},
                     {"cluster", document.cluster},
                     {"layers", document.layers},
                     {"method", document.method}};
  if (!document.objective.empty()) out["objective"] = document.objective;
  out["seed"] = document.seed;
  out["partial_inference"] = document.partial_inference;
  out["flow_tokens_per_s"] = document.flow_tokens_per_s;
  out["upper_bound_tokens_per_s"] = document.upper_bound_tokens_per_s;
  out["gap"] = document.gap();
  out["proved"] = document.proved;
  out["complete"] = document.complete;
  out["evaluations"] = document.evaluations;
  out["evidence"] = to_string(document.evidence);
  OrderedJson& machines = out["machines"] = OrderedJson::array();
  for (const auto& machine : document.machines) machines.push_back(machine_json(machine));
  OrderedJson& flow = out["flow"] = OrderedJson::array();
  for (const auto& edge : document.flow) {
    flow.push_back({{"from", edge.from}, {"to", edge.to}, {"tokens_per_s", edge.tokens_per_s}});
  }
  return out;
}

PlacementDocument placement_document_from(const JsonDocument& document) {
  const JsonNode root = document.root_of_kind("placement", 1);
  const bool lenient = has_newer_minor(root);
  expect_known(root, lenient,
               {"schema", "model", "cluster", "layers", "method", "objective", "seed",
                "partial_inference", "flow_tokens_per_s", "upper_bound_tokens_per_s", "gap",
                "proved", "complete", "evaluations", "evidence", "machines", "flow", "timing"});
  PlacementDocument read;
  read.source = document.file();
  read.model = root.at("model").name();
  read.cluster = root.at("cluster").name();
  read.layers = static_cast<int>(root.at("layers").integer(1, kMostLayers));
  read.method = root.at("method").name();
  if (const auto objective = root.find("objective")) read.objective = objective->name();
  if (const auto seed = root.find("seed")) {
    if (!seed->raw().is_number_unsigned()) seed->fail("an integer of at least 0");
    read.seed = seed->raw().get<std::uint64_t>();
  }
  if (const auto partial = root.find("partial_inference")) {
    read.partial_inference = partial->boolean();
  }
  read.flow_tokens_per_s = root.at("flow_tokens_per_s").non_negative();
  read.upper_bound_tokens_per_s = root.at("upper_bound_tokens_per_s").non_negative();
  read.proved = root.at("proved").boolean();
  read.complete = root.at("complete").boolean();
  if (const auto count = root.find("evaluations")) {
    read.evaluations = count->integer(0, kMostEvaluations);
  }
  read.evidence = read_evidence(root.at("evidence"));
  std::set<std::string> names;
  for (const JsonNode& node : root.at("machines").elements()) {
    expect_known(node, lenient, {"machine", "type", "layers"});
    PlacementDocument::Machine machine;
    machine.name = node.at("machine").name();
    if (!names.insert(machine.name).second) node.at("machine").fail("each machine once");
    machine.type = node.at("type").name();
    if (const auto layers = node.find("layers")) {
      machine.layers = read_interval(*layers, read.layers);
    }
    read.machines.push_back(std::move(machine));
  }
  if (const auto flow = root.find("flow")) {
    for (const JsonNode& edge : flow->elements()) {
      expect_known(edge, lenient, {"from", "to", "tokens_per_s"});
      read.flow.push_back(
          {edge.at("from").name(), edge.at("to").name(), edge.at("tokens_per_s").non_negative()});
    }
  }
  return read;
}

Placement placement_of(const PlacementDocument& document, const ServingCluster& cluster,
                       const ServedModel& model) {
  const auto refuse = [&](const std::string& what) {
    throw_bad_input(fmt::format("{}: {}", document.source, what));
  };
  if (document.model != model.name || document.layers != model.layers) {
    refuse(fmt::format("expected a placement of {} with {} layers, found one of {} with {}",
                       quote(model.name), model.layers, quote(document.model), document.layers));
  }
  Placement placement(cluster.machines.size());
  for (const PlacementDocument::Machine& machine : document.machines) {
    const auto found = std::find_if(cluster.machines.begin(), cluster.machines.end(),
                                    [&](const auto& one) { return one.name == machine.name; });
    if (found == cluster.machines.end()) {
      refuse(fmt::format("machine {} is not in {}", quote(machine.name), cluster.source));
    }
    if (found->type != machine.type) {
      refuse(fmt::format("machine {}: expected type {}, as {} has it, found {}",
                         quote(machine.name), quote(found->type), cluster.source,
                         quote(machine.type)));
    }
    placement[static_cast<std::size_t>(found - cluster.machines.begin())] = machine.layers;
  }
  return placement;
}

}  // namespace sextant
