#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/profile/layer_kind_json.h"
#include "analyzer/profile/measurement_json.h"
#include "analyzer/profile/profile_point.h"

namespace sextant {

namespace {

ProfileKey read_key(const JsonNode& node, bool lenient) {
  expect_known(node, lenient,
               {"model", "gpu", "variant", "dtype", "seq_len", "tp", "microbatch", "recompute",
                "sequence_parallel", "optimizer"});
  ProfileKey key;
  key.model = node.at("model").name();
  key.gpu = node.at("gpu").name();
  key.variant = node.at("variant").name();
  key.dtype = read_dtype(node.at("dtype"));
  key.seq_len = static_cast<int>(node.at("seq_len").integer(0, 1 << 30));
  key.tp = static_cast<int>(node.at("tp").integer(1, 4096));
  key.microbatch = static_cast<int>(node.at("microbatch").integer(1, 1 << 20));
  key.recompute = node.at("recompute").boolean();
  key.sequence_parallel = node.at("sequence_parallel").boolean();
  if (const auto optimizer = node.find("optimizer")) {
    optimizer->one_of({"adamw", "sgd"});
    key.optimizer = optimizer->string();
  }
  const std::string own =
      variant_name(key.dtype, key.recompute, key.sequence_parallel, key.optimizer);
  if (key.variant != own && !key.variant.starts_with("artifact/")) {
    node.at("variant").fail(fmt::format("{}, as dtype and options say", quote(own)));
  }
  return key;
}

void read_sequence(const JsonNode& node, PointDocument& point, bool lenient) {
  constexpr int kMostLayers = 100'000;
  for (const JsonNode& element : node.elements()) {
    expect_known(element, lenient, {"kind", "count"});
    const auto found = std::find_if(
        point.kinds.begin(), point.kinds.end(),
        [&](const LayerKindProfile& kind) { return kind.kind == element.at("kind").string(); });
    if (found == point.kinds.end()) element.at("kind").fail("a name that layer_kinds defines");
    point.sequence.push_back({static_cast<int>(found - point.kinds.begin()),
                              static_cast<int>(element.at("count").integer(1, kMostLayers))});
    if (point.layer_count() > kMostLayers) {
      node.fail(fmt::format("at most {} layers", kMostLayers));
    }
  }
  for (std::size_t k = 0; k < point.kinds.size(); ++k) {
    if (std::none_of(point.sequence.begin(), point.sequence.end(),
                     [&](const LayerRun& run) { return run.kind == static_cast<int>(k); })) {
      node.fail(fmt::format("a place for {}", quote(point.kinds[k].kind)));
    }
  }
  if (point.sequence.empty()) node.fail("at least one layer");
}

CrossCheck read_cross_check(const JsonNode& node, bool lenient) {
  expect_known(node, lenient, {"iteration", "sum_of_parts_s", "relative_difference"});
  CrossCheck check;
  check.iteration = read_phase(node.at("iteration"), false, lenient);
  check.sum_of_parts_s = node.at("sum_of_parts_s").positive();
  // It follows from the other two, and is there for readers of the file.
  constexpr double kRounding = 1e-9;
  const double difference = check.relative_difference();
  if (std::abs(node.at("relative_difference").number() - difference) >
      kRounding * std::max(1.0, std::abs(difference))) {
    node.at("relative_difference").fail(fmt::format("{}, as the times say", difference));
  }
  return check;
}

ProcessMemory read_process_memory(const JsonNode& node, bool lenient) {
  expect_known(
      node, lenient,
      {"context_bytes", "collective_buffer_bytes", "peak_reserved_bytes", "peak_allocated_bytes"});
  ProcessMemory memory;
  memory.context_bytes = node.at("context_bytes").non_negative();
  memory.collective_buffer_bytes = node.at("collective_buffer_bytes").non_negative();
  memory.peak_reserved_bytes = node.at("peak_reserved_bytes").non_negative();
  memory.peak_allocated_bytes = node.at("peak_allocated_bytes").non_negative();
  // Nothing is reserved where the device has no caching allocator.
  if (memory.peak_reserved_bytes > 0 && memory.peak_allocated_bytes > memory.peak_reserved_bytes) {
    node.at("peak_allocated_bytes").fail("no more than peak_reserved_bytes");
  }
  return memory;
}

void read_costs(const JsonNode& node, PointDocument& point, bool lenient) {
  if (node.has("reason")) node.at("reason").fail("no reason in a point whose status is ok");
  point.update_is_whole_step = node.at("update_scope").one_of({"per_layer", "whole_step"}) == 1;
  point.collectives_are_timed = node.at("tp_comm").one_of({"included", "recorded"}) == 0;
  point.memory_basis = node.at("memory_basis").string();
  for (const JsonNode& element : node.at("layer_kinds").elements()) {
    point.kinds.push_back(read_layer_kind(element, lenient));
    for (std::size_t k = 0; k + 1 < point.kinds.size(); ++k) {
      if (point.kinds[k].kind == point.kinds.back().kind) {
        element.at("kind").fail("layer kinds with different names");
      }
    }
  }
  read_sequence(node.at("sequence"), point, lenient);
  if (const auto check = node.find("cross_check")) {
    point.cross_check = read_cross_check(*check, lenient);
  }
}

void read_failure(const JsonNode& node, PointDocument& point) {
  point.reason = node.at("reason").string();
  if (point.reason.empty()) node.at("reason").fail("why the point has no times");
  for (const char* name : {"layer_kinds", "cross_check"}) {
    if (node.has(name)) node.at(name).fail("no times in a point whose status is not ok");
  }
}

PointDocument read(const JsonNode& node, bool lenient, bool in_database) {
  expect_known(node, lenient,
               {"schema", "key", "status", "reason", "largest_microbatch", "evidence",
                "update_scope", "tp_comm", "memory_basis", "layer_kinds", "sequence", "cross_check",
                "process_memory", "stopping", "conditions", "provenance", "source", "superseded"});
  if (!in_database && node.has("superseded")) {
    node.at("superseded").fail("superseded measurements in a database only");
  }
  PointDocument point;
  point.key = read_key(node.at("key"), lenient);
  point.status = read_status(node.at("status"));
  point.evidence = read_evidence(node.at("evidence"));
  if (const auto source = node.find("source")) point.source = source->string();
  point.provenance = read_provenance(node.at("provenance"), point.evidence);
  if (point.status == PointStatus::kOk) {
    read_costs(node, point, lenient);
  } else {
    read_failure(node, point);
  }
  if (const auto largest = node.find("largest_microbatch")) {
    if (point.status != PointStatus::kOutOfMemory) {
      largest->fail("no largest microbatch in a point that did not run out of memory");
    }
    // It is smaller than the one that did not fit.
    point.largest_microbatch = static_cast<int>(largest->integer(0, point.key.microbatch - 1));
  }
  if (const auto memory = node.find("process_memory")) {
    point.process_memory = read_process_memory(*memory, lenient);
  }
  if (const auto rule = node.find("stopping")) point.stopping = read_stopping(*rule, lenient);
  if (const auto conditions = node.find("conditions")) {
    point.conditions = read_conditions(*conditions, lenient);
  }
  return point;
}

}  // namespace

PointDocument read_point(const JsonNode& node, bool lenient) {
  return read(node, lenient, false);
}

PointDocument read_database_point(const JsonNode& node, bool lenient) {
  return read(node, lenient, true);
}

bool has_newer_minor(const JsonNode& root) {
  const std::string& id = root.at("schema").string();
  const std::size_t dot = id.rfind('.');
  if (dot == std::string::npos) return false;
  int minor = 0;
  const auto parsed = std::from_chars(id.data() + dot + 1, id.data() + id.size(), minor);
  constexpr int kOurMinor = 0;
  return parsed.ec == std::errc() && minor > kOurMinor;
}

PointDocument read_point_document(const JsonDocument& document) {
  const JsonNode root = document.root_of_kind("profile", 1);
  PointDocument point = read_point(root, has_newer_minor(root));
  if (point.source.empty()) point.source = document.file();
  return point;
}

}  // namespace sextant
