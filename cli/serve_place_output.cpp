#include <filesystem>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/files.h"
#include "analyzer/core/table.h"
#include "analyzer/serving/formats/helix_files.h"
#include "cli/serve_parts.h"

namespace sextant::cli {

namespace {

namespace fs = std::filesystem;

constexpr const char* kNetworkFile = "simulator_cluster.ini";

bool is_document(const std::string& output) {
  return fs::path(output).extension() == ".json";
}

fs::path solution_file(const PlaceArguments& arguments) {
  return fs::path(arguments.output) / (arguments.method + "_sol.ini");
}

/// How the artifact's files call the methods.
std::string_view synthesizer(const std::string& method) {
  if (method == "milp") return "ILP";
  if (method == "petals") return "heterogeneous Petals";
  if (method == "swarm") return "heterogeneous Swarm";
  return method;
}

/// What comes out of a machine in tokens per second; 0 where nothing does.
double flow_out_of(const PlacementDocument& document, const std::string& machine) {
  double sum = 0;
  for (const PlacementDocument::Edge& edge : document.flow) {
    if (edge.from == machine) sum += edge.tokens_per_s;
  }
  return sum;
}

std::string machine_table(const PlacementDocument& document, const ServingInput& input) {
  Table table({{"machine", Table::Align::kLeft},
               {"type", Table::Align::kLeft},
               {"layers"},
               {"number"},
               {"KV cache"},
               {"flow"}});
  for (const PlacementDocument::Machine& machine : document.machines) {
    const LayerInterval& layers = machine.layers;
    if (layers.empty()) {
      table.add_row({machine.name, machine.type, "not used", "-", "-", "-"});
      continue;
    }
    const auto type = static_cast<std::size_t>(input.profiles.type_index(machine.type));
    const MachineType& kind = input.profiles.types[type];
    const bool known = layers.layers() <= kind.max_layers;
    const std::int64_t tokens =
        known ? kKvBlockTokens * kind.kv_blocks[static_cast<std::size_t>(layers.layers())] : 0;
    table.add_row({machine.name, machine.type,
                   fmt::format("{} to {}", layers.first, layers.end - 1),
                   std::to_string(layers.layers()),
                   fmt::format("{} tokens", format_count(static_cast<double>(tokens))),
                   fmt::format("{:.1f} tokens/s", flow_out_of(document, machine.name))});
  }
  return table.text();
}

std::string bound_text(const PlacementDocument& document) {
  std::string text =
      fmt::format("flow {:.1f} tokens/s, at most {:.1f}: ", document.flow_tokens_per_s,
                  document.upper_bound_tokens_per_s);
  text += document.proved ? "proved, no placement has more flow\n"
                          : fmt::format("not proved, gap {:.1f} %\n", 100 * document.gap());
  if (document.objective == kPlacementObjectiveNames[0]) {
    text += "The objective is what requests get, not flow: bound and gap are of the flow alone.\n";
  }
  if (!document.complete) text += "partial: the search was ended before it was done\n";
  return text;
}

}  // namespace

std::string placement_text(const PlacementDocument& document, const ServingInput& input) {
  std::string text =
      fmt::format("{} ({} layers) on {}: {} machines\nmethod {}", document.model, document.layers,
                  document.cluster, document.machines.size(), document.method);
  if (!document.objective.empty()) text += fmt::format(", objective {}", document.objective);
  if (document.partial_inference) text += ", partial inference";
  text += fmt::format(" (evidence: {})\n\n", to_string(document.evidence));
  return text + machine_table(document, input) + "\n" + bound_text(document);
}

void check_placement_output(const PlaceArguments& arguments) {
  if (arguments.output.empty() || is_document(arguments.output) || arguments.force) return;
  for (const fs::path& file :
       {solution_file(arguments), fs::path(arguments.output) / kNetworkFile}) {
    if (fs::exists(file)) {
      throw_bad_input(fmt::format("{} is there already: add --force to replace it", file.string()));
    }
  }
}

void write_placement(const PlaceArguments& arguments, const PlacementDocument& document,
                     const PlacementProblem& problem, const PlacementResult& result) {
  if (arguments.output.empty()) return;
  if (is_document(arguments.output)) {
    write_file_atomically(arguments.output, json_text(to_json(document)));
    return;
  }
  const std::string solution = helix_placement_text(result.placement);
  const std::string network = helix_network_text(
      method_network(arguments.method, problem, result.placement), synthesizer(arguments.method));
  write_file_atomically(solution_file(arguments), solution);
  write_file_atomically(fs::path(arguments.output) / kNetworkFile, network);
}

}  // namespace sextant::cli
