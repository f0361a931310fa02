#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/profile/layer_kind_json.h"
#include "analyzer/profile/layer_sequence_json.h"
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

CrossCheck read_cross_check(const JsonNode& node, bool lenient) {
  expect_known(node, lenient, {"iteration", "sum_of_parts_s", "relative_difference"});
  CrossCheck check;
  check.iteration = read_time(node.at("iteration"), false, lenient);
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

void read_costs(const JsonNode& node, PointDocument& point, bool lenient) {
  if (node.has("reason")) node.at("reason").fail("no reason in a point whose status is ok");
  point.update_is_whole_step = node.at("update_scope").one_of({"per_layer", "whole_step"}) == 1;
  point.collectives_are_timed = node.at("tp_comm").one_of({"included", "recorded"}) == 0;
  point.memory_basis = node.at("memory_basis").string();
  const std::vector<std::string> names = read_kind_names(node.at("layer_kinds"));
  for (const JsonNode& element : node.at("layer_kinds").elements()) {
    point.kinds.push_back(read_layer_kind(element, lenient));
  }
  point.sequence = read_layer_sequence(node.at("sequence"), names, lenient);
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

PointDocument read_point_document(const JsonDocument& document) {
  const JsonNode root = document.root_of_kind("profile", 1);
  PointDocument point = read_point(root, has_newer_minor(root));
  if (point.source.empty()) point.source = document.file();
  return point;
}

}  // namespace sextant
