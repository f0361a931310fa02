#include <chrono>
#include <memory>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/interrupt.h"
#include "analyzer/report/placement_chart.h"
#include "analyzer/report/write_plot.h"
#include "cli/input_options.h"
#include "cli/serve_parts.h"

namespace sextant::cli {

namespace {

constexpr int kMostThreads = 1024;
constexpr int kMostStages = 100'000;

/// Refuses options of another method than the chosen one.
void check(const CLI::App& command, const PlaceArguments& arguments) {
  const auto only = [&](const char* option, std::initializer_list<std::string_view> methods) {
    if (command.count(option) == 0) return;
    if (std::find(methods.begin(), methods.end(), arguments.method) != methods.end()) return;
    throw_usage(fmt::format("{}: method {} does not know it", option, arguments.method));
  };
  only("--objective", {"sextant"});
  only("--effort", {"sextant"});
  only("--offered", {"sextant"});
  only("--trace", {"sextant"});
  only("--seed", {"sextant", "petals"});
  only("--threads", {"sextant", "milp"});
  only("--time-limit", {"sextant", "milp"});
  only("--start", {"milp"});
  only("--write-problem", {"milp"});
  only("--stages", {"swarm"});
  if (arguments.search.offered_tokens_per_s > 0 &&
      arguments.search.objective == PlacementObjective::kFlow) {
    throw_usage("--offered is a part of --objective served");
  }
  if (!arguments.plot.empty()) check_plot_name(arguments.plot);
  check_placement_output(arguments);
}

PlacementChart chart_of(const PlacementDocument& document) {
  PlacementChart chart;
  chart.title =
      fmt::format("{} on {}, placement {}", document.model, document.cluster, document.method);
  chart.evidence = to_string(document.evidence);
  chart.caption = fmt::format("Flow {:.1f} tokens/s, at most {:.1f}.", document.flow_tokens_per_s,
                              document.upper_bound_tokens_per_s);
  chart.layers = document.layers;
  for (const PlacementDocument::Machine& machine : document.machines) {
    chart.machines.push_back(
        {machine.name, machine.type, machine.layers.first, machine.layers.end});
  }
  return chart;
}

/// Where no objective is asked for, that which can be searched for on so many machines.
void choose_objective(const CLI::App& command, std::size_t machines, PlaceArguments& arguments) {
  if (arguments.method != "sextant" || machines <= kMostServedMachines ||
      arguments.search.objective == PlacementObjective::kFlow || command.count("--objective") > 0 ||
      command.count("--offered") > 0) {
    return;
  }
  arguments.search.objective = PlacementObjective::kFlow;
  print_notes(
      {fmt::format("{} machines are searched for maximum flow: served requests are "
                   "simulated for up to {}",
                   machines, kMostServedMachines)});
}

int run(PlaceArguments arguments, const CLI::App& command, const Session& session) {
  check(command, arguments);
  if (arguments.input.cluster.empty()) throw_usage("--cluster is required");
  arguments.input.artifact = session.artifact;
  const ServingInput input = read_serving_input(arguments.input);
  print_notes(input.notes);
  choose_objective(command, input.cluster.machines.size(), arguments);
  handle_interrupts();
  const auto start = std::chrono::steady_clock::now();
  const PlacementProblem problem = placement_problem(
      input.cluster, input.profiles, arguments.partial_inference || arguments.method == "petals");
  const PlacementResult result = find_placement(arguments, problem, session.artifact);
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  const PlacementDocument document = placement_document(arguments, input, problem, result);
  write_placement(arguments, document, problem, result);
  if (!arguments.plot.empty()) write_plot(arguments.plot, svg(chart_of(document)));
  if (!session.json) {
    print(placement_text(document, input));
    return 0;
  }
  OrderedJson out = to_json(document);
  if (session.timing) out["timing"] = {{"search_s", taken.count()}};
  print(json_text(out));
  return 0;
}

void add_search_options(CLI::App& command, PlaceArguments& arguments) {
  add_named_choice(
      command, "--objective", arguments.search.objective, kPlacementObjectiveNames,
      "Throughput and latency of served requests, or maximum flow (default: served, of more "
      "than 100 machines flow)");
  command
      .add_option("--seed", arguments.search.seed, "Of methods that choose at random (default: 0)")
      ->type_name("N");
  command
      .add_option("--threads", arguments.search.threads,
                  "Threads of the search; the result does not depend on them (default: all cores)")
      ->check(CLI::Range(1, kMostThreads))
      ->type_name("N");
  command
      .add_option("--time-limit", arguments.search.time_limit_s,
                  "Stop then with the best so far, marked as not complete (default: 60)")
      ->check(positive_number())
      ->type_name("SECONDS");
  command
      .add_option("--effort", arguments.search.effort,
                  "How much is tried, as a multiple of the usual (default: 1)")
      ->check(positive_number())
      ->type_name("X");
  command
      .add_option("--offered", arguments.search.offered_tokens_per_s,
                  "Load for which latency counts, input and output tokens (default: as much as the "
                  "placement can serve)")
      ->check(positive_number())
      ->type_name("TOKENS/S");
  command
      .add_option("--trace", arguments.trace,
                  "Requests whose lengths count, a CSV with arrival_s, input_tokens, output_tokens "
                  "(default: the artifact's, else the shipped ones)")
      ->type_name("FILE");
  command
      .add_option("--start", arguments.start,
                  "Placement that milp starts from (default: the better of petals and swarm)")
      ->type_name("FILE");
  command
      .add_option("--write-problem", arguments.write_problem,
                  "Also write milp's problem, as .lp or .mps")
      ->type_name("FILE");
  command
      .add_option("--stages", arguments.stages, "Stages of swarm (default: the published number)")
      ->check(CLI::Range(1, kMostStages))
      ->type_name("N");
}

}  // namespace

void add_serve_place(CLI::App& serve, Session& session) {
  CLI::App* command = serve.add_subcommand(
      "place", "Choose which layers each machine holds, by maximum flow and served requests");
  const auto arguments = std::make_shared<PlaceArguments>();
  add_common_options(*command, session);
  add_serving_input_options(*command, arguments->input);
  command
      ->add_option(
          "--method", arguments->method,
          "sextant searches, milp is Helix's program on an open solver, the others are the "
          "heuristics it is compared with (default: sextant)")
      ->check(CLI::IsMember({"sextant", "milp", "petals", "swarm", "separate"}));
  command->add_flag("--partial-inference", arguments->partial_inference,
                    "A machine may be entered in the middle of its layers (petals: always)");
  add_search_options(*command, *arguments);
  command
      ->add_option("-o,--output", arguments->output,
                   "Write the placement: a document (.json), or a directory with Helix's files")
      ->type_name("FILE.json|DIR");
  command->add_flag("--force", arguments->force, "Replace Helix's files where they are there");
  command->add_option("--plot", arguments->plot, "Draw the placement, as .svg or .png")
      ->type_name("FILE");
  command->callback([arguments, command, &session] {
    session.action = [arguments, command, &session] { return run(*arguments, *command, session); };
  });
}

}  // namespace sextant::cli
