#include "analyzer/network/network_content.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/network/link_model_json.h"
#include "analyzer/network/link_units.h"

namespace sextant {

namespace {

constexpr int kMinorVersion = 1;  // 1.1: copies, fits and collectives
constexpr int kMostSenders = 1024;
constexpr int kMostRanks = 1 << 20;

LinkClass read_link(const JsonNode& node, LinkLevel level, bool lenient) {
  expect_known(node, lenient,
               {"op", "gpu", "from_zone", "to_zone", "interconnect", "senders", "model",
                "node_bandwidth_bytes_per_s", "valid_bytes", "evidence", "source", "fit"});
  LinkClass link{.gpu = "",
                 .from_zone = "",
                 .to_zone = "",
                 .interconnect = "",
                 .model = read_link_model(node.at("model")),
                 .node_bandwidth_bytes_per_s = std::numeric_limits<double>::infinity(),
                 .evidence = read_evidence(node.at("evidence")),
                 .source = node.at("source").string(),
                 .fit = {}};
  if (const auto op = node.find("op")) {
    link.op = read_communication_op(*op);
    if (is_collective(link.op)) op->fail("send_recv or a copy (collectives have a list)");
  }
  if (const auto gpu = node.find("gpu")) link.gpu = gpu->name();
  if (level == LinkLevel::kBetweenZones) {
    link.from_zone = node.at("from_zone").name();
    link.to_zone = node.at("to_zone").name();
    if (link.from_zone == link.to_zone) {
      node.at("to_zone").fail("another zone (inside one zone the level is between_nodes)");
    }
  } else if (node.has("from_zone") || node.has("to_zone")) {
    node.fail("zones on the level between_zones only", "a zone");
  }
  if (const auto text = node.find("interconnect")) link.interconnect = text->name();
  if (const auto senders = node.find("senders")) {
    link.senders = static_cast<int>(senders->integer(1, kMostSenders));
  }
  if (const auto limit = node.find("node_bandwidth_bytes_per_s")) {
    link.node_bandwidth_bytes_per_s = bandwidth_bytes_per_s(*limit);
  }
  if (const auto range = node.find("valid_bytes")) {
    link.model = read_valid_bytes(*range, link.model);
  }
  if (const auto fit = node.find("fit")) link.fit = read_fit_record(*fit, lenient);
  return link;
}

void read_level(const JsonNode& node, NetworkContent& content, bool lenient) {
  expect_known(node, lenient, {"level", "links"});
  const std::size_t index = node.at("level").one_of(kLinkLevelNames);
  std::vector<LinkClass>& links = content.levels[index];
  if (!links.empty()) node.at("level").fail("each level once");
  for (std::size_t i = index + 1; i < kLinkLevels; ++i) {
    if (!content.levels[i].empty()) node.at("level").fail("levels from the inside out");
  }
  const JsonNode list = node.at("links");
  if (list.elements().empty()) list.fail("at least one link");
  for (const JsonNode& entry : list.elements()) {
    LinkClass link = read_link(entry, static_cast<LinkLevel>(index), lenient);
    const bool twice = std::any_of(links.begin(), links.end(),
                                   [&](const LinkClass& other) { return link.same_link(other); });
    if (twice) entry.fail("one link for each GPU type, zones and senders", "a second");
    links.push_back(std::move(link));
  }
}

CollectiveClass::World read_world(const JsonNode& node, bool lenient) {
  expect_known(node, lenient, {"world_size", "model", "valid_bytes", "fit"});
  return {static_cast<int>(node.at("world_size").integer(1, kMostRanks)),
          read_valid_bytes(node.at("valid_bytes"), read_link_model(node.at("model"))),
          read_fit_record(node.at("fit"), lenient)};
}

CollectiveClass::Terms read_terms(const JsonNode& node, bool lenient) {
  expect_known(
      node, lenient,
      {"launch_s", "step_s", "bandwidth_bytes_per_s", "valid_bytes", "world_sizes", "fit"});
  CollectiveClass::Terms out;
  out.terms.launch_s = latency_s(node.at("launch_s"));
  out.terms.step_s = latency_s(node.at("step_s"));
  out.terms.bandwidth_bytes_per_s = bandwidth_bytes_per_s(node.at("bandwidth_bytes_per_s"));
  const LinkModel range =
      read_valid_bytes(node.at("valid_bytes"), LinkModel::latency_bandwidth(0, 1));
  out.terms.low_bytes = range.low_bytes();
  out.terms.high_bytes = range.high_bytes();
  if (!(out.terms.high_bytes > 0)) node.at("valid_bytes").fail("[smallest, largest] bytes");
  for (const JsonNode& size : node.at("world_sizes").elements()) {
    out.terms.world_sizes.push_back(static_cast<int>(size.integer(2, kMostRanks)));
  }
  out.fit = read_fit_record(node.at("fit"), lenient);
  return out;
}

CollectiveClass read_collective(const JsonNode& node, bool lenient) {
  expect_known(node, lenient, {"op", "level", "gpu", "worlds", "terms", "evidence", "source"});
  CollectiveClass out;
  out.op = read_communication_op(node.at("op"));
  if (!is_collective(out.op)) node.at("op").fail("a collective (links have their levels)");
  out.level = static_cast<LinkLevel>(node.at("level").one_of(kLinkLevelNames));
  if (const auto gpu = node.find("gpu")) out.gpu = gpu->name();
  const JsonNode worlds = node.at("worlds");
  for (const JsonNode& entry : worlds.elements()) {
    out.worlds.push_back(read_world(entry, lenient));
    const std::size_t last = out.worlds.size() - 1;
    if (last > 0 && out.worlds[last].world_size <= out.worlds[last - 1].world_size) {
      entry.at("world_size").fail("ascending world sizes, each once");
    }
  }
  if (const auto terms = node.find("terms")) out.terms = read_terms(*terms, lenient);
  if (out.worlds.empty() && !out.terms) worlds.fail("at least one world or terms", "none");
  out.evidence = read_evidence(node.at("evidence"));
  out.source = node.at("source").string();
  return out;
}

OrderedJson link_json(const LinkClass& link) {
  OrderedJson out = OrderedJson::object();
  if (link.op != CommunicationOp::kSendRecv) out["op"] = to_string(link.op);
  if (!link.gpu.empty()) out["gpu"] = link.gpu;
  if (!link.from_zone.empty()) {
    out["from_zone"] = link.from_zone;
    out["to_zone"] = link.to_zone;
  }
  if (!link.interconnect.empty()) out["interconnect"] = link.interconnect;
  if (link.senders != 1) out["senders"] = link.senders;
  out["model"] = link_model_json(link.model);
  if (std::isfinite(link.node_bandwidth_bytes_per_s)) {
    out["node_bandwidth_bytes_per_s"] = link.node_bandwidth_bytes_per_s;
  }
  if (std::isfinite(link.model.high_bytes())) out["valid_bytes"] = valid_bytes_json(link.model);
  out["evidence"] = to_string(link.evidence);
  out["source"] = link.source;
  if (link.fit) out["fit"] = fit_record_json(*link.fit);
  return out;
}

OrderedJson collective_json(const CollectiveClass& collective) {
  OrderedJson out = {{"op", to_string(collective.op)}, {"level", to_string(collective.level)}};
  if (!collective.gpu.empty()) out["gpu"] = collective.gpu;
  out["worlds"] = OrderedJson::array();
  for (const CollectiveClass::World& world : collective.worlds) {
    out["worlds"].push_back({{"world_size", world.world_size},
                             {"model", link_model_json(world.model)},
                             {"valid_bytes", valid_bytes_json(world.model)},
                             {"fit", fit_record_json(world.fit)}});
  }
  if (collective.terms) {
    const CollectiveTerms& terms = collective.terms->terms;
    out["terms"] = {{"launch_s", terms.launch_s},
                    {"step_s", terms.step_s},
                    {"bandwidth_bytes_per_s", terms.bandwidth_bytes_per_s},
                    {"valid_bytes", {bytes_json(terms.low_bytes), bytes_json(terms.high_bytes)}},
                    {"world_sizes", terms.world_sizes},
                    {"fit", fit_record_json(collective.terms->fit)}};
  }
  out["evidence"] = to_string(collective.evidence);
  out["source"] = collective.source;
  return out;
}

}  // namespace

bool LinkClass::same_link(const LinkClass& other) const {
  return op == other.op && gpu == other.gpu && senders == other.senders &&
         from_zone == other.from_zone && to_zone == other.to_zone;
}

bool CollectiveClass::same_collective(const CollectiveClass& other) const {
  return op == other.op && level == other.level && gpu == other.gpu;
}

bool NetworkContent::empty() const {
  return collectives.empty() && std::all_of(std::begin(levels), std::end(levels),
                                            [](const auto& links) { return links.empty(); });
}

void NetworkContent::update(const NetworkContent& other) {
  for (std::size_t level = 0; level < kLinkLevels; ++level) {
    for (const LinkClass& link : other.levels[level]) {
      std::vector<LinkClass>& links = levels[level];
      const auto old = std::find_if(links.begin(), links.end(),
                                    [&](const LinkClass& one) { return one.same_link(link); });
      if (old == links.end()) {
        links.push_back(link);
        continue;
      }
      // What a sweep cannot tell stays as it was.
      const double limit = old->node_bandwidth_bytes_per_s;
      const std::string interconnect = old->interconnect;
      *old = link;
      old->node_bandwidth_bytes_per_s = std::min(old->node_bandwidth_bytes_per_s, limit);
      if (old->interconnect.empty()) old->interconnect = interconnect;
    }
  }
  for (const CollectiveClass& collective : other.collectives) {
    const auto old =
        std::find_if(collectives.begin(), collectives.end(),
                     [&](const CollectiveClass& one) { return one.same_collective(collective); });
    if (old == collectives.end()) {
      collectives.push_back(collective);
      continue;
    }
    CollectiveClass merged = collective;
    for (const CollectiveClass::World& world : old->worlds) {
      const bool replaced = std::any_of(
          collective.worlds.begin(), collective.worlds.end(),
          [&](const CollectiveClass::World& one) { return one.world_size == world.world_size; });
      if (!replaced) merged.worlds.push_back(world);
    }
    if (merged.worlds.size() > collective.worlds.size()) {
      merged.evidence = weaker(merged.evidence, old->evidence);
      if (old->source != merged.source) merged.source += "; " + old->source;
    }
    std::sort(merged.worlds.begin(), merged.worlds.end(),
              [](const auto& a, const auto& b) { return a.world_size < b.world_size; });
    if (!merged.terms) merged.terms = old->terms;
    *old = std::move(merged);
  }
}

NetworkContent network_content_from(const JsonNode& root) {
  // Inside a cluster's document it may come without a version.
  const bool lenient = root.has("schema") && has_newer_minor(root, kMinorVersion);
  expect_known(root, lenient, {"schema", "name", "source", "levels", "collectives"});
  NetworkContent content;
  content.name = root.at("name").name();
  if (const auto source = root.find("source")) content.source = source->string();
  const JsonNode levels = root.at("levels");
  for (const JsonNode& level : levels.elements()) read_level(level, content, lenient);
  if (const auto collectives = root.find("collectives")) {
    for (const JsonNode& entry : collectives->elements()) {
      CollectiveClass collective = read_collective(entry, lenient);
      const bool twice = std::any_of(
          content.collectives.begin(), content.collectives.end(),
          [&](const CollectiveClass& other) { return collective.same_collective(other); });
      if (twice) entry.fail("each collective of a level and GPU type once", "a second");
      content.collectives.push_back(std::move(collective));
    }
  }
  if (content.empty()) levels.fail("at least one link", "none");
  return content;
}

OrderedJson network_json(const NetworkContent& content) {
  OrderedJson out = {{"schema", schema_id("network", 1, kMinorVersion)}, {"name", content.name}};
  if (!content.source.empty()) out["source"] = content.source;
  out["levels"] = OrderedJson::array();
  for (std::size_t level = 0; level < kLinkLevels; ++level) {
    if (content.levels[level].empty()) continue;
    OrderedJson links = OrderedJson::array();
    for (const LinkClass& link : content.levels[level]) links.push_back(link_json(link));
    out["levels"].push_back(
        {{"level", to_string(static_cast<LinkLevel>(level))}, {"links", std::move(links)}});
  }
  if (!content.collectives.empty()) {
    out["collectives"] = OrderedJson::array();
    for (const CollectiveClass& collective : content.collectives) {
      out["collectives"].push_back(collective_json(collective));
    }
  }
  return out;
}

}  // namespace sextant
