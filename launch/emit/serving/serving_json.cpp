#include "analyzer/core/json_document.h"
#include "launch/emit/serving/serving_exporters.h"

namespace sextant {

namespace {

OrderedJson name_of(const ServedNetwork& network, int node) {
  if (node == kCoordinator) return nullptr;
  return network.nodes[static_cast<std::size_t>(node)].name;
}

/// Where a node, or the coordinator, sends requests on to.
OrderedJson next_json(const ServedNetwork& network, int from) {
  double sum = 0;
  for (const ServedLink& link : network.links) {
    if (link.from == from) sum += link.flow_tokens_per_s;
  }
  OrderedJson list = OrderedJson::array();
  for (const ServedLink& link : network.links) {
    if (link.from != from) continue;
    OrderedJson next;
    next["node"] = name_of(network, link.to);
    if (link.to != kCoordinator) {
      next["enters_at_layer"] =
          from == kCoordinator ? 0 : network.nodes[static_cast<std::size_t>(from)].layers.end;
    }
    next["flow_tokens_per_s"] = link.flow_tokens_per_s;
    next["weight"] = sum > 0 ? link.flow_tokens_per_s / sum : 0.0;
    next["latency_s"] = link.latency_s;
    next["bytes_per_s"] = bytes_json(link.bytes_per_s);
    list.push_back(std::move(next));
  }
  return list;
}

OrderedJson previous_json(const ServedNetwork& network, int to) {
  OrderedJson list = OrderedJson::array();
  for (const ServedLink& link : network.links) {
    if (link.to == to) list.push_back(name_of(network, link.from));
  }
  return list;
}

}  // namespace

void put_serving_json(const ServedNetwork& network, const ServingExportOptions& options,
                      JobFolder& exported) {
  const ServedModel& model = network.profiles.model;
  double flow = 0;
  for (const ServedLink& link : network.links) {
    if (link.from == kCoordinator) flow += link.flow_tokens_per_s;
  }
  OrderedJson document;
  document["schema"] = schema_id("serving_export");
  document["model"] = {{"name", model.name},
                       {"layers", model.layers},
                       {"layer_bytes", bytes_json(model.layer_bytes)},
                       {"token_bytes", bytes_json(model.token_bytes)},
                       {"activation_bytes", bytes_json(model.activation_bytes)}};
  document["flow_tokens_per_s"] = flow;
  document["coordinator"] = {{"previous", previous_json(network, kCoordinator)},
                             {"next", next_json(network, kCoordinator)}};
  document["nodes"] = OrderedJson::array();
  for (std::size_t i = 0; i < network.nodes.size(); ++i) {
    const ServedNode& node = network.nodes[i];
    OrderedJson out;
    out["name"] = node.name;
    const auto host = options.hosts.find(node.name);
    if (host != options.hosts.end()) out["host"] = host->second;
    out["type"] = network.profiles.types[static_cast<std::size_t>(node.type)].name;
    out["layers"] = {node.layers.first, node.layers.end};
    out["kv_cache_layer_tokens"] = node.kv_capacity_layer_tokens;
    out["prompt_max_requests"] = node.prompt_max_requests;
    out["prompt_max_tokens"] = node.prompt_max_tokens;
    out["decode_max_requests"] = node.decode_max_requests;
    out["decode_max_context_tokens"] = node.decode_max_context_tokens;
    out["previous"] = previous_json(network, static_cast<int>(i));
    out["next"] = next_json(network, static_cast<int>(i));
    document["nodes"].push_back(std::move(out));
  }
  document["unused"] = options.unused;
  exported.files["serving_export.json"] = json_text(document);
  if (flow <= 0) {
    exported.notes.push_back("no flow goes through the placement, so that all weights are 0");
  }
}

}  // namespace sextant
