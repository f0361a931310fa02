#include <cmath>
#include <memory>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "cli/input_options.h"
#include "cli/topo_parts.h"

namespace sextant::cli {

namespace {

struct Arguments {
  TopoArguments topo;
  std::vector<double> bandwidth_gb_per_s;
  bool simulate = false;
  SimulatorArguments simulator;
};

/// What the user gives, else the network's file.
std::vector<double> bandwidth_of(const Arguments& arguments, const TopoInput& input) {
  const std::size_t given = arguments.bandwidth_gb_per_s.size();
  if (given == 0) {
    if (input.network.bandwidth_bytes_per_s.empty()) {
      throw_usage(fmt::format("network {} says no bandwidths: expected --bandwidth",
                              quote(input.network.topology.name)));
    }
    return input.network.bandwidth_bytes_per_s;
  }
  if (given != input.dimensions()) {
    throw_usage(
        fmt::format("--bandwidth: expected one for each of the {} dimensions of {}, found {}",
                    input.dimensions(), quote(input.network.topology.name), given));
  }
  std::vector<double> out;
  for (const double value : arguments.bandwidth_gb_per_s) out.push_back(kBytesPerGb * value);
  return out;
}

void check(const Arguments& arguments) {
  const SimulatorArguments& simulator = arguments.simulator;
  if (!arguments.bandwidth_gb_per_s.empty() && !simulator.astra_system.empty()) {
    throw_usage("--astra-system goes with --links and --link-bandwidth, not with --bandwidth");
  }
  if (!arguments.simulate && simulator.astra_system.empty() &&
      (simulator.order || simulator.route || simulator.chunks)) {
    throw_usage("--scheduling, --route and --chunks are the simulator's: add --simulate");
  }
}

int run(const Arguments& arguments, const Session& session) {
  check(arguments);
  const TopoInput input = read_topo_input(arguments.topo, arguments.simulator);
  TopoFigures figures = figures_of(input, bandwidth_of(arguments, input));
  if (!std::isfinite(figures.time_s)) {
    throw_bad_input(
        fmt::format("network {}: a dimension without bandwidth carries traffic of a workload",
                    quote(input.network.topology.name)));
  }
  if (arguments.simulate || !arguments.simulator.astra_system.empty()) {
    simulate(input,
             simulator_network(arguments.topo, arguments.simulator, input,
                               figures.bandwidth_bytes_per_s),
             figures);
  }
  if (session.json) {
    OrderedJson out = {{"schema", schema_id("topology_evaluation")}};
    out.update(figures_json(input, figures));
    print(json_text(out));
  } else {
    print(inputs_text(input) + "\n" + figures_text(input, figures));
  }
  return 0;
}

}  // namespace

void add_topo_evaluate(CLI::App& topo, Session& session) {
  CLI::App* command =
      topo.add_subcommand("evaluate", "Time and cost of training steps on a network");
  add_common_options(*command, session);
  const auto arguments = std::make_shared<Arguments>();
  add_topo_options(*command, arguments->topo);
  command
      ->add_option("--bandwidth", arguments->bandwidth_gb_per_s,
                   "GB/s of each NPU by dimension (default: what the network's file says)")
      ->delimiter(',')
      ->check(positive_number())
      ->type_name("X,X,...");
  command->add_flag("--simulate", arguments->simulate,
                    "Also simulate the steps chunk by chunk, with latencies");
  add_simulator_options(*command, arguments->simulator);
  command->callback([arguments, &session] {
    session.action = [arguments, &session] { return run(*arguments, session); };
  });
}

}  // namespace sextant::cli
