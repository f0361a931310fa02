#include <algorithm>
#include <cstdlib>
#include <memory>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/files.h"
#include "analyzer/report/write_plot.h"
#include "cli/commands.h"
#include "reproduce/reproduction.h"

namespace sextant::cli {

namespace {

struct Arguments {
  std::string system;
  std::string experiment;
  std::string plot;
  std::string csv;
  std::string latencies;
  ReproduceOptions options;
};

std::string list_text() {
  const std::vector<ExperimentName> names = experiments();
  std::size_t width = 0;
  for (const ExperimentName& name : names) width = std::max(width, name.experiment.size());
  std::string text = "Experiments:\n";
  for (const ExperimentName& name : names) {
    text +=
        fmt::format("  {:<6} {:<{}} {}\n", name.system, name.experiment, width, name.description);
  }
  return text;
}

int run(const Arguments& arguments, const Session& session) {
  ReproduceOptions options = arguments.options;
  options.artifact_dir = session.artifact;
  options.progress = !session.json;
  options.timing = session.timing;
  options.latencies = !arguments.latencies.empty();
  if (!options.from.empty()) {
    if (!options.artifact_dir.empty() || session.json) {
      throw_usage("--from has the rows as --json printed them; leave out --artifact and --json");
    }
  } else if (options.artifact_dir.empty()) {
    const char* data = std::getenv("SEXTANT_DATA");
    if (data == nullptr || *data == '\0') {
      throw_usage(
          "reproduce needs --artifact DIR, or SEXTANT_DATA, the directory of the artifacts");
    }
    options.artifact_dir = std::string(data) + "/" + arguments.system;
  }
  if (!arguments.plot.empty()) check_plot_name(arguments.plot);
  const Reproduction result = reproduce(arguments.system, arguments.experiment, options);
  if (!arguments.csv.empty() && result.csv.empty()) {
    throw_usage(fmt::format("{} {} has no CSV", arguments.system, arguments.experiment));
  }
  if (!arguments.plot.empty()) write_plot(arguments.plot, result.plot_svg);
  if (!arguments.csv.empty()) write_file_atomically(arguments.csv, result.csv);
  if (!arguments.latencies.empty()) {
    write_file_atomically(arguments.latencies, result.latencies_csv);
  }
  if (session.json) {
    print(json_text(to_json(result, session.timing)));
  } else {
    print(result.text);
  }
  if (result.unpredicted > 0) {
    throw Error(ErrorCode::kPartial, fmt::format("{} of {} rows have no prediction",
                                                 result.unpredicted, result.rows.size()));
  }
  return 0;
}

}  // namespace

void add_reproduce_command(CLI::App& program, Session& session) {
  CLI::App* command = program.add_subcommand(
      "reproduce", "Run an experiment of a published system beside its published figures");
  auto arguments = std::make_shared<Arguments>();
  add_common_options(*command, session);
  command->add_option("system", arguments->system, "sailor, libra or helix")->required();
  command->add_option("experiment", arguments->experiment, "fig7, fig8a, …, as listed below")
      ->required();
  ReproduceOptions& options = arguments->options;
  command
      ->add_option("--planner", options.planners, "Only these planners (sailor's figures 7 to 12)")
      ->delimiter(',')
      ->type_name("NAME,…");
  command->add_option("--method", options.methods, "Only these methods (helix)")
      ->delimiter(',')
      ->type_name("NAME,…");
  command
      ->add_option("--estimator", options.estimators,
                   "Judged by these only (sailor's figures 7 to 12; default: all)")
      ->delimiter(',')
      ->type_name("NAME,…");
  command
      ->add_option(
          "--max-evaluations", options.search.max_evaluations,
          "Budget of each search in evaluations of partial plans (sailor's figures 7 to 12)")
      ->check(CLI::PositiveNumber)
      ->type_name("N");
  command
      ->add_option(
          "--seed", options.search.seed,
          "Of planners that choose at random (sailor's figures 7 to 12; helix; default: 0)")
      ->type_name("N");
  command
      ->add_option("--from", options.from,
                   "Instead of planning or simulating: a document that --json printed (sailor's "
                   "figures 7 to 12; libra's 12 to 15, also of its evaluation)")
      ->type_name("FILE");
  command
      ->add_option("--set", options.set,
                   "Of libra's evaluation and figures 12 to 15: 17B on two dimensions, or all "
                   "(default: full)")
      ->check(CLI::IsMember({"small", "full"}));
  command
      ->add_option("--metric", options.metric,
                   "What --plot draws (sailor's figures 7 to 12; default: as in the paper)")
      ->check(CLI::IsMember({"throughput", "cost"}));
  command->add_option("--plot", arguments->plot, "Also draw the figure (.svg or .png)")
      ->type_name("FILE");
  command->add_option("--csv", arguments->csv, "Also write the rows")->type_name("FILE");
  command
      ->add_option("--measured", options.measured_dir,
                   "Your own measured runs instead of the published ones (validation figures)")
      ->type_name("DIR");
  command
      ->add_option(
          "--layouts", options.layouts_dir,
          "Placements instead of the recorded ones, as launch/helix/step2_gen_layout leaves "
          "them in layout_<model> (helix's single and geo)")
      ->type_name("DIR");
  command->add_option("--latencies", arguments->latencies, "Also write every latency (helix)")
      ->type_name("FILE");
  command->footer(list_text());
  command->callback([arguments, &session] {
    session.action = [arguments, &session] { return run(*arguments, session); };
  });
}

}  // namespace sextant::cli
