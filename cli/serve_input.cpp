#include <cstdio>
#include <filesystem>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/serving/flow/placement_flow.h"
#include "analyzer/serving/formats/helix_files.h"
#include "cli/serve_parts.h"

namespace sextant::cli {

namespace {

namespace fs = std::filesystem;

/// Helix's simulator_cluster.ini with its solution file.
ServedPlacement read_helix_served(const ServedPlacementArguments& arguments,
                                  const std::string& artifact) {
  if (artifact.empty()) {
    throw_usage("--network names machine types of the artifact: add --artifact");
  }
  ServedPlacement served;
  ServingProfiles profiles = artifact_profiles(artifact, arguments.input.model);
  served.model = profiles.model.name;
  served.cluster = fs::path(arguments.network).stem().string();
  served.method = fs::path(arguments.placement).stem().string();
  served.network = read_helix_network(arguments.network, arguments.placement, profiles);
  served.evidence = Evidence::kReplayed;
  return served;
}

ThroughputTable throughput_of(const ServedNetwork& network) {
  std::vector<int> count(network.profiles.types.size(), 0);
  for (const ServedNode& node : network.nodes) ++count[static_cast<std::size_t>(node.type)];
  return typical_throughput(network.profiles, count);
}

void check_layers(const ServingInput& input, const Placement& placement) {
  for (std::size_t i = 0; i < placement.size(); ++i) {
    const ServingMachine& machine = input.cluster.machines[i];
    const int index = input.profiles.type_index(machine.type);
    const int most = input.profiles.types[static_cast<std::size_t>(index)].max_layers;
    if (placement[i].layers() <= most) continue;
    throw_infeasible(
        fmt::format("machine {} has {} layers of {}, and room for {} of them beside a KV cache",
                    quote(machine.name), placement[i].layers(), input.profiles.model.name, most));
  }
}

/// Refuses a placement in which no machine goes on where others end.
void check_way(const std::string& path, const Placement& placement, int layers,
               bool partial_inference) {
  std::vector<char> reached(static_cast<std::size_t>(layers) + 1, 0);
  reached[0] = 1;
  int furthest = 0;
  for (int at = 0; at < layers; ++at) {
    if (!reached[static_cast<std::size_t>(at)]) continue;
    furthest = at;
    for (const LayerInterval& held : placement) {
      const bool enters = held.first == at || (partial_inference && held.first < at);
      if (enters && held.end > at) reached[static_cast<std::size_t>(held.end)] = 1;
    }
  }
  if (reached.back()) return;
  throw_infeasible(
      fmt::format("{}: no way through all {} layers: requests get through {} of them, and no "
                  "machine {} there",
                  path, layers, furthest, partial_inference ? "goes on" : "begins"));
}

}  // namespace

void add_serving_input_options(CLI::App& command, ServingInputOptions& options) {
  command
      .add_option("--cluster", options.cluster,
                  "Machines: a document `cluster`, or a complete cluster of Helix's form (.ini)")
      ->type_name("FILE");
  command
      .add_option("--machine-profiles", options.machine_profiles,
                  "NICs, disks and memory of an .ini's machine types (default: the artifact's)")
      ->type_name("FILE");
  command
      .add_option("--coordinator-zone", options.coordinator_zone,
                  "Where requests come in (default: the zone of the document's first pool)")
      ->type_name("ZONE");
  command
      .add_option("--model", options.model,
                  "Model that is served: built-in, or a document; of --artifact llama30b, llama70b")
      ->required()
      ->type_name("NAME|FILE");
  command
      .add_option("--profiles", options.profiles,
                  "Databases of measured serving profiles; what nobody measured is estimated")
      ->type_name("DIR");
}

void add_served_placement_options(CLI::App& command, ServedPlacementArguments& arguments) {
  add_serving_input_options(command, arguments.input);
  command
      .add_option("--placement", arguments.placement,
                  "Document `placement`, or a solution file of Helix's form (*_sol.ini)")
      ->required()
      ->type_name("FILE");
  command
      .add_option("--network", arguments.network,
                  "Helix's simulator_cluster.ini of the placement, instead of --cluster")
      ->excludes("--cluster")
      ->type_name("FILE");
  command
      .add_option("--flow", arguments.flow,
                  "Split of the flow over the links as recorded, instead of our own")
      ->type_name("FILE");
  command.add_flag("--partial-inference", arguments.partial_inference,
                   "A machine may be entered in the middle of its layers; a document says itself");
}

NamedPlacement read_placement(const std::string& path, const ServingCluster& cluster,
                              const ServedModel& model) {
  NamedPlacement named;
  if (fs::path(path).extension() == ".ini") {
    named.placement = read_helix_placement(path, cluster.machines.size());
    named.method = fs::path(path).stem().string();
    for (const LayerInterval& layers : named.placement) {
      if (layers.end <= model.layers) continue;
      throw_bad_input(fmt::format("{}: expected layers of {}, the last of which is {}, found {}",
                                  path, model.name, model.layers - 1, layers.end - 1));
    }
    return named;
  }
  const JsonDocument file = JsonDocument::read(path);
  const PlacementDocument document = placement_document_from(file);
  named.placement = placement_of(document, cluster, model);
  named.method = document.method;
  named.partial_inference = document.partial_inference;
  return named;
}

ServedPlacement read_served_placement(const ServedPlacementArguments& arguments,
                                      const std::string& artifact, bool flow) {
  ServedPlacement served;
  ThroughputTable throughput;
  if (!arguments.network.empty()) {
    served = read_helix_served(arguments, artifact);
    throughput = throughput_of(served.network);
  } else {
    if (arguments.input.cluster.empty()) throw_usage("expected --cluster or --network");
    ServingInputOptions options = arguments.input;
    options.artifact = artifact;
    const ServingInput input = read_serving_input(options);
    const NamedPlacement named =
        read_placement(arguments.placement, input.cluster, input.profiles.model);
    if (named.method != "separate") check_layers(input, named.placement);
    served.model = input.profiles.model.name;
    served.cluster = input.cluster_name;
    served.method = named.method;
    served.evidence = input.evidence;
    served.notes = input.notes;
    const PlacementProblem problem = placement_problem(
        input.cluster, input.profiles, arguments.partial_inference || named.partial_inference);
    check_way(arguments.placement, named.placement, input.profiles.model.layers,
              problem.partial_inference);
    served.network = method_network(named.method, problem, named.placement);
    throughput = problem.throughput;
    for (std::size_t i = 0; i < named.placement.size(); ++i) {
      if (named.placement[i].empty()) served.unused.push_back(input.cluster.machines[i].name);
    }
  }
  if (!arguments.flow.empty()) {
    read_helix_flow(arguments.flow, served.network);
  } else if (flow && !(assign_flow(served.network, throughput) > 0)) {
    throw_infeasible(fmt::format("{}: no flow gets from the coordinator through all {} layers",
                                 arguments.placement, served.network.profiles.model.layers));
  }
  return served;
}

void print_notes(const std::vector<std::string>& notes) {
  for (const std::string& note : notes) std::fprintf(stderr, "note: %s\n", note.c_str());
}

}  // namespace sextant::cli
