#include "analyzer/serving/simulation/serving_simulation.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/serving/simulation/serving_driver.h"

namespace sextant {

namespace {

void check(const ServedNetwork& network, const ServingLoad& load,
           const ServingSimulationOptions& options) {
  const auto refuse = [](const std::string& what) { throw Error(ErrorCode::kBadInput, what); };
  const auto positive = [&](double value, const std::string& what) {
    if (!(value > 0) || !std::isfinite(value)) {
      refuse(fmt::format("{}: expected more than 0, found {}", what, value));
    }
  };
  if (const auto* loop = std::get_if<ClosedLoop>(&load)) {
    if (loop->lengths.empty()) refuse("no lengths of requests to draw from");
    if (loop->initial_requests < 1) {
      refuse(fmt::format("expected at least one request at the start, found {}",
                         loop->initial_requests));
    }
  } else {
    const auto& trace = std::get<RequestTrace>(load);
    if (trace.empty()) refuse("the trace holds no requests");
    for (std::size_t i = 0; i < trace.size(); ++i) {
      const TracedRequest& request = trace[i];
      if (!(request.arrival_s >= (i == 0 ? 0 : trace[i - 1].arrival_s)) ||
          !std::isfinite(request.arrival_s)) {
        refuse(
            fmt::format("request {}: expected an arrival no earlier than the one before, found {}",
                        i + 1, request.arrival_s));
      }
      if (request.length.input_tokens < 1 || request.length.output_tokens < 0) {
        refuse(fmt::format("request {}: expected at least one input token, found {} and {} output",
                           i + 1, request.length.input_tokens, request.length.output_tokens));
      }
    }
  }
  positive(options.duration_s, "duration");
  if (!(options.warm_up_s >= 0)) refuse("expected a warm-up of at least 0 s");
  if (options.max_decode_batch < 1) refuse("expected decode batches of at least 1");
  if (options.prefill_chunk_tokens < 0) refuse("expected pieces of prompts of at least 0 tokens");
  for (const ServedNode& node : network.nodes) {
    positive(node.disk_bytes_per_s, node.name + ": disk bandwidth");
    positive(node.nic_in_bytes_per_s, node.name + ": inbound NIC");
    positive(node.nic_out_bytes_per_s, node.name + ": outbound NIC");
    if (node.prompt_max_requests < 1 || node.decode_max_requests < 1) {
      refuse(node.name + ": expected batches of at least one request");
    }
  }
  for (std::size_t i = 0; i < network.links.size(); ++i) {
    positive(network.links[i].bytes_per_s, fmt::format("link {}: bandwidth", i));
    if (!(network.links[i].latency_s >= 0)) refuse(fmt::format("link {}: negative latency", i));
  }
}

}  // namespace

ServingSimulationResult simulate_serving(const ServedNetwork& network, const ServingLoad& load,
                                         const ServingSimulationOptions& options) {
  check(network, load, options);
  return ServingDriver(network, load, options).run();
}

std::optional<double> artifact_percentile(const std::vector<double>& ascending, double share) {
  if (ascending.empty()) return std::nullopt;
  const auto index = static_cast<std::size_t>(static_cast<double>(ascending.size()) * share);
  return ascending[std::min(index, ascending.size() - 1)];
}

ServingSimulationOptions helix_offline_options(RequestScheduler scheduler) {
  ServingSimulationOptions options;
  options.scheduler = scheduler;
  options.warm_up_s = 60;
  options.duration_s = 600;
  options.kv_high_water = 0.85;
  options.expected_output_share = 1;
  return options;
}

ServingSimulationOptions helix_online_options(RequestScheduler scheduler) {
  ServingSimulationOptions options;
  options.scheduler = scheduler;
  options.duration_s = 1800;
  return options;
}

}  // namespace sextant
