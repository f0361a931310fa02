#include "analyzer/profile/measurement_json.h"

#include <algorithm>

#include <fmt/format.h>

namespace sextant {

void expect_known(const JsonNode& node, bool lenient,
                  std::initializer_list<std::string_view> known) {
  if (!lenient) node.only(known);
}

OrderedJson bytes_json(double bytes) {
  constexpr double kLargestExact = 9007199254740992.0;  // 2^53
  if (bytes < kLargestExact && bytes == static_cast<double>(static_cast<std::int64_t>(bytes))) {
    return static_cast<std::int64_t>(bytes);
  }
  return bytes;
}

OrderedJson phase_json(const PhaseTime& phase) {
  OrderedJson out = {{"median_s", phase.median_s}};
  if (phase.samples > 0) {
    out["p10_s"] = phase.p10_s;
    out["p90_s"] = phase.p90_s;
    out["n"] = phase.samples;
    out["rel_stdev"] = phase.rel_stdev;
  }
  return out;
}

PhaseTime read_phase(const JsonNode& node, bool may_be_zero, bool lenient) {
  expect_known(node, lenient, {"median_s", "p10_s", "p90_s", "n", "rel_stdev"});
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

std::string read_collective_name(const JsonNode& node) {
  node.one_of({"all_reduce", "all_gather", "reduce_scatter"});
  return node.string();
}

OrderedJson collectives_json(const std::vector<TensorCollective>& collectives) {
  OrderedJson out = OrderedJson::array();
  for (const TensorCollective& collective : collectives) {
    out.push_back({{"operation", collective.operation},
                   {"phase", collective.phase},
                   {"bytes", bytes_json(collective.bytes)}});
  }
  return out;
}

std::vector<TensorCollective> read_collectives(const JsonNode& list, bool lenient) {
  std::vector<TensorCollective> out;
  for (const JsonNode& node : list.elements()) {
    expect_known(node, lenient, {"operation", "phase", "bytes"});
    node.at("operation").one_of({"all_reduce", "all_gather", "reduce_scatter"});
    node.at("phase").one_of({"forward", "backward", "update"});
    out.push_back(
        {node.at("operation").string(), node.at("phase").string(), node.at("bytes").positive()});
  }
  return out;
}

OrderedJson process_memory_json(const ProcessMemory& memory) {
  return {{"context_bytes", bytes_json(memory.context_bytes)},
          {"collective_buffer_bytes", bytes_json(memory.collective_buffer_bytes)},
          {"peak_reserved_bytes", bytes_json(memory.peak_reserved_bytes)},
          {"peak_allocated_bytes", bytes_json(memory.peak_allocated_bytes)}};
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

OrderedJson stopping_json(const StoppingRule& rule) {
  return {{"max_rel_stdev", rule.max_rel_stdev},
          {"min_samples", rule.min_samples},
          {"time_limit_s", rule.time_limit_s},
          {"unmet", rule.unmet}};
}

StoppingRule read_stopping(const JsonNode& node, bool lenient) {
  expect_known(node, lenient, {"max_rel_stdev", "min_samples", "time_limit_s", "unmet"});
  return {node.at("max_rel_stdev").positive(), node.at("min_samples").count(),
          node.at("time_limit_s").positive(), node.at("unmet").string()};
}

OrderedJson conditions_json(const DeviceConditions& conditions) {
  return {{"sm_clock_mhz_min", conditions.sm_clock_mhz_min},
          {"sm_clock_mhz_max", conditions.sm_clock_mhz_max},
          {"temperature_c_max", conditions.temperature_c_max},
          {"power_w_max", conditions.power_w_max},
          {"throttle_reasons", conditions.throttle_reasons},
          {"tainted_samples", conditions.tainted_samples}};
}

DeviceConditions read_conditions(const JsonNode& node, bool lenient) {
  expect_known(node, lenient,
               {"sm_clock_mhz_min", "sm_clock_mhz_max", "temperature_c_max", "power_w_max",
                "throttle_reasons", "tainted_samples"});
  DeviceConditions out;
  out.sm_clock_mhz_min = node.at("sm_clock_mhz_min").non_negative();
  out.sm_clock_mhz_max = node.at("sm_clock_mhz_max").non_negative();
  if (out.sm_clock_mhz_min > out.sm_clock_mhz_max) {
    node.fail("sm_clock_mhz_min <= sm_clock_mhz_max",
              fmt::format("{}, {}", out.sm_clock_mhz_min, out.sm_clock_mhz_max));
  }
  out.temperature_c_max = node.at("temperature_c_max").number();
  out.power_w_max = node.at("power_w_max").non_negative();
  for (const JsonNode& reason : node.at("throttle_reasons").elements()) {
    out.throttle_reasons.push_back(reason.name());
  }
  out.tainted_samples = static_cast<int>(node.at("tainted_samples").integer(0, 1 << 30));
  return out;
}

OrderedJson provenance_json(const std::map<std::string, std::string>& provenance) {
  OrderedJson out = OrderedJson::object();
  for (const auto& [name, value] : provenance) out[name] = value;
  return out;
}

namespace {

bool is_utc_time(std::string_view text) {
  constexpr std::string_view kShape = "dddd-dd-ddTdd:dd:ddZ";
  return text.size() == kShape.size() &&
         std::equal(text.begin(), text.end(), kShape.begin(), [](char c, char shape) {
           return shape == 'd' ? c >= '0' && c <= '9' : c == shape;
         });
}

}  // namespace

std::map<std::string, std::string> read_provenance(const JsonNode& node, Evidence evidence) {
  std::map<std::string, std::string> out;
  for (const auto& [name, value] : node.members()) {
    if (value.string().size() > 4096) value.fail("at most 4096 bytes");
    out[name] = value.string();
  }
  if (is_measured(evidence)) {
    for (const char* name : {"host", "command", "git_revision", "time"}) node.at(name).string();
  }
  if (evidence == Evidence::kMeasuredGpu) {
    for (const char* name : {"gpu_name", "driver", "cuda"}) node.at(name).string();
  }
  // Merging by age compares times as text, which needs one form of them.
  if (node.has("time") && !is_utc_time(node.at("time").string())) {
    node.at("time").fail("a UTC time like 2026-01-31T23:59:59Z");
  }
  return out;
}

PointStatus read_status(const JsonNode& node) {
  return static_cast<PointStatus>(node.one_of({"ok", "oom", "error", "timeout"}));
}

std::string read_dtype(const JsonNode& node) {
  node.one_of({"fp32", "tf32", "fp16", "bf16", "fp8"});
  return node.string();
}

}  // namespace sextant
