#include "analyzer/profile/measurement_json.h"

#include <algorithm>

#include <fmt/format.h>

namespace sextant {

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

PointStatus read_status(const JsonNode& node) {
  return static_cast<PointStatus>(node.one_of({"ok", "oom", "error", "timeout"}));
}

std::string read_dtype(const JsonNode& node) {
  node.one_of({"fp32", "tf32", "fp16", "bf16", "fp8"});
  return node.string();
}

}  // namespace sextant
