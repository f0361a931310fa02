#include <atomic>
#include <exception>
#include <thread>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "cli/serve_parts.h"

namespace sextant::cli {

namespace {

/// What a replayed trace lasts beyond its last arrival.
constexpr double kAfterLastArrival = 1;

struct LoadKind {
  bool offline = false;
  bool replayed = false;  ///< a trace as it stands
};

ServingSimulationOptions simulation_options(const ServeSimulateArguments& arguments,
                                            const LoadKind& kind, const RequestSource& source) {
  ServingSimulationOptions options = kind.offline ? helix_offline_options(arguments.scheduler)
                                                  : helix_online_options(arguments.scheduler);
  if (kind.replayed) options.duration_s = source.trace.back().arrival_s + kAfterLastArrival;
  options.duration_s = arguments.duration_s.value_or(options.duration_s);
  options.warm_up_s = arguments.warm_up_s.value_or(options.warm_up_s);
  options.kv_high_water = arguments.kv_high_water.value_or(options.kv_high_water);
  options.expected_output_share =
      arguments.expected_output_share.value_or(options.expected_output_share);
  options.overflow = arguments.overflow;
  options.max_decode_batch = arguments.max_decode_batch.value_or(options.max_decode_batch);
  options.prefill_chunk_tokens = arguments.prefill_chunk_tokens;
  options.context_costs = arguments.context_costs;
  options.max_input_tokens = arguments.max_input_tokens;
  options.seed = arguments.seed;
  return options;
}

ServingLoad load_of(const ServeSimulateArguments& arguments, const LoadKind& kind,
                    const RequestSource& source, const ServingSimulationOptions& options) {
  if (kind.offline) {
    ClosedLoop loop;
    loop.lengths = source.recorded.lengths;
    loop.initial_requests = arguments.initial_requests.value_or(loop.initial_requests);
    loop.fill_kv_cache = arguments.scheduler == RequestScheduler::kFlow;
    return loop;
  }
  if (kind.replayed) return source.trace;
  const double until_s = options.warm_up_s + options.duration_s;
  RequestTrace trace =
      arguments.load == "poisson"
          ? poisson_trace(source.recorded, *arguments.tokens_per_s, until_s, options.seed)
          : recorded_trace(source.recorded, *arguments.tokens_per_s, until_s, options.seed);
  if (trace.empty()) {
    throw_bad_input(fmt::format("{} tokens/s over {} s are less than a request",
                                *arguments.tokens_per_s, until_s));
  }
  return trace;
}

/// Calls work(0) … work(count - 1) on so many threads; the first that failed, by number, throws.
template <typename Work>
void for_each_index(int count, int threads, Work work) {
  std::vector<std::exception_ptr> failures(static_cast<std::size_t>(count));
  std::atomic<int> next = 0;
  const auto serve = [&] {
    for (int i = next++; i < count; i = next++) {
      try {
        work(i);
      } catch (...) {
        failures[static_cast<std::size_t>(i)] = std::current_exception();
      }
    }
  };
  {
    std::vector<std::jthread> others;
    for (int t = 1; t < std::min(threads, count); ++t) others.emplace_back(serve);
    serve();
  }
  for (const std::exception_ptr& failure : failures) {
    if (failure) std::rethrow_exception(failure);
  }
}

}  // namespace

ServingRuns run_simulations(const ServeSimulateArguments& arguments, const ServedPlacement& served,
                            const std::string& artifact) {
  const RequestSource source = read_request_source(arguments.trace, artifact);
  LoadKind kind;
  kind.offline = arguments.load == "offline";
  kind.replayed = !kind.offline && !arguments.tokens_per_s;
  if (kind.replayed && source.trace.empty()) {
    throw_usage("--load online needs --tokens-per-s, or a --trace to replay");
  }
  const ServingSimulationOptions options = simulation_options(arguments, kind, source);
  ServingRuns runs;
  const auto seeds = static_cast<std::size_t>(arguments.seeds);
  runs.results.resize(seeds);
  const int cores = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  for_each_index(arguments.seeds, arguments.threads > 0 ? arguments.threads : cores, [&](int i) {
    ServingSimulationOptions own = options;
    own.seed += static_cast<std::uint32_t>(i);
    own.keep_timeline = i == 0 && !arguments.timeline.empty();
    runs.results[static_cast<std::size_t>(i)] =
        simulate_serving(served.network, load_of(arguments, kind, source, own), own);
  });
  ServingResultDocument& document = runs.document;
  document.model = served.model;
  document.cluster = served.cluster;
  document.placement = served.method;
  document.load = kind.replayed ? "replayed" : arguments.load;
  document.requests = source.name;
  document.tokens_per_s = arguments.tokens_per_s.value_or(0);
  document.options = options;
  document.targets = arguments.targets;
  document.evidence = served.evidence;
  std::vector<std::vector<ServedNodeLoad>> loads;
  for (std::size_t i = 0; i < seeds; ++i) {
    const ServingSimulationResult& result = runs.results[i];
    document.seeds.push_back(arguments.seed + static_cast<std::uint32_t>(i));
    document.runs.push_back(
        serving_figures(result, options.warm_up_s, options.duration_s, arguments.targets));
    loads.push_back(result.nodes);
  }
  for (const MachineType& type : served.network.profiles.types) document.types.push_back(type.name);
  document.nodes = served.network.nodes;
  document.loads = mean_loads(loads);
  return runs;
}

}  // namespace sextant::cli
