#include <fmt/format.h>

#include "analyzer/core/files.h"
#include "analyzer/profile/layer_kind_json.h"
#include "analyzer/profile/layer_sequence_json.h"
#include "analyzer/profile/measurement_json.h"
#include "analyzer/profile/profile_point.h"

namespace sextant {

namespace {

OrderedJson key_json(const ProfileKey& key) {
  return {{"model", key.model},
          {"gpu", key.gpu},
          {"variant", key.variant},
          {"dtype", key.dtype},
          {"seq_len", key.seq_len},
          {"tp", key.tp},
          {"microbatch", key.microbatch},
          {"recompute", key.recompute},
          {"sequence_parallel", key.sequence_parallel},
          {"optimizer", key.optimizer}};
}

OrderedJson cross_check_json(const CrossCheck& check) {
  return {{"iteration", time_json(check.iteration)},
          {"sum_of_parts_s", check.sum_of_parts_s},
          {"relative_difference", check.relative_difference()}};
}

void put_costs(const PointDocument& point, OrderedJson& out) {
  out["update_scope"] = point.update_is_whole_step ? "whole_step" : "per_layer";
  out["tp_comm"] = point.collectives_are_timed ? "included" : "recorded";
  out["memory_basis"] = point.memory_basis;
  std::vector<std::string> names;
  for (const LayerKindProfile& kind : point.kinds) {
    names.push_back(kind.kind);
    out["layer_kinds"].push_back(layer_kind_json(kind));
  }
  out["sequence"] = layer_sequence_json(point.sequence, names);
  if (point.cross_check) out["cross_check"] = cross_check_json(*point.cross_check);
}

}  // namespace

OrderedJson point_json(const PointDocument& point) {
  OrderedJson out = {{"key", key_json(point.key)}, {"status", to_string(point.status)}};
  if (point.status != PointStatus::kOk) out["reason"] = point.reason;
  if (point.largest_microbatch) out["largest_microbatch"] = *point.largest_microbatch;
  out["evidence"] = to_string(point.evidence);
  if (point.status == PointStatus::kOk) put_costs(point, out);
  if (point.process_memory) out["process_memory"] = process_memory_json(*point.process_memory);
  if (point.stopping) out["stopping"] = stopping_json(*point.stopping);
  if (point.conditions) out["conditions"] = conditions_json(*point.conditions);
  out["provenance"] = provenance_json(point.provenance);
  if (!point.source.empty()) out["source"] = point.source;
  return out;
}

std::string point_document_text(const PointDocument& point) {
  OrderedJson out = {{"schema", schema_id("profile")}};
  out.update(point_json(point));
  return json_text(out);
}

bool same_measurement(const PointDocument& a, const PointDocument& b) {
  OrderedJson left = point_json(a);
  OrderedJson right = point_json(b);
  left.erase("source");
  right.erase("source");
  return left == right;
}

}  // namespace sextant
