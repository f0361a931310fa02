#include <filesystem>
#include <memory>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/files.h"
#include "analyzer/report/views/report_views.h"
#include "cli/commands.h"

namespace sextant::cli {

namespace {

struct Arguments {
  std::vector<std::string> files;
  std::string output;
};

int run(const Arguments& arguments) {
  ReportInputs inputs;
  for (const std::string& file : arguments.files) {
    inputs.documents.emplace_back(new JsonDocument(JsonDocument::read(file)));  // not movable
  }
  write_file_atomically(arguments.output, html_page("Sextant", report_sections(inputs)));
  return 0;
}

}  // namespace

void add_report_command(CLI::App& program, Session& session) {
  CLI::App* command =
      program.add_subcommand("report", "Make one HTML page of documents, to be opened offline");
  const auto arguments = std::make_shared<Arguments>();
  command->add_option("files", arguments->files, "Documents of any kind")
      ->required()
      ->type_name("FILE");
  command->add_option("-o,--output", arguments->output, "The page")->required()->type_name("FILE");
  command->callback(
      [arguments, &session] { session.action = [arguments] { return run(*arguments); }; });
}

}  // namespace sextant::cli
