#include <array>
#include <memory>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/files.h"
#include "analyzer/report/bar_chart.h"
#include "analyzer/report/write_plot.h"
#include "cli/input_options.h"
#include "cli/topo_parts.h"

namespace sextant::cli {

namespace {

constexpr int kFewestFrontPoints = 2;
constexpr int kMostFrontPoints = 1000;
constexpr int kMostKeptShapes = 1000;

BarChart chart_of(const OptimizeArguments& arguments, const TopoInput& input,
                  const std::vector<double>& bandwidth_bytes_per_s) {
  BarChart chart;
  chart.title = fmt::format("{}, {}", input.network.topology.describe(),
                            to_string(arguments.question.target));
  chart.evidence = "estimated";
  chart.caption = "Divided over the dimensions, the innermost to the left.";
  chart.series = {"bandwidth of an NPU"};
  const std::vector<double> bandwidth = gb_per_s(bandwidth_bytes_per_s);
  BarChart::Panel& panel = chart.panels.emplace_back();
  panel.y_label = "GB/s";
  for (std::size_t d = 0; d < bandwidth.size(); ++d) {
    const TopologyDimension& dimension = input.network.topology.dimensions[d];
    panel.groups.push_back({fmt::format("B{} {}", d, dimension.tier), {bandwidth[d]}});
  }
  return chart;
}

/// Refuses options that contradict each other.
void check(const OptimizeArguments& arguments) {
  if (!arguments.plot.empty()) check_plot_name(arguments.plot);
  const bool front = arguments.front_points > 0;
  const bool shape = arguments.search == "shape";
  if (front + shape + arguments.simulated > 1) {
    throw_usage("--front, --simulated and --search shape are different questions: ask one");
  }
  if (arguments.question.normalised && (front || shape || arguments.simulated)) {
    throw_usage("--normalise is about one division by the closed form");
  }
  if (!shape && !arguments.tiers.empty()) throw_usage("--tier is a part of --search shape");
  if (shape && !arguments.plot.empty()) throw_usage("--search shape draws nothing");
  if (front && !arguments.output.empty()) {
    throw_usage("--front finds many divisions, -o writes one: --json has them all");
  }
  const SimulatorArguments& simulator = arguments.simulator;
  if (!arguments.simulated &&
      (!simulator.astra_system.empty() || simulator.order || simulator.route || simulator.chunks)) {
    throw_usage("--astra-system, --scheduling, --route and --chunks are a part of --simulated");
  }
}

int run(OptimizeArguments arguments, const Session& session) {
  check(arguments);
  DivisionQuestion& question = arguments.question;
  question.loop = arguments.topo.loop;
  question.compute_scale = arguments.topo.compute_scale;
  if (arguments.total_gb_per_s) {
    question.total_bytes_per_s = kBytesPerGb * *arguments.total_gb_per_s;
  }
  const TopoInput input = read_topo_input(arguments.topo, arguments.simulator);
  if (arguments.search == "shape") return print_shapes(arguments, input, session);
  if (arguments.simulated) return print_simulated_division(arguments, input, session);
  if (arguments.front_points > 0) return print_front(arguments, input, session);
  return print_division(arguments, input, session);
}

void add_shape_options(CLI::App& command, OptimizeArguments& arguments) {
  command
      .add_option("--search", arguments.search,
                  "What is chosen: bandwidth, or the network's shape too: dimensions, their sizes, "
                  "blocks and tiers, and where the groups lie (default: bandwidth)")
      ->check(CLI::IsMember({"bandwidth", "shape"}));
  command
      .add_option("--tier", arguments.tiers,
                  "A tier that the shape may have, innermost first, with the most NPUs of its "
                  "dimension: Tile, Package:8 (default: those of --network)")
      ->type_name("NAME[:N]");
  add_choice<GroupPlacement>(command, "--placement", arguments.placement, kGroupPlacementNames,
                             "Where groups may lie in a shape (default: ordered)");
  command
      .add_option("--keep", arguments.keep,
                  fmt::format("How many of the best shapes to list (default: {})", arguments.keep))
      ->check(CLI::Range(1, kMostKeptShapes))
      ->type_name("N");
}

}  // namespace

ObjectiveUnit::ObjectiveUnit(const DivisionQuestion& question)
    : per_unit(question.normalised ? 1 : 1e9),
      name(question.normalised                         ? "ratio"
           : question.target == BandwidthTarget::kTime ? "ns"
                                                       : "ns*USD") {}

std::string ObjectiveUnit::text(double objective) const {
  const double value = per_unit * objective;
  return name == "ns" ? fmt::format("{:.1f} {}", value, name)
                      : fmt::format("{:.10g} {}", value, name);
}

std::string target_text(const DivisionQuestion& question) {
  return fmt::format("target {}{}\n", to_string(question.target),
                     question.normalised ? ", each workload against its own optimum" : "");
}

void write_division(const OptimizeArguments& arguments, const TopoInput& input,
                    const std::vector<double>& bandwidth_bytes_per_s) {
  if (!arguments.output.empty()) {
    NetworkFile network = input.network;
    network.total_bytes_per_s.reset();
    network.bandwidth_bytes_per_s = bandwidth_bytes_per_s;
    write_file_atomically(arguments.output, json_text(to_json(network)));
  }
  if (!arguments.plot.empty()) {
    write_plot(arguments.plot, svg(chart_of(arguments, input, bandwidth_bytes_per_s)));
  }
}

void add_topo_optimize(CLI::App& topo, Session& session) {
  CLI::App* command = topo.add_subcommand(
      "optimize", "Divide a bandwidth budget over the dimensions of a network (LIBRA), exactly");
  add_common_options(*command, session);
  const auto arguments = std::make_shared<OptimizeArguments>();
  add_topo_options(*command, arguments->topo);
  DivisionQuestion& question = arguments->question;
  command
      ->add_option("--total-gb-per-s", arguments->total_gb_per_s,
                   "Budget of each NPU (default: what the network's file says)")
      ->check(positive_number())
      ->type_name("X");
  command->add_flag("--at-most", question.at_most, "Some of the budget may be left unspent");
  command
      ->add_option("--constraint", question.constraints,
                   "Linear condition on the dimensions' GB/s: \"B0 = 500\", \"B0 >= B1 >= B2\", "
                   "\"2*B0 - B1 <= 10\"; may be repeated")
      ->type_name("TEXT");
  add_choice<BandwidthTarget>(*command, "--target", question.target, kBandwidthTargetNames,
                              "Least time, or least time times cost (default: Perf)");
  command->add_flag("--normalise", question.normalised,
                    "Count each workload as a multiple of its own optimum, so that the slowest "
                    "does not dominate");
  command
      ->add_option("-o,--output", arguments->output,
                   "Write the network with its bandwidths, a document `topology`")
      ->type_name("FILE");
  command
      ->add_option("--plot", arguments->plot, "Draw the bandwidths or the front, as .svg or .png")
      ->type_name("FILE");
  command
      ->add_option("--front", arguments->front_points,
                   "The front of time against cost, in at most so many divisions, instead of one")
      ->check(CLI::Range(kFewestFrontPoints, kMostFrontPoints))
      ->type_name("N");
  command->add_flag("--simulated", arguments->simulated,
                    "Minimise the steps of the chunk simulator instead of the closed form");
  add_simulator_options(*command, arguments->simulator);
  add_shape_options(*command, *arguments);
  command->callback([arguments, &session] {
    session.action = [arguments, &session] { return run(*arguments, session); };
  });
}

}  // namespace sextant::cli
