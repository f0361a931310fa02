#include <memory>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "cli/input_options.h"
#include "cli/serve_parts.h"

namespace sextant::cli {

namespace {

constexpr int kMostPort = 65535;
constexpr int kMostGpus = 1024;

struct Arguments {
  ServedPlacementArguments served;
  ServingRuntime runtime = ServingRuntime::kJson;
  ServingExportOptions options;
  std::vector<std::string> hosts;
  std::vector<std::string> gpus;
  std::vector<std::string> addresses;
  std::string directory;
  bool force = false;
};

void read_assignments(Arguments& arguments) {
  for (const std::string& text : arguments.hosts) {
    const auto [machine, address] = assignment("--host", text);
    arguments.options.hosts[machine] = address;
  }
  for (const std::string& text : arguments.gpus) {
    const auto [type, number] = assignment("--gpus", text);
    int gpus = 0;
    if (!CLI::detail::lexical_cast(number, gpus) || gpus < 1 || gpus > kMostGpus) {
      throw_usage(
          fmt::format("--gpus {}: expected TYPE=N with N from 1 to {}", quote(text), kMostGpus));
    }
    arguments.options.gpus[type] = gpus;
  }
  for (const std::string& text : arguments.addresses) {
    const auto [type, address] = assignment("--address", text);
    arguments.options.addresses[type].push_back(address);
  }
}

int run(Arguments arguments, const Session& session) {
  read_assignments(arguments);
  return export_placement({arguments.served, arguments.runtime, arguments.options,
                           arguments.directory, arguments.force},
                          session);
}

void add_runtime_options(CLI::App& command, Arguments& arguments) {
  ServingExportOptions& options = arguments.options;
  command
      .add_option("--model-path", options.model_path,
                  "vllm: what it loads, a path on all machines or a repository of Hugging Face")
      ->type_name("PATH");
  command
      .add_option("--host", arguments.hosts,
                  "vllm: a machine's host name or address (default: its own name); may be repeated")
      ->type_name("MACHINE=HOST");
  command
      .add_option("--gpus", arguments.gpus,
                  "vllm: GPUs of a machine type (default: what its name says); may be repeated")
      ->type_name("TYPE=N");
  const auto add_port = [&](const char* name, int& port, const char* help) {
    command.add_option(name, port, help)->check(CLI::Range(1, kMostPort))->type_name("N");
  };
  add_port("--port", options.port, "vllm: of the first pipeline's server (default: 8000)");
  add_port("--master-port", options.master_port,
           "vllm: where the first pipeline's machines meet (default: 29501)");
  command.add_flag("--nearest", options.nearest,
                   "vllm: where the placement is no set of disjoint pipelines, write the nearest");
  command
      .add_option("--address", arguments.addresses,
                  "helix: address of the next machine of a type; may be repeated")
      ->type_name("TYPE=IP");
  command.add_option("--host-address", options.host_address, "helix: of the host, machine 0")
      ->type_name("IP");
}

}  // namespace

int export_placement(PlacementExport request, const Session& session) {
  const ServedPlacement served = read_served_placement(request.served, session.artifact, true);
  request.options.unused = served.unused;
  const JobFolder exported = export_serving(request.runtime, served.network, request.options);
  const auto written =
      write_job_folder(exported, request.directory, kServingExportMark, request.force);
  if (session.json) {
    OrderedJson out = {{"schema", schema_id("serving_exported")},
                       {"runtime", kServingRuntimeNames[static_cast<std::size_t>(request.runtime)]},
                       {"model", served.model},
                       {"cluster", served.cluster},
                       {"files", OrderedJson::array()},
                       {"notes", exported.notes}};
    for (const auto& file : written) out["files"].push_back(file.string());
    print(json_text(out));
    return 0;
  }
  print_notes(exported.notes);
  std::string text;
  for (const auto& file : written) text += fmt::format("wrote {}\n", file.string());
  print(text);
  return 0;
}

void add_serve_export(CLI::App& serve, Session& session) {
  CLI::App* command = serve.add_subcommand(
      "export", "Write a placement as what a runtime starts from: vLLM, Helix's prototype, JSON");
  const auto arguments = std::make_shared<Arguments>();
  add_common_options(*command, session);
  add_served_placement_options(*command, arguments->served);
  add_named_choice(*command, "--to", arguments->runtime, kServingRuntimeNames, "Runtime")
      ->required();
  add_runtime_options(*command, *arguments);
  command->add_option("-o,--output", arguments->directory, "Directory to make")
      ->required()
      ->type_name("DIR");
  command->add_flag("--force", arguments->force, "Replace the directory where it is there");
  command->callback([arguments, &session] {
    session.action = [arguments, &session] { return run(*arguments, session); };
  });
}

}  // namespace sextant::cli
