#include "analyzer/serving/documents/serving_result_document.h"

#include <limits>

namespace sextant {

namespace {

template <std::size_t N>
void put(OrderedJson& out, const char* member, const std::array<std::optional<double>, N>& values,
         const std::array<std::string_view, N>& names) {
  OrderedJson percentiles = OrderedJson::object();
  for (std::size_t i = 0; i < N; ++i) {
    if (values[i]) percentiles[std::string(names[i])] = *values[i];
  }
  if (!percentiles.empty()) out[member] = std::move(percentiles);
}

OrderedJson figures_json(const ServingFigures& figures) {
  OrderedJson out = {{"decode_tokens_per_s", figures.decode_tokens_per_s},
                     {"requests_per_s", figures.requests_per_s}};
  if (figures.good_requests_per_s) out["good_requests_per_s"] = *figures.good_requests_per_s;
  if (figures.good_share) out["good_share"] = *figures.good_share;
  put(out, "prompt_latency_s", figures.prompt_latency_s, kArtifactShareNames);
  put(out, "decode_latency_s", figures.decode_latency_s, kArtifactShareNames);
  put(out, "time_to_first_token_s", figures.time_to_first_token_s, kUserShareNames);
  put(out, "time_per_output_token_s", figures.time_per_output_token_s, kUserShareNames);
  put(out, "end_to_end_s", figures.end_to_end_s, kUserShareNames);
  out["finished"] = figures.finished;
  out["rejected"] = figures.rejected;
  out["dropped"] = figures.dropped;
  out["preempted"] = figures.preempted;
  return out;
}

OrderedJson options_json(const ServingResultDocument& document) {
  const ServingSimulationOptions& options = document.options;
  OrderedJson out = {{"load", document.load}, {"requests", document.requests}};
  if (document.tokens_per_s > 0) out["tokens_per_s"] = document.tokens_per_s;
  out["scheduler"] = kRequestSchedulerNames[static_cast<std::size_t>(options.scheduler)];
  out["overflow"] = kOverflowPolicyNames[static_cast<std::size_t>(options.overflow)];
  out["warm_up_s"] = options.warm_up_s;
  out["duration_s"] = options.duration_s;
  if (options.scheduler == RequestScheduler::kFlow) {
    out["kv_high_water"] = options.kv_high_water;
    out["expected_output_share"] = options.expected_output_share;
  }
  out["context_costs"] = options.context_costs;
  if (options.prefill_chunk_tokens > 0) {
    out["prefill_chunk_tokens"] = options.prefill_chunk_tokens;
  }
  if (options.max_decode_batch < std::numeric_limits<int>::max()) {
    out["max_decode_batch"] = options.max_decode_batch;
  }
  if (options.max_input_tokens > 0) out["max_input_tokens"] = options.max_input_tokens;
  return out;
}

OrderedJson node_json(const ServedNode& node, const std::string& type, const ServedNodeLoad& load) {
  return {{"machine", node.name},
          {"type", type},
          {"layers", {node.layers.first, node.layers.end}},
          {"busy_share", load.busy_share},
          {"mean_batch", load.mean_batch},
          {"mean_queue", load.mean_queue},
          {"peak_queue", load.peak_queue},
          {"mean_kv_share", load.mean_kv_share},
          {"peak_kv_share", load.peak_kv_share}};
}

}  // namespace

OrderedJson to_json(const ServingResultDocument& document) {
  OrderedJson out = {{"schema", schema_id("serving_result")},
                     {"model", document.model},
                     {"cluster", document.cluster},
                     {"placement", document.placement},
                     {"evidence", to_string(document.evidence)},
                     {"options", options_json(document)}};
  if (document.targets.any()) {
    OrderedJson& targets = out["targets"];
    if (document.targets.first_token_s) {
      targets["time_to_first_token_s"] = *document.targets.first_token_s;
    }
    if (document.targets.per_output_token_s) {
      targets["time_per_output_token_s"] = *document.targets.per_output_token_s;
    }
  }
  out["seeds"] = document.seeds;
  const ServingStatistics statistics = statistics_of(document.runs);
  out["figures"] = figures_json(statistics.mean);
  if (document.runs.size() > 1) {
    out["half_width_95"] = figures_json(statistics.half_width);
    for (std::size_t r = 0; r < document.runs.size(); ++r) {
      OrderedJson run = {{"seed", document.seeds[r]}};
      run.update(figures_json(document.runs[r]));
      out["runs"].push_back(std::move(run));
    }
  }
  OrderedJson& nodes = out["nodes"] = OrderedJson::array();
  for (std::size_t n = 0; n < document.loads.size(); ++n) {
    const auto type = static_cast<std::size_t>(document.nodes[n].type);
    nodes.push_back(node_json(document.nodes[n], document.types[type], document.loads[n]));
  }
  return out;
}

}  // namespace sextant
