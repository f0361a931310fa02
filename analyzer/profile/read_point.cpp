#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"
#include "analyzer/profile/profile_point.h"

namespace sextant {

namespace {

/// Reads members of one document, strict or lenient about those it does not know.
class PointReader {
 public:
  PointReader(bool lenient, bool in_database) : lenient_(lenient), in_database_(in_database) {}

  PointDocument read(const JsonNode& node) const {
    only(node, {"schema", "key", "status", "reason", "evidence", "update_scope", "tp_comm",
                "memory_basis", "layer_kinds", "sequence", "provenance", "source", "superseded"});
    if (!in_database_ && node.has("superseded")) {
      node.at("superseded").fail("superseded measurements in a database only");
    }
    PointDocument point;
    point.key = read_key(node.at("key"));
    point.status =
        static_cast<PointStatus>(choice(node.at("status"), {"ok", "oom", "error", "timeout"}));
    point.evidence = read_evidence(node.at("evidence"));
    if (const auto source = node.find("source")) point.source = source->string();
    read_provenance(node.at("provenance"), point);
    if (point.status == PointStatus::kOk) {
      read_costs(node, point);
    } else {
      point.reason = node.at("reason").string();
      if (point.reason.empty()) node.at("reason").fail("why the point has no times");
      if (node.has("layer_kinds")) {
        node.at("layer_kinds").fail("no times in a point whose status is not ok");
      }
    }
    return point;
  }

 private:
  void only(const JsonNode& node, std::initializer_list<std::string_view> known) const {
    if (!lenient_) node.only(known);
  }

  static std::size_t choice(const JsonNode& node, const std::vector<std::string_view>& names) {
    const auto found = std::find(names.begin(), names.end(), node.string());
    if (found == names.end()) node.fail(fmt::format("one of {}", fmt::join(names, ", ")));
    return static_cast<std::size_t>(found - names.begin());
  }

  static Evidence read_evidence(const JsonNode& node) {
    return static_cast<Evidence>(
        choice(node, {"measured-gpu", "measured-cpu", "replayed", "estimated"}));
  }

  ProfileKey read_key(const JsonNode& node) const {
    only(node, {"model", "gpu", "variant", "dtype", "seq_len", "tp", "microbatch", "recompute",
                "sequence_parallel"});
    ProfileKey key;
    key.model = node.at("model").name();
    key.gpu = node.at("gpu").name();
    key.variant = node.at("variant").name();
    const std::vector<std::string_view> dtypes = {"fp32", "tf32", "fp16", "bf16", "fp8"};
    key.dtype = dtypes[choice(node.at("dtype"), dtypes)];
    key.seq_len = static_cast<int>(node.at("seq_len").integer(0, 1 << 30));
    key.tp = static_cast<int>(node.at("tp").integer(1, 4096));
    key.microbatch = static_cast<int>(node.at("microbatch").integer(1, 1 << 20));
    key.recompute = node.at("recompute").boolean();
    key.sequence_parallel = node.at("sequence_parallel").boolean();
    const std::string own = variant_name(key.dtype, key.recompute, key.sequence_parallel);
    if (key.variant != own && !key.variant.starts_with("artifact/")) {
      node.at("variant").fail(fmt::format("{}, as dtype and options say", quote(own)));
    }
    return key;
  }

  PhaseTime read_phase(const JsonNode& node, bool may_be_zero) const {
    only(node, {"median_s", "p10_s", "p90_s", "n", "rel_stdev"});
    PhaseTime phase;
    const JsonNode median = node.at("median_s");
    phase.median_s = may_be_zero ? median.non_negative() : median.positive();
    phase.p10_s = phase.p90_s = phase.median_s;
    if (!node.has("n")) {
      for (const char* name : {"p10_s", "p90_s", "rel_stdev"}) {
        if (node.has(name)) node.fail("n, the number of samples, beside a spread");
      }
      return phase;
    }
    phase.samples = node.at("n").count();
    phase.p10_s = node.at("p10_s").non_negative();
    phase.p90_s = node.at("p90_s").non_negative();
    phase.rel_stdev = node.at("rel_stdev").non_negative();
    if (phase.p10_s > phase.median_s || phase.p90_s < phase.median_s) {
      node.fail("p10_s <= median_s <= p90_s",
                fmt::format("{}, {}, {}", phase.p10_s, phase.median_s, phase.p90_s));
    }
    return phase;
  }

  std::vector<OperatorProfile> read_operators(const JsonNode& kind) const {
    std::vector<OperatorProfile> out;
    const auto list = kind.find("operators");
    if (!list) return out;
    for (const JsonNode& node : list->elements()) {
      only(node, {"name", "forward_s", "backward_s", "parameter_bytes", "output_bytes",
                  "saved_bytes"});
      out.push_back({node.at("name").string(), node.at("forward_s").non_negative(),
                     node.at("backward_s").non_negative(),
                     node.at("parameter_bytes").non_negative(),
                     node.at("output_bytes").non_negative(),
                     node.at("saved_bytes").non_negative()});
    }
    return out;
  }

  std::vector<KernelProfile> read_kernels(const JsonNode& kind) const {
    std::vector<KernelProfile> out;
    const auto list = kind.find("kernels");
    if (!list) return out;
    for (const JsonNode& node : list->elements()) {
      only(node, {"name", "phase", "calls", "total_s"});
      choice(node.at("phase"), {"forward", "backward", "update"});
      out.push_back({node.at("name").string(), node.at("phase").string(), node.at("calls").count(),
                     node.at("total_s").non_negative()});
    }
    return out;
  }

  LayerKindProfile read_kind(const JsonNode& node) const {
    only(node,
         {"kind", "forward", "backward", "update", "parameter_bytes", "input_bytes", "output_bytes",
          "saved_activation_bytes", "workspace_bytes", "tp_collectives", "operators", "kernels"});
    LayerKindProfile kind;
    kind.kind = node.at("kind").name();
    kind.forward = read_phase(node.at("forward"), false);
    // An embedding's backward may be too short for the clock, a frozen layer has no update.
    kind.backward = read_phase(node.at("backward"), true);
    kind.update = read_phase(node.at("update"), true);
    kind.parameter_bytes = node.at("parameter_bytes").non_negative();
    kind.input_bytes = node.at("input_bytes").non_negative();
    kind.output_bytes = node.at("output_bytes").non_negative();
    kind.saved_activation_bytes = node.at("saved_activation_bytes").non_negative();
    kind.workspace_bytes = node.at("workspace_bytes").non_negative();
    if (const auto list = node.find("tp_collectives")) {
      for (const JsonNode& collective : list->elements()) {
        only(collective, {"operation", "phase", "bytes"});
        choice(collective.at("operation"), {"all_reduce", "all_gather", "reduce_scatter"});
        choice(collective.at("phase"), {"forward", "backward"});
        kind.collectives.push_back({collective.at("operation").string(),
                                    collective.at("phase").string(),
                                    collective.at("bytes").positive()});
      }
    }
    kind.operators = read_operators(node);
    kind.kernels = read_kernels(node);
    return kind;
  }

  void read_costs(const JsonNode& node, PointDocument& point) const {
    if (node.has("reason")) node.at("reason").fail("no reason in a point whose status is ok");
    point.update_is_whole_step = choice(node.at("update_scope"), {"per_layer", "whole_step"}) == 1;
    point.collectives_are_timed = choice(node.at("tp_comm"), {"included", "recorded"}) == 0;
    point.memory_basis = node.at("memory_basis").string();
    for (const JsonNode& element : node.at("layer_kinds").elements()) {
      point.kinds.push_back(read_kind(element));
      for (std::size_t k = 0; k + 1 < point.kinds.size(); ++k) {
        if (point.kinds[k].kind == point.kinds.back().kind) {
          element.at("kind").fail("layer kinds with different names");
        }
      }
    }
    constexpr int kMostLayers = 100'000;
    for (const JsonNode& element : node.at("sequence").elements()) {
      only(element, {"kind", "count"});
      const auto found = std::find_if(
          point.kinds.begin(), point.kinds.end(),
          [&](const LayerKindProfile& kind) { return kind.kind == element.at("kind").string(); });
      if (found == point.kinds.end()) element.at("kind").fail("a name that layer_kinds defines");
      point.sequence.push_back({static_cast<int>(found - point.kinds.begin()),
                                static_cast<int>(element.at("count").integer(1, kMostLayers))});
      if (point.layer_count() > kMostLayers) {
        node.at("sequence").fail(fmt::format("at most {} layers", kMostLayers));
      }
    }
    for (std::size_t k = 0; k < point.kinds.size(); ++k) {
      if (std::none_of(point.sequence.begin(), point.sequence.end(),
                       [&](const LayerRun& run) { return run.kind == static_cast<int>(k); })) {
        node.at("sequence").fail(fmt::format("a place for {}", quote(point.kinds[k].kind)));
      }
    }
    if (point.sequence.empty()) node.at("sequence").fail("at least one layer");
  }

  static bool is_utc_time(std::string_view text) {
    constexpr std::string_view kShape = "dddd-dd-ddTdd:dd:ddZ";
    return text.size() == kShape.size() &&
           std::equal(text.begin(), text.end(), kShape.begin(), [](char c, char shape) {
             return shape == 'd' ? c >= '0' && c <= '9' : c == shape;
           });
  }

  static void read_provenance(const JsonNode& node, PointDocument& point) {
    for (const auto& [name, value] : node.members()) {
      if (value.string().size() > 4096) value.fail("at most 4096 bytes");
      point.provenance[name] = value.string();
    }
    const bool measured =
        point.evidence == Evidence::kMeasuredGpu || point.evidence == Evidence::kMeasuredCpu;
    if (measured) {
      for (const char* name : {"host", "command", "git_revision", "time"}) node.at(name).string();
    }
    if (point.evidence == Evidence::kMeasuredGpu) {
      for (const char* name : {"gpu_name", "driver", "cuda"}) node.at(name).string();
    }
    // Merging by age compares times as text, which needs one form of them.
    if (node.has("time") && !is_utc_time(node.at("time").string())) {
      node.at("time").fail("a UTC time like 2026-01-31T23:59:59Z");
    }
  }

  bool lenient_;
  bool in_database_;
};

}  // namespace

PointDocument read_point(const JsonNode& node, bool lenient) {
  return PointReader(lenient, false).read(node);
}

PointDocument read_database_point(const JsonNode& node, bool lenient) {
  return PointReader(lenient, true).read(node);
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
