#pragma once

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

#include "analyzer/serving/documents/placement_document.h"
#include "analyzer/serving/documents/request_source.h"
#include "analyzer/serving/documents/serving_input.h"
#include "analyzer/serving/documents/serving_result_document.h"
#include "cli/commands.h"
#include "launch/emit/serving/serving_export.h"
#include "planner/serving/placement_planner.h"
#include "planner/serving/sextant/placement_search.h"

namespace sextant::cli {

/// --cluster, --machine-profiles, --coordinator-zone, --model, --profiles.
void add_serving_input_options(CLI::App& command, ServingInputOptions& options);

/// A placement that serves, as `simulate` and `export` read it.
struct ServedPlacementArguments {
  ServingInputOptions input;
  std::string placement;
  std::string network;  ///< Helix's simulator_cluster.ini, instead of a cluster
  std::string flow;     ///< a recorded flow of each link
  bool partial_inference = false;
};
void add_served_placement_options(CLI::App& command, ServedPlacementArguments& arguments);

struct ServedPlacement {
  std::string model;
  std::string cluster;
  std::string method;  ///< of a document; of Helix's files, their name
  ServedNetwork network;
  std::vector<std::string> unused;  ///< machines that hold nothing
  Evidence evidence = Evidence::kEstimated;
  std::vector<std::string> notes;
};
/// The network's links have their flow where `flow` is asked for. Throws Error(kInfeasible) where a
/// machine has more layers than it can hold beside a KV cache and the cluster's file does not say
/// how much of one it has.
ServedPlacement read_served_placement(const ServedPlacementArguments& arguments,
                                      const std::string& artifact, bool flow);

/// A document, or a solution file of Helix's. Throws Error(kBadInput) where it has layers that the
/// model has not.
struct NamedPlacement {
  Placement placement;
  std::string method;
  bool partial_inference = false;
};
NamedPlacement read_placement(const std::string& path, const ServingCluster& cluster,
                              const ServedModel& model);

/// The links through which a method's placement serves: Helix's heuristics choose them as well.
ServedNetwork method_network(const std::string& method, const PlacementProblem& problem,
                             const Placement& placement);

/// A placement that is to be written for a runtime, and where.
struct PlacementExport {
  ServedPlacementArguments served;
  ServingRuntime runtime = ServingRuntime::kJson;
  ServingExportOptions options;
  std::string directory;
  bool force = false;  ///< replace a folder of ours that is there
};
/// `sextant serve export`, and `sextant launch` of a placement: writes the folder and prints its
/// files. Returns the exit code.
int export_placement(PlacementExport request, const Session& session);

/// Notes on stderr, one a line.
void print_notes(const std::vector<std::string>& notes);

/// An option whose value is one of the names of an enumeration, whatever the case.
template <typename Enum, std::size_t N>
CLI::Option* add_named_choice(CLI::App& command, const std::string& option, Enum& value,
                              const std::array<std::string_view, N>& names,
                              const std::string& help) {
  const auto choose = [&value, &names](const std::string& name) {
    value = static_cast<Enum>(std::find(names.begin(), names.end(), name) - names.begin());
  };
  return command.add_option_function<std::string>(option, choose, help)
      ->transform(
          CLI::IsMember(std::vector<std::string>(names.begin(), names.end()), CLI::ignore_case));
}

/// What `sextant serve place` is asked.
struct PlaceArguments {
  ServingInputOptions input;
  std::string method = "sextant";
  PlacementSearchOptions search;
  bool partial_inference = false;
  std::string trace;
  std::string start;
  std::string write_problem;  ///< of milp
  int stages = 0;
  std::string output;
  bool force = false;
  std::string plot;
};
/// Asks the chosen method. Throws Error(kInfeasible) with the reason where there is no placement.
PlacementResult find_placement(const PlaceArguments& arguments, const PlacementProblem& problem,
                               const std::string& artifact);
PlacementDocument placement_document(const PlaceArguments& arguments, const ServingInput& input,
                                     const PlacementProblem& problem,
                                     const PlacementResult& result);
std::string placement_text(const PlacementDocument& document, const ServingInput& input);
/// A document where `output` ends in .json, else a directory with Helix's two files.
void write_placement(const PlaceArguments& arguments, const PlacementDocument& document,
                     const PlacementProblem& problem, const PlacementResult& result);
/// Throws Error(kBadInput) where the directory is there already, unless --force was given.
void check_placement_output(const PlaceArguments& arguments);

/// What `sextant serve simulate` is asked.
struct ServeSimulateArguments {
  ServedPlacementArguments served;
  RequestScheduler scheduler = RequestScheduler::kFlow;
  std::string load = "offline";
  std::string trace;
  std::optional<double> tokens_per_s;
  std::optional<double> duration_s;
  std::optional<double> warm_up_s;
  std::optional<int> initial_requests;
  std::optional<double> kv_high_water;
  std::optional<double> expected_output_share;
  OverflowPolicy overflow = OverflowPolicy::kPreempt;
  bool context_costs = false;
  int prefill_chunk_tokens = 0;
  std::optional<int> max_decode_batch;
  int max_input_tokens = 0;
  std::uint32_t seed = 0;
  int seeds = 1;
  int threads = 0;
  LatencyTargets targets;
  std::string latencies;
  std::string timeline;
  std::string plot;
};
/// One simulation a seed, and what the document says of them.
struct ServingRuns {
  ServingResultDocument document;
  std::vector<ServingSimulationResult> results;
};
ServingRuns run_simulations(const ServeSimulateArguments& arguments, const ServedPlacement& served,
                            const std::string& artifact);
std::string serving_result_text(const ServingResultDocument& document);
/// "seed,kind,latency_s", one sample a line.
std::string latencies_csv(const ServingRuns& runs);
/// Percentiles of the latencies, the seeds' samples together.
std::string latency_plot(const ServingRuns& runs);

void add_serve_place(CLI::App& serve, Session& session);
void add_serve_simulate(CLI::App& serve, Session& session);
void add_serve_export(CLI::App& serve, Session& session);

}  // namespace sextant::cli
