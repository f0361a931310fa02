#include <algorithm>
#include <chrono>
#include <memory>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/files.h"
#include "analyzer/report/write_plot.h"
#include "analyzer/serving/documents/batch_trace.h"
#include "cli/input_options.h"
#include "cli/serve_parts.h"

namespace sextant::cli {

namespace {

constexpr int kMostThreads = 1024;
constexpr int kMostSeeds = 10'000;
constexpr int kMostRequests = 10'000'000;
constexpr int kMostTokens = 100'000'000;
constexpr double kLongestRun = 1e8;

/// Refuses options that contradict each other.
void check(const CLI::App& command, const ServeSimulateArguments& arguments) {
  const bool offline = arguments.load == "offline";
  if (offline && arguments.tokens_per_s) {
    throw_usage("--tokens-per-s is a part of --load online and poisson");
  }
  if (!offline && arguments.initial_requests) {
    throw_usage("--initial-requests is a part of --load offline");
  }
  if (arguments.load == "poisson" && !arguments.tokens_per_s) {
    throw_usage("--load poisson needs --tokens-per-s");
  }
  if (arguments.scheduler != RequestScheduler::kFlow) {
    for (const char* option : {"--flow", "--kv-high-water", "--expected-output-share"}) {
      if (command.count(option) > 0) {
        throw_usage(fmt::format("{} is a part of --scheduler flow", option));
      }
    }
  }
  if (!arguments.plot.empty()) check_plot_name(arguments.plot);
}

void write_files(const ServeSimulateArguments& arguments, const ServedPlacement& served,
                 const ServingRuns& runs) {
  if (!arguments.latencies.empty()) {
    write_file_atomically(arguments.latencies, latencies_csv(runs));
  }
  if (!arguments.timeline.empty()) {
    const std::map<std::string, std::string> about = {
        {"model", served.model},
        {"cluster", served.cluster},
        {"placement", served.method},
        {"evidence", std::string(to_string(served.evidence))},
        {"seed", std::to_string(arguments.seed)}};
    const ServingSimulationResult& first = runs.results.front();
    write_file_atomically(arguments.timeline,
                          batch_trace(served.network.nodes, first.batches, first.samples, about));
  }
  if (!arguments.plot.empty()) write_plot(arguments.plot, latency_plot(runs));
}

/// Refuses a result without a single figure.
void expect_an_answer(const ServingRuns& runs) {
  for (const ServingSimulationResult& result : runs.results) {
    if (!result.prompt_latency_s.empty() || !result.decode_latency_s.empty()) return;
  }
  const ServingSimulationResult& first = runs.results.front();
  throw_infeasible(fmt::format(
      "no prompt and no decode step ended within the window ({} requests came, {} were rejected, "
      "{} dropped): expected a longer --duration, or requests that the machines have room for",
      first.requests.size(), first.rejected, first.dropped));
}

/// Says so where an option changes nothing.
void note_idle_options(const ServeSimulateArguments& arguments, const ServedNetwork& network) {
  const auto has_cost = [&](const ServedNode& node) {
    return network.profiles.types[static_cast<std::size_t>(node.type)].decode_s_per_context_token >
           0;
  };
  if (arguments.context_costs &&
      std::none_of(network.nodes.begin(), network.nodes.end(), has_cost)) {
    print_notes(
        {"--context-costs changes nothing: the machine types' times have no cost of context"});
  }
}

int run(ServeSimulateArguments arguments, const CLI::App& command, const Session& session) {
  check(command, arguments);
  arguments.served.input.context_costs = arguments.context_costs;
  const ServedPlacement served = read_served_placement(
      arguments.served, session.artifact, arguments.scheduler == RequestScheduler::kFlow);
  print_notes(served.notes);
  note_idle_options(arguments, served.network);
  const auto start = std::chrono::steady_clock::now();
  const ServingRuns runs = run_simulations(arguments, served, session.artifact);
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  expect_an_answer(runs);
  write_files(arguments, served, runs);
  if (!session.json) {
    print(serving_result_text(runs.document));
    return 0;
  }
  OrderedJson out = to_json(runs.document);
  if (session.timing) out["timing"] = {{"simulation_s", taken.count()}};
  print(json_text(out));
  return 0;
}

void add_load_options(CLI::App& command, ServeSimulateArguments& arguments) {
  add_named_choice(command, "--scheduler", arguments.scheduler, kRequestSchedulerNames,
                   "Who chooses a request's way: Helix's round robin over the maximum flow, the "
                   "machine that answered soonest, any, the shortest queue (default: flow)");
  command
      .add_option("--load", arguments.load,
                  "offline: as many requests under way as fit (of scheduler flow) or a fixed "
                  "number; online: recorded arrivals; poisson: exponential gaps (default: offline)")
      ->check(CLI::IsMember({"offline", "online", "poisson"}));
  command
      .add_option("--trace", arguments.trace,
                  "Requests, a CSV with arrival_s, input_tokens, output_tokens (default: the "
                  "artifact's, else the shipped ones)")
      ->type_name("FILE");
  command
      .add_option("--tokens-per-s", arguments.tokens_per_s,
                  "Offered load, input and output tokens; online without it replays the trace")
      ->check(positive_number())
      ->type_name("X");
  command
      .add_option("--duration", arguments.duration_s,
                  "What is done within it counts (default: 600 offline, 1800 else, or the trace's "
                  "length)")
      ->check(CLI::Range(1e-3, kLongestRun))
      ->type_name("SECONDS");
  command
      .add_option("--warm-up", arguments.warm_up_s,
                  "Before it, not counted (default: 60 offline, 0 else)")
      ->check(CLI::Range(0.0, kLongestRun))
      ->type_name("SECONDS");
  command
      .add_option("--initial-requests", arguments.initial_requests,
                  "Requests that an offline load begins with; other schedulers than flow keep so "
                  "many under way (default: 20)")
      ->check(CLI::Range(1, kMostRequests))
      ->type_name("N");
  command
      .add_option("--max-input", arguments.max_input_tokens, "Reject requests with longer prompts")
      ->check(CLI::Range(1, kMostTokens))
      ->type_name("TOKENS");
}

void add_model_options(CLI::App& command, ServeSimulateArguments& arguments) {
  add_named_choice(command, "--overflow", arguments.overflow, kOverflowPolicyNames,
                   "Where a KV cache has no room: fail as the artifact, queue at the coordinator, "
                   "preempt the youngest too, or reject (default: preempt)");
  command.add_flag("--context-costs", arguments.context_costs,
                   "Decode steps take longer with what their sequences have in the KV cache");
  command
      .add_option("--prefill-chunk", arguments.prefill_chunk_tokens,
                  "Longest piece of a prompt in one batch (default: whole prompts)")
      ->check(CLI::Range(1, kMostTokens))
      ->type_name("TOKENS");
  command
      .add_option("--max-decode-batch", arguments.max_decode_batch,
                  "Most decode steps of a batch (default: what the machine type can)")
      ->check(CLI::Range(1, kMostRequests))
      ->type_name("N");
  command
      .add_option("--kv-high-water", arguments.kv_high_water,
                  "Share of a KV cache that scheduler flow plans for (default: 0.85 offline, 0.9)")
      ->check(CLI::Range(0.0, 1.0))
      ->type_name("SHARE");
  command
      .add_option("--expected-output-share", arguments.expected_output_share,
                  "Output that it expects, as a share of 240 tokens (default: 1 offline, 0.6)")
      ->check(CLI::Range(0.0, 1000.0))
      ->type_name("SHARE");
}

void add_answer_options(CLI::App& command, ServeSimulateArguments& arguments) {
  command.add_option("--seed", arguments.seed, "The first (default: 0)")->type_name("N");
  command
      .add_option("--seeds", arguments.seeds,
                  "Simulate so many, for means with 95 % confidence intervals (default: 1)")
      ->check(CLI::Range(1, kMostSeeds))
      ->type_name("N");
  command
      .add_option("--threads", arguments.threads,
                  "Simulations at a time; results do not depend on it (default: all cores)")
      ->check(CLI::Range(1, kMostThreads))
      ->type_name("N");
  command
      .add_option("--slo-ttft", arguments.targets.first_token_s,
                  "Time to first token that a good request keeps")
      ->check(positive_number())
      ->type_name("SECONDS");
  command
      .add_option("--slo-tpot", arguments.targets.per_output_token_s,
                  "Time per output token that a good request keeps")
      ->check(positive_number())
      ->type_name("SECONDS");
  command
      .add_option("--latencies", arguments.latencies,
                  "Write every sample: CSV with seed, kind (prompt or decode), latency_s")
      ->type_name("FILE.csv");
  command
      .add_option("--timeline", arguments.timeline,
                  "Write the first seed's batches as Chrome trace events, which Perfetto opens")
      ->type_name("FILE.json");
  command.add_option("--plot", arguments.plot, "Draw the latencies by percentile, as .svg or .png")
      ->type_name("FILE");
}

}  // namespace

void add_serve_simulate(CLI::App& serve, Session& session) {
  CLI::App* command = serve.add_subcommand(
      "simulate", "Simulate requests on a placement: throughput, latencies, what each node does");
  const auto arguments = std::make_shared<ServeSimulateArguments>();
  add_common_options(*command, session);
  add_served_placement_options(*command, arguments->served);
  add_load_options(*command, *arguments);
  add_model_options(*command, *arguments);
  add_answer_options(*command, *arguments);
  command->callback([arguments, command, &session] {
    session.action = [arguments, command, &session] { return run(*arguments, *command, session); };
  });
}

}  // namespace sextant::cli
