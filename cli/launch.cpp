#include <algorithm>
#include <memory>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"
#include "cli/input_options.h"
#include "cli/launch_input.h"
#include "cli/plan_output.h"
#include "cli/serve_parts.h"
#include "launch/emit/training/job_documents.h"
#include "launch/emit/training/nearest_plan.h"
#include "launch/emit/training/node_layout.h"

namespace sextant::cli {

namespace {

constexpr int kMostPort = 65535;
constexpr int kMostIterations = 1'000'000;
constexpr std::string_view kServingTarget = "vllm";

struct Arguments {
  std::string plan;
  std::string target;
  TrainingInputOptions input;
  std::string estimator = "sextant";
  std::vector<std::string> hosts;
  std::vector<std::string> constraints;
  std::vector<std::string> gres;
  LaunchOptions options;
  std::optional<int> master_port;
  bool nearest = false;
  std::string model;       ///< of a placement
  std::string model_path;  ///< the same
  std::string directory;
  bool force = false;

  bool has_inputs() const { return !input.cluster.empty() && !input.job.empty(); }
};

/// What stands in a script's comments for sbatch, or in a list of hosts, as it is.
void check_word(const std::string& option, const std::string& value) {
  constexpr std::string_view kBad = "\"'\\#`$<>;";
  const bool good = !value.empty() && value.front() != '-' &&
                    std::all_of(value.begin(), value.end(), [&](char c) {
                      return c > ' ' && c < '\x7f' && kBad.find(c) == std::string_view::npos;
                    });
  if (!good) {
    throw_usage(
        fmt::format("{} {}: expected one word without quotes and the like", option, quote(value)));
  }
}

/// `by_name` of the option's values, whose names must be among `known`.
void read_assignments(const std::string& option, const std::vector<std::string>& texts,
                      const std::vector<std::string>& known,
                      std::map<std::string, std::string>& by_name) {
  for (const std::string& text : texts) {
    const auto [name, value] = assignment(option, text);
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      const std::string nearest = nearest_name(name, known);
      throw_usage(fmt::format("{} {}: the plan has no {}; {}", option, quote(text), quote(name),
                              nearest.empty() ? "it has " + quote(known.front())
                                              : fmt::format("did you mean {}?", quote(nearest))));
    }
    check_word(option, value);
    by_name[name] = value;
  }
}

LaunchOptions launch_options(const Arguments& arguments, const LaunchJob& job) {
  LaunchOptions options = arguments.options;
  if (arguments.master_port) options.master_port = *arguments.master_port;
  std::vector<std::string> machines;
  std::vector<std::string> kinds;
  for (const LaunchNode& node : job.nodes) {
    machines.push_back(machine_name(node));
    kinds.push_back(node.gpu);
    kinds.push_back(node.gpu + "@" + node.zone);
  }
  read_assignments("--host", arguments.hosts, machines, options.hosts);
  read_assignments("--constraint", arguments.constraints, kinds, options.constraints);
  read_assignments("--gres", arguments.gres, kinds, options.gres);
  for (const auto& [option, value] : {std::pair("--account", &options.account),
                                      {"--partition", &options.partition},
                                      {"--time", &options.time_limit}}) {
    if (!value->empty()) check_word(option, *value);
  }
  return options;
}

/// `sextant serve export --to vllm`, with the same options.
int launch_placement(const Arguments& arguments, const Session& session) {
  if (arguments.target != kServingTarget) {
    throw_usage(fmt::format("--to {}: {} is a placement, which serves: {} starts it",
                            quote(arguments.target), arguments.plan, kServingTarget));
  }
  if (arguments.input.cluster.empty() || arguments.model.empty()) {
    throw_usage("a placement needs --cluster and --model");
  }
  if (!arguments.input.job.empty()) throw_usage("--job: a placement has none");
  PlacementExport request;
  request.served.placement = arguments.plan;
  request.served.input.cluster = arguments.input.cluster;
  request.served.input.model = arguments.model;
  if (!arguments.input.profile_db.empty()) {
    request.served.input.profiles = arguments.input.profile_db;
  }
  request.runtime = ServingRuntime::kVllm;
  request.options.model_path = arguments.model_path;
  if (arguments.master_port) request.options.master_port = *arguments.master_port;
  request.options.nearest = arguments.nearest;
  for (const std::string& text : arguments.hosts) {
    const auto [machine, host] = assignment("--host", text);
    request.options.hosts[machine] = host;
  }
  request.directory = arguments.directory;
  request.force = arguments.force;
  return export_placement(std::move(request), session);
}

TrainingInput load_input(const Arguments& arguments, const Session& session) {
  TrainingInputOptions options = arguments.input;
  options.artifact = session.artifact;
  return load_training_input(options);
}

/// "A; B; and 3 more".
std::string listed(const std::vector<std::string>& reasons) {
  constexpr std::size_t kShown = 12;
  const std::size_t shown = std::min(kShown, reasons.size());
  std::string text = fmt::format(
      "{}", fmt::join(reasons.begin(), reasons.begin() + static_cast<long>(shown), "; "));
  if (shown < reasons.size()) text += fmt::format("; and {} more", reasons.size() - shown);
  return text;
}

/// Why the target refuses the plan, and what it would run instead; with --nearest that one takes
/// its place in `job`, and the text is a note. Throws Error(kInfeasible).
std::string settle_obstacles(const Arguments& arguments, const Session& session,
                             const LaunchTarget& target, const std::vector<std::string>& obstacles,
                             LaunchJob& job) {
  const std::string refusal =
      fmt::format("{} cannot run this plan: {}", target.name(), listed(obstacles));
  if (!arguments.has_inputs()) {
    if (arguments.nearest) {
      throw_usage("--nearest needs --cluster and --job, to judge other plans; " + refusal);
    }
    throw_infeasible(refusal +
                     "; with --cluster and --job the nearest plan that it can run is told");
  }
  const TrainingInput input = load_input(arguments, session);
  const Estimator& estimator = estimator_named(arguments.estimator);
  std::optional<NearestPlan> nearest;
  try {
    nearest = nearest_plan(target, job, input, estimator);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kBadInput) throw;
    throw_infeasible(
        fmt::format("{}; the nearest that it can run is not known: {}", refusal, error.what()));
  }
  if (!nearest) throw_infeasible(refusal + "; no plan near it was found that it can run");
  const std::string instead =
      fmt::format("nearest is {}: {} (estimator {}, evidence {})", summary(nearest->plan),
                  nearest->changes, estimator.name(), to_string(input.evidence));
  if (!arguments.nearest) {
    throw_infeasible(fmt::format("{}; {}; --nearest writes that one", refusal, instead));
  }
  replace_plan(job, input, estimator, nearest->plan, nearest->prediction);
  return fmt::format("this is not the plan that was asked for: {}; {}", refusal, instead);
}

OrderedJson prediction_of(const RecordedPrediction& prediction) {
  OrderedJson out = {{"estimator", prediction.estimator},
                     {"evidence", to_string(prediction.evidence)},
                     {"iteration_s", prediction.iteration_s},
                     {"usd_per_iter", prediction.usd_per_iter}};
  if (prediction.tokens_per_s > 0) out["tokens_per_s"] = prediction.tokens_per_s;
  if (prediction.peak_memory_bytes > 0) {
    out["peak_memory_bytes"] = bytes_json(prediction.peak_memory_bytes);
    out["memory_bound_bytes"] = bytes_json(prediction.memory_bound_bytes);
  }
  return out;
}

int run(const Arguments& arguments, const Session& session) {
  if (JsonDocument::read(arguments.plan).kind() == "placement") {
    return launch_placement(arguments, session);
  }
  if (arguments.target == kServingTarget) {
    throw_usage(fmt::format("--to {}: it serves placements, and {} is none", kServingTarget,
                            arguments.plan));
  }
  if (!arguments.model.empty() || !arguments.model_path.empty()) {
    throw_usage("--model and --model-path are of placements; a plan has its model");
  }
  const LaunchTarget& target = launch_target_named(arguments.target);
  LaunchJob job = read_launch_job(arguments.plan, arguments.input);
  const LaunchOptions options = launch_options(arguments, job);
  JobFolder folder;
  const std::vector<std::string> obstacles = target.obstacles(job);
  if (!obstacles.empty()) {
    folder.notes.push_back(settle_obstacles(arguments, session, target, obstacles, job));
  } else if (!job.prediction && arguments.has_inputs()) {
    folder.notes =
        predict(job, load_input(arguments, session), estimator_named(arguments.estimator));
  }
  put_job_documents(job, folder);
  target.put(job, options, folder);
  const auto written = write_job_folder(folder, arguments.directory, kLaunchMark, arguments.force);
  if (session.json) {
    OrderedJson out = {{"schema", schema_id("launched")},     {"target", target.name()},
                       {"written_for", target.written_for()}, {"model", job.plan.model},
                       {"plan", summary(job.plan)},           {"nearest", !obstacles.empty()}};
    if (job.prediction) out["prediction"] = prediction_of(*job.prediction);
    out["files"] = OrderedJson::array();
    for (const auto& file : written) out["files"].push_back(file.string());
    out["notes"] = folder.notes;
    print(json_text(out));
    return 0;
  }
  print_notes(folder.notes);
  std::string text;
  for (const auto& file : written) text += fmt::format("wrote {}\n", file.string());
  print(text);
  return 0;
}

void add_site_options(CLI::App& command, Arguments& arguments) {
  LaunchOptions& options = arguments.options;
  command
      .add_option("--host", arguments.hosts,
                  "Host name or address of a machine of the plan, as A100-40@hall/0=node17; may be "
                  "repeated")
      ->type_name("MACHINE=HOST");
  command.add_option("--account", options.account, "slurm: of the job")->type_name("NAME");
  command.add_option("--partition", options.partition, "slurm: of the job")->type_name("NAME");
  command.add_option("--time", options.time_limit, "slurm: limit of the job, as sbatch has it")
      ->type_name("TIME");
  command
      .add_option("--constraint", arguments.constraints,
                  "slurm: features of the nodes of a GPU type; may be repeated")
      ->type_name("GPU[@ZONE]=FEATURE");
  command
      .add_option("--gres", arguments.gres,
                  "slurm: what the site calls a GPU type (default: gpu); may be repeated")
      ->type_name("GPU[@ZONE]=NAME");
  command
      .add_option("--container", options.container,
                  "Programs run inside: an Apptainer image (.sif), or what Pyxis takes")
      ->type_name("IMAGE");
  command.add_option("--iterations", options.iterations, "Measured iterations (default: 20)")
      ->check(CLI::Range(1, kMostIterations))
      ->type_name("N");
  command
      .add_option("--master-port", arguments.master_port,
                  "Where ranks meet (default: 29500; of a placement, 29501)")
      ->check(CLI::Range(1, kMostPort))
      ->type_name("N");
  command
      .add_option("--engine-path", options.engine_path,
                  "Where the engine's entry point lies on the machines")
      ->type_name("PATH");
}

}  // namespace

void add_launch_command(CLI::App& program, Session& session) {
  CLI::App* command = program.add_subcommand(
      "launch", "Write a plan as a folder that starts, checks and measures the job");
  const auto arguments = std::make_shared<Arguments>();
  add_common_options(*command, session);
  command->add_option("--plan", arguments->plan, "Plan, or placement (--to vllm)")
      ->required()
      ->type_name("FILE");
  std::string targets;
  for (const LaunchTarget* target : launch_targets()) {
    targets += fmt::format("{} ({}), ", target->name(), target->description());
  }
  command
      ->add_option("--to", arguments->target,
                   fmt::format("What runs it: {}{} (placements)", targets, kServingTarget))
      ->required()
      ->type_name("TARGET");
  command->add_option("-o,--output", arguments->directory, "Directory to make")
      ->required()
      ->type_name("DIR");
  command->add_flag("--force", arguments->force, "Replace the directory where it is one of ours");
  add_input_options(*command, arguments->input);
  for (const char* name : {"--cluster", "--job"}) command->get_option(name)->required(false);
  add_estimator_option(*command, arguments->estimator);
  command->add_flag("--nearest", arguments->nearest,
                    "Where the target cannot run the plan, write the nearest that it can");
  add_site_options(*command, *arguments);
  command->add_option("--model", arguments->model, "Of a placement: the model that it serves")
      ->type_name("NAME|FILE");
  command
      ->add_option("--model-path", arguments->model_path,
                   "Of a placement: what vLLM loads, a path or a repository of Hugging Face")
      ->type_name("PATH");
  command->callback([arguments, &session] {
    session.action = [arguments, &session] { return run(*arguments, session); };
  });
}

}  // namespace sextant::cli
