#include <tuple>

#include <fmt/format.h>

#include "analyzer/profile/layer_sequence_json.h"
#include "analyzer/profile/measurement_json.h"
#include "analyzer/profile/serving_profile.h"

namespace sextant {

namespace {

constexpr int kMostTokens = 1 << 30;
constexpr int kLargestBatch = 1 << 20;

OrderedJson layer_json(const ServingLayerProfile& layer) {
  OrderedJson out = {{"kind", layer.kind},
                     {"weight_bytes", bytes_json(layer.weight_bytes)},
                     {"kv_bytes_per_token", bytes_json(layer.kv_bytes_per_token)},
                     {"prefill_workspace_bytes", bytes_json(layer.prefill_workspace_bytes)},
                     {"decode_workspace_bytes", bytes_json(layer.decode_workspace_bytes)},
                     {"prefill", OrderedJson::array()},
                     {"decode", OrderedJson::array()}};
  for (const PrefillTime& point : layer.prefill) {
    out["prefill"].push_back({{"tokens", point.tokens}, {"time", time_json(point.time)}});
  }
  for (const DecodeTime& point : layer.decode) {
    out["decode"].push_back(
        {{"batch", point.batch}, {"context", point.context}, {"time", time_json(point.time)}});
  }
  for (const ServingCollective& collective : layer.collectives) {
    out["tp_collectives"].push_back(
        {{"operation", collective.operation},
         {"phase", collective.phase},
         {"bytes_per_token", bytes_json(collective.bytes_per_token)},
         {"bytes_per_sequence", bytes_json(collective.bytes_per_sequence)}});
  }
  return out;
}

std::string read_serving_phase(const JsonNode& node) {
  node.one_of({"prefill", "decode"});
  return node.string();
}

void read_times(const JsonNode& node, ServingLayerProfile& layer, bool lenient) {
  for (const JsonNode& point : node.at("prefill").elements()) {
    expect_known(point, lenient, {"tokens", "time"});
    const PrefillTime read{static_cast<int>(point.at("tokens").integer(1, kMostTokens)),
                           read_time(point.at("time"), false, lenient)};
    if (!layer.prefill.empty() && layer.prefill.back().tokens >= read.tokens) {
      point.at("tokens").fail("more tokens than the point before it has");
    }
    layer.prefill.push_back(read);
  }
  for (const JsonNode& point : node.at("decode").elements()) {
    expect_known(point, lenient, {"batch", "context", "time"});
    const DecodeTime read{static_cast<int>(point.at("batch").integer(1, kLargestBatch)),
                          static_cast<int>(point.at("context").integer(0, kMostTokens)),
                          read_time(point.at("time"), false, lenient)};
    const auto place = [](const DecodeTime& time) { return std::tuple(time.context, time.batch); };
    if (!layer.decode.empty() && place(layer.decode.back()) >= place(read)) {
      point.fail("points sorted by context, then batch, each once");
    }
    layer.decode.push_back(read);
  }
  if (layer.prefill.empty() && layer.decode.empty()) node.fail("a prefill or decode time");
}

ServingLayerProfile read_layer(const JsonNode& node, bool lenient) {
  expect_known(node, lenient,
               {"kind", "weight_bytes", "kv_bytes_per_token", "prefill_workspace_bytes",
                "decode_workspace_bytes", "prefill", "decode", "tp_collectives"});
  ServingLayerProfile layer;
  layer.kind = node.at("kind").name();
  layer.weight_bytes = node.at("weight_bytes").non_negative();
  layer.kv_bytes_per_token = node.at("kv_bytes_per_token").non_negative();
  layer.prefill_workspace_bytes = node.at("prefill_workspace_bytes").non_negative();
  layer.decode_workspace_bytes = node.at("decode_workspace_bytes").non_negative();
  read_times(node, layer, lenient);
  if (const auto list = node.find("tp_collectives")) {
    for (const JsonNode& collective : list->elements()) {
      expect_known(collective, lenient,
                   {"operation", "phase", "bytes_per_token", "bytes_per_sequence"});
      layer.collectives.push_back({read_collective_name(collective.at("operation")),
                                   read_serving_phase(collective.at("phase")),
                                   collective.at("bytes_per_token").non_negative(),
                                   collective.at("bytes_per_sequence").non_negative()});
    }
  }
  return layer;
}

OrderedJson limits_json(const ServingLimits& limits) {
  return {{"prefill_tokens", limits.prefill_tokens},
          {"decode_batch", limits.decode_batch},
          {"decode_context", limits.decode_context}};
}

OrderedJson failures_json(const std::vector<ServingFailure>& failures) {
  OrderedJson out = OrderedJson::array();
  for (const ServingFailure& failure : failures) {
    out.push_back({{"phase", failure.phase},
                   {"batch", failure.batch},
                   {"context", failure.context},
                   {"status", to_string(failure.status)},
                   {"reason", failure.reason}});
  }
  return out;
}

std::vector<ServingFailure> read_failures(const JsonNode& list, bool lenient) {
  std::vector<ServingFailure> out;
  for (const JsonNode& node : list.elements()) {
    expect_known(node, lenient, {"phase", "batch", "context", "status", "reason"});
    ServingFailure failure;
    failure.phase = read_serving_phase(node.at("phase"));
    failure.batch = static_cast<int>(node.at("batch").integer(1, kLargestBatch));
    failure.context = static_cast<int>(node.at("context").integer(0, kMostTokens));
    failure.status = read_status(node.at("status"));
    if (failure.status == PointStatus::kOk) node.at("status").fail("the status of a failure");
    failure.reason = node.at("reason").string();
    if (failure.reason.empty()) node.at("reason").fail("why there is no time");
    out.push_back(std::move(failure));
  }
  return out;
}

ServingKey read_serving_key(const JsonNode& node, bool lenient) {
  expect_known(node, lenient, {"model", "gpu", "variant", "dtype", "tp"});
  ServingKey key;
  key.model = node.at("model").name();
  key.gpu = node.at("gpu").name();
  key.variant = node.at("variant").name();
  key.dtype = read_dtype(node.at("dtype"));
  key.tp = static_cast<int>(node.at("tp").integer(1, 4096));
  if (key.variant != key.dtype) node.at("variant").fail("the dtype's name");
  return key;
}

void read_layers(const JsonNode& node, ServingDocument& out, bool lenient) {
  if (node.has("reason")) node.at("reason").fail("no reason in a document whose status is ok");
  out.collectives_are_timed = node.at("tp_comm").one_of({"included", "recorded"}) == 0;
  out.memory_basis = node.at("memory_basis").string();
  const std::vector<std::string> names = read_kind_names(node.at("layer_kinds"));
  for (const JsonNode& element : node.at("layer_kinds").elements()) {
    out.kinds.push_back(read_layer(element, lenient));
  }
  out.sequence = read_layer_sequence(node.at("sequence"), names, lenient);
  // They follow from the times, and are there for readers of the file.
  const OrderedJson limits = limits_json(out.limits());
  if (node.at("limits").raw() != nlohmann::json(limits)) {
    node.at("limits").fail(limits.dump() + ", as the times say", node.at("limits").raw().dump());
  }
}

}  // namespace

OrderedJson serving_json(const ServingDocument& document) {
  const ServingKey& key = document.key;
  OrderedJson out = {{"key",
                      {{"model", key.model},
                       {"gpu", key.gpu},
                       {"variant", key.variant},
                       {"dtype", key.dtype},
                       {"tp", key.tp}}},
                     {"status", to_string(document.status)}};
  if (document.status != PointStatus::kOk) out["reason"] = document.reason;
  out["evidence"] = to_string(document.evidence);
  if (document.status == PointStatus::kOk) {
    out["tp_comm"] = document.collectives_are_timed ? "included" : "recorded";
    out["memory_basis"] = document.memory_basis;
    out["limits"] = limits_json(document.limits());
    std::vector<std::string> names;
    for (const ServingLayerProfile& layer : document.kinds) {
      names.push_back(layer.kind);
      out["layer_kinds"].push_back(layer_json(layer));
    }
    out["sequence"] = layer_sequence_json(document.sequence, names);
  }
  out["failures"] = failures_json(document.failures);
  if (document.process_memory) {
    out["process_memory"] = process_memory_json(*document.process_memory);
  }
  if (document.stopping) out["stopping"] = stopping_json(*document.stopping);
  if (document.conditions) out["conditions"] = conditions_json(*document.conditions);
  out["provenance"] = provenance_json(document.provenance);
  if (!document.source.empty()) out["source"] = document.source;
  return out;
}

std::string serving_document_text(const ServingDocument& document) {
  OrderedJson out = {{"schema", schema_id("serving_profile")}};
  out.update(serving_json(document));
  return json_text(out);
}

ServingDocument read_serving(const JsonNode& node, bool lenient) {
  expect_known(node, lenient,
               {"schema", "key", "status", "reason", "evidence", "tp_comm", "memory_basis",
                "limits", "layer_kinds", "sequence", "failures", "process_memory", "stopping",
                "conditions", "provenance", "source"});
  ServingDocument out;
  out.key = read_serving_key(node.at("key"), lenient);
  out.status = read_status(node.at("status"));
  out.evidence = read_evidence(node.at("evidence"));
  out.provenance = read_provenance(node.at("provenance"), out.evidence);
  out.failures = read_failures(node.at("failures"), lenient);
  if (const auto source = node.find("source")) out.source = source->string();
  if (out.status == PointStatus::kOk) {
    read_layers(node, out, lenient);
  } else {
    out.reason = node.at("reason").string();
    if (out.reason.empty()) node.at("reason").fail("why there are no times");
    if (node.has("layer_kinds")) {
      node.at("layer_kinds").fail("no times in a document whose status is not ok");
    }
  }
  if (const auto memory = node.find("process_memory")) {
    out.process_memory = read_process_memory(*memory, lenient);
  }
  if (const auto rule = node.find("stopping")) out.stopping = read_stopping(*rule, lenient);
  if (const auto conditions = node.find("conditions")) {
    out.conditions = read_conditions(*conditions, lenient);
  }
  return out;
}

ServingDocument read_serving_document(const JsonDocument& document) {
  const JsonNode root = document.root_of_kind("serving_profile", 1);
  ServingDocument out = read_serving(root, has_newer_minor(root));
  if (out.source.empty()) out.source = document.file();
  return out;
}

}  // namespace sextant
