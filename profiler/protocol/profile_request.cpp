#include "profiler/protocol/profile_request.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"
#include "analyzer/model/model_document.h"

namespace sextant::profiler {

namespace {

constexpr std::int64_t kMostTokens = std::int64_t{1} << 30;

/// The position of `name` in `names`; throws Error(kUsage).
std::size_t chosen(std::string_view what, std::string_view name,
                   const std::vector<std::string_view>& names) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name) return i;
  }
  throw_usage(fmt::format("{} is no {}: there are {}", quote(name), what, fmt::join(names, ", ")));
}

std::vector<int> integers(const JsonNode& list) {
  std::vector<int> out;
  for (const JsonNode& node : list.elements()) {
    out.push_back(static_cast<int>(node.integer(1, kMostTokens)));
  }
  return out;
}

OrderedJson point_json(const GridPoint& point) {
  return {{"tp", point.tp}, {"microbatch", point.microbatch}};
}

GridPoint grid_point_from(const JsonNode& node) {
  return {static_cast<int>(node.at("tp").integer(1, 4096)),
          static_cast<int>(node.at("microbatch").integer(1, 1 << 20))};
}

}  // namespace

std::string_view to_string(DeviceKind kind) {
  return kind == DeviceKind::kCpu ? "cpu" : "cuda";
}

DeviceKind device_kind_from(std::string_view name) {
  return static_cast<DeviceKind>(chosen("device", name, {"cpu", "cuda"}));
}

std::string_view to_string(Optimizer optimizer) {
  return optimizer == Optimizer::kAdamW ? "adamw" : "sgd";
}

Optimizer optimizer_from(std::string_view name) {
  return static_cast<Optimizer>(chosen("optimizer", name, {"adamw", "sgd"}));
}

LayerOptions layer_options(const ProfileRequest& request, const GridPoint& point) {
  LayerOptions options;
  options.tp = point.tp;
  options.microbatch = point.microbatch;
  options.seq_len = request.seq_len;
  options.dtype = request.dtype;
  options.recompute = request.recompute;
  options.sequence_parallel = request.sequence_parallel;
  return options;
}

ProfileKey point_key(const ProfileRequest& request, const GridPoint& point) {
  ProfileKey key;
  key.model = request.model.name;
  key.gpu = request.gpu;
  key.dtype = to_string(request.dtype);
  key.seq_len = request.seq_len;
  key.tp = point.tp;
  key.microbatch = point.microbatch;
  key.recompute = request.recompute;
  key.sequence_parallel = request.sequence_parallel;
  key.optimizer = to_string(request.optimizer);
  key.variant = variant_name(key.dtype, key.recompute, key.sequence_parallel, key.optimizer);
  return key;
}

OrderedJson to_json(const ProfileRequest& request) {
  OrderedJson points = OrderedJson::array();
  for (const GridPoint& point : request.points) points.push_back(point_json(point));
  return {{"schema", schema_id("profile_request")},
          {"mode", request.mode == Mode::kTrain ? "train" : "serve"},
          {"model", to_json(request.model)},
          {"gpu", request.gpu},
          {"device", to_string(request.device)},
          {"dtype", to_string(request.dtype)},
          {"seq_len", request.seq_len},
          {"optimizer", to_string(request.optimizer)},
          {"recompute", request.recompute},
          {"sequence_parallel", request.sequence_parallel},
          {"real_collectives", request.real_collectives},
          {"points", points},
          {"max_rel_stdev", request.stopping.max_rel_stdev},
          {"min_samples", request.stopping.min_samples},
          {"time_limit_s", request.stopping.time_limit_s},
          {"operators", request.operators},
          {"kernels", request.kernels},
          {"memory_limit_bytes", request.memory_limit_bytes},
          {"prefill_tokens", request.prefill_tokens},
          {"decode_batches", request.decode_batches},
          {"decode_contexts", request.decode_contexts},
          {"provenance", request.provenance}};
}

ProfileRequest profile_request_from(const JsonNode& node) {
  ProfileRequest request;
  request.mode = node.at("mode").string() == "train" ? Mode::kTrain : Mode::kServe;
  request.model = model_from_json(node.at("model"));
  request.gpu = node.at("gpu").name();
  request.device = device_kind_from(node.at("device").string());
  request.dtype = data_type_from(node.at("dtype").string());
  request.seq_len = static_cast<int>(node.at("seq_len").integer(1, kMostTokens));
  request.optimizer = optimizer_from(node.at("optimizer").string());
  request.recompute = node.at("recompute").boolean();
  request.sequence_parallel = node.at("sequence_parallel").boolean();
  request.real_collectives = node.at("real_collectives").boolean();
  for (const JsonNode& point : node.at("points").elements()) {
    request.points.push_back(grid_point_from(point));
  }
  request.stopping.max_rel_stdev = node.at("max_rel_stdev").positive();
  request.stopping.min_samples = node.at("min_samples").count();
  request.stopping.time_limit_s = node.at("time_limit_s").positive();
  request.operators = node.at("operators").boolean();
  request.kernels = node.at("kernels").boolean();
  request.memory_limit_bytes = node.at("memory_limit_bytes").non_negative();
  request.prefill_tokens = integers(node.at("prefill_tokens"));
  request.decode_batches = integers(node.at("decode_batches"));
  request.decode_contexts = integers(node.at("decode_contexts"));
  for (const auto& [name, value] : node.at("provenance").members()) {
    request.provenance[name] = value.string();
  }
  return request;
}

std::string event_line(const RankEvent& event) {
  OrderedJson out;
  switch (event.kind) {
    case RankEvent::Kind::kBegin:
      out = {{"event", "begin"}, {"point", point_json(event.point)}};
      break;
    case RankEvent::Kind::kResult:
      out = {{"event", "result"}, {"point", point_json(event.point)}, {"document", event.document}};
      break;
    case RankEvent::Kind::kNote:
      out = {{"event", "note"}, {"text", event.text}};
      break;
  }
  return out.dump() + "\n";
}

RankEvent rank_event_from(std::string_view line) {
  const JsonDocument document = JsonDocument::parse(line, "a rank's report");
  const JsonNode root = document.root();
  const std::string& kind = root.at("event").string();
  RankEvent event;
  if (kind == "note") {
    event.text = root.at("text").string();
    return event;
  }
  if (kind != "begin" && kind != "result") root.at("event").fail("begin, result or note");
  event.point = grid_point_from(root.at("point"));
  event.kind = kind == "begin" ? RankEvent::Kind::kBegin : RankEvent::Kind::kResult;
  if (kind == "result") event.document = root.at("document").string();
  return event;
}

}  // namespace sextant::profiler
