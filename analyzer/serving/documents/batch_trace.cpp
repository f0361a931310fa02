#include "analyzer/serving/documents/batch_trace.h"

#include <cmath>
#include <cstdint>

#include <fmt/format.h>

#include "analyzer/core/json_document.h"

namespace sextant {

namespace {

std::int64_t nanoseconds(double seconds) {
  return std::llround(seconds * 1e9);
}

double microseconds(std::int64_t nanoseconds) {
  return static_cast<double>(nanoseconds) / 1e3;
}

std::string batch_name(const ServedBatch& batch) {
  std::string name;
  if (batch.prompts > 0) name = fmt::format("{} prompts", batch.prompts);
  if (batch.decodes > 0) {
    name += fmt::format("{}{} decodes", name.empty() ? "" : ", ", batch.decodes);
  }
  return name.empty() ? "batch" : name;
}

}  // namespace

std::string batch_trace(std::span<const ServedNode> nodes, std::span<const ServedBatch> batches,
                        std::span<const ServedNodeSample> samples,
                        const std::map<std::string, std::string>& about) {
  // One event a line, as in other timelines.
  std::string text = fmt::format("{{\n\"schema\": \"{}\",\n\"displayTimeUnit\": \"ms\",\n",
                                 schema_id("serving_timeline"));
  text += fmt::format("\"otherData\": {},\n\"traceEvents\": [", OrderedJson(about).dump());
  const char* separator = "\n";
  const auto append = [&](const OrderedJson& event) {
    text += separator + event.dump();
    separator = ",\n";
  };
  for (std::size_t n = 0; n < nodes.size(); ++n) {
    const LayerInterval& layers = nodes[n].layers;
    const std::string name =
        fmt::format("{} layers {} to {}", nodes[n].name, layers.first, layers.end - 1);
    // Process 0 means "idle" to Perfetto, so that ours count from 1.
    append({{"ph", "M"}, {"name", "process_name"}, {"pid", n + 1}, {"args", {{"name", name}}}});
    append({{"ph", "M"},
            {"name", "process_sort_index"},
            {"pid", n + 1},
            {"args", {{"sort_index", n}}}});
  }
  for (const ServedBatch& batch : batches) {
    const std::int64_t start = nanoseconds(batch.start_s);
    append({{"ph", "X"},
            {"name", batch_name(batch)},
            {"cat", batch.prompts > 0 ? (batch.decodes > 0 ? "mixed" : "prompt") : "decode"},
            {"pid", batch.node + 1},
            {"tid", 1},
            {"ts", microseconds(start)},
            {"dur", microseconds(nanoseconds(batch.end_s) - start)},
            {"args", {{"prompts", batch.prompts}, {"decodes", batch.decodes}}}});
  }
  for (const ServedNodeSample& sample : samples) {
    append({{"ph", "C"},
            {"name", "load"},
            {"pid", sample.node + 1},
            {"ts", microseconds(nanoseconds(sample.from_s))},
            {"args", {{"waiting", sample.waiting}, {"kv_share", sample.kv_share}}}});
  }
  return text + "\n]\n}\n";
}

}  // namespace sextant
