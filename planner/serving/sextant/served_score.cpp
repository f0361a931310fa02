#include "planner/serving/sextant/served_score.h"

#include <cmath>

#include "analyzer/core/error.h"
#include "analyzer/serving/flow/placement_flow.h"
#include "analyzer/serving/simulation/serving_simulation.h"

namespace sextant {
namespace {

constexpr double kEstimatedDuration = 360;

ServedNetwork network_of(const PlacementProblem& problem, const Placement& placement) {
  ServedNetwork network =
      served_network(*problem.cluster, *problem.profiles, placement, problem.partial_inference);
  assign_flow(network, problem.throughput);
  return network;
}

ServiceEstimate estimate_of(const ServingSimulationResult& result) {
  const auto quantile = [](const std::vector<double>& samples, double share) {
    return artifact_percentile(samples, share).value_or(0);
  };
  return {.served = true,
          .decode_tokens_per_s = result.decode_tokens_per_s,
          .prompt_p50_s = quantile(result.prompt_latency_s, 0.5),
          .prompt_p95_s = quantile(result.prompt_latency_s, 0.95),
          .decode_p50_s = quantile(result.decode_latency_s, 0.5),
          .decode_p95_s = quantile(result.decode_latency_s, 0.95),
          .dropped = result.dropped};
}

}  // namespace

double served_score(const ServedLoads& loads, const ServiceEstimate& closed,
                    const ServiceEstimate* offered) {
  if (!closed.served || closed.decode_tokens_per_s <= 0) return kNotServed;
  double score = loads.throughput_weight * std::log(closed.decode_tokens_per_s);
  if (offered == nullptr) return score;
  if (!offered->served || offered->prompt_p50_s <= 0 || offered->decode_p50_s <= 0) {
    return kNotServed;
  }
  score -= loads.latency_weight / 4 *
           (std::log(offered->prompt_p50_s) + std::log(offered->prompt_p95_s) +
            std::log(offered->decode_p50_s) + std::log(offered->decode_p95_s));
  return score;
}

double estimated_score(const PlacementProblem& problem, const Placement& placement,
                       const ServedLoads& loads, double needed) {
  const ServedNetwork network = network_of(problem, placement);
  const ServiceEstimate closed =
      estimate_closed_loop(network, loads.lengths, loads.seed, {.duration_s = kEstimatedDuration});
  if (loads.offered.empty() || !closed.served) return served_score(loads, closed, nullptr);
  const ServiceEstimate offered = estimate_offered(network, loads.offered);
  const double score = served_score(loads, closed, &offered);
  if (score < needed || loads.heavy.empty()) return score;
  return estimate_offered(network, loads.heavy).served ? score : score - loads.not_enduring;
}

double simulated_score(const PlacementProblem& problem, const Placement& placement,
                       const ServedLoads& loads) {
  const ServedNetwork network = network_of(problem, placement);
  double score = kNotServed;
  try {
    const ClosedLoop loop{.lengths = loads.lengths, .fill_kv_cache = true};
    ServingSimulationOptions options = helix_offline_options(RequestScheduler::kFlow);
    options.seed = static_cast<std::uint32_t>(loads.seed);
    const ServiceEstimate closed = estimate_of(simulate_serving(network, loop, options));
    if (loads.offered.empty()) return served_score(loads, closed, nullptr);
    options = helix_online_options(RequestScheduler::kFlow);
    options.duration_s = loads.offered.back().arrival_s;
    const ServiceEstimate offered = estimate_of(simulate_serving(network, loads.offered, options));
    score = served_score(loads, closed, &offered);
    if (!loads.heavy.empty()) simulate_serving(network, loads.heavy, options);
    return score;
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kInfeasible) throw;
    return score - loads.not_enduring;
  }
}

}  // namespace sextant
