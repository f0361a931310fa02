#include <fmt/format.h>

#include "cli/topo_parts.h"

namespace sextant::cli {

namespace {

std::string simulated_text(const TopoInput& input, const SimulatedDivision& division,
                           const TopoFigures& figures, const DivisionQuestion& question) {
  const ObjectiveUnit unit(question);
  std::string text = inputs_text(input) + target_text(question) + "\n";
  text += figures_text(input, figures);
  text += fmt::format("simulated objective {}; the best closed form is at {:.6g} times that\n",
                      unit.text(division.objective), division.start_objective / division.objective);
  return text + fmt::format("found by local search in {} simulated steps: not proved\n",
                            division.simulations);
}

OrderedJson simulated_json(const TopoInput& input, const SimulatedDivision& division,
                           const TopoFigures& figures, const DivisionQuestion& question) {
  const ObjectiveUnit unit(question);
  OrderedJson out = {{"schema", schema_id("bandwidth_division")},
                     {"method", "simulated"},
                     {"target", to_string(question.target)},
                     {"normalised", false}};
  if (const auto total = budget_of(input.network, question)) {
    out["total_gb_per_s"] = *total / kBytesPerGb;
  }
  out.update(figures_json(input, figures));
  out["objective"] = unit.per_unit * division.objective;
  out["objective_unit"] = unit.name;
  out["start_objective"] = unit.per_unit * division.start_objective;
  out["simulations"] = division.simulations;
  return out;
}

}  // namespace

int print_simulated_division(const OptimizeArguments& arguments, const TopoInput& input,
                             const Session& session) {
  // Links need some bandwidth; which is what the search chooses.
  const std::vector<double> any(input.dimensions(), kBytesPerGb);
  const SimulatedNetwork network =
      simulator_network(arguments.topo, arguments.simulator, input, any);
  const SimulatedDivision division = divide_bandwidth_simulated(
      simulated_problem(input.network, input.workloads, arguments.question, network));
  TopoFigures figures = figures_of(input, division.bandwidth_bytes_per_s);
  simulate(input, with_bandwidth(network, division.bandwidth_bytes_per_s), figures);
  write_division(arguments, input, division.bandwidth_bytes_per_s);
  print(session.json ? json_text(simulated_json(input, division, figures, arguments.question))
                     : simulated_text(input, division, figures, arguments.question));
  return 0;
}

}  // namespace sextant::cli
