#include "analyzer/network/bandwidth_document.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/provenance.h"

namespace sextant {

namespace {

constexpr std::array<std::string_view, 4> kPatternNames = {"pair", "halves", "ring", "world"};
constexpr std::size_t kLongestText = 4096;
constexpr int kMostRanks = 1 << 20;

std::string read_text(const JsonNode& node) {
  if (node.string().size() > kLongestText) node.fail("at most 4096 bytes");
  return node.string();
}

std::string optional_text(const JsonNode& node, std::string_view key) {
  const auto found = node.find(key);
  return found ? read_text(*found) : "";
}

void set_unless_empty(OrderedJson& out, const char* key, const std::string& value) {
  if (!value.empty()) out[key] = value;
}

OrderedJson point_json(const Sweep& sweep, const BandwidthPoint& point) {
  OrderedJson out = {{"bytes", bytes_json(point.bytes)}, {"time", time_json(point.time)}};
  if (point.p99_s) out["p99_s"] = *point.p99_s;
  if (point.skew_s) out["skew_s"] = *point.skew_s;
  out["algbw_bytes_per_s"] = sweep.algorithm_bandwidth(point);
  out["busbw_bytes_per_s"] = sweep.bus_bandwidth(point);
  if (point.wrong) out["wrong"] = *point.wrong;
  set_unless_empty(out, "unmet", point.unmet);
  return out;
}

BandwidthPoint read_point(const JsonNode& node, bool lenient) {
  // The bandwidths are there for readers: they follow from bytes and time.
  expect_known(node, lenient,
               {"bytes", "time", "p99_s", "skew_s", "algbw_bytes_per_s", "busbw_bytes_per_s",
                "wrong", "unmet"});
  BandwidthPoint point;
  point.bytes = node.at("bytes").positive();
  point.time = read_time(node.at("time"), false, lenient);
  if (const auto p99 = node.find("p99_s")) {
    point.p99_s = p99->positive();
    if (*point.p99_s < point.time.p90_s) p99->fail("no less than p90_s");
  }
  if (const auto skew = node.find("skew_s")) point.skew_s = skew->non_negative();
  if (const auto wrong = node.find("wrong")) {
    point.wrong = wrong->integer(0, std::numeric_limits<std::int64_t>::max());
  }
  point.unmet = optional_text(node, "unmet");
  constexpr double kImpossible = 1e14;
  if (point.bytes / point.time.median_s > kImpossible) {
    node.fail("less than 100 TB/s",
              fmt::format("{:g} bytes in {:g} s", point.bytes, point.time.median_s));
  }
  return point;
}

OrderedJson sweep_json(const Sweep& sweep) {
  OrderedJson out = {{"op", to_string(sweep.op)},
                     {"pattern", to_string(sweep.pattern)},
                     {"world_size", sweep.world_size},
                     {"ranks", sweep.ranks},
                     {"level", to_string(sweep.level)}};
  set_unless_empty(out, "gpu", sweep.gpu);
  set_unless_empty(out, "from_zone", sweep.from_zone);
  set_unless_empty(out, "to_zone", sweep.to_zone);
  set_unless_empty(out, "interconnect", sweep.interconnect);
  set_unless_empty(out, "transport", sweep.transport);
  set_unless_empty(out, "dtype", sweep.dtype);
  out["in_place"] = sweep.in_place;
  out["points"] = OrderedJson::array();
  for (const BandwidthPoint& point : sweep.points)
    out["points"].push_back(point_json(sweep, point));
  out["failures"] = OrderedJson::array();
  for (const BandwidthFailure& failure : sweep.failures) {
    out["failures"].push_back({{"bytes", bytes_json(failure.bytes)}, {"reason", failure.reason}});
  }
  return out;
}

Sweep read_sweep(const JsonNode& node, bool lenient) {
  expect_known(node, lenient,
               {"op", "pattern", "world_size", "ranks", "level", "gpu", "from_zone", "to_zone",
                "interconnect", "transport", "dtype", "in_place", "points", "failures"});
  Sweep sweep;
  sweep.op = read_communication_op(node.at("op"));
  sweep.pattern = static_cast<SweepPattern>(node.at("pattern").one_of(kPatternNames));
  if (is_collective(sweep.op) != (sweep.pattern == SweepPattern::kWorld)) {
    node.at("pattern").fail(is_collective(sweep.op) ? "\"world\" of a collective"
                                                    : "\"pair\", \"halves\" or \"ring\"");
  }
  sweep.world_size = static_cast<int>(node.at("world_size").integer(1, kMostRanks));
  if (sweep.pattern == SweepPattern::kHalves && sweep.world_size % 2 != 0) {
    node.at("world_size").fail("an even number of ranks in two halves");
  }
  if (const auto ranks = node.find("ranks")) {
    for (const JsonNode& rank : ranks->elements()) {
      sweep.ranks.push_back(static_cast<int>(rank.integer(0, kMostRanks)));
    }
  }
  sweep.level = static_cast<LinkLevel>(node.at("level").one_of(kLinkLevelNames));
  sweep.gpu = optional_text(node, "gpu");
  sweep.from_zone = optional_text(node, "from_zone");
  sweep.to_zone = optional_text(node, "to_zone");
  sweep.interconnect = optional_text(node, "interconnect");
  sweep.transport = optional_text(node, "transport");
  sweep.dtype = optional_text(node, "dtype");
  if (const auto in_place = node.find("in_place")) sweep.in_place = in_place->boolean();
  for (const JsonNode& element : node.at("points").elements()) {
    BandwidthPoint point = read_point(element, lenient);
    if (!sweep.points.empty() && point.bytes <= sweep.points.back().bytes) {
      element.at("bytes").fail(
          "ascending sizes, each once",
          fmt::format("{:.0f} after {:.0f}", point.bytes, sweep.points.back().bytes));
    }
    sweep.points.push_back(std::move(point));
  }
  if (const auto failures = node.find("failures")) {
    for (const JsonNode& element : failures->elements()) {
      expect_known(element, lenient, {"bytes", "reason"});
      sweep.failures.push_back(
          {element.at("bytes").non_negative(), read_text(element.at("reason"))});
    }
  }
  return sweep;
}

OrderedJson rank_json(const BandwidthRank& rank) {
  OrderedJson out = {{"host", rank.host}, {"device", rank.device}};
  set_unless_empty(out, "gpu", rank.gpu);
  set_unless_empty(out, "zone", rank.zone);
  out["details"] = provenance_json(rank.details);
  return out;
}

BandwidthRank read_rank(const JsonNode& node, bool lenient) {
  expect_known(node, lenient, {"host", "device", "gpu", "zone", "details"});
  BandwidthRank rank;
  rank.host = read_text(node.at("host"));
  rank.device = read_text(node.at("device"));
  rank.gpu = optional_text(node, "gpu");
  rank.zone = optional_text(node, "zone");
  if (const auto details = node.find("details")) {
    for (const auto& [name, value] : details->members()) rank.details[name] = read_text(value);
  }
  return rank;
}

OrderedJson overlap_json(const OverlapMeasurement& overlap) {
  return {{"op", to_string(overlap.op)},
          {"world_size", overlap.world_size},
          {"bytes", bytes_json(overlap.bytes)},
          {"matrix_size", overlap.matrix_size},
          {"dtype", overlap.dtype},
          {"compute_alone", time_json(overlap.compute_alone)},
          {"compute_together", time_json(overlap.compute_together)},
          {"communication_alone", time_json(overlap.communication_alone)},
          {"communication_together", time_json(overlap.communication_together)},
          {"compute_slowdown", overlap.compute_slowdown()},
          {"communication_slowdown", overlap.communication_slowdown()},
          {"coefficient", overlap.coefficient()}};
}

OverlapMeasurement read_overlap(const JsonNode& node, bool lenient) {
  expect_known(node, lenient,
               {"op", "world_size", "bytes", "matrix_size", "dtype", "compute_alone",
                "compute_together", "communication_alone", "communication_together",
                "compute_slowdown", "communication_slowdown", "coefficient"});
  OverlapMeasurement overlap;
  overlap.op = read_communication_op(node.at("op"));
  overlap.world_size = static_cast<int>(node.at("world_size").integer(1, kMostRanks));
  overlap.bytes = node.at("bytes").positive();
  overlap.matrix_size = node.at("matrix_size").count();
  overlap.dtype = read_text(node.at("dtype"));
  overlap.compute_alone = read_time(node.at("compute_alone"), false, lenient);
  overlap.compute_together = read_time(node.at("compute_together"), false, lenient);
  overlap.communication_alone = read_time(node.at("communication_alone"), false, lenient);
  overlap.communication_together = read_time(node.at("communication_together"), false, lenient);
  return overlap;
}

/// Ranks that a sweep or a path names must be in the list of ranks, where there is one.
void check_rank(const JsonNode& place, int rank, std::size_t ranks) {
  if (ranks > 0 && rank >= static_cast<int>(ranks)) {
    place.fail(fmt::format("ranks below {}", ranks), std::to_string(rank));
  }
}

}  // namespace

std::string_view to_string(SweepPattern pattern) {
  return kPatternNames[static_cast<std::size_t>(pattern)];
}

double Sweep::algorithm_bandwidth(const BandwidthPoint& point) const {
  return point.bytes * senders() / point.time.median_s;
}

double Sweep::bus_bandwidth(const BandwidthPoint& point) const {
  return algorithm_bandwidth(point) * bus_factor(op, world_size);
}

std::string Sweep::text() const {
  std::string out{to_string(op)};
  if (pattern == SweepPattern::kPair && ranks.size() == 2) {
    out += fmt::format(" from rank {} to {}", ranks[0], ranks[1]);
  } else if (world_size > 1) {
    const bool named = pattern == SweepPattern::kHalves || pattern == SweepPattern::kRing;
    out += fmt::format(" of {} ranks{}", world_size,
                       named ? fmt::format(" ({})", to_string(pattern)) : "");
  }
  if (!dtype.empty()) out += ", " + dtype;
  return out + (in_place ? ", in place" : "");
}

double OverlapMeasurement::coefficient() const {
  return std::max(compute_slowdown(), communication_slowdown());
}

std::string bandwidth_document_text(const BandwidthDocument& document) {
  OrderedJson out = {{"schema", schema_id("bandwidth")},
                     {"evidence", to_string(document.evidence)},
                     {"tool", document.tool}};
  set_unless_empty(out, "tool_version", document.tool_version);
  set_unless_empty(out, "backend", document.backend);
  out["complete"] = document.complete;
  out["problems"] = document.problems;
  out["ranks"] = OrderedJson::array();
  for (const BandwidthRank& rank : document.ranks) out["ranks"].push_back(rank_json(rank));
  out["topology"] = OrderedJson::array();
  for (const PairTopology& pair : document.topology) {
    out["topology"].push_back({{"a", pair.a}, {"b", pair.b}, {"path", pair.path}});
  }
  out["sweeps"] = OrderedJson::array();
  for (const Sweep& sweep : document.sweeps) out["sweeps"].push_back(sweep_json(sweep));
  out["overlaps"] = OrderedJson::array();
  for (const OverlapMeasurement& overlap : document.overlaps) {
    out["overlaps"].push_back(overlap_json(overlap));
  }
  out["provenance"] = provenance_json(document.provenance);
  return json_text(out);
}

BandwidthDocument bandwidth_document_from(const JsonNode& root) {
  const bool lenient = has_newer_minor(root);
  expect_known(root, lenient,
               {"schema", "evidence", "tool", "tool_version", "backend", "complete", "problems",
                "ranks", "topology", "sweeps", "overlaps", "provenance"});
  BandwidthDocument document;
  document.source = root.file();
  document.evidence = read_evidence(root.at("evidence"));
  document.tool = root.at("tool").name();
  document.tool_version = optional_text(root, "tool_version");
  document.backend = optional_text(root, "backend");
  document.complete = root.at("complete").boolean();
  if (const auto problems = root.find("problems")) {
    for (const JsonNode& problem : problems->elements()) {
      document.problems.push_back(read_text(problem));
    }
  }
  for (const JsonNode& rank : root.at("ranks").elements()) {
    document.ranks.push_back(read_rank(rank, lenient));
  }
  if (const auto topology = root.find("topology")) {
    for (const JsonNode& pair : topology->elements()) {
      expect_known(pair, lenient, {"a", "b", "path"});
      document.topology.push_back({static_cast<int>(pair.at("a").integer(0, kMostRanks)),
                                   static_cast<int>(pair.at("b").integer(0, kMostRanks)),
                                   pair.at("path").name()});
      check_rank(pair, std::max(document.topology.back().a, document.topology.back().b),
                 document.ranks.size());
    }
  }
  const JsonNode sweeps = root.at("sweeps");
  bool empty = true;
  for (const JsonNode& element : sweeps.elements()) {
    document.sweeps.push_back(read_sweep(element, lenient));
    const Sweep& sweep = document.sweeps.back();
    for (const int rank : sweep.ranks) check_rank(element, rank, document.ranks.size());
    if (!sweep.points.empty() || !sweep.failures.empty()) empty = false;
  }
  if (const auto overlaps = root.find("overlaps")) {
    for (const JsonNode& element : overlaps->elements()) {
      document.overlaps.push_back(read_overlap(element, lenient));
      empty = false;
    }
  }
  if (empty) sweeps.fail("at least one measured size", "none");
  document.provenance = read_provenance(root.at("provenance"), document.evidence);
  return document;
}

BandwidthDocument read_bandwidth_document(const std::filesystem::path& path) {
  const JsonDocument document = JsonDocument::read(path);
  return bandwidth_document_from(document.root_of_kind("bandwidth", 1));
}

}  // namespace sextant
