#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

#include "analyzer/core/json_document.h"
#include "analyzer/topology/simulation/step_simulation.h"
#include "cli/commands.h"
#include "planner/topology/input/problem_input.h"
#include "planner/topology/input/search_input.h"
#include "planner/topology/input/simulated_network.h"
#include "planner/topology/input/step_breakdown.h"

namespace sextant::cli {

/// A workload that is generated from a model.
struct GeneratedArguments {
  std::string model;
  std::string gpu;
  Parallelism parallelism;
  std::optional<int> data;  ///< nothing: what tensor and pipeline leave of the network
  std::vector<std::string> order;
};
void add_generated_options(CLI::App& command, GeneratedArguments& arguments);
/// Throws Error(kUsage) where model or GPU is missing, or the order names no axis.
PlacedWorkload generated_workload(const GeneratedArguments& arguments, const Topology& topology);

/// What `sextant topo optimize` and `evaluate` are asked alike.
struct TopoArguments {
  std::string network;
  std::string prices;
  std::optional<CostConvention> convention;
  std::vector<std::string> workloads;
  std::vector<std::string> communicators;
  std::vector<double> weights;
  std::optional<int> model_parallel;
  GeneratedArguments generated;
  TrainingLoop loop = TrainingLoop::kNoOverlap;
  double compute_scale = 1;
};
void add_topo_options(CLI::App& command, TopoArguments& arguments);

/// How the simulator is asked for, and what of its network the inputs leave open.
struct SimulatorArguments {
  std::string astra_system;
  AstraOverrides astra;
  std::optional<CollectiveOrder> order;
  std::optional<ChunkRoute> route;
  std::optional<int> chunks;

  bool has_astra_lists() const {
    return astra.units || astra.links || astra.link_latency_ns || astra.link_bandwidth_gib_per_s;
  }
};
void add_simulator_options(CLI::App& command, SimulatorArguments& arguments);

/// What they read.
struct TopoInput {
  NetworkFile network;
  std::vector<PlacedWorkload> workloads;
  TrainingLoop loop = TrainingLoop::kNoOverlap;
  double compute_scale = 1;

  std::size_t dimensions() const { return network.topology.dimensions.size(); }
  CostConvention convention() const {
    return network.convention.value_or(CostConvention::kSharedLinks);
  }
};
TopoInput read_topo_input(const TopoArguments& arguments, const SimulatorArguments& simulator = {});

/// The network of ASTRA-sim's files where these were given, else simulated_network().
SimulatedNetwork simulator_network(const TopoArguments& arguments,
                                   const SimulatorArguments& simulator, const TopoInput& input,
                                   std::span<const double> bandwidth_bytes_per_s);

/// A network with its bandwidths and what each workload's step is on it.
struct TopoFigures {
  std::vector<double> bandwidth_bytes_per_s;  ///< by dimension
  std::vector<StepBreakdown> steps;           ///< by workload
  double time_s = 0;                          ///< weighted mean of the steps
  std::optional<double> cost_usd;             ///< where prices are known
  std::vector<SimulatedStep> simulated;       ///< by workload; empty: it was not asked for
};
TopoFigures figures_of(const TopoInput& input, std::vector<double> bandwidth_bytes_per_s);

/// Simulates the step of each workload.
void simulate(const TopoInput& input, const SimulatedNetwork& network, TopoFigures& figures);

/// "topology 4D …" and a line for each workload with the place of its groups.
std::string inputs_text(const TopoInput& input);
/// A table of the dimensions, and where the step's time goes.
std::string figures_text(const TopoInput& input, const TopoFigures& figures);
/// Members that `bandwidth_division` and `topology_evaluation` share.
OrderedJson figures_json(const TopoInput& input, const TopoFigures& figures);

/// In GB/s.
std::vector<double> gb_per_s(std::span<const double> bytes_per_s);

/// An option whose value is one of the names of an enumeration, whatever the case.
template <typename Enum, typename Value, std::size_t N>
CLI::Option* add_choice(CLI::App& command, const std::string& option, Value& value,
                        const std::array<std::string_view, N>& names, const std::string& help) {
  const auto choose = [&value, &names](const std::string& name) {
    value = static_cast<Enum>(std::find(names.begin(), names.end(), name) - names.begin());
  };
  return command.add_option_function<std::string>(option, choose, help)
      ->transform(
          CLI::IsMember(std::vector<std::string>(names.begin(), names.end()), CLI::ignore_case));
}

/// What `sextant topo optimize` alone is asked.
struct OptimizeArguments {
  TopoArguments topo;
  std::optional<double> total_gb_per_s;
  DivisionQuestion question;
  int front_points = 0;  ///< 0: one division, not the front
  bool simulated = false;
  SimulatorArguments simulator;
  std::string search = "bandwidth";
  std::vector<std::string> tiers;  ///< "Tile", or "Tile:8" of at most 8 NPUs
  GroupPlacement placement = GroupPlacement::kOrdered;
  std::size_t keep = 5;
  std::string output;
  std::string plot;
};
/// What they answer; each prints it and returns the exit code.
int print_division(const OptimizeArguments& arguments, const TopoInput& input,
                   const Session& session);
int print_front(const OptimizeArguments& arguments, const TopoInput& input, const Session& session);
int print_simulated_division(const OptimizeArguments& arguments, const TopoInput& input,
                             const Session& session);
int print_shapes(const OptimizeArguments& arguments, const TopoInput& input,
                 const Session& session);

/// What objectives are printed in: the unit of LIBRA's artifact, or multiples of what each workload
/// reaches alone.
struct ObjectiveUnit {
  explicit ObjectiveUnit(const DivisionQuestion& question);
  std::string text(double objective) const;

  double per_unit;
  std::string_view name;
};

/// "target Perf", a line.
std::string target_text(const DivisionQuestion& question);
/// Writes the network with these bandwidths, a document `topology`, and draws them, where asked.
void write_division(const OptimizeArguments& arguments, const TopoInput& input,
                    const std::vector<double>& bandwidth_bytes_per_s);

void add_topo_optimize(CLI::App& topo, Session& session);
void add_topo_evaluate(CLI::App& topo, Session& session);

}  // namespace sextant::cli
