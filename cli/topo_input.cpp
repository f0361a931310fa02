#include <cstdio>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "cli/input_options.h"
#include "cli/topo_parts.h"

namespace sextant::cli {

namespace {

/// Whether there is none of them, or one for each workload.
void require_one_each(std::size_t count, std::size_t workloads, const char* option) {
  if (count == 0 || count == workloads) return;
  throw_usage(
      fmt::format("{} is for one workload each: expected {}, found {}", option, workloads, count));
}

std::vector<PlacedWorkload> read_workloads(const TopoArguments& arguments,
                                           const Topology& topology) {
  const std::size_t count = arguments.workloads.size();
  const bool generated = !arguments.generated.model.empty();
  if (generated == (count > 0)) throw_usage("expected --workload FILE or --model NAME");
  require_one_each(arguments.communicators.size(), count, "--communicators");
  require_one_each(arguments.weights.size(), count, "--weight");
  if (generated) return {generated_workload(arguments.generated, topology)};
  std::vector<PlacedWorkload> workloads;
  for (std::size_t i = 0; i < count; ++i) {
    WorkloadPlacement placement{arguments.model_parallel};
    if (!arguments.communicators.empty()) placement.communicators = arguments.communicators[i];
    workloads.push_back(read_placed_workload(arguments.workloads[i], topology, placement));
    if (!arguments.weights.empty()) workloads.back().weight = arguments.weights[i];
  }
  return workloads;
}

}  // namespace

void add_topo_options(CLI::App& command, TopoArguments& arguments) {
  command
      .add_option("--network", arguments.network,
                  "Network: our document, LIBRA's JSON or YAML, ASTRA-sim's JSON, or the name of a "
                  "shipped one")
      ->required()
      ->type_name("FILE|NAME");
  command
      .add_option("--prices", arguments.prices,
                  "What links, switches and NICs cost by tier, instead of the network's prices")
      ->type_name("FILE");
  add_choice<CostConvention>(command, "--cost-convention", arguments.convention,
                             kCostConventionNames,
                             "Whether the two ends of a link share it or each have their own "
                             "(default: as the network's format has it)");
  command
      .add_option("--workload", arguments.workloads,
                  "Training step in ASTRA-sim's text form; several are a group")
      ->type_name("FILE");
  command
      .add_option("--communicators", arguments.communicators,
                  "Where each workload's groups lie, as LIBRA's release writes it, in the "
                  "workloads' order (default: the model group from the innermost dimension on, the "
                  "data group from the outermost)")
      ->needs("--workload")
      ->type_name("FILE");
  command
      .add_option("--weight", arguments.weights,
                  "What each workload counts in the mean of several, in their order (default: all "
                  "alike)")
      ->needs("--workload")
      ->delimiter(',')
      ->check(positive_number())
      ->type_name("W,W,...");
  command
      .add_option("--model-parallel", arguments.model_parallel,
                  "NPUs of a model group, for workloads that do not say")
      ->needs("--workload")
      ->check(CLI::Range(1, kMostTopologyNpus))
      ->type_name("N");
  add_generated_options(command, arguments.generated);
  add_choice<TrainingLoop>(command, "--loop", arguments.loop, kTrainingLoopNames,
                           "What of a step runs beside what (default: NoOverlap)");
  command
      .add_option("--compute-scale", arguments.compute_scale,
                  "Multiplies the workloads' computation (default: 1)")
      ->check(positive_number())
      ->type_name("X");
}

void add_simulator_options(CLI::App& command, SimulatorArguments& arguments) {
  command
      .add_option("--astra-system", arguments.astra_system,
                  "Simulate ASTRA-sim's --network with this system file")
      ->type_name("FILE");
  const auto add_list = [&](const char* name, auto& values, const char* help) {
    command.add_option(name, values, help)->delimiter(',')->type_name("X,X,...");
  };
  add_list("--units", arguments.astra.units, "ASTRA-sim's --units-count: NPUs by dimension");
  add_list("--links", arguments.astra.links, "ASTRA-sim's --links-count");
  add_list("--link-bandwidth", arguments.astra.link_bandwidth_gib_per_s,
           "ASTRA-sim's --link-bandwidth, whose GB are 2^30 bytes");
  add_list("--link-latency", arguments.astra.link_latency_ns, "ASTRA-sim's --link-latency, ns");
  add_choice<CollectiveOrder>(command, "--scheduling", arguments.order, kCollectiveOrderNames,
                              "Which of several collectives goes first (default: LIFO)");
  add_choice<ChunkRoute>(command, "--route", arguments.route, kChunkRouteNames,
                         "In which order chunks walk through dimensions (default: ascending)");
  command.add_option("--chunks", arguments.chunks, "Chunks of a collective (default: 64)")
      ->check(CLI::Range(1, kMostChunks))
      ->type_name("N");
}

SimulatedNetwork simulator_network(const TopoArguments& arguments,
                                   const SimulatorArguments& simulator, const TopoInput& input,
                                   std::span<const double> bandwidth_bytes_per_s) {
  SimulatedNetwork network =
      simulator.astra_system.empty()
          ? simulated_network(input.network, bandwidth_bytes_per_s)
          : read_simulated_network(arguments.network, simulator.astra_system, simulator.astra);
  if (simulator.order) network.order = *simulator.order;
  if (simulator.route) network.route = *simulator.route;
  if (simulator.chunks) network.chunks = *simulator.chunks;
  return network;
}

TopoInput read_topo_input(const TopoArguments& arguments, const SimulatorArguments& simulator) {
  TopoInput input;
  const bool astra = !simulator.astra_system.empty() || simulator.has_astra_lists();
  input.network = astra ? find_astra_network(arguments.network, simulator.astra)
                        : find_network(arguments.network);
  if (!arguments.prices.empty()) input.network.prices = read_network_prices(arguments.prices);
  if (!input.network.prices) {
    std::fprintf(stderr, "note: %s has no prices, so that its cost is not known: add --prices\n",
                 quote(arguments.network).c_str());
  }
  if (arguments.convention) input.network.convention = arguments.convention;
  input.workloads = read_workloads(arguments, input.network.topology);
  input.loop = arguments.loop;
  input.compute_scale = arguments.compute_scale;
  return input;
}

}  // namespace sextant::cli
