#include <algorithm>
#include <filesystem>
#include <memory>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/files.h"
#include "analyzer/report/views/report_views.h"
#include "cli/commands.h"
#include "cli/input_options.h"
#include "cli/plan_output.h"

namespace sextant::cli {

namespace {

struct Arguments {
  std::vector<std::string> files;
  std::string output;
  std::string title;
  std::string estimator = "sextant";
  TrainingInputOptions input;
};

/// Files of one kind among the inputs.
std::vector<std::string> files_of(const ReportInputs& inputs, std::string_view kind) {
  std::vector<std::string> files;
  for (const auto& document : inputs.documents) {
    if (document->kind() == kind) files.push_back(document->file());
  }
  return files;
}

/// The option where it was given, else the one document of that kind.
std::filesystem::path chosen(const std::filesystem::path& option,
                             const std::vector<std::string>& files) {
  if (!option.empty() || files.size() != 1) return option;
  return files.front();
}

/// Cluster and job for simulating plans, of the options or of the inputs.
void add_training(const Arguments& arguments, const Session& session, ReportInputs& inputs) {
  const std::vector<std::string> clusters = files_of(inputs, "cluster");
  const std::vector<std::string> jobs = files_of(inputs, "job");
  TrainingInputOptions options = arguments.input;
  options.artifact = session.artifact;
  options.cluster = chosen(options.cluster, clusters);
  options.job = chosen(options.job, jobs);
  if (options.cluster.empty() != options.job.empty() &&
      (!arguments.input.cluster.empty() || !arguments.input.job.empty())) {
    throw_usage("--cluster and --job belong together: plans are simulated with both");
  }
  if (options.cluster.empty() || options.job.empty()) {
    if (clusters.size() > 1 || jobs.size() > 1) {
      inputs.not_simulated = fmt::format(
          "Several {} are among the inputs: --cluster and --job choose those that plans are "
          "simulated with.",
          clusters.size() > 1 ? "clusters" : "jobs");
    }
    return;
  }
  const auto has_plans = [](const auto& document) {
    const std::string kind = document->kind();
    return kind == "plan" || kind == "plans" || kind == "purchase";
  };
  if (std::none_of(inputs.documents.begin(), inputs.documents.end(), has_plans)) return;
  inputs.training = load_training_input(options);
  print_notes(*inputs.training);
}

/// The page must not take the place of what it shows.
void check_output(const Arguments& arguments) {
  for (const std::string& file : arguments.files) {
    std::error_code none;
    const bool same = std::filesystem::equivalent(file, arguments.output, none) ||
                      std::filesystem::weakly_canonical(file, none) ==
                          std::filesystem::weakly_canonical(arguments.output, none);
    if (same) throw_usage(fmt::format("-o {}: this is one of the inputs", quote(arguments.output)));
  }
}

int run(const Arguments& arguments, const Session& session) {
  check_output(arguments);
  ReportInputs inputs;
  inputs.estimator = &estimator_named(arguments.estimator);
  for (const std::string& file : arguments.files) {
    inputs.documents.emplace_back(new JsonDocument(JsonDocument::read(file)));  // not movable
  }
  add_training(arguments, session, inputs);
  const std::vector<HtmlSection> sections = report_sections(inputs);
  std::string title = arguments.title;
  if (title.empty()) title = sections.size() == 1 ? sections.front().title() : "Sextant report";
  const std::string page = html_page(title, sections);
  write_file_atomically(arguments.output, page);
  if (!session.json) return 0;
  OrderedJson document = {{"schema", schema_id("reported")},
                          {"file", arguments.output},
                          {"bytes", page.size()},
                          {"sections", OrderedJson::array()}};
  for (const HtmlSection& section : sections) {
    OrderedJson& row = document["sections"].emplace_back(
        OrderedJson{{"title", section.title()}, {"source", section.source_file()}});
    if (!section.evidence().empty()) row["evidence"] = section.evidence();
  }
  print(json_text(document));
  return 0;
}

}  // namespace

void add_report_command(CLI::App& program, Session& session) {
  CLI::App* command =
      program.add_subcommand("report", "Make one HTML page of documents, to be opened offline");
  const auto arguments = std::make_shared<Arguments>();
  add_common_options(*command, session);
  command->add_option("files", arguments->files, "Documents of any kind, in the order of the page")
      ->required()
      ->type_name("INPUT");
  command->add_option("-o,--output", arguments->output, "The page")->required()->type_name("FILE");
  command->add_option("--title", arguments->title, "Of the page")->type_name("TEXT");
  command
      ->add_option("--cluster", arguments->input.cluster,
                   "Cluster document for simulating plans (default: the one among the inputs)")
      ->type_name("FILE");
  command
      ->add_option("--job", arguments->input.job,
                   "Job document for simulating plans (default: the one among the inputs)")
      ->type_name("FILE");
  add_profile_options(*command, arguments->input);
  add_estimator_option(*command, arguments->estimator);
  command->callback([arguments, &session] {
    session.action = [arguments, &session] { return run(*arguments, session); };
  });
}

}  // namespace sextant::cli
